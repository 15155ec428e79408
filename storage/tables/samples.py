"""Measured values by series."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Float, Index, Table, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.samples import Sample
from storage.tables.schema import METADATA, BigId, Instant, Words, purge_rows, row_of, rows

SAMPLES = Table(
    "samples",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("metric", Words, nullable=False),
    Column("labels", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Float(53), nullable=False),
    Index(None, "metric", "labels", "at"),
    Index(None, "at"),
)


def to_row(sample: Sample) -> dict[str, Any]:
    """Return the sample as columns; equal labels give equal text."""
    return {**row_of(sample), "labels": _written(sample.labels)}


def from_row(row: Mapping[str, Any]) -> Sample:
    """Return the sample that `to_row` wrote."""
    return Sample(metric=row["metric"], at=row["at"], value=row["value"], labels=json.loads(row["labels"]))


async def insert(conn: AsyncConnection, samples: Iterable[Sample]) -> None:
    """Keep the samples. One that is not a number (NaN) says nothing and is left out."""
    rows = [to_row(sample) for sample in samples if not math.isnan(sample.value)]
    if rows:
        await conn.execute(plain_insert(SAMPLES), rows)


async def series(
    conn: AsyncConnection, metric: str, labels: Mapping[str, str] | None = None, since: datetime | None = None
) -> list[Sample]:
    """Return the samples of a metric, oldest first: of the one series with exactly these labels, or of all (None)."""
    where = [SAMPLES.c.metric == metric]
    if labels is not None:
        where.append(SAMPLES.c.labels == _written(labels))
    if since is not None:
        where.append(SAMPLES.c.at >= since)
    return [
        from_row(row) for row in await rows(conn, select(SAMPLES).where(*where).order_by(SAMPLES.c.at, SAMPLES.c.id))
    ]


async def purge(conn: AsyncConnection, before: datetime, limit: int = 1000) -> int:
    """Delete at most `limit` samples older than that; says how many."""
    return await purge_rows(conn, SAMPLES, SAMPLES.c.at < before, limit=limit)


def _written(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels), sort_keys=True, separators=(",", ":"))
