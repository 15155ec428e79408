"""Measured values by series, and the hourly aggregates that are left of old ones."""

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    Interval,
    Table,
    UniqueConstraint,
    delete,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.engine import insert as upsert
from storage.records.samples import Aggregate, Sample
from storage.tables.schema import METADATA, BigId, Instant, Words, rows

SERIES = Table(
    "series",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("metric", Words, nullable=False),
    Column("labels", Words, nullable=False),
    UniqueConstraint("metric", "labels"),
)
SAMPLES = Table(
    "samples",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("series_id", BigId, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Float(53), nullable=False),
    Index(None, "series_id", "at"),
)
HOURS = Table(
    "sample_hours",
    METADATA,
    Column("series_id", BigId, primary_key=True, autoincrement=False),
    Column("at", Instant, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("min", Float(53), nullable=False),
    Column("max", Float(53), nullable=False),
    Column("mean", Float(53), nullable=False),
    Column("p95", Float(53), nullable=False),
)
HOUR = timedelta(hours=1)
_AT_ONCE = 400  # series looked up in one query; SQLite allows 32,766 parameters, and parses long lists slowly


async def insert(conn: AsyncConnection, samples: Iterable[Sample]) -> None:
    """Keep the samples. One that is not a number (NaN) says nothing and is left out."""
    given = [(sample, _written(sample.labels)) for sample in samples if not math.isnan(sample.value)]
    ids = await _ids(conn, sorted({(sample.metric, labels) for sample, labels in given}))
    if given:
        found = [{"series_id": ids[s.metric, labels], "at": s.at, "value": s.value} for s, labels in given]
        await conn.execute(plain_insert(SAMPLES), found)


async def series(
    conn: AsyncConnection,
    metric: str,
    labels: Mapping[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Sample]:
    """Return the samples of a metric in [since, until), oldest first: of all series, or of that with just these labels.

    Hours of which only the aggregate is left are there as one sample each: their mean, at their begin.
    """
    raw = select(SERIES.c.metric, SERIES.c.labels, SAMPLES.c.at, SAMPLES.c.value, SAMPLES.c.id)
    raw = raw.join_from(SERIES, SAMPLES, SAMPLES.c.series_id == SERIES.c.id)
    old = select(SERIES.c.metric, SERIES.c.labels, HOURS.c.at, HOURS.c.mean.label("value"), HOURS.c.series_id)
    old = old.join_from(SERIES, HOURS, HOURS.c.series_id == SERIES.c.id)
    which = _of(metric, labels)
    both = union_all(
        raw.where(*which, *_within(SAMPLES, since, until)), old.where(*which, *_within(HOURS, since, until))
    ).subquery()
    return [_sample(row) for row in await rows(conn, select(both).order_by(both.c.at, both.c.id))]


async def latest(conn: AsyncConnection, metrics: Collection[str], since: datetime) -> list[Sample]:
    """Return the newest sample of each series of these metrics, those from before `since` left out.

    One query; an index leads to each series' newest sample at once, however many samples there are. Of several samples
    of one moment the one written last counts.
    """
    # found by its number: joined by time, SQLite would rather look at every sample of the series
    newest = SAMPLES.alias("newest")
    last = select(newest.c.id).where(newest.c.series_id == SERIES.c.id).correlate(SERIES)
    last = last.order_by(newest.c.at.desc(), newest.c.id.desc()).limit(1)
    query = (
        select(SERIES.c.metric, SERIES.c.labels, SAMPLES.c.at, SAMPLES.c.value)
        .join_from(SERIES, SAMPLES, SAMPLES.c.id == last.scalar_subquery())
        .where(SERIES.c.metric.in_(sorted(metrics)), SAMPLES.c.at >= since)
        .order_by(SERIES.c.metric, SERIES.c.labels)
    )
    return [_sample(row) for row in await rows(conn, query)]


async def names(conn: AsyncConnection) -> list[str]:
    """Return every metric that was ever kept."""
    return [row["metric"] for row in await rows(conn, select(SERIES.c.metric).distinct().order_by(SERIES.c.metric))]


async def window(
    conn: AsyncConnection,
    metric: str,
    since: datetime,
    until: datetime,
    labels: Mapping[str, str] | None = None,
) -> list[Aggregate]:
    """Return one aggregate over [since, until) for each series that has samples there, hourly aggregates included.

    An hour counts when its begin lies in the window. There is no `p95`: percentiles of percentiles mean nothing.
    """
    x, h = SAMPLES.c, HOURS.c
    raw = select(x.series_id, func.count().label("n"), func.min(x.value).label("lo"), func.max(x.value).label("hi"))
    raw = raw.add_columns(func.sum(x.value).label("total"))
    old = select(h.series_id, func.sum(h.count).label("n"), func.min(h.min).label("lo"), func.max(h.max).label("hi"))
    old = old.add_columns(func.sum(h.mean * h.count).label("total"))
    own = select(SERIES.c.id).where(*_of(metric, labels))
    parts = [
        query.where(table.c.series_id.in_(own), *_within(table, since, until)).group_by(table.c.series_id)
        for query, table in ((raw, SAMPLES), (old, HOURS))
    ]
    both = union_all(*parts).subquery()
    query = (
        select(
            SERIES.c.metric,
            SERIES.c.labels,
            func.sum(both.c.n).label("count"),
            func.min(both.c.lo).label("min"),
            func.max(both.c.hi).label("max"),
            (func.sum(both.c.total) / func.sum(both.c.n)).label("mean"),
        )
        .join_from(both, SERIES, SERIES.c.id == both.c.series_id)
        .group_by(SERIES.c.id, SERIES.c.metric, SERIES.c.labels)
        .order_by(SERIES.c.labels)
    )
    return [
        _aggregate({**row, "count": int(row["count"]), "at": since, "p95": None}) for row in await rows(conn, query)
    ]


async def hourly(
    conn: AsyncConnection, metric: str, since: datetime, until: datetime, labels: Mapping[str, str] | None = None
) -> list[Aggregate]:
    """Return the hourly aggregates of a metric in [since, until), oldest first; recent hours have none yet."""
    query = (
        select(SERIES.c.metric, SERIES.c.labels, *(c for c in HOURS.c if c.name != "series_id"))
        .join_from(SERIES, HOURS, HOURS.c.series_id == SERIES.c.id)
        .where(*_of(metric, labels), *_within(HOURS, since, until))
        .order_by(HOURS.c.at, SERIES.c.labels)
    )
    return [_aggregate(row) for row in await rows(conn, query)]


async def hours_seen(conn: AsyncConnection, metric: str, labels: Mapping[str, str], since: datetime) -> list[datetime]:
    """Return, oldest first, one moment of each hour in which this series has samples: of recent hours the first one."""
    of = select(SERIES.c.id).where(*_of(metric, labels)).scalar_subquery()
    mine, later = SAMPLES.alias("mine"), SAMPLES.alias("later")
    first = select(func.min(mine.c.at, type_=Instant).label("at")).where(mine.c.series_id == of, mine.c.at >= since)
    hours = first.cte("hours", recursive=True)
    # from the first of one hour the index leads at once to the first after it, however many are between
    following = func.min(later.c.at, type_=Instant)
    step = select(following).where(later.c.series_id == of, later.c.at >= _next_hour(conn, hours.c.at))
    hours = hours.union_all(select(step.correlate(hours).scalar_subquery()).where(hours.c.at.is_not(None)))
    old = select(HOURS.c.at).where(HOURS.c.series_id == of, *_within(HOURS, since, None))
    found = [at for query in (select(hours.c.at), old) for at in (await conn.execute(query)).scalars()]  # thousands
    return sorted({at for at in found if at is not None})


def _next_hour(conn: AsyncConnection, at: ColumnElement[datetime]) -> ColumnElement[Any]:
    if conn.dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d %H:00:00.000000", at, "+1 hour")
    return func.date_trunc("hour", at, "UTC") + literal(HOUR, Interval())


async def fold(conn: AsyncConnection, before: datetime, limit: int = 100) -> int:
    """Put one aggregate in the place of the oldest hour of at most `limit` series, if it ended by `before`.

    Says how many hours it folded; call it until that is 0, each time in a transaction of its own, so that a crash
    leaves every hour either whole or folded. Samples that came late for a folded hour are merged into its aggregate.
    """
    oldest = (
        select(func.min(SAMPLES.c.at)).where(SAMPLES.c.series_id == SERIES.c.id).correlate(SERIES).scalar_subquery()
    )
    due = select(SERIES.c.id, oldest.label("at")).where(oldest < begin_of_hour(before)).limit(limit)
    found = await rows(conn, due)
    for row in found:
        await _fold_hour(conn, row["id"], begin_of_hour(row["at"]))
    return len(found)


def begin_of_hour(at: datetime) -> datetime:
    """The full hour at or before a moment."""
    return at.replace(minute=0, second=0, microsecond=0)


async def _fold_hour(conn: AsyncConnection, series_id: int, hour: datetime) -> None:
    mine = (SAMPLES.c.series_id == series_id, *_within(SAMPLES, hour, hour + HOUR))
    values = sorted((await conn.execute(select(SAMPLES.c.value).where(*mine))).scalars())
    one = {
        "count": len(values),
        "min": values[0],
        "max": values[-1],
        "mean": math.fsum(values) / len(values),
        "p95": values[-(-len(values) * 95 // 100) - 1],
    }
    there = await rows(conn, select(HOURS).where(HOURS.c.series_id == series_id, HOURS.c.at == hour))
    row = {"series_id": series_id, "at": hour, **(_merged(there[0], one) if there else one)}
    put = upsert(conn, HOURS).values(row)
    await conn.execute(put.on_conflict_do_update(index_elements=["series_id", "at"], set_=row))
    await conn.execute(delete(SAMPLES).where(*mine))


def _merged(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Both aggregates in one. Its p95 is that of the larger one: the values that would tell it exactly are gone."""
    count = a["count"] + b["count"]
    return {
        "count": count,
        "min": min(a["min"], b["min"]),
        "max": max(a["max"], b["max"]),
        "mean": (a["mean"] * a["count"] + b["mean"] * b["count"]) / count,
        "p95": (a if a["count"] >= b["count"] else b)["p95"],
    }


async def _ids(conn: AsyncConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The numbers of these series (metric, labels as text); those that are new get one."""
    found = await _known(conn, keys)
    new = [key for key in keys if key not in found]
    if new:
        put = upsert(conn, SERIES).on_conflict_do_nothing()
        await conn.execute(put, [{"metric": metric, "labels": labels} for metric, labels in new])
        found |= await _known(conn, new)
    return found


async def _known(conn: AsyncConnection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    found = dict[tuple[str, str], int]()
    for start in range(0, len(keys), _AT_ONCE):
        some = tuple_(SERIES.c.metric, SERIES.c.labels).in_(keys[start : start + _AT_ONCE])
        found |= {(row["metric"], row["labels"]): row["id"] for row in await rows(conn, select(SERIES).where(some))}
    return found


def _of(metric: str, labels: Mapping[str, str] | None) -> list[ColumnElement[bool]]:
    exact = [] if labels is None else [SERIES.c.labels == _written(labels)]
    return [SERIES.c.metric == metric, *exact]


def _within(table: Table, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    lower = [] if since is None else [table.c.at >= since]
    return [*lower, *([] if until is None else [table.c.at < until])]


def _sample(row: Mapping[str, Any]) -> Sample:
    return Sample(metric=row["metric"], at=row["at"], value=row["value"], labels=json.loads(row["labels"]))


def _aggregate(row: Mapping[str, Any]) -> Aggregate:
    return Aggregate(**{**row, "labels": json.loads(row["labels"])})


def _written(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels), sort_keys=True, separators=(",", ":"))
