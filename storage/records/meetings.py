"""The meeting in which a postmortem is talked over, as calendars were told of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """The entry of one incident in one calendar. `uid` is its identity there, `reference` the calendar's own name."""

    incident: int
    calendar: str
    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    attendees: tuple[str, ...] = ()
    reference: str = ""
    made_at: datetime | None = None
    version: int = 0
