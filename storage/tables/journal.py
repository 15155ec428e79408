"""The append-only journal."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Select, Table, bindparam, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.records.journal import Entry
from storage.tables import plain
from storage.tables.schema import METADATA, BigId, Document, Instant, Words, row_of, rows

JOURNAL = Table(
    "journal",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("actor", Words, nullable=False),
    Column("payload", Document, nullable=False),
    Index(None, "subject", "id"),
    Index(None, "kind", "at"),
)

_AT_ONCE = 500

_APPENDING_ALL = plain_insert(JOURNAL).returning(JOURNAL.c.id, sort_by_parameter_order=True)
_OF_SUBJECTS = (
    select(JOURNAL).where(JOURNAL.c.subject.in_(bindparam("subjects", expanding=True))).order_by(JOURNAL.c.id)
)


def to_row(entry: Entry) -> dict[str, Any]:
    """Return the entry as columns."""
    return row_of(entry)


def from_row(row: Mapping[str, Any]) -> Entry:
    """Return the entry that `to_row` wrote."""
    return Entry(**row)


async def append(
    conn: AsyncConnection, *, at: datetime, kind: str, subject: str, actor: str, payload: Mapping[str, Any]
) -> Entry:
    """Write one fact and give it back with its number."""
    row = {"at": at, "kind": kind, "subject": subject, "actor": actor, "payload": payload}
    return (await append_all(conn, [row]))[0]


async def append_all(conn: AsyncConnection, facts: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Write facts, given by the fields that `append` takes, and give them back with their numbers, in their order."""
    if not facts:
        return []
    if plain.insert(conn, JOURNAL, facts):
        begun = plain.last_id(conn) - len(facts) + 1
        return [Entry(id=number, **fact) for number, fact in enumerate(facts, begun)]
    ids = (await conn.execute(_APPENDING_ALL, list(facts))).scalars()
    return [Entry(id=int(number), **fact) for number, fact in zip(ids, facts, strict=True)]


async def of_subjects(conn: AsyncConnection, subjects: Sequence[str]) -> list[Entry]:
    """All that happened to these subjects, oldest first."""
    where = f"subject IN {plain.marks(subjects)} ORDER BY id"
    if (found := plain.select(conn, JOURNAL, where, subjects)) is not None:
        return [from_row(row) for row in found]
    return [from_row(row) for row in await rows(conn, _OF_SUBJECTS, {"subjects": list(subjects)})]


async def of_subject(
    conn: AsyncConnection, subject: str, kinds: Collection[str], *, latest: int | None = None
) -> list[Entry]:
    """What of these kinds happened to one subject, oldest first; only the `latest` of it where that is given."""
    wanted = sorted(kinds)
    where = f"subject = ? AND kind IN {plain.marks(wanted)} ORDER BY id DESC LIMIT ?"
    # to SQLite less than nothing is no limit
    if (found := plain.select(conn, JOURNAL, where, [subject, *wanted, -1 if latest is None else latest])) is not None:
        return [from_row(row) for row in reversed(found)]
    query = select(JOURNAL).where(JOURNAL.c.subject == subject, JOURNAL.c.kind.in_(wanted))
    return [from_row(row) for row in await rows(conn, query.order_by(JOURNAL.c.id.desc()).limit(latest))][::-1]


async def of_subjects_since(conn: AsyncConnection, subjects: Sequence[str], kind: str, since: datetime) -> list[Entry]:
    """What of one kind happened to these subjects since then, oldest first."""
    where = [JOURNAL.c.kind == kind, JOURNAL.c.at >= since, JOURNAL.c.subject.in_(subjects)]
    return [from_row(row) for row in await rows(conn, select(JOURNAL).where(*where).order_by(JOURNAL.c.id))]


async def by_ids(conn: AsyncConnection, ids: Sequence[int]) -> list[Entry]:
    """Return the entries of these numbers, oldest first; numbers that do not exist are left out."""
    wanted = sorted(set(ids))
    found: list[Entry] = []
    for start in range(0, len(wanted), _AT_ONCE):  # between two reads whatever else there is to do has its turn
        found += await _entries(conn, JOURNAL.c.id.in_(wanted[start : start + _AT_ONCE]))
    return found


async def numbers(conn: AsyncConnection, subjects: Sequence[str]) -> list[int]:
    """The numbers of all that happened to these subjects, oldest first.

    An entry never changes: who knows the number knows what it says.
    """
    query = select(JOURNAL.c.id).where(JOURNAL.c.subject.in_(subjects)).order_by(JOURNAL.c.id)
    return list((await conn.execute(query)).scalars().all())


async def numbers_of_kind(
    conn: AsyncConnection, kind: str, since: datetime, limit: int, *, until: datetime | None = None
) -> list[int]:
    """The numbers of the entries that `of_kind` returns."""
    return list((await conn.execute(_latest(select(JOURNAL.c.id), kind, since, limit, until))).scalars().all())[::-1]


async def after(conn: AsyncConnection, id: int, limit: int = 100) -> list[Entry]:  # noqa: A002
    """At most `limit` entries that follow number `id`, oldest first."""
    return await _entries(conn, JOURNAL.c.id > id, limit=limit)


async def of_kind(
    conn: AsyncConnection,
    kind: str,
    since: datetime | None = None,
    limit: int | None = None,
    *,
    until: datetime | None = None,
) -> list[Entry]:
    """Return the latest `limit` entries of an event's class name from `since` to `until`, oldest first."""
    return [from_row(row) for row in await rows(conn, _latest(select(JOURNAL), kind, since, limit, until))][::-1]


def _latest(
    query: Select[Any], kind: str, since: datetime | None, limit: int | None, until: datetime | None
) -> Select[Any]:
    where = [JOURNAL.c.kind == kind]
    where += [JOURNAL.c.at >= since] if since else []
    where += [JOURNAL.c.at <= until] if until else []
    return query.where(*where).order_by(JOURNAL.c.at.desc(), JOURNAL.c.id.desc()).limit(limit)


async def _entries(conn: AsyncConnection, where: ColumnElement[bool], limit: int | None = None) -> list[Entry]:
    return [from_row(row) for row in await rows(conn, select(JOURNAL).where(where).order_by(JOURNAL.c.id).limit(limit))]
