"""A store on each database, and a clock that stands until it is moved."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from storage.unit_of_work import Store

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class FrozenClock:
    """Tells the same time until it is moved."""

    time: datetime = T0

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def database_url(either_url: str) -> str:
    return either_url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


async def eventually(condition: Callable[[], Awaitable[bool]], within: float = 20) -> None:
    """Wait until the condition holds; fail when it does not."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - a table raises no event
            await asyncio.sleep(0.01)
