"""One process migrates a database at a time; others wait for it."""

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine import Address, StoreError

MIGRATION_TIMEOUT = 60.0
"""Seconds to wait while another process migrates the same database."""

_MIGRATION_KEY = 0x646F6D67  # "domg": the advisory lock's number, any constant that all replicas share


@asynccontextmanager
async def migration_lock(at: Address, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection while no other process migrates this database; raises `StoreError` when that takes too long."""
    if at.dialect == "sqlite":
        async with _file_lock(at.beside(".lock"), at.shown), engine.connect() as conn:
            yield conn
        return
    async with engine.connect() as conn:
        deadline = time.monotonic() + MIGRATION_TIMEOUT
        while not await conn.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _MIGRATION_KEY}):
            await _patience(deadline, at.shown)
        yield conn


@asynccontextmanager
async def _file_lock(path: Path, shown: str) -> AsyncIterator[None]:
    deadline = time.monotonic() + MIGRATION_TIMEOUT
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await _patience(deadline, shown)
        yield


async def _patience(deadline: float, shown: str) -> None:
    if time.monotonic() > deadline:
        raise StoreError(f"{shown}: another process is still migrating it; wait for that one, or stop it")
    await asyncio.sleep(0.05)
