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
MOST_STEPS = 100_000
"""Repetitions, from each event's begin on, that are counted through."""
MOST_RARE = 20
"""Events that repeat by month or year; on impossible days, each is searched for thousands of years."""
_PER_DAY = {"HOURLY": 24.0, "DAILY": 1.0, "WEEKLY": 1 / 7, "MONTHLY": 1 / 28, "YEARLY": 1 / 365}
_PLAIN = frozenset({"INTERVAL", "BYDAY", "BYMONTH", "BYHOUR", "BYMINUTE", "BYSECOND"})
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
    try:
        _bound(events, until)
        found = recurring_ical_events.of(calendar, skip_bad_series=False).between(since, until)
        shifts = [shift for event in found if (shift := _shift(event, ZoneInfo(zone))) is not None]
    except BadCalendar:
        raise
    except Exception as error:
        # the libraries raise what they like for what they cannot read
        raise BadCalendar(f"an event in it cannot be read: {' '.join(str(error).split())[:120]}") from error
    if len(shifts) > MOST:
        raise BadCalendar(f"it has {len(shifts):,} shifts, more than {MOST:,}")
    return sorted(shifts, key=lambda shift: shift.since)


def _bound(events: Sequence[Any], until: datetime) -> None:
    """Refuse what no schedule needs and what would take long to expand: the library has no limits of its own."""
    steps, days, rare = 0.0, 0, 0
    for event in events:
        for name in ("RDATE", "EXDATE"):
            dates = event.get(name) or []
            days += sum(len(one.dts) for one in (dates if isinstance(dates, list) else [dates]))
        rules = event.get("RRULE") or []
        for rule in rules if isinstance(rules, list) else [rules]:
            often, per_day = _rate(rule)
            rare += often in {"MONTHLY", "YEARLY"}
            begin = event["DTSTART"].dt if "DTSTART" in event else until
            age = (until.date() - (begin.date() if isinstance(begin, datetime) else begin)).days
            steps += max(1, age) * per_day
    if steps > MOST_STEPS or days > MOST or rare > MOST_RARE:
        raise BadCalendar("its events repeat more often than any schedule does; end those that are long over")


def _rate(rule: Any) -> tuple[str, float]:
    """How often a rule repeats, in its own word and a day. Raises `BadCalendar` for one that can run away."""
    often = str((rule.get("FREQ") or [""])[0]).upper()
    parts = {str(name).upper() for name in rule if rule[name]} - {"FREQ", "COUNT", "UNTIL", "WKST"}
    interval = max(1, int((rule.get("INTERVAL") or [1])[0]))
    times = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= max(1, len(rule.get(part) or []))
    if often not in _PER_DAY or times > PER_DAY or (often == "HOURLY" and times > 1):
        raise BadCalendar("an event in it repeats more often than once an hour")
    # rules that may match no day at all are searched to the end of time
    if often in {"HOURLY", "DAILY"} and (parts - _PLAIN or (interval > 1 and parts - {"INTERVAL"})):
        raise BadCalendar(f"an event in it repeats {often.lower()} on conditions; let it repeat weekly")
    if often == "WEEKLY" and parts - _PLAIN:
        raise BadCalendar("an event in it repeats weekly on conditions; let it repeat monthly")
    return often, _PER_DAY[often] * times * max(1, len(rule.get("BYDAY") or [])) / interval


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
    calendar.add("x-wr-calname", icalendar.vText(_line(name)))
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for schedule, spans in lines.items():
        for span in spans:
            event = icalendar.Event()
            event.add("uid", uid(schedule, span.since, span.people))
            event.add("dtstamp", now)
            event.add("dtstart", span.since)
            event.add("dtend", span.until)
            who = ", ".join(_line(callings.get(user, user)) for user in span.people)
            event.add("summary", f"On call: {who} ({schedule})")
            event.add(
                "description", f"Schedule {schedule}, {', '.join(span.people)}. Zone {zones.get(schedule, 'UTC')}."
            )
            event.add("transp", "TRANSPARENT")
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def _line(said: str) -> str:
    """Words from elsewhere in one line: a line break in a name must not begin a line of the calendar."""
    return " ".join(said.split())


def uid(schedule: str, since: datetime, people: Sequence[str]) -> str:
    """The identity of a shift between readings: its schedule, people and begin."""
    said = "|".join((schedule, since.astimezone(UTC).isoformat(), *people))
    return f"{blake2b(said.encode(), digest_size=16).hexdigest()}@do-manage"
