"""Alerts: at most one open per fingerprint, which the database itself holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, and_, bindparam, func, literal, or_, select, text
from sqlalchemy import update as plain_update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.records.alerts import Alert, AlertState, Severity
from storage.tables import plain
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows, write, write_all

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", Words, nullable=False),
    Column("rule", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("summary", Words, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("state", Words, nullable=False),
    Column("labels", Document, nullable=False),
    Column("value", Float(53)),
    Column("threshold", Float(53)),
    Column("unit", Words, nullable=False),
    Column("reading", Words, nullable=False),
    Column("runbook", Words, nullable=False),
    Column("policy", Words, nullable=False),
    Column("next_step", Integer, nullable=False),
    Column("next_step_at", Instant),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Words, nullable=False),
    Column("comment", Words, nullable=False),
    Column("resolved_at", Instant),
    Column("resolved_by", Words, nullable=False),
    Column("incident_id", Integer, index=True),
    Column("description", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("link", Words, nullable=False),
    Column("firing", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("muted", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("escalated_at", Instant),
    Column("acknowledged_until", Instant),
    Column("muted_by", Words, nullable=False),
    Column("flapping", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
# A literal, not a parameter: only then does the planner see that the partial index holds the answer.
_OPEN = ALERTS.c.state != literal(AlertState.RESOLVED.value, literal_execute=True)
Index(
    "uq_alerts_open_fingerprint",
    ALERTS.c.fingerprint,
    unique=True,
    sqlite_where=ALERTS.c.state != "resolved",
    postgresql_where=ALERTS.c.state != "resolved",
)

# Built once: building a statement takes longer than running it. Each side says "open", or SQLite reads all alerts.
_OPEN_AMONG = (
    select(ALERTS)
    .where(
        or_(
            and_(_OPEN, ALERTS.c.id.in_(bindparam("ids", expanding=True))),
            and_(_OPEN, ALERTS.c.fingerprint.in_(bindparam("fingerprints", expanding=True))),
        ),
    )
    .order_by(ALERTS.c.id)
)
_OPEN_AMONG_HELD = _OPEN_AMONG.with_for_update()


def to_row(alert: Alert) -> dict[str, Any]:
    """Return the alert as columns."""
    return row_of(alert)


def from_row(row: Mapping[str, Any]) -> Alert:
    """Return the alert that `to_row` wrote."""
    return Alert(**{**row, "severity": Severity(row["severity"]), "state": AlertState(row["state"])})


async def save(conn: AsyncConnection, alert: Alert) -> None:
    """Write the alert as it should be from now on; raises `Conflict`."""
    await write(conn, ALERTS, to_row(alert))


async def save_all(conn: AsyncConnection, alerts: Sequence[Alert]) -> None:
    """Do the same for many at once; those that are kept already must be locked. Raises `Conflict`."""
    await write_all(conn, ALERTS, [to_row(alert) for alert in alerts])


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Alert | None:  # noqa: A002
    """Return the alert of that number."""
    row = await first(conn, ALERTS, id=id, lock=lock)
    return from_row(row) if row else None


async def open_by_fingerprint(conn: AsyncConnection, fingerprint: str, *, lock: bool = False) -> Alert | None:
    """Return the one alert of that fingerprint that is not resolved."""
    row = await first(conn, ALERTS, _OPEN, fingerprint=fingerprint, lock=lock)
    return from_row(row) if row else None


async def open_among(
    conn: AsyncConnection, *, ids: Sequence[int] = (), fingerprints: Sequence[str] = (), lock: bool = False
) -> list[Alert]:
    """Return those of these numbers or fingerprints that are not resolved, oldest first."""
    by_id = f"(state != 'resolved' AND id IN {plain.marks(ids)})"
    by_fingerprint = f"(state != 'resolved' AND fingerprint IN {plain.marks(fingerprints)})"
    where = f"{by_id} OR {by_fingerprint} ORDER BY id"
    if (found := plain.select(conn, ALERTS, where, (*ids, *fingerprints))) is not None:
        return [from_row(row) for row in found]
    values = {"ids": list(ids), "fingerprints": list(fingerprints)}
    return [from_row(row) for row in await rows(conn, _OPEN_AMONG_HELD if lock else _OPEN_AMONG, values)]


async def resolved_by_hand(conn: AsyncConnection, ids: Sequence[int], bot: str) -> frozenset[int]:
    """Return those of these numbers that somebody other than `bot` resolved."""
    if not ids:
        return frozenset()
    query = select(ALERTS.c.id).where(ALERTS.c.id.in_(ids), ALERTS.c.resolved_by.not_in([bot, ""]))
    return frozenset((await conn.execute(query)).scalars())


async def seen_again(conn: AsyncConnection, seen: Sequence[tuple[int, int, datetime]]) -> None:
    """Count repetitions of open alerts' instances, given as number, how many, the last one's time."""
    if seen:
        # A literal of SQL, for executemany knows no other.
        same = plain_update(ALERTS).where(text("state != 'resolved'"), ALERTS.c.id == bindparam("_id"))
        moved = same.values(count=ALERTS.c.count + bindparam("_count"), last_seen_at=bindparam("_seen_at"))
        await conn.execute(moved, [dict(zip(("_id", "_count", "_seen_at"), one, strict=True)) for one in seen])


async def listing(
    conn: AsyncConnection, *, states: Sequence[AlertState] = (), limit: int = 20, offset: int = 0
) -> list[Alert]:
    """Alerts in these states (none given: in all), newest first."""
    query = select(ALERTS).where(*_in(states)).order_by(ALERTS.c.id.desc()).limit(limit).offset(offset)
    return [from_row(row) for row in await rows(conn, query)]


async def count(conn: AsyncConnection, states: Sequence[AlertState] = ()) -> int:
    """How many alerts are in these states (none given: in all)."""
    return int((await conn.execute(select(func.count()).select_from(ALERTS).where(*_in(states)))).scalar_one())


async def open_alerts(conn: AsyncConnection) -> list[Alert]:
    """All that are not resolved, oldest first."""
    return [from_row(row) for row in await rows(conn, select(ALERTS).where(_OPEN).order_by(ALERTS.c.id))]


async def of_incident(conn: AsyncConnection, incident_id: int) -> list[Alert]:
    """Return the alerts that belong to an incident, oldest first."""
    return [
        from_row(row)
        for row in await rows(conn, select(ALERTS).where(ALERTS.c.incident_id == incident_id).order_by(ALERTS.c.id))
    ]


async def words_of_incidents(conn: AsyncConnection, least: int) -> list[tuple[int, str, str, Mapping[str, str]]]:
    """(incident, rule, summary, labels) of all alerts that belong to incidents of that number or later ones."""
    columns = (ALERTS.c.incident_id, ALERTS.c.rule, ALERTS.c.summary, ALERTS.c.labels)
    query = select(*columns).where(ALERTS.c.incident_id >= least).order_by(ALERTS.c.id)
    return [(number, rule, summary, labels) for number, rule, summary, labels in await conn.execute(query)]


def _in(states: Sequence[AlertState]) -> list[ColumnElement[bool]]:
    return [ALERTS.c.state.in_([state.value for state in states])] if states else []
