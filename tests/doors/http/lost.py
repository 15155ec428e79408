"""A store whose database went away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from bot.engine.worker import Worker
from handlers.measured import Measured
from storage.unit_of_work import Store, StoreError

SAID = "postgresql://bot:***@db.example.invalid/bot: cannot be reached"


class LostStore:
    """Answers every use as `Store` does when its database is away."""

    dialect = "postgresql"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        raise StoreError(SAID)
        yield

    async def transact(self, _work: Callable[[Any], Awaitable[Any]]) -> Any:
        raise StoreError(SAID)


def without_store(bot: Measured) -> Measured:
    store = cast("Store", LostStore())
    ports = replace(bot.ports, store=store)
    return replace(bot, ports=ports, worker=Worker(store, {}, ports, now=ports.now))
