"""Meetings about postmortems, one row for each calendar."""

from sqlalchemy import Column, Integer, Table, select
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
    Column("attendees", Document, nullable=False),
    Column("reference", Words, nullable=False),
    Column("made_at", Instant),
    Column("version", Integer, nullable=False),
)


async def save(conn: AsyncConnection, meeting: Meeting) -> None:
    """Write the meeting as it should be from now on; raises `Conflict`."""
    await write(conn, MEETINGS, row_of(meeting))


async def get(conn: AsyncConnection, incident: int, calendar: str, *, lock: bool = False) -> Meeting | None:
    """Return the incident's meeting in that calendar."""
    row = await first(conn, MEETINGS, MEETINGS.c.incident == incident, MEETINGS.c.calendar == calendar, lock=lock)
    return Meeting(**{**row, "attendees": tuple(row["attendees"])}) if row else None


async def of_incident(conn: AsyncConnection, incident: int) -> list[Meeting]:
    """The incident's meeting in all calendars."""
    query = select(MEETINGS).where(MEETINGS.c.incident == incident).order_by(MEETINGS.c.calendar)
    return [Meeting(**{**row, "attendees": tuple(row["attendees"])}) for row in await rows(conn, query)]
