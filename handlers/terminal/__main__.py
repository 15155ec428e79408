"""`python -m handlers.terminal`."""

import sys

from handlers.terminal.main import main

sys.exit(main())
