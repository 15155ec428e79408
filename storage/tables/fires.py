"""Which firing of which schedule has been claimed: each once in a fleet."""

from datetime import datetime

from sqlalchemy import Column, Index, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.tables.schema import METADATA, Instant, Words, purge_rows

FIRES = Table(
    "fires",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("fire_time", Instant, primary_key=True),
    Index(None, "fire_time"),
)


async def claim(conn: AsyncConnection, name: str, fire_time: datetime) -> bool:
    """Take the firing for this transaction; False when another replica has it."""
    mine = insert(conn, FIRES).values(name=name, fire_time=fire_time).on_conflict_do_nothing()
    return (await conn.execute(mine)).rowcount == 1


async def purge(conn: AsyncConnection, before: datetime, limit: int = 1000) -> int:
    """Forget at most `limit` firings before that time; says how many."""
    return await purge_rows(conn, FIRES, FIRES.c.fire_time < before, limit=limit)
