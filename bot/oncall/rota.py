"""Turns that people take: when they change, in local time, whatever clocks do (pure).

Handovers are kept as wall-clock times of a zone and turned into moments one by one, so that a change of clocks makes a
turn longer or shorter and moves no handover. One that a change skips takes place as much later, one that comes twice at
its first time (RFC 5545, section 3.3.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.config.hours import WEEKDAYS, Hours
from bot.oncall.layers import Interval, Span

DAY = timedelta(days=1)
SLACK = 2 * DAY
"""More than any change of clocks moves a handover."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Groups of people in the order of their turns.

    `every` is the length of a turn and `first` the begin of the first one, both on the clocks of `zone`. Turns before
    the first are counted backwards; the caller cuts them off where they do not count.
    """

    groups: tuple[tuple[str, ...], ...]
    every: timedelta
    first: datetime
    zone: str


def moment(wall: datetime, zone: str) -> datetime:
    """The moment (UTC) at which the clocks of `zone` show `wall` for the first time."""
    # in UTC, because times of one zone compare by their faces, which repeat when clocks go back
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def first_handover(start: date, handover: str, *, weekly: bool) -> datetime:
    """The first handover on or after the day `start`, as clocks show it; "mon 09:00" on its weekday where `weekly`."""
    day = handover.partition(" ")[0]
    ahead = (WEEKDAYS.index(day) - start.weekday()) % 7 if weekly and day in WEEKDAYS else 0
    return datetime.combine(start + timedelta(days=ahead), time.fromisoformat(handover.rsplit(maxsplit=1)[-1]))


def turns(rotation: Rotation, since: datetime, until: datetime) -> list[Span]:
    """All turns that touch the time from `since` until `until`, whole, each beginning where the one before ends."""
    if not rotation.groups:
        return []
    zone = ZoneInfo(rotation.zone)
    begin, end = (m.astimezone(zone).replace(tzinfo=None) for m in (since - SLACK, until + SLACK))
    low, high = (begin - rotation.first) // rotation.every, (end - rotation.first) // rotation.every + 1
    starts = [moment(rotation.first + n * rotation.every, rotation.zone) for n in range(low, high + 2)]
    found: list[Span] = []
    following = starts[-1]
    for n in range(high, low - 1, -1):
        start = starts[n - low]
        # a handover that clocks skip can come as late as one after it, which then is the one that counts
        if start < following:
            people = rotation.groups[n % len(rotation.groups)]
            found.append(Span(since=start, until=following, people=people))
        following = min(following, start)
    return [span for span in reversed(found) if span.since < until and since < span.until]


def windows(hours: Hours, zone: str, since: datetime, until: datetime) -> list[Interval]:
    """The hours in which a layer is in force, of those that touch the time from `since` until `until`."""
    return _joined([w for w in hours.intervals(since, until, zone) if w[0] < until and since < w[1]])


def _joined(intervals: Sequence[Interval]) -> list[Interval]:
    """The same time in intervals that do not overlap."""
    found: list[Interval] = []
    for since, until in sorted(intervals):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(until, found[-1][1]))
        elif since < until:
            found.append((since, until))
    return found
