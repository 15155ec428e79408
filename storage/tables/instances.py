"""Instances of alerts: at most one open per fingerprint, which the database itself holds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Float, Index, Integer, Select, Table, bindparam, func, literal, select, text
from sqlalchemy import insert as plain_insert
from sqlalchemy import update as plain_update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.engine import Conflict
from storage.records.alerts import AlertState, Instance, Severity
from storage.tables import plain
from storage.tables.schema import (
    METADATA,
    BigId,
    Document,
    Instant,
    Words,
    plain_instant,
    row_of,
    rows,
)

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
_FIXED = frozenset({"id", "fingerprint", "alert_id", "name", "labels", "opened_at"})
Index(
    "ix_instances_open_ends_at",
    INSTANCES.c.ends_at,
    sqlite_where=INSTANCES.c.state != "resolved",
    postgresql_where=INSTANCES.c.state != "resolved",
)
_OVER = INSTANCES.c.state == literal(AlertState.RESOLVED.value, literal_execute=True)
Index(
    "ix_instances_over_fingerprint",
    INSTANCES.c.fingerprint,
    INSTANCES.c.id,
    sqlite_where=INSTANCES.c.state == "resolved",
    postgresql_where=INSTANCES.c.state == "resolved",
)

_LATEST = (
    select(func.max(INSTANCES.c.id))
    .where(_OVER, INSTANCES.c.fingerprint.in_(bindparam("fingerprints", expanding=True)))
    .group_by(INSTANCES.c.fingerprint)
)
_LATEST_OVER = select(INSTANCES).where(INSTANCES.c.id.in_(_LATEST), INSTANCES.c.resolved_at > bindparam("since"))
_CHANGING = tuple(column.name for column in INSTANCES.c if column.name not in _FIXED)
_INSERTING = plain_insert(INSTANCES)
_UPDATING = (
    plain_update(INSTANCES)
    .where(INSTANCES.c.id == bindparam("_id"))
    .values({name: bindparam(f"_{name}") for name in _CHANGING})
)


def to_row(instance: Instance) -> dict[str, Any]:
    """Return the instance as columns."""
    return {**row_of(instance), "openings": [at.isoformat() for at in instance.openings]}


def from_row(row: Mapping[str, Any]) -> Instance:
    """Return the instance that `to_row` wrote."""
    read = {"severity": Severity(row["severity"]), "state": AlertState(row["state"])}
    return Instance(**{**row, **read, "openings": tuple(datetime.fromisoformat(at) for at in row["openings"])})


async def insert(conn: AsyncConnection, instances: Iterable[Instance]) -> None:
    """Write instances that begin; raises `Conflict` when one of such a fingerprint is open already."""
    fresh = list(instances)
    if not fresh:
        return
    new = [{name: value for name, value in to_row(instance).items() if name != "id"} for instance in fresh]
    try:
        if not plain.insert(conn, INSTANCES, new):
            await conn.execute(_INSERTING, new)
    except IntegrityError as error:
        raise Conflict("an instance of that fingerprint is open already") from error


async def update(conn: AsyncConnection, instances: Iterable[Instance]) -> None:
    """Write instances over their rows. Their alert's row is held meanwhile, so that nobody else does."""
    changed = [{name: row[name] for name in ("id", *_CHANGING)} for row in map(to_row, instances)]
    if changed:
        await conn.execute(_UPDATING, [{f"_{name}": value for name, value in row.items()} for row in changed])


async def seen_again(conn: AsyncConnection, seen: Sequence[tuple[str, int, datetime, datetime | None]]) -> None:
    """Count repetitions, given as fingerprint, how many, the last one's time and end, of instances that are open."""
    if seen:
        # A literal of SQL, for executemany knows no other.
        open_ = text("state != 'resolved'")
        same = plain_update(INSTANCES).where(open_, INSTANCES.c.fingerprint == bindparam("_fingerprint"))
        moved = same.values(
            count=INSTANCES.c.count + bindparam("_count"),
            last_seen_at=bindparam("_seen_at"),
            ends_at=bindparam("_ends_at"),
        )
        names = ("_fingerprint", "_count", "_seen_at", "_ends_at")
        await conn.execute(moved, [dict(zip(names, one, strict=True)) for one in seen])


async def unknown(conn: AsyncConnection, fingerprints: Sequence[str], groups: Sequence[str], since: datetime) -> bool:
    """Whether none of these instances is open or was resolved after `since`, and no alert of these groups is open.

    One question in place of three for what is usual of an alert that begins. False on PostgreSQL, which is not asked.
    """
    these, those = plain.marks(fingerprints), plain.marks(groups)
    known = (
        f"SELECT 1 FROM instances WHERE state != 'resolved' AND fingerprint IN {these} "  # noqa: S608 - marks
        f"UNION ALL SELECT 1 FROM instances WHERE state = 'resolved' AND fingerprint IN {these} AND resolved_at > ? "
        f"UNION ALL SELECT 1 FROM alerts WHERE state != 'resolved' AND fingerprint IN {those} LIMIT 1"
    )
    return plain.finds(conn, known, (*fingerprints, *fingerprints, plain_instant(since), *groups)) is False


async def latest_over(conn: AsyncConnection, fingerprints: Sequence[str], since: datetime) -> list[Instance]:
    """Of each fingerprint the latest instance that was resolved after `since`."""
    latest = f"SELECT max(id) FROM instances WHERE state = 'resolved' AND fingerprint IN {plain.marks(fingerprints)}"  # noqa: S608 - marks
    where = f"id IN ({latest} GROUP BY fingerprint) AND resolved_at > ?"
    if (found := plain.select(conn, INSTANCES, where, (*fingerprints, plain_instant(since)))) is not None:
        return [from_row(row) for row in found]
    values = {"fingerprints": list(fingerprints), "since": since}
    return [from_row(row) for row in await rows(conn, _LATEST_OVER, values)]


async def ended(
    conn: AsyncConnection, now: datetime, *, seen_since: datetime | None = None, limit: int = 1000
) -> list[Instance]:
    """Return at most `limit` open instances whose end has passed, of those alone that were `seen_since` then."""
    seen = [INSTANCES.c.last_seen_at >= seen_since] if seen_since else []
    query = select(INSTANCES).where(_OPEN, INSTANCES.c.ends_at <= now, *seen)
    return [from_row(row) for row in await rows(conn, query.order_by(INSTANCES.c.ends_at).limit(limit))]


async def close(conn: AsyncConnection, alert_id: int, now: datetime) -> None:
    """Resolve the instances of an alert that are open."""
    change = plain_update(INSTANCES).where(_OPEN, INSTANCES.c.alert_id == alert_id)
    await conn.execute(change.values(state=AlertState.RESOLVED.value, resolved_at=now))


async def opened_since(conn: AsyncConnection, alert_id: int, since: datetime) -> int:
    """How many instances of an alert began to fire after that time."""
    begun = select(func.count()).where(INSTANCES.c.alert_id == alert_id, INSTANCES.c.opened_at > since)
    return await conn.scalar(begun) or 0


async def label_values(conn: AsyncConnection, alert_ids: Sequence[int], label: str) -> set[str]:
    """What a label of these alerts' instances says, of resolved ones too; nothing of those that do not have it."""
    if not alert_ids:
        return set()
    every = (await conn.execute(select(INSTANCES.c.labels).where(INSTANCES.c.alert_id.in_(alert_ids)))).scalars()
    return {labels[label] for labels in every if label in labels}


async def of_alert(conn: AsyncConnection, alert_id: int) -> list[Instance]:
    """Return the instances of an alert, resolved ones included, oldest first."""
    query = select(INSTANCES).where(INSTANCES.c.alert_id == alert_id).order_by(INSTANCES.c.id)
    return [from_row(row) for row in await rows(conn, query)]


async def open_instances(
    conn: AsyncConnection,
    *,
    alert_id: int | None = None,
    fingerprints: Sequence[str] | None = None,
    where: Sequence[ColumnElement[bool]] = (),
    after: int = 0,
    limit: int | None = None,
) -> list[Instance]:
    """Return the instances that are not resolved, oldest first: all, of one alert, or of these fingerprints.

    `where` narrows them further. With `limit` at most so many, of those whose id is higher than `after`.
    """
    if fingerprints is not None and not where and alert_id is None and limit is None and not after:
        is_open = f"state != 'resolved' AND fingerprint IN {plain.marks(fingerprints)} ORDER BY id"
        if (found := plain.select(conn, INSTANCES, is_open, fingerprints)) is not None:
            return [from_row(row) for row in found]
    given = {
        "alert_id": alert_id,
        "fingerprints": None if fingerprints is None else list(fingerprints),
        "after": after or None,
        "limit": limit,
    }
    values = {name: value for name, value in given.items() if value is not None}
    query = _opened(tuple(values))
    return [from_row(row) for row in await rows(conn, query.where(*where) if where else query, values)]


@cache
def _opened(names: tuple[str, ...]) -> Select[Any]:
    """The query that these parameters make, built once: building it takes longer than running it."""
    query = select(INSTANCES).where(_OPEN).order_by(INSTANCES.c.id)
    if "alert_id" in names:
        query = query.where(INSTANCES.c.alert_id == bindparam("alert_id"))
    if "fingerprints" in names:
        query = query.where(INSTANCES.c.fingerprint.in_(bindparam("fingerprints", expanding=True)))
    if "after" in names:
        query = query.where(INSTANCES.c.id > bindparam("after"))
    return query.limit(bindparam("limit", type_=Integer)) if "limit" in names else query
