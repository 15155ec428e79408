"""How the latest reading of each metric source went, and the latest readings of what only grows."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Column, Index, Integer, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert as upsert
from storage.records.samples import Reading, SourceState
from storage.tables.schema import METADATA, Document, Instant, Words, row_of, rows

SOURCES = Table(
    "sources",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("type", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),
    Column("failure", Words, nullable=False),
    Column("samples", Integer, nullable=False),
)
READINGS = Table(
    "readings",
    METADATA,
    Column("key", Words, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("counts", Document, nullable=False),
    Index(None, "at"),
)
_AT_ONCE = 400


async def put(conn: AsyncConnection, states: Iterable[SourceState]) -> None:
    """Keep these states and no others: a source that is configured no more is forgotten.

    One that failed keeps when it was last well.
    """
    given = [row_of(state) for state in states]
    await conn.execute(delete(SOURCES).where(SOURCES.c.name.not_in([row["name"] for row in given])))
    if given:
        new = upsert(conn, SOURCES)
        same = {name: new.excluded[name] for name in ("type", "at", "failure", "samples")}
        again = {**same, "read_at": func.coalesce(new.excluded["read_at"], SOURCES.c.read_at)}
        await conn.execute(new.on_conflict_do_update(index_elements=["name"], set_=again), given)


async def everything(conn: AsyncConnection) -> list[SourceState]:
    """Return all of them by name."""
    return [SourceState(**row) for row in await rows(conn, select(SOURCES).order_by(SOURCES.c.name))]


async def readings(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Reading]:
    """Return the latest readings by key; those that there are none of are left out."""
    wanted, found = sorted(keys), dict[str, Reading]()
    for start in range(0, len(wanted), _AT_ONCE):
        some = select(READINGS).where(READINGS.c.key.in_(wanted[start : start + _AT_ONCE]))
        found |= {row["key"]: Reading(**row) for row in await rows(conn, some)}
    return found


async def put_readings(conn: AsyncConnection, given: Iterable[Reading]) -> None:
    """Keep these in the place of the readings before them."""
    fresh = [row_of(reading) for reading in sorted(given, key=lambda reading: reading.key)]
    if fresh:
        new = upsert(conn, READINGS)
        again = {"at": new.excluded["at"], "counts": new.excluded["counts"]}
        await conn.execute(new.on_conflict_do_update(index_elements=["key"], set_=again), fresh)


async def forget_readings(conn: AsyncConnection, before: datetime) -> None:
    """Delete readings older than that: nothing grows from them any more."""
    await conn.execute(delete(READINGS).where(READINGS.c.at < before))
