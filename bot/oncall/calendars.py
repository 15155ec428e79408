"""iCalendar: schedules read from a calendar, and schedules given out as one (RFC 5545).

The libraries are loaded when they are needed: few bots read calendars, and all must start fast.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from bot.oncall.layers import Span

LARGEST = 2_000_000
"""Bytes of a calendar that are read."""
MOST = 5_000
"""Shifts and events of a calendar that are read."""
PER_DAY = 24
"""How often a day an event may repeat: anything denser is no shift, and would keep the bot busy."""
_ID = re.compile(r"\b[UW][A-Z0-9]{6,20}\b")
_ADDRESS = re.compile(r"[^@\s<>,;:\"'()\[\]]{1,64}@[^@\s<>,;:\"'()\[\]]+\.[A-Za-z]{2,}")


class BadCalendar(ValueError):
    """It cannot be read; the text says why in a few words."""


@dataclass(frozen=True)
class Event:
    """One shift of a calendar: when, and whom it names, by Slack user id or mail address."""

    since: datetime
    until: datetime
    named: tuple[str, ...]


def read(text: str, zone: str, since: datetime, until: datetime) -> list[Event]:
    """The shifts that touch the time from `since` until `until`, repetitions one by one. Raises `BadCalendar`.

    Times without a zone, and whole days, are meant in `zone`. People are those in the attendees (mailto:) and in the
    summary, as addresses or Slack user ids; an event that names nobody is given with its summary's beginning.
    """
    import icalendar
    import recurring_ical_events  # type: ignore[import-untyped] # it has no stubs

    try:
        calendar = icalendar.Calendar.from_ical(text)
    except (ValueError, IndexError, KeyError) as error:
        raise BadCalendar(f"it is no iCalendar: {' '.join(str(error).split())[:120]}") from error
    if calendar.name != "VCALENDAR":
        raise BadCalendar("it is no iCalendar: it begins with no VCALENDAR")
    events = list(calendar.walk("VEVENT"))
    if len(events) > MOST:
        raise BadCalendar(f"it has {len(events):,} events, more than {MOST:,}")
    for event in events:
        _bounded(event)
    try:
        found = recurring_ical_events.of(calendar, skip_bad_series=False).between(since, until)
        shifts = [shift for event in found if (shift := _shift(event, ZoneInfo(zone))) is not None]
    except Exception as error:
        # the libraries raise what they like for what they cannot read
        raise BadCalendar(f"an event in it cannot be read: {' '.join(str(error).split())[:120]}") from error
    if len(shifts) > MOST:
        raise BadCalendar(f"it has {len(shifts):,} shifts, more than {MOST:,}")
    return sorted(shifts, key=lambda shift: shift.since)


def _bounded(event: Any) -> None:
    rules = event.get("RRULE") or []
    for rule in rules if isinstance(rules, list) else [rules]:
        often = str((rule.get("FREQ") or [""])[0]).upper()
        times = 1
        for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            times *= max(1, len(rule.get(part) or []))
        if often in {"SECONDLY", "MINUTELY"} or times > PER_DAY or (often == "HOURLY" and times > 1):
            raise BadCalendar("an event in it repeats more often than once an hour")


def _shift(event: Any, zone: ZoneInfo) -> Event | None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    begin = _moment(event["DTSTART"].dt, zone)
    end = _moment(event["DTEND"].dt, zone) if "DTEND" in event else begin + timedelta(days=1)
    return Event(begin, end, _named(event)) if begin < end else None


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    at = value if isinstance(value, datetime) else datetime.combine(value, time())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _named(event: Any) -> tuple[str, ...]:
    attendees = event.get("ATTENDEE") or []
    said = [re.sub(r"(?i)^mailto:", "", str(a)) for a in (attendees if isinstance(attendees, list) else [attendees])]
    summary = str(event.get("SUMMARY", ""))
    named = [a for a in said if _ADDRESS.fullmatch(a)] + _ID.findall(summary) + _ADDRESS.findall(summary)
    return tuple(dict.fromkeys(named)) or (" ".join(summary.split())[:60] or "an event without a summary",)


def is_address(named: str) -> bool:
    """Whether that is a mail address."""
    return bool(_ADDRESS.fullmatch(named))


def is_user(named: str) -> bool:
    """Whether that is a Slack user id."""
    return bool(_ID.fullmatch(named))


def written(
    name: str, lines: Mapping[str, Iterable[Span]], callings: Mapping[str, str], zones: Mapping[str, str], now: datetime
) -> bytes:
    """The calendar `name` of the spans of each schedule in `lines`; `callings` are the names of people by their ids.

    The same shift has the same UID each time, so that calendar programs move it instead of doubling it.
    """
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//do-manage//on-call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for schedule, spans in lines.items():
        for span in spans:
            event = icalendar.Event()
            event.add("uid", uid(schedule, span.since, span.people))
            event.add("dtstamp", now)
            event.add("dtstart", span.since)
            event.add("dtend", span.until)
            who = ", ".join(callings.get(user, user) for user in span.people)
            event.add("summary", f"On call: {who} ({schedule})")
            event.add(
                "description", f"Schedule {schedule}, {', '.join(span.people)}. Zone {zones.get(schedule, 'UTC')}."
            )
            event.add("transp", "TRANSPARENT")
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def uid(schedule: str, since: datetime, people: Sequence[str]) -> str:
    """The identity of a shift between readings: its schedule, people and begin."""
    said = "|".join((schedule, since.astimezone(UTC).isoformat(), *people))
    return f"{blake2b(said.encode(), digest_size=16).hexdigest()}@do-manage"
