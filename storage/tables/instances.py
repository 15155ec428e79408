"""Instances of alerts: at most one open per fingerprint, which the database itself holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Float, Index, Integer, Table, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.alerts import AlertState, Instance, Severity
from storage.tables.schema import METADATA, BigId, Document, Instant, Words, row_of, rows

INSTANCES = Table(
    "instances",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("fingerprint", Words, nullable=False),
    Column("alert_id", Integer, nullable=False, index=True),
    Column("name", Words, nullable=False),
    Column("labels", Document, nullable=False),
    Column("severity", Words, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("state", Words, nullable=False),
    Column("annotations", Document, nullable=False),
    Column("summary", Words, nullable=False),
    Column("reading", Words, nullable=False),
    Column("value", Float(53)),
    Column("source", Words, nullable=False),
    Column("link", Words, nullable=False),
    Column("count", Integer, nullable=False),
    Column("ends_at", Instant),
    Column("resolved_at", Instant),
    Column("muted_by", Words, nullable=False),
    Column("openings", Document, nullable=False),
)
# A literal, not a parameter: only then does the planner see that the partial index holds the answer.
_OPEN = INSTANCES.c.state != literal(AlertState.RESOLVED.value, literal_execute=True)
Index(
    "uq_instances_open_fingerprint",
    INSTANCES.c.fingerprint,
    unique=True,
    sqlite_where=INSTANCES.c.state != "resolved",
    postgresql_where=INSTANCES.c.state != "resolved",
)


def to_row(instance: Instance) -> dict[str, Any]:
    """Return the instance as columns."""
    return {**row_of(instance), "openings": [at.isoformat() for at in instance.openings]}


def from_row(row: Mapping[str, Any]) -> Instance:
    """Return the instance that `to_row` wrote."""
    read = {"severity": Severity(row["severity"]), "state": AlertState(row["state"])}
    return Instance(**{**row, **read, "openings": tuple(datetime.fromisoformat(at) for at in row["openings"])})


async def open_instances(
    conn: AsyncConnection, *, alert_id: int | None = None, fingerprints: Sequence[str] | None = None
) -> list[Instance]:
    """Return the instances that are not resolved, oldest first: all, of one alert, or of these fingerprints."""
    query = select(INSTANCES).where(_OPEN)
    if alert_id is not None:
        query = query.where(INSTANCES.c.alert_id == alert_id)
    if fingerprints is not None:
        query = query.where(INSTANCES.c.fingerprint.in_(fingerprints))
    return [from_row(row) for row in await rows(conn, query.order_by(INSTANCES.c.id))]
