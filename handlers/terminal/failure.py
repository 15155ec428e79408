"""What stops the program, in one line for each thing that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

FAILED = 1
MISUSED = 2


class Failed(Exception):
    """The program cannot go on. `hint` is the next step, `code` the exit code."""

    def __init__(self, error: str, hint: str = "", code: int = FAILED) -> None:
        super().__init__(error)
        self.hint = hint
        self.code = code


@contextmanager
def explained() -> Iterator[None]:
    """Turn what is wrong with configuration, plug-ins and database into `Failed`."""
    from bot.config.errors import ConfigError
    from bot.engine.clock import BadSchedule
    from bot.registry import PluginError
    from storage.unit_of_work import StoreError

    try:
        yield
    except ConfigError as wrong:
        hint = "Mend that in the environment, .env or manage.yml; docs/configuration.md explains each setting."
        raise Failed(str(wrong), hint) from None
    except StoreError as lost:
        raise Failed(str(lost)) from None
    except (PluginError, BadSchedule) as clash:
        raise Failed(str(clash)) from None
