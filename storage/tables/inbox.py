"""Reports that were taken but not decided yet: a row for each group of them, gone in the transaction that decides."""

from sqlalchemy import Column, Integer, Table, delete, func, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.schema import METADATA, BigId, Words, plain_words

INBOX = Table(
    "inbox",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("reports", Words, nullable=False),
    Column("count", Integer, nullable=False),
)

_PUTTING = plain_insert(INBOX)
_PLAIN = "INSERT INTO inbox (reports, count) VALUES (?, ?)"


async def put(conn: AsyncConnection, reports: str, count: int) -> None:
    """Keep a JSON list of `count` reports."""
    if conn.dialect.name == "sqlite":  # somebody waits: without SQLAlchemy's types it takes half as long
        await conn.exec_driver_sql(_PLAIN, (plain_words(reports), count))
    else:
        await conn.execute(_PUTTING, {"reports": reports, "count": count})


async def oldest(conn: AsyncConnection) -> tuple[int, str] | None:
    """Return the oldest row's number and reports; None when there is none."""
    row = (await conn.execute(select(INBOX.c.id, INBOX.c.reports).order_by(INBOX.c.id).limit(1))).first()
    return (row.id, row.reports) if row else None


async def remove(conn: AsyncConnection, id: int) -> None:  # noqa: A002
    """Delete a row, whose reports are decided."""
    await conn.execute(delete(INBOX).where(INBOX.c.id == id))


async def waiting(conn: AsyncConnection) -> int:
    """How many reports wait."""
    return int(await conn.scalar(select(func.coalesce(func.sum(INBOX.c.count), 0))) or 0)
