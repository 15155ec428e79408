"""Postmortems with every version of their text."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, Table, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind, Version
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, write

POSTMORTEMS = Table(
    "postmortems",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("status", Words, nullable=False),
    Column("scheduled_at", Instant, nullable=False),
    Column("text_version", Integer, nullable=False),
    Column("sections", Document, nullable=False),
    Column("channel", Words, nullable=False),
    Column("thread_ts", Words, nullable=False),
    Column("approved_version", Integer),
    Column("approved_by", Words, nullable=False),
    Column("approved_at", Instant),
    Column("version", Integer, nullable=False),
)
VERSIONS = Table(
    "postmortem_versions",
    METADATA,
    # Checked at the commit: a decision may write the version before its postmortem.
    Column(
        "incident_id",
        ForeignKey(POSTMORTEMS.c.id, deferrable=True, initially="DEFERRED"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("author", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("sections", Document, nullable=False),
)


def to_row(postmortem: Postmortem) -> dict[str, Any]:
    """Return the postmortem as columns."""
    return {**row_of(postmortem), "sections": _written(postmortem.sections)}


def from_row(row: Mapping[str, Any]) -> Postmortem:
    """Return the postmortem that `to_row` wrote."""
    return Postmortem(**{**row, "status": PostmortemStatus(row["status"]), "sections": _sections(row["sections"])})


async def save(conn: AsyncConnection, postmortem: Postmortem) -> None:
    """Write the postmortem as it should be from now on; raises `Conflict`."""
    await write(conn, POSTMORTEMS, to_row(postmortem))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Postmortem | None:  # noqa: A002
    """Return the postmortem of the incident of that number."""
    row = await first(conn, POSTMORTEMS, id=id, lock=lock)
    return from_row(row) if row else None


async def add_version(conn: AsyncConnection, version: Version) -> None:
    """Keep one text for good; a number that exists already raises `sqlalchemy.exc.IntegrityError`."""
    await conn.execute(plain_insert(VERSIONS).values({**row_of(version), "sections": _written(version.sections)}))


async def versions(conn: AsyncConnection, incident_id: int) -> list[Version]:
    """All kept texts of a postmortem, oldest first."""
    query = select(VERSIONS.c.number).where(VERSIONS.c.incident_id == incident_id).order_by(VERSIONS.c.number)
    numbers = list((await conn.execute(query)).scalars())
    # one after the other: a long one takes its time, and between two of them others have their turn
    return [found for number in numbers if (found := await version(conn, incident_id, number))]


async def version(conn: AsyncConnection, incident_id: int, number: int) -> Version | None:
    """One kept text."""
    row = await first(conn, VERSIONS, incident_id=incident_id, number=number)
    return _version(row) if row else None


def _version(row: Mapping[str, Any]) -> Version:
    return Version(**{**row, "sections": _sections(row["sections"])})


def _written(sections: Iterable[Section]) -> list[dict[str, Any]]:
    return [{**row_of(s), "statements": [row_of(statement) for statement in s.statements]} for s in sections]


def _sections(written: Iterable[Mapping[str, Any]]) -> tuple[Section, ...]:
    return tuple(Section(**{**s, "statements": tuple(_statement(row) for row in s["statements"])}) for s in written)


def _statement(row: Mapping[str, Any]) -> Statement:
    return Statement(**{**row, "kind": StatementKind(row["kind"]), "evidence": tuple(row["evidence"])})
