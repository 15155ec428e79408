"""Follow-ups: one for each origin."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, Date, Index, Integer, Table, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.records.follow_ups import FollowUp, FollowUpKind, FollowUpStatus
from storage.tables.schema import METADATA, Instant, Words, first, row_of, rows, write

FOLLOW_UPS = Table(
    "follow_ups",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("incident", Integer, index=True),
    Column("title", Words, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("kind", Words, nullable=False),
    Column("status", Words, nullable=False, index=True),
    Column("owner", Words, nullable=False),
    Column("due_on", Date),
    Column("origin", Words, nullable=False),
    Column("tracker", Words, nullable=False),
    Column("reference", Words, nullable=False),
    Column("address", Words, nullable=False),
    Column("closed_by", Words, nullable=False),
    Column("closed_at", Instant),
    Column("reminded_at", Instant),
    Column("version", Integer, nullable=False),
)
_FROM_SOMEWHERE = FOLLOW_UPS.c.origin != ""
Index(
    "uq_follow_ups_origin",
    FOLLOW_UPS.c.origin,
    unique=True,
    sqlite_where=_FROM_SOMEWHERE,
    postgresql_where=_FROM_SOMEWHERE,
)


def to_row(follow_up: FollowUp) -> dict[str, Any]:
    """Return the follow-up as columns."""
    return row_of(follow_up)


def from_row(row: Mapping[str, Any]) -> FollowUp:
    """Return the follow-up that `to_row` wrote."""
    return FollowUp(**{**row, "kind": FollowUpKind(row["kind"]), "status": FollowUpStatus(row["status"])})


async def save(conn: AsyncConnection, follow_up: FollowUp) -> None:
    """Write the follow-up as it should be from now on; raises `Conflict`."""
    await write(conn, FOLLOW_UPS, to_row(follow_up))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> FollowUp | None:  # noqa: A002
    """Return the follow-up of that number."""
    row = await first(conn, FOLLOW_UPS, id=id, lock=lock)
    return from_row(row) if row else None


async def by_origin(conn: AsyncConnection, origin: str) -> FollowUp | None:
    """Return the follow-up that came from there; "" finds none."""
    row = await first(conn, FOLLOW_UPS, _FROM_SOMEWHERE, origin=origin)
    return from_row(row) if row else None


async def listing(  # what is due first stands first
    conn: AsyncConnection,
    *,
    statuses: Sequence[FollowUpStatus] = (),
    incident: int | None = None,
    owner: str | None = None,
    due_by: date | None = None,
    without: Collection[int] = (),
    foremost: str = "",
    limit: int = 20,
    offset: int = 0,
) -> list[FollowUp]:
    """Follow-ups: those of the owner `foremost`, then what is due first before the rest, then by number.

    `without` names incidents whose follow-ups are passed over.
    """
    query = select(FOLLOW_UPS).where(*_where(statuses, incident, owner, due_by), *_without(without))
    if foremost:
        query = query.order_by(case((FOLLOW_UPS.c.owner == foremost, 0), else_=1))
    query = query.order_by(FOLLOW_UPS.c.due_on.is_(None), FOLLOW_UPS.c.due_on, FOLLOW_UPS.c.id)
    return [from_row(row) for row in await rows(conn, query.limit(limit).offset(offset))]


async def with_issues(conn: AsyncConnection) -> list[FollowUp]:
    """The open ones for which an issue was opened, by number."""
    query = select(FOLLOW_UPS).where(FOLLOW_UPS.c.status == FollowUpStatus.OPEN.value, FOLLOW_UPS.c.reference != "")
    return [from_row(row) for row in await rows(conn, query.order_by(FOLLOW_UPS.c.id))]


async def count(
    conn: AsyncConnection,
    *,
    statuses: Sequence[FollowUpStatus] = (),
    incident: int | None = None,
    owner: str | None = None,
    due_by: date | None = None,
    without: Collection[int] = (),
) -> int:
    """How many follow-ups `listing` would give without its limit."""
    where = [*_where(statuses, incident, owner, due_by), *_without(without)]
    query = select(func.count()).select_from(FOLLOW_UPS).where(*where)
    return int((await conn.execute(query)).scalar_one())


def _without(incidents: Collection[int]) -> list[ColumnElement[bool]]:
    if not incidents:
        return []
    return [or_(FOLLOW_UPS.c.incident.is_(None), FOLLOW_UPS.c.incident.not_in(list(incidents)))]


def _where(
    statuses: Sequence[FollowUpStatus], incident: int | None, owner: str | None, due_by: date | None
) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if statuses:
        where.append(FOLLOW_UPS.c.status.in_([status.value for status in statuses]))
    if incident is not None:
        where.append(FOLLOW_UPS.c.incident == incident)
    if owner is not None:
        where.append(FOLLOW_UPS.c.owner == owner)
    if due_by is not None:
        where.append(FOLLOW_UPS.c.due_on <= due_by)
    return where
