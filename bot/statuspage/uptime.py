"""How much of the past a component was up, from what its checks saw (pure).

Time counts only where every check of the component is known: in an hour in which it gave no result nothing is, and
before its very first result nothing was. A day is one of UTC.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from storage.records.checks import Status

DAYS = 90
"""Days that the page tells of, today included."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_BADNESS = {Status.HEALTHY: 0, Status.UNKNOWN: 1, Status.DEGRADED: 2, Status.DOWN: 3}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A check's held status became `status` at `since`; before that it was `previous`."""

    since: datetime
    status: Status
    previous: Status


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of one check: its `changes` in the order in which they were noticed, and what it holds now.

    `seen` has the first result of each hour in which there was one, oldest first.
    """

    held: Status
    changes: Sequence[Change] = ()
    seen: Sequence[datetime] = ()


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day in seconds: how much of it is known, and of that, how much was degraded and how much down."""

    date: date
    known: float = 0.0
    degraded: float = 0.0
    down: float = 0.0

    @property
    def up(self) -> float | None:
        """The share of the known time in which it was not down, from 0 to 1; None when nothing is known."""
        return (self.known - self.down) / self.known if self.known else None


@dataclass(frozen=True, kw_only=True)
class Uptime:
    """The days, oldest first; those of which nothing is known among them."""

    days: tuple[Day, ...]

    @property
    def known(self) -> int:
        """How many days something is known of."""
        return sum(1 for day in self.days if day.known)

    @property
    def up(self) -> float | None:
        """The share of all known time in which it was not down, from 0 to 1; None when nothing is known."""
        known = sum(day.known for day in self.days)
        return (known - sum(day.down for day in self.days)) / known if known else None


def begins(now: datetime, days: int = DAYS) -> datetime:
    """The first moment of the first day that is told of."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - (days - 1) * _DAY


def uptime(records: Sequence[Record], now: datetime, days: int = DAYS) -> Uptime:
    """What the last `days` days were like for a component with these checks: at each moment as the worst of them."""
    start = begins(now, days)
    lines = [_Line(record) for record in records]
    edges = {start + n * _DAY for n in range(days)} | {now}
    edges |= {edge for line in lines for edge in line.edges() if start < edge < now}
    spent: dict[date, dict[Status, float]] = {}
    moments = sorted(edges)
    for begin, end in pairwise(moments):
        status = max((line.at(begin) for line in lines), key=_BADNESS.__getitem__, default=Status.UNKNOWN)
        day = spent.setdefault(begin.date(), {})
        day[status] = day.get(status, 0.0) + (end - begin).total_seconds()
    dates = [(start + n * _DAY).date() for n in range(days)]
    return Uptime(days=tuple(_day(one, spent.get(one, {})) for one in dates))


def percent(share: float | None) -> str:
    """A share as people read it: "99.98 %"; never rounded up to what was not reached."""
    if share is None:
        return "no data"
    hundredths = int(share * 10_000 + 1e-6)
    return "100 %" if hundredths >= 10_000 else f"{hundredths // 100}.{hundredths % 100:02} %"


class _Line:
    """What one check held at any moment."""

    def __init__(self, record: Record) -> None:
        self._times: list[datetime] = []
        self._statuses = [record.changes[0].previous if record.changes else record.held]
        for change in record.changes:
            # a change that was noticed later never took place earlier
            since = change.since.astimezone(UTC)
            self._times.append(max(since, self._times[-1]) if self._times else since)
            self._statuses.append(change.status)
        runs = list(_runs(record.seen))
        self._begins, self._ends = [begin for begin, _ in runs], [end for _, end in runs]

    def edges(self) -> Iterator[datetime]:
        yield from self._times
        yield from self._begins
        yield from self._ends

    def at(self, moment: datetime) -> Status:
        run = bisect_right(self._begins, moment) - 1
        if run < 0 or moment >= self._ends[run]:
            return Status.UNKNOWN
        return self._statuses[bisect_right(self._times, moment)]


def _runs(seen: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """The times without an hour that had no result."""
    begin = end = None
    for moment in seen:
        first = moment.astimezone(UTC)
        hour = first.replace(minute=0, second=0, microsecond=0)
        if begin is None or end is None or hour > end:
            if begin is not None and end is not None:
                yield begin, end
            begin = first
        end = hour + _HOUR
    if begin is not None and end is not None:
        yield begin, end


def _day(one: date, spent: dict[Status, float]) -> Day:
    known = {status: seconds for status, seconds in spent.items() if status is not Status.UNKNOWN}
    return Day(
        date=one,
        known=sum(known.values()),
        degraded=known.get(Status.DEGRADED, 0.0),
        down=known.get(Status.DOWN, 0.0),
    )
