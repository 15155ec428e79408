"""A meeting as iCalendar (RFC 5545), for calendars, mails (RFC 6047) and files.

The library is loaded when it is needed: all bots must start fast.
"""

from datetime import UTC, datetime
from typing import Literal

from bot.outside import Invitation

MEDIA_TYPE = "text/calendar"


def entry(
    invitation: Invitation, *, now: datetime, organizer: str = "", method: Literal["", "REQUEST", "CANCEL"] = ""
) -> str:
    """The calendar object, with CRLF at the ends of its lines. Times are in UTC, which every reader knows.

    `organizer` is a mail address; without one nobody is invited, so that no attendees are named either. `method` is for
    mails alone: an object that is kept in a calendar must have none (RFC 4791, 4.1).
    """
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//do-manage//do-manage//EN")
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    event = icalendar.Event()
    event.add("uid", invitation.uid)
    event.add("sequence", invitation.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", invitation.starts_at.astimezone(UTC))
    event.add("dtend", invitation.ends_at.astimezone(UTC))
    event.add("summary", invitation.title)
    event.add("description", invitation.description)
    event.add("status", "CANCELLED" if invitation.cancelled else "CONFIRMED")
    if organizer:
        event.add("organizer", icalendar.vCalAddress(f"mailto:{organizer}"))
        for address in invitation.attendees:
            event.add("attendee", _attendee(address))
    calendar.add_component(event)
    return bytes(calendar.to_ical()).decode()


def times(text: str) -> tuple[datetime, datetime] | None:
    """Beginning and end (UTC) of the event in a calendar object; None where it has none with such."""
    import icalendar

    try:
        event = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]
        begin, end = event.decoded("DTSTART"), event.decoded("DTEND")
    except (ValueError, IndexError, KeyError):
        return None
    if not (isinstance(begin, datetime) and isinstance(end, datetime) and begin.tzinfo and end.tzinfo):
        return None
    return begin.astimezone(UTC), end.astimezone(UTC)


def _attendee(address: str) -> object:
    import icalendar

    attendee = icalendar.vCalAddress(f"mailto:{address}")
    # nobody reads answers, so none are asked for
    for name, value in {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"}.items():
        attendee.params[name] = value
    return attendee
