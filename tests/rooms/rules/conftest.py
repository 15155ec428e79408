from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from storage.unit_of_work import Store
from tests.fakes.ports import FrozenClock
from tests.rooms.rules.world import World, world_of


@pytest.fixture
async def rules(sqlite_url: str) -> AsyncIterator[Callable[..., World]]:
    """Make a world with these rules, on SQLite: what the tables do on PostgreSQL their own tests show."""
    store = await Store.open(sqlite_url)
    clock = FrozenClock()

    def make(manage: dict[str, Any] | None = None, **rules: Any) -> World:
        return world_of(store, clock, rules, **(manage or {}))

    yield make
    await store.close()
