"""What an incident did, as far as numbers tell: time, requests, users, error budget, money (pure).

What nobody measured is never guessed: it is asked for.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.config.currencies import CODES, money
from bot.config.postmortems import Cost
from bot.health.held import Spent
from bot.objectives.budget import Taken, in_minutes, minutes
from bot.objectives.budget import words as budget_words
from bot.phrasing import duration, listing, plural
from storage.records.checks import Status
from storage.records.journal import Entry
from storage.records.samples import Aggregate, Sample

ERROR_RATE, FAILED, REQUESTS = "error_rate", "failed_requests", "requests"
"""Metrics that tell failed requests: counted, or as the share of those that were measured at the same time."""

_OPEN_QUESTIONS = (
    (
        "how many requests failed",
        re.compile(r"\d[\d,. %]*(?:k |thousand |million )?(?:of (?:all )?)?requests", re.IGNORECASE),
    ),
    (
        "how many users were affected",
        re.compile(
            r"\d[\d,. %]*(?:k |thousand |million )?(?:of (?:all )?)?"
            r"(?:users?\b(?! (?:was|were) active)|customers|people)",
            re.IGNORECASE,
        ),
    ),
    ("how much of the error budget it took", re.compile(r"error budget", re.IGNORECASE)),
    ("what it cost", re.compile(rf"[$€£]\s?\d|\d\s?(?:{'|'.join(sorted(CODES))}|dollars|euros)\b")),
)


@dataclass(frozen=True, kw_only=True)
class Requests:
    """How many requests there were while the impact lasted, and how many of them failed.

    They were told by so many `samples`, from the moment of the `first` to that of the `last`.
    """

    all: int
    failed: int
    samples: int
    first: datetime
    last: datetime

    @property
    def words(self) -> str:
        """The numbers in words."""
        share = f" ({self.failed / self.all:.1%})" if self.all else ""
        measured = f"{plural(self.samples, 'sample')} {_between(self.first, self.last)}"
        return f"{self.failed:,} of {self.all:,} requests failed{share}, in {measured}"


@dataclass(frozen=True, kw_only=True)
class Users:
    """At most so many (`most`) users were affected, or just `active`, by `samples` of so many `series` of a metric.

    It is the sum of the highest value of each series: whoever is in two of them, or came after another left, is
    counted twice or not at all, so that nothing but an upper limit of one moment is known.
    """

    metric: str
    most: int
    affected: bool
    samples: int
    series: int

    @property
    def words(self) -> str:
        """The number in words, and what it is not."""
        were = "was" if self.most == 1 else "were"
        what = "affected" if self.affected else "active"
        return (
            f"up to {plural(self.most, 'user')} {were} {what} at one time, by {plural(self.samples, 'sample')} of"
            f" {plural(self.series, 'series', 'series')} of {self.metric}"
        )


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All that was measured while the impact `lasted` (seconds); None and nothing where it was not.

    `downtime` is how the checks of its alerts were meanwhile, each moment once.
    """

    lasted: float = 0.0
    requests: Requests | None = None
    users: Sequence[Users] = ()
    budgets: Sequence[Taken] = ()
    downtime: Spent | None = None
    cost: Cost | None = None


@dataclass(frozen=True, kw_only=True)
class Down:
    """A check was not healthy from `began` to `ended`; `entries` are the journal's that say so."""

    check: str
    began: datetime
    ended: datetime
    entries: tuple[int, ...]

    @property
    def words(self) -> str:
        """How long it was, in words."""
        return f"check {self.check} was degraded or down for {duration((self.ended - self.began).total_seconds())}"


def requests(rates: Sequence[Sample], counts: Sequence[Sample], failed: Sequence[Sample] = ()) -> Requests | None:
    """The requests that failed, as `failed` counts them, or without that as a share; None when no two belong together.

    `counts` are all requests. What was measured of one of both only says nothing.
    """
    measured = {(sample.at, _key(sample)): sample.value for sample in counts}
    told = [(one, measured.get((one.at, _key(one)))) for one in failed or rates]
    pairs = [(one, count) for one, count in told if count is not None]
    if not pairs:
        return None
    return Requests(
        all=round(sum(count for _, count in pairs)),
        failed=round(sum(one.value if failed else one.value * count for one, count in pairs)),
        samples=len(pairs),
        first=min(one.at for one, _ in pairs),
        last=max(one.at for one, _ in pairs),
    )


def users(metric: str, series: Sequence[Aggregate], *, affected: bool) -> Users | None:
    """The users that these series tell of; None when nothing was measured, or no number of users."""
    tops = [one.max for one in series]
    if not tops or not all(math.isfinite(top) and top >= 0 for top in tops):
        return None
    return Users(
        metric=metric,
        most=sum(math.ceil(top) for top in tops),
        affected=affected,
        samples=sum(one.count for one in series),
        series=len(series),
    )


def downs(entries: Sequence[Entry], began: datetime, until: datetime | None) -> Iterator[Down]:
    """How long each check was not healthy after the impact `began`, told from its changes.

    One that is not healthy yet counts `until` then.
    """
    bad: dict[str, Entry] = {}
    for entry in sorted((e for e in entries if e.kind == "CheckChanged"), key=lambda e: (e.at, e.id)):
        check, well = str(entry.payload.get("check")), entry.payload.get("status") == Status.HEALTHY.value
        if not well:
            bad.setdefault(check, entry)
        elif first := bad.pop(check, None):
            since = max(_since(first), began)
            yield Down(check=check, began=since, ended=max(_since(entry), since), entries=(first.id, entry.id))
    for check, first in bad.items():
        since = max(_since(first), began)
        if until is not None and until > since:
            yield Down(check=check, began=since, ended=until, entries=(first.id,))


def counted(figures: Figures) -> Iterator[str]:
    """What was measured but the budgets, each as a clause."""
    if figures.requests is not None:
        yield figures.requests.words
    yield from (one.words for one in figures.users)
    if cost := _cost(figures):
        yield cost


def budgets(figures: Figures) -> Iterator[tuple[Taken | None, str]]:
    """What the incident took of each error budget, each clause with what it tells of; None for several."""
    for one in figures.budgets:
        if one.amount:
            yield from ((one, said) for said in budget_words(one))
    if spared := [one.budget.name for one in figures.budgets if not one.amount]:
        yield None, f"0% of the error budget of {listing(spared)} went to this incident, as far as it was measured"


def _cost(figures: Figures) -> str:
    """What it cost with both factors, exact to what they show; "" where one of them is not known."""
    cost, down = figures.cost, figures.downtime
    if cost is None:
        return ""
    if cost.per_failed_request is not None:
        if figures.requests is None:
            return ""
        failed, each = figures.requests.failed, money(cost.per_failed_request, cost.currency)
        product = money(failed * cost.per_failed_request, cost.currency)
        return f"it cost {product} by the rate in manage.yml: {plural(failed, 'failed request')} at {each} each"
    if cost.per_minute is None or down is None:
        return ""
    if not (spent := in_minutes(down.down)):
        return ""
    whole = down.known >= 0.99 * figures.lasted
    total = f"{'' if whole else 'at least '}{money(spent * cost.per_minute, cost.currency)}"
    partly = "" if whole else f"; {minutes(down.known)} of its {minutes(figures.lasted)} were measured"
    factor = f"{minutes(down.down)} of downtime at {money(cost.per_minute, cost.currency)} per minute"
    return f"it cost {total} by the rate in manage.yml: {factor}{partly}"


def asked(said: Sequence[str]) -> str:
    """What of the impact nothing that was said or measured tells, as one question; "" when all is known."""
    text = " \n ".join(said)
    missing = [what for what, known in _OPEN_QUESTIONS if not known.search(text)]
    return f"Nobody measured {listing(missing)}: does anybody know?" if missing else ""


def _key(sample: Sample) -> tuple[tuple[str, str], ...]:
    labels: Mapping[str, str] = sample.labels
    return tuple(sorted(labels.items()))


def _since(entry: Entry) -> datetime:
    """When a check came to be as the entry says: rounds before it was noticed, where the entry tells."""
    told = entry.payload.get("since")
    return datetime.fromisoformat(told) if isinstance(told, str) else entry.at


def _between(first: datetime, last: datetime) -> str:
    begin, end = first.astimezone(UTC), last.astimezone(UTC)
    if end - begin < timedelta(minutes=1):
        return f"at {begin:%Y-%m-%d %H:%M} UTC"
    return f"from {begin:%Y-%m-%d %H:%M} to {end:{'%H:%M' if begin.date() == end.date() else '%Y-%m-%d %H:%M'}} UTC"
