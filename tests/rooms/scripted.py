"""What the rooms of checks and of sources share: kinds that say what a test tells them, a clock, silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.ports import Options
from tests.fakes.ports import FrozenClock


class NoOptions(Options):
    """Nothing to say."""


@dataclass
class Scripted:
    """A kind that is asked: `says` is what it answers from now on, a value, a function to await or an error to raise."""

    type: str
    says: Any = None

    async def said(self) -> Any:
        if callable(self.says):
            return await self.says()
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log to itself."""
    with capture_logs():
        yield
