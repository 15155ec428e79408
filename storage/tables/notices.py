"""What the public is told, and what outside pages hold for our incidents."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Integer, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.notices import Mirror, Notice, NoticeStatus
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows, write

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("incident", Integer, nullable=False, index=True),
    Column("phase", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("components", Document, nullable=False),
    Column("author", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("status", Words, nullable=False),
    Column("decided_by", Words, nullable=False),
    Column("decided_at", Instant),
    Column("version", Integer, nullable=False),
)
MIRRORS = Table(
    "mirrors",
    METADATA,
    Column("page", Words, primary_key=True),
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("reference", Words, nullable=False),
    Column("notice", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)


def from_row(row: Mapping[str, Any]) -> Notice:
    """Return the notice that `row_of` wrote."""
    return Notice(**{**row, "status": NoticeStatus(row["status"])})


async def save(conn: AsyncConnection, notice: Notice) -> None:
    """Write the notice as it should be from now on; raises `Conflict`."""
    await write(conn, NOTICES, row_of(notice))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Notice | None:  # noqa: A002
    """Return the notice of that number."""
    row = await first(conn, NOTICES, id=id, lock=lock)
    return from_row(row) if row else None


async def of_incident(conn: AsyncConnection, incident: int) -> list[Notice]:
    """All notices of an incident, oldest first."""
    query = select(NOTICES).where(NOTICES.c.incident == incident).order_by(NOTICES.c.id)
    return [from_row(row) for row in await rows(conn, query)]


async def mirrors_of(conn: AsyncConnection, incident: int) -> list[Mirror]:
    """What outside pages hold for the incident."""
    query = select(MIRRORS).where(MIRRORS.c.incident == incident).order_by(MIRRORS.c.page)
    return [Mirror(**row) for row in await rows(conn, query)]


async def latest(conn: AsyncConnection, most: int) -> list[Notice]:
    """The latest notices, newest first."""
    return [from_row(row) for row in await rows(conn, select(NOTICES).order_by(NOTICES.c.id.desc()).limit(most))]


async def published(conn: AsyncConnection, *, since: datetime) -> list[Notice]:
    """What was published since then, oldest first."""
    query = select(NOTICES).where(NOTICES.c.status == NoticeStatus.PUBLISHED.value, NOTICES.c.decided_at >= since)
    return [from_row(row) for row in await rows(conn, query.order_by(NOTICES.c.id))]


async def all_published(conn: AsyncConnection) -> list[Notice]:
    """Everything that was ever published, in the order in which it was."""
    query = select(NOTICES).where(NOTICES.c.status == NoticeStatus.PUBLISHED.value)
    return [from_row(row) for row in await rows(conn, query.order_by(NOTICES.c.decided_at, NOTICES.c.id))]


async def withdrawn_of(conn: AsyncConnection) -> list[int]:
    """The incidents of which a text was withdrawn."""
    query = select(NOTICES.c.incident).where(NOTICES.c.status == NoticeStatus.WITHDRAWN.value).distinct()
    return sorted((await conn.execute(query)).scalars())


async def of_incidents(conn: AsyncConnection, incidents: Sequence[int]) -> list[Notice]:
    """What was published about these incidents, oldest first."""
    query = select(NOTICES).where(
        NOTICES.c.status == NoticeStatus.PUBLISHED.value, NOTICES.c.incident.in_(list(incidents))
    )
    return [from_row(row) for row in await rows(conn, query.order_by(NOTICES.c.id))]


async def mirror(conn: AsyncConnection, page: str, incident: int, *, lock: bool = False) -> Mirror | None:
    """What that page holds for the incident."""
    row = await first(conn, MIRRORS, page=page, incident=incident, lock=lock)
    return Mirror(**row) if row else None


async def mirrors(conn: AsyncConnection) -> list[Mirror]:
    """All that outside pages hold."""
    return [Mirror(**row) for row in await rows(conn, select(MIRRORS).order_by(MIRRORS.c.page, MIRRORS.c.incident))]


async def save_mirror(conn: AsyncConnection, mirror_: Mirror) -> None:
    """Write what the page holds from now on; raises `Conflict`."""
    await write(conn, MIRRORS, row_of(mirror_))
