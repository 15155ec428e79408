"""Maintenance windows that have begun, or were planned by a command."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Integer, Table, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.silences import Maintenance, Matcher, Phase
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows, write

MAINTENANCE = Table(
    "maintenance",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", Words, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("matchers", Document, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
    Column("created_by", Words, nullable=False),
    Column("comment", Words, nullable=False),
    Column("phase", Words, nullable=False),
    Column("version", Integer, nullable=False),
)


def to_row(window: Maintenance) -> dict[str, Any]:
    """Return the window as columns."""
    return {**row_of(window), "matchers": [asdict(matcher) for matcher in window.matchers]}


def from_row(row: Mapping[str, Any]) -> Maintenance:
    """Return the window that `to_row` wrote."""
    read = {"matchers": tuple(Matcher(**matcher) for matcher in row["matchers"]), "phase": Phase(row["phase"])}
    return Maintenance(**{**row, **read})


async def save(conn: AsyncConnection, window: Maintenance) -> None:
    """Write the window as it should be from now on; raises `Conflict`."""
    await write(conn, MAINTENANCE, to_row(window))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Maintenance | None:  # noqa: A002
    """Return the window of that number."""
    row = await first(conn, MAINTENANCE, id=id, lock=lock)
    return from_row(row) if row else None


async def by_key(conn: AsyncConnection, key: str) -> Maintenance | None:
    """Return the window of that name that begins at that time."""
    row = await first(conn, MAINTENANCE, key=key)
    return from_row(row) if row else None


async def not_over(conn: AsyncConnection, since: datetime | None = None) -> list[Maintenance]:
    """Return those whose end has not been told, in the order of their numbers; or those that end after `since`."""
    still = MAINTENANCE.c.phase != literal(Phase.EXPIRED.value) if since is None else MAINTENANCE.c.ends_at > since
    return [from_row(row) for row in await rows(conn, select(MAINTENANCE).where(still).order_by(MAINTENANCE.c.id))]
