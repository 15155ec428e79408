"""Files that are kept with incidents."""

from sqlalchemy import Column, Integer, LargeBinary, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.records.files import KeptFile
from storage.tables.schema import METADATA, Instant, Words, first, row_of, rows

FILES = Table(
    "files",
    METADATA,
    Column("id", Words, primary_key=True),
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("mime", Words, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("author", Words, nullable=False),
    Column("shared_at", Instant, nullable=False),
    Column("channel", Words, nullable=False),
    Column("ts", Words, nullable=False),
)


async def put(conn: AsyncConnection, file: KeptFile) -> None:
    """Keep the file; one that is kept already stays."""
    await conn.execute(insert(conn.dialect.name, FILES).on_conflict_do_nothing(), row_of(file))


async def get(conn: AsyncConnection, incident: int, id: str) -> KeptFile | None:  # noqa: A002
    """Return the file."""
    row = await first(conn, FILES, incident=incident, id=id)
    return KeptFile(**row) if row else None


async def forget(conn: AsyncConnection, incident: int, channel: str, ts: str) -> None:
    """Keep the files of a message no longer."""
    await conn.execute(delete(FILES).where(FILES.c.incident == incident, FILES.c.channel == channel, FILES.c.ts == ts))


async def names(conn: AsyncConnection, incident: int) -> list[tuple[str, str]]:
    """(id, name) of the incident's files, oldest first."""
    query = select(FILES.c.id, FILES.c.name).where(FILES.c.incident == incident).order_by(FILES.c.shared_at)
    return [(row["id"], row["name"]) for row in await rows(conn, query)]
