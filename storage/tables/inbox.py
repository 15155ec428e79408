"""Reports that were taken but not decided yet: a row for each group of them, gone in the transaction that decides."""

from typing import Any

from sqlalchemy import Column, Integer, Table, bindparam, delete, func, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import plain
from storage.tables.schema import METADATA, BigId, Words, plain_words

INBOX = Table(
    "inbox",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("reports", Words, nullable=False),
    Column("count", Integer, nullable=False),
)

_PUTTING = plain_insert(INBOX)
_OLDEST = select(INBOX.c.id, INBOX.c.reports).order_by(INBOX.c.id).limit(1)
_REMOVING = delete(INBOX).where(INBOX.c.id == bindparam("_id", type_=BigId))
_PLAIN = "INSERT INTO inbox (reports, count) VALUES (?, ?)"


def putting(reports: str, count: int) -> tuple[str, tuple[Any, ...]]:
    """The same as `put` in SQLite's own SQL, for `Store.insert`."""
    return _PLAIN, (plain_words(reports), count)


async def put(conn: AsyncConnection, reports: str, count: int) -> None:
    """Keep a JSON list of `count` reports."""
    await conn.execute(_PUTTING, {"reports": reports, "count": count})


async def oldest(conn: AsyncConnection) -> tuple[int, str] | None:
    """Return the oldest row's number and reports; None when there is none."""
    done = plain.ask(conn, _OLDEST, {})
    found = done.rows if done is not None else (await conn.execute(_OLDEST)).all()
    return next(((int(number), reports) for number, reports in found), None)


async def remove(conn: AsyncConnection, id: int) -> None:  # noqa: A002
    """Delete a row, whose reports are decided."""
    if plain.ask(conn, _REMOVING, {"_id": id}) is None:
        await conn.execute(_REMOVING, {"_id": id})


async def waiting(conn: AsyncConnection) -> int:
    """How many reports wait."""
    return int(await conn.scalar(select(func.coalesce(func.sum(INBOX.c.count), 0))) or 0)
