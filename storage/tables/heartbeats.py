"""Heartbeats, and the deliveries of webhooks that were taken."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Integer, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.records.heartbeats import Heartbeat, Pulse
from storage.tables.schema import METADATA, Instant, Words, first, purge_rows, row_of, rows, write

HEARTBEATS = Table(
    "heartbeats",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("pulse", Words, nullable=False),
    Column("since", Instant, nullable=False),
    Column("watched_at", Instant, nullable=False),
    Column("beaten_at", Instant),
    Column("due_at", Instant),
    Column("timer_at", Instant),
    Column("version", Integer, nullable=False),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("key", Words, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
)


def to_row(heartbeat: Heartbeat) -> dict[str, Any]:
    """Return the heartbeat as columns."""
    return row_of(heartbeat)


def from_row(row: Mapping[str, Any]) -> Heartbeat:
    """Return the heartbeat that `to_row` wrote."""
    return Heartbeat(**{**row, "pulse": Pulse(row["pulse"])})


async def save(conn: AsyncConnection, heartbeat: Heartbeat) -> None:
    """Write the heartbeat as it should be from now on; raises `Conflict`."""
    await write(conn, HEARTBEATS, to_row(heartbeat))


async def get(conn: AsyncConnection, name: str, *, lock: bool = False) -> Heartbeat | None:
    """Return the heartbeat of that name, None before the bot has watched it."""
    row = await first(conn, HEARTBEATS, name=name, lock=lock)
    return from_row(row) if row else None


async def everything(conn: AsyncConnection) -> list[Heartbeat]:
    """All heartbeats by name."""
    return [from_row(row) for row in await rows(conn, select(HEARTBEATS).order_by(HEARTBEATS.c.name))]


async def remove(conn: AsyncConnection, name: str) -> bool:
    """Forget a heartbeat that is no longer configured; says whether it was there."""
    return (await conn.execute(delete(HEARTBEATS).where(HEARTBEATS.c.name == name))).rowcount == 1


async def delivered(conn: AsyncConnection, key: str) -> bool:
    """Whether that delivery was taken before."""
    return await conn.scalar(select(DELIVERIES.c.key).where(DELIVERIES.c.key == key)) is not None


async def note_delivery(conn: AsyncConnection, key: str, at: datetime) -> None:
    """Remember that the delivery was taken; twice is as good as once."""
    await conn.execute(insert(conn, DELIVERIES).values(key=key, at=at).on_conflict_do_nothing())


async def forget_deliveries(conn: AsyncConnection, before: datetime, limit: int = 1000) -> int:
    """Forget at most `limit` deliveries that were taken before that time; says how many."""
    return await purge_rows(conn, DELIVERIES, DELIVERIES.c.at < before, limit=limit)
