"""Overrides of schedules."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.rota import Override
from storage.tables import plain
from storage.tables.schema import METADATA, Instant, Words, first, plain_instant, row_of, rows, write

OVERRIDES = Table(
    "overrides",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("schedule", Words, nullable=False),
    Column("user", Words, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("comment", Words, nullable=False),
    Column("instead_of", Words, nullable=False),
    Column("swap", Integer),
    Column("removed_at", Instant),
    Column("removed_by", Words, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_overrides_schedule_ends_at", "schedule", "ends_at"),
)

_BETWEEN = (
    select(OVERRIDES)
    .where(
        OVERRIDES.c.schedule.in_(bindparam("schedules", expanding=True)),
        OVERRIDES.c.ends_at > bindparam("since"),
        OVERRIDES.c.starts_at < bindparam("until"),
    )
    .order_by(OVERRIDES.c.id)
)


def from_row(row: Mapping[str, Any]) -> Override:
    """Return the override that was written."""
    return Override(**row)


async def save(conn: AsyncConnection, override: Override) -> None:
    """Write the override as it should be from now on; raises `Conflict`."""
    await write(conn, OVERRIDES, row_of(override))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Override | None:  # noqa: A002
    """Return the override of that number."""
    row = await first(conn, OVERRIDES, id=id, lock=lock)
    return from_row(row) if row else None


async def between(
    conn: AsyncConnection, schedules: Collection[str], since: datetime, until: datetime
) -> list[Override]:
    """Return the overrides of these schedules that touch that time, oldest first, removed ones among them."""
    where = f"schedule IN {plain.marks(list(schedules))} AND ends_at > ? AND starts_at < ? ORDER BY id"
    given = (*schedules, plain_instant(since), plain_instant(until))
    if (found := plain.select(conn, OVERRIDES, where, given)) is not None:
        return [from_row(row) for row in found]
    values = {"schedules": list(schedules), "since": since, "until": until}
    return [from_row(row) for row in await rows(conn, _BETWEEN, values)]


async def upcoming(conn: AsyncConnection, now: datetime, limit: int = 200) -> list[Override]:
    """Return the overrides that are in force or will be, the next one first."""
    query = (
        select(OVERRIDES)
        .where(OVERRIDES.c.ends_at > now, OVERRIDES.c.removed_at.is_(None))
        .order_by(OVERRIDES.c.starts_at, OVERRIDES.c.id)
        .limit(limit)
    )
    return [from_row(row) for row in await rows(conn, query)]
