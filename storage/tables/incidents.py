"""Incidents: an alert's fingerprint opens at most one at a time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Table, and_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.records.alerts import Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows, write

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("title", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("declared_by", Words, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("declared_at", Instant, nullable=False),
    Column("status", Words, nullable=False),
    Column("description", Words, nullable=False),
    Column("latest_update", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("alert_ids", Document, nullable=False),
    Column("roles", Document, nullable=False),
    Column("channel", Words, nullable=False, index=True),
    Column("channel_name", Words, nullable=False),
    Column("trouble", Words, nullable=False),
    Column("acknowledged_at", Instant),
    Column("resolved_at", Instant),
    Column("resolved_by", Words, nullable=False),
    Column("archived_at", Instant),
    Column("private", Boolean, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("labels", Document, nullable=False),
    Column("components", Document, nullable=False),
    Column("cause", Words, nullable=False),
    Column("mitigated_at", Instant),
    Column("merged_into", Integer),
    Column("reopened", Integer, nullable=False),
    Column("update_due_at", Instant),
    Column("updated_at", Instant),
    Column("version", Integer, nullable=False),
)
# Literals, not parameters: only then does the planner see that the partial index holds the answer.
_OPENED_BY_ALERT = and_(
    INCIDENTS.c.status != literal(IncidentStatus.RESOLVED.value, literal_execute=True),
    INCIDENTS.c.fingerprint != literal("", literal_execute=True),
)
_UNIQUE_AMONG = and_(INCIDENTS.c.status != "resolved", INCIDENTS.c.fingerprint != "")
Index(
    "uq_incidents_open_fingerprint",
    INCIDENTS.c.fingerprint,
    unique=True,
    sqlite_where=_UNIQUE_AMONG,
    postgresql_where=_UNIQUE_AMONG,
)


def to_row(incident: Incident) -> dict[str, Any]:
    """Return the incident as columns."""
    return row_of(incident)


def from_row(row: Mapping[str, Any]) -> Incident:
    """Return the incident that `to_row` wrote."""
    parts = {
        "severity": Severity(row["severity"]),
        "status": IncidentStatus(row["status"]),
        "alert_ids": tuple(row["alert_ids"]),
        "components": tuple(row["components"]),
    }
    return Incident(**{**row, **parts})


async def save(conn: AsyncConnection, incident: Incident) -> None:
    """Write the incident as it should be from now on; raises `Conflict`."""
    await write(conn, INCIDENTS, to_row(incident))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Incident | None:  # noqa: A002
    """Return the incident of that number."""
    row = await first(conn, INCIDENTS, id=id, lock=lock)
    return from_row(row) if row else None


async def by_ids(conn: AsyncConnection, ids: Sequence[int]) -> list[Incident]:
    """Return the incidents of these numbers, oldest first; numbers that do not exist are left out."""
    query = select(INCIDENTS).where(INCIDENTS.c.id.in_(list(ids))).order_by(INCIDENTS.c.id)
    return [from_row(row) for row in await rows(conn, query)]


async def listing(
    conn: AsyncConnection,
    *,
    statuses: Sequence[IncidentStatus] = (),
    severity: Severity | None = None,
    since: datetime | None = None,
    without: Collection[int] = (),
    limit: int = 20,
    offset: int = 0,
) -> list[Incident]:
    """Incidents, newest first; `since` bounds when they were declared, `without` names those to pass over."""
    query = select(INCIDENTS).where(*_where(statuses, severity, since), *_without(without))
    query = query.order_by(INCIDENTS.c.id.desc()).limit(limit).offset(offset)
    return [from_row(row) for row in await rows(conn, query)]


async def count(
    conn: AsyncConnection,
    *,
    statuses: Sequence[IncidentStatus] = (),
    severity: Severity | None = None,
    since: datetime | None = None,
    without: Collection[int] = (),
    tests: bool = True,
) -> int:
    """How many incidents `listing` would give without its limit; those that are a test only with `tests`."""
    where = [*_where(statuses, severity, since), *_without(without), *([] if tests else [INCIDENTS.c.test.is_(False)])]
    query = select(func.count()).select_from(INCIDENTS).where(*where)
    return int((await conn.execute(query)).scalar_one())


async def open_by_fingerprint(conn: AsyncConnection, fingerprint: str, *, lock: bool = False) -> Incident | None:
    """Return the one open incident that an alert of that fingerprint opened; "" finds none."""
    row = await first(conn, INCIDENTS, _OPENED_BY_ALERT, fingerprint=fingerprint, lock=lock)
    return from_row(row) if row else None


async def still_open(conn: AsyncConnection) -> list[Incident]:
    """All that are not resolved, oldest first."""
    query = select(INCIDENTS).where(INCIDENTS.c.status != IncidentStatus.RESOLVED.value).order_by(INCIDENTS.c.id)
    return [from_row(row) for row in await rows(conn, query)]


async def merged_into(conn: AsyncConnection, ids: Collection[int]) -> list[Incident]:
    """Those that turned out to be one of these, oldest first."""
    query = select(INCIDENTS).where(INCIDENTS.c.merged_into.in_(list(ids))).order_by(INCIDENTS.c.id)
    return [from_row(row) for row in await rows(conn, query)] if ids else []


async def private(conn: AsyncConnection) -> list[Incident]:
    """All that not everybody may see."""
    return [from_row(row) for row in await rows(conn, select(INCIDENTS).where(INCIDENTS.c.private.is_(True)))]


async def private_channels(conn: AsyncConnection) -> frozenset[str]:
    """The channels of all private incidents that have one."""
    query = select(INCIDENTS.c.channel).where(INCIDENTS.c.private.is_(True), INCIDENTS.c.channel != "")
    return frozenset((await conn.execute(query)).scalars())


async def counting(
    conn: AsyncConnection, *, since: datetime | None = None, without: Collection[int] = (), limit: int | None = None
) -> list[Incident]:
    """Those that statistics count, newest first: no tests, and none that turned out to be another one."""
    real = (INCIDENTS.c.test.is_(False), INCIDENTS.c.merged_into.is_(None))
    query = select(INCIDENTS).where(*real, *_where((), None, since), *_without(without))
    return [from_row(row) for row in await rows(conn, query.order_by(INCIDENTS.c.id.desc()).limit(limit))]


async def moments_of_resolved(conn: AsyncConnection) -> list[tuple[str, tuple[datetime | None, ...]]]:
    """(severity, moments) of those resolved that count: it began, was declared, acknowledged, mitigated, was over."""
    columns = ("started_at", "declared_at", "acknowledged_at", "mitigated_at", "resolved_at")
    query = select(INCIDENTS.c.severity, *(INCIDENTS.c[name] for name in columns)).where(
        INCIDENTS.c.resolved_at.is_not(None), INCIDENTS.c.test.is_(False), INCIDENTS.c.merged_into.is_(None)
    )
    return [(severity, tuple(moments)) for severity, *moments in await conn.execute(query)]


async def by_channel(conn: AsyncConnection, channel: str) -> Incident | None:
    """Return the incident whose own channel this is; "" finds none."""
    row = await first(conn, INCIDENTS, channel=channel) if channel else None
    return from_row(row) if row else None


def _without(ids: Collection[int]) -> list[ColumnElement[bool]]:
    return [INCIDENTS.c.id.not_in(list(ids))] if ids else []


def _where(
    statuses: Sequence[IncidentStatus], severity: Severity | None, since: datetime | None
) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if statuses:
        where.append(INCIDENTS.c.status.in_([status.value for status in statuses]))
    if severity is not None:
        where.append(INCIDENTS.c.severity == severity.value)
    if since is not None:
        where.append(INCIDENTS.c.declared_at >= since)
    return where
