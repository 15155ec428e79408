"""Meetings about postmortems: one row for the meeting itself, and one for each calendar."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Integer, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.meetings import Meeting
from storage.tables.schema import METADATA, Document, Instant, Words, first, row_of, rows, write

MEETINGS = Table(
    "meetings",
    METADATA,
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("calendar", Words, primary_key=True),
    Column("uid", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("zone", Words, nullable=False),
    Column("people", Document, nullable=False),
    Column("attendees", Document, nullable=False),
    Column("unreached", Document, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("reference", Words, nullable=False),
    Column("trouble", Words, nullable=False),
    Column("made_at", Instant),
    Column("version", Integer, nullable=False),
)


async def save(conn: AsyncConnection, meeting: Meeting) -> None:
    """Write the meeting as it should be from now on; raises `Conflict`."""
    await write(conn, MEETINGS, row_of(meeting))


async def get(conn: AsyncConnection, incident: int, calendar: str, *, lock: bool = False) -> Meeting | None:
    """Return the incident's meeting in that calendar, "": the meeting itself."""
    row = await first(conn, MEETINGS, incident=incident, calendar=calendar, lock=lock)
    return _meeting(row) if row else None


async def of_incident(conn: AsyncConnection, incident: int) -> list[Meeting]:
    """The incident's meeting itself first, then as each calendar has it."""
    query = select(MEETINGS).where(MEETINGS.c.incident == incident).order_by(MEETINGS.c.calendar)
    return [_meeting(row) for row in await rows(conn, query)]


def _meeting(row: Mapping[str, Any]) -> Meeting:
    return Meeting(**{**row, **{name: tuple(row[name]) for name in ("people", "attendees", "unreached")}})
