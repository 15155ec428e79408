"""Silences: who muted what, until when, and why."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Integer, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.records.silences import Matcher, Phase, Silence
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows, write

SILENCES = Table(
    "silences",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("uuid", Words, nullable=False, unique=True),
    Column("matchers", Document, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
    Column("created_by", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("comment", Words, nullable=False),
    Column("updated_at", Instant),
    Column("phase", Words, nullable=False),
    Column("version", Integer, nullable=False),
)


def to_row(silence: Silence) -> dict[str, Any]:
    """Return the silence as columns."""
    return {**row_of(silence), "matchers": [asdict(matcher) for matcher in silence.matchers]}


def from_row(row: Mapping[str, Any]) -> Silence:
    """Return the silence that `to_row` wrote."""
    read = {"matchers": tuple(Matcher(**matcher) for matcher in row["matchers"]), "phase": Phase(row["phase"])}
    return Silence(**{**row, **read})


async def save(conn: AsyncConnection, silence: Silence) -> None:
    """Write the silence as it should be from now on; raises `Conflict`."""
    await write(conn, SILENCES, to_row(silence))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Silence | None:  # noqa: A002
    """Return the silence of that number."""
    row = await first(conn, SILENCES, id=id, lock=lock)
    return from_row(row) if row else None


async def by_uuid(conn: AsyncConnection, uuid: str, *, lock: bool = False) -> Silence | None:
    """Return the silence of that id."""
    row = await first(conn, SILENCES, uuid=uuid, lock=lock)
    return from_row(row) if row else None


async def not_over(conn: AsyncConnection, now: datetime) -> list[Silence]:
    """Return the silences that are in force or will be, oldest first."""
    query = select(SILENCES).where(SILENCES.c.ends_at > now).order_by(SILENCES.c.id)
    return [from_row(row) for row in await rows(conn, query)]


async def listing(
    conn: AsyncConnection, *, since: datetime | None = None, limit: int = 1000, offset: int = 0
) -> list[Silence]:
    """Silences that end after `since` (None: all), newest first."""
    query = select(SILENCES).where(*_since(since)).order_by(SILENCES.c.id.desc()).limit(limit).offset(offset)
    return [from_row(row) for row in await rows(conn, query)]


async def count(conn: AsyncConnection, since: datetime | None = None) -> int:
    """How many silences end after `since` (None: all)."""
    return int((await conn.execute(select(func.count()).select_from(SILENCES).where(*_since(since)))).scalar_one())


def _since(since: datetime | None) -> list[ColumnElement[bool]]:
    return [SILENCES.c.ends_at > since] if since else []
