"""A world for each test; its Slack and its configuration can be chosen by overriding `chat` and `config`."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from storage.unit_of_work import Store
from tests.fakes.chat import FakeChat
from tests.fakes.ports import FrozenClock
from tests.rooms.alerts.world import MANAGE, World, world_of


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def chat() -> FakeChat | None:
    return FakeChat()


@pytest.fixture
def config() -> dict[str, Any]:
    return MANAGE


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def world(
    database_url: str, clock: FrozenClock, chat: FakeChat | None, config: dict[str, Any]
) -> AsyncIterator[World]:
    store = await Store.open(database_url)
    nowhere = httpx.MockTransport(lambda _request: httpx.Response(503))  # and no certificates are read for it
    async with httpx.AsyncClient(transport=nowhere) as http:
        yield world_of(store, clock, chat, config, http)
    await store.close()
