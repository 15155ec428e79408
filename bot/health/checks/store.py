"""The bot's own database takes a write and gives it back."""

import time

from bot.ports import Check, Observation, Options, Ports
from storage.unit_of_work import UnitOfWork

_COUNTER = "health-check"


class StoreOptions(Options):
    """Nothing to say: it is the database of DATABASE_URL."""


async def probe(_options: StoreOptions, ports: Ports) -> Observation:
    """Count a number up and commit it: that needs the connection, the lock and the disk, as all the bot's work does."""
    begun = time.perf_counter()
    await ports.store.transact(_count)
    latency = (time.perf_counter() - begun) * 1000
    return Observation(ok=True, detail=f"{_NAMES[ports.store.dialect]} takes writes", latency_ms=latency)


async def _count(unit: UnitOfWork) -> int:
    return await unit.next_id(_COUNTER)


_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

STORE = Check(
    type="store", options=StoreOptions, probe=probe, automatic=lambda _ports: StoreOptions(), degraded_ms=100.0
)
