"""What checks held over a time that is past, and for how long (pure).

Time counts only where every check is known: in an hour in which it gave no result nothing is, and before its very first
result nothing was.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from storage.records.checks import Status

_HOUR = timedelta(hours=1)
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
class Spent:
    """A time in seconds: how much of it is known, and of that, how much was degraded and how much down."""

    known: float = 0.0
    degraded: float = 0.0
    down: float = 0.0


def spells(
    records: Sequence[Record], since: datetime, until: datetime, edges: Iterable[datetime] = ()
) -> Iterator[tuple[datetime, datetime, Status]]:
    """The time from `since` to `until` in pieces, cut at `edges` too: each with the worst that a check held in it.

    Where several were down at once the time is there once.
    """
    lines = [_Line(record) for record in records]
    moments = {*edges, *(edge for line in lines for edge in line.edges())}
    for begin, end in pairwise(sorted({since, until, *(at for at in moments if since < at < until)})):
        yield begin, end, max((line.at(begin) for line in lines), key=_BADNESS.__getitem__, default=Status.UNKNOWN)


def spent(records: Sequence[Record], since: datetime, until: datetime) -> Spent:
    """How the time from `since` to `until` was spent; nothing is known of a time that ends before it begins."""
    found = dict.fromkeys(Status, 0.0)
    for begin, end, status in spells(records, since, until) if since < until else ():
        found[status] += (end - begin).total_seconds()
    return summed(found)


def summed(seconds: dict[Status, float]) -> Spent:
    """So many seconds in each status, told as what was known."""
    degraded, down = seconds.get(Status.DEGRADED, 0.0), seconds.get(Status.DOWN, 0.0)
    return Spent(known=seconds.get(Status.HEALTHY, 0.0) + degraded + down, degraded=degraded, down=down)


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
