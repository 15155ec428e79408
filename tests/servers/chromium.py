"""The browser for end-to-end tests: Debian's Chromium, driven by Playwright."""

import pytest

from tests.servers.process import program


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of Chromium, for Playwright's `executable_path`; as root it needs `--no-sandbox`."""
    return program("chromium", "chromium")
