"""The meeting in which a postmortem is talked over, as it was arranged and as calendars were told of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """The meeting of one incident, as one calendar should show it; `calendar` "" is the meeting itself.

    `uid` is its identity in calendars, `reference` the calendar's own name for it. `people` are the responders, as
    Slack user ids; `attendees` are their mail addresses, `unreached` those of them of whom none is known. `zone` is the
    time zone in which it was placed. `sequence` grows with each change. `begun` says that the calendar was asked, so
    that it may hold an entry even where no answer came; `made_at` is when it took the meeting as it stands here (None:
    not yet), and `trouble` what it said instead.
    """

    incident: int
    calendar: str
    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    zone: str = "UTC"
    people: tuple[str, ...] = ()
    attendees: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    sequence: int = 0
    cancelled: bool = False
    begun: bool = False
    reference: str = ""
    trouble: str = ""
    made_at: datetime | None = None
    version: int = 0
