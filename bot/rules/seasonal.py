"""What is usual for a metric at this time of its season, and how far away a level is (pure).

The usual level is the median of the same part of earlier seasons and of its neighbours, so that neither an earlier
anomaly nor a shift by some minutes moves it. The usual deviation is the larger one of two, each taken of those levels
and of the changes of the last day against the season before, so that a metric that lives otherwise by now is not fired
on all the time:

- the median absolute deviation times 1.4826, the standard deviation of normal data (F. R. Hampel, "The influence curve
  and its role in robust estimation", JASA 69, 1974),
- the mean absolute deviation times 1.2533, which knows of bursts where the former is zero (B. Iglewicz and D. Hoaglin,
  "How to Detect and Handle Outliers", 1993, section 3.4).

A level is the mean over one part of the season, and is compared with means of the same length.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

PART = timedelta(minutes=30)
"""How long one part of a season is."""
NEIGHBOURS = 1
"""So many parts before and after the same one count as well."""
SEASONS = {timedelta(days=1): 14, timedelta(weeks=1): 6}
"""How many earlier seasons are looked at."""
NORMAL = 1.4826
OF_MEAN = 1.2533
LEAST_SHARE = 0.02
"""The usual deviation is at least this share of the usual level: what never moved is not fired on for a trifle."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """The usual level and deviation, from `seasons` earlier seasons; `spread` None when they are too few."""

    center: float
    spread: float | None
    seasons: int


def part_of(at: datetime) -> datetime:
    """Where the part of the season begins that `at` lies in."""
    return at - (at - _EPOCH) % PART


def windows(at: datetime, season: timedelta) -> Iterator[tuple[int, datetime, datetime]]:
    """The windows of the past that tell what is usual at `at`: how many seasons ago, from when, until when."""
    begin = part_of(at)
    for ago in range(1, SEASONS[season] + 1):
        for offset in range(-NEIGHBOURS, NEIGHBOURS + 1):
            since = begin - ago * season + offset * PART
            yield ago, since, since + PART


def recent(at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The windows of the last day before `at`, each to be compared with that of a season before: from when, until."""
    begin = part_of(at)
    for back in range(1, timedelta(days=1) // PART + 1):
        yield begin - back * PART, begin - (back - 1) * PART


def usual(levels: Sequence[tuple[int, float]], changes: Sequence[float], *, needed: int) -> Usual | None:
    """What levels (how many seasons ago, mean) and the last day's changes say; None without any of the former.

    With fewer than `needed` seasons there is no spread.
    """
    if not levels:
        return None
    values = [level for _, level in levels]
    center, seasons = median(values), len({ago for ago, _ in levels})
    if seasons < needed:
        return Usual(center=center, spread=None, seasons=seasons)
    spread = max(deviation(values), deviation(changes), LEAST_SHARE * abs(center))
    return Usual(center=center, spread=spread, seasons=seasons)


def deviation(values: Sequence[float]) -> float:
    """How far values usually are from their median; 0 of none."""
    if not values:
        return 0.0
    middle = median(values)
    away = [abs(value - middle) for value in values]
    return max(NORMAL * median(away), OF_MEAN * sum(away) / len(away))


def needed(season: timedelta, min_history: timedelta) -> int:
    """How many earlier seasons must have data."""
    return max(1, -(-min_history // season))


def score(level: float, center: float, spread: float) -> float:
    """How many usual deviations above (or, negative, below) the usual level; infinite where nothing ever moved."""
    if level == center:
        return 0.0
    return (level - center) / spread if spread > 0 else float("inf") if level > center else float("-inf")


def holds(found: float, deviations: float, direction: str) -> bool:
    """Whether a score is too far away in a direction that is bad."""
    return (direction != "below" and found >= deviations) or (direction != "above" and found <= -deviations)
