"""How much of the past a component was up, from what its checks saw (pure). A day is one of UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.health.held import Record, spells, summed
from storage.records.checks import Status

DAYS = 90
"""Days that the page tells of, today included."""
_DAY = timedelta(days=1)


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
    midnights = [start + n * _DAY for n in range(days)]
    spent: dict[date, dict[Status, float]] = {}
    for begin, end, status in spells(records, start, now, midnights):
        day = spent.setdefault(begin.date(), {})
        day[status] = day.get(status, 0.0) + (end - begin).total_seconds()
    dates = [midnight.date() for midnight in midnights]
    return Uptime(days=tuple(_day(one, spent.get(one, {})) for one in dates))


def percent(share: float | None) -> str:
    """A share as people read it: "99.98 %"; never rounded up to what was not reached."""
    if share is None:
        return "no data"
    hundredths = int(share * 10_000 + 1e-6)
    return "100 %" if hundredths >= 10_000 else f"{hundredths // 100}.{hundredths % 100:02} %"


def _day(one: date, seconds: dict[Status, float]) -> Day:
    told = summed(seconds)
    return Day(date=one, known=told.known, degraded=told.degraded, down=told.down)
