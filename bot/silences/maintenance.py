"""Maintenance windows: when each one of manage.yml takes place (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from bot.config import recurrence
from bot.config.hours import WEEKDAYS
from bot.config.maintenance import MaintenanceWindow, instant
from bot.config.manage import Manage
from bot.matchers import parse_all
from storage.records.silences import Matcher

MOST = 1000
"""Occurrences of one window that are looked at; more fit into no list that people read."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One time that a maintenance window takes place; `planned` is its number when it was planned by command.

    One that is `public` may be shown to everybody, with `title` and comment.
    """

    name: str
    starts_at: datetime
    ends_at: datetime
    matchers: tuple[Matcher, ...]
    comment: str = ""
    planned: int | None = None
    public: bool = False
    title: str = ""

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"{self.name}:{self.starts_at.isoformat()}"


def windows(manage: Manage, since: datetime, until: datetime) -> tuple[Window, ...]:
    """The windows of manage.yml that touch the time from `since` to `until`, in the order in which they begin.

    Times without an offset are the clock on the wall: one that a change of clocks skips comes as much later, one that
    comes twice counts the first time (RFC 5545, section 3.3.5). A window lasts as long as it says whatever clocks do.
    """
    found = [
        Window(
            name=w.name,
            starts_at=begin,
            ends_at=end,
            matchers=parse_all(w.matchers),
            comment=w.comment,
            public=w.public,
            title=w.title or w.name,
        )
        for w in manage.maintenance
        for begin, end in _times(w, ZoneInfo(w.timezone or manage.oncall.timezone), since, until)
        if begin < until and end > since
    ]
    return tuple(sorted(found, key=lambda window: (window.starts_at, window.name)))


def now_and_next(given: Iterable[Window], now: datetime) -> tuple[list[Window], list[Window]]:
    """The windows in force, and the next of each name that is to come."""
    current, coming = [], dict[str, Window]()
    for window in sorted(given, key=lambda w: w.starts_at):
        if window.starts_at <= now < window.ends_at:
            current.append(window)
        elif window.starts_at > now:
            coming.setdefault(window.name, window)
    return current, list(coming.values())


def _times(
    config: MaintenanceWindow, zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    if not (config.every or config.rrule):
        if config.start and config.end:
            yield instant(config.start, zone).astimezone(UTC), instant(config.end, zone).astimezone(UTC)
        return
    first = instant(config.start, zone).astimezone(UTC) if config.start else None
    last = instant(config.end, zone).astimezone(UTC) if config.end else None
    # a day more on both sides: no zone is further from UTC
    earliest = (since - config.for_).astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
    latest = until.astimezone(zone).replace(tzinfo=None) + timedelta(days=1)
    walls = _weekly(config.every, earliest, latest) if config.every else _ruled(config, zone, earliest, latest)
    for wall in walls:
        begin = wall.replace(tzinfo=zone).astimezone(UTC)
        if (first is None or begin >= first) and (last is None or begin < last):
            yield begin, begin + config.for_


def _weekly(every: str, earliest: datetime, latest: datetime) -> Iterator[datetime]:
    """Each day, or each such day of the week, at that time of the clock."""
    day, _, clock = every.rpartition(" ")
    at = time.fromisoformat(clock)
    for ahead in range((latest.date() - earliest.date()).days + 1):
        date = earliest.date() + timedelta(days=ahead)
        if not day or date.weekday() == WEEKDAYS.index(day):
            yield datetime.combine(date, at)


def _ruled(config: MaintenanceWindow, zone: ZoneInfo, earliest: datetime, latest: datetime) -> Iterator[datetime]:
    start = config.start or earliest
    wall = (start.astimezone(zone) if start.tzinfo else start).replace(tzinfo=None)
    return islice(recurrence.occurrences(recurrence.parse(config.rrule), wall, earliest, latest), MOST)
