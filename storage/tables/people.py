"""What people set for themselves, by Slack user id."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Integer, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.people import Preferences, Rule
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows, write

PEOPLE = Table(
    "people",
    METADATA,
    Column("user", Words, primary_key=True),
    Column("email", Words, nullable=False, index=True),
    Column("phone", Words, nullable=False, index=True),
    Column("timezone", Words, nullable=False),
    Column("rules", Document, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
)


def to_row(person: Preferences) -> dict[str, Any]:
    """Return the preferences as columns; delays in seconds."""
    return {**row_of(person), "rules": [[rule.after.total_seconds(), rule.via] for rule in person.rules]}


def from_row(row: Mapping[str, Any]) -> Preferences:
    """Return the preferences that `to_row` wrote."""
    rules = tuple(Rule(timedelta(seconds=seconds), via) for seconds, via in row["rules"])
    return Preferences(**{**row, "rules": rules})


async def save(conn: AsyncConnection, person: Preferences) -> None:
    """Write the preferences as they should be from now on; raises `Conflict`."""
    await write(conn, PEOPLE, to_row(person))


async def get(conn: AsyncConnection, user: str, *, lock: bool = False) -> Preferences | None:
    """Return what that person set."""
    row = await first(conn, PEOPLE, user=user, lock=lock)
    return from_row(row) if row else None


async def by_phone(conn: AsyncConnection, number: str) -> list[Preferences]:
    """Return who set that number, oldest setting first."""
    query = select(PEOPLE).where(PEOPLE.c.phone == number).order_by(PEOPLE.c.updated_at, PEOPLE.c.user)
    return [from_row(row) for row in await rows(conn, query)]


async def by_email(conn: AsyncConnection, address: str) -> list[Preferences]:
    """Return who set that address, in any case of letters, oldest setting first."""
    query = (
        select(PEOPLE).where(func.lower(PEOPLE.c.email) == address.lower()).order_by(PEOPLE.c.updated_at, PEOPLE.c.user)
    )
    return [from_row(row) for row in await rows(conn, query)]
