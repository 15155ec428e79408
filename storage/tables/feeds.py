"""Copies of calendars that schedules are read from, and the secrets of those that are given out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.records.feeds import Feed, Shift, Subscription
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows

FEEDS = Table(
    "feeds",
    METADATA,
    Column("place", Words, primary_key=True),
    Column("source", Words, nullable=False),
    Column("tried_at", Instant, nullable=False),
    Column("read_at", Instant),
    Column("shifts", Document, nullable=False),
    Column("unknown", Document, nullable=False),
    Column("error", Words, nullable=False),
    Column("failing_since", Instant),
    Column("told_at", Instant),
)
SUBSCRIPTIONS = Table(
    "subscriptions",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("token", Words, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)


def to_row(feed: Feed) -> dict[str, Any]:
    """Return the copy as columns."""
    shifts = [[shift.since.isoformat(), shift.until.isoformat(), list(shift.people)] for shift in feed.shifts]
    return {**row_of(feed), "shifts": shifts, "unknown": list(feed.unknown)}


def from_row(row: Mapping[str, Any]) -> Feed:
    """Return the copy that `to_row` wrote."""
    shifts = tuple(
        Shift(datetime.fromisoformat(since), datetime.fromisoformat(until), tuple(people))
        for since, until, people in row["shifts"]
    )
    return Feed(**{**row, "shifts": shifts, "unknown": tuple(row["unknown"])})


async def put(conn: AsyncConnection, feed: Feed) -> None:
    """Write the copy over the one of the same place."""
    row = to_row(feed)
    fresh = insert(conn, FEEDS).values(row)
    await conn.execute(fresh.on_conflict_do_update(index_elements=["place"], set_=row))


async def all_of(conn: AsyncConnection) -> list[Feed]:
    """Return every copy."""
    return [from_row(row) for row in await rows(conn, select(FEEDS).order_by(FEEDS.c.place))]


async def subscribe(conn: AsyncConnection, subscription: Subscription) -> None:
    """Write the secret over an older one of the same calendar."""
    row = row_of(subscription)
    fresh = insert(conn, SUBSCRIPTIONS).values(row)
    await conn.execute(fresh.on_conflict_do_update(index_elements=["name"], set_=row))


async def subscription(conn: AsyncConnection, name: str) -> Subscription | None:
    """Return the secret of that calendar."""
    row = await first(conn, SUBSCRIPTIONS, name=name)
    return Subscription(**row) if row else None
