"""What an incident did, as far as numbers tell: how long checks were not healthy, how many requests failed (pure).

What nobody measured is never guessed: it is asked for.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.phrasing import duration, listing
from storage.records.checks import Status
from storage.records.journal import Entry
from storage.records.samples import Sample

ERROR_RATE, REQUESTS = "error_rate", "requests"
"""Metrics of which failed requests are the product, where both were measured at one time."""

_OPEN_QUESTIONS = (
    (
        "how many requests failed",
        re.compile(r"\d[\d,. %]*(?:k |thousand |million )?(?:of (?:all )?)?requests", re.IGNORECASE),
    ),
    (
        "how many users were affected",
        re.compile(r"\d[\d,. %]*(?:k |thousand |million )?(?:of (?:all )?)?(?:users|customers|people)", re.IGNORECASE),
    ),
    ("how much of the error budget it took", re.compile(r"error budget", re.IGNORECASE)),
    ("what it cost", re.compile(r"[$€£]\s?\d|\d\s?(?:USD|EUR|GBP|dollars|euros)\b", re.IGNORECASE)),
)


@dataclass(frozen=True, kw_only=True)
class Requests:
    """How many requests there were while the impact lasted, and how many of them failed."""

    all: int
    failed: int

    @property
    def words(self) -> str:
        """The numbers in words."""
        share = f" ({self.failed / self.all:.1%})" if self.all else ""
        return f"{self.failed:,} of {self.all:,} requests failed{share}"


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
        return f"check {self.check} was not healthy for {duration((self.ended - self.began).total_seconds())}"


def requests(rates: Sequence[Sample], counts: Sequence[Sample]) -> Requests | None:
    """The requests that failed, of samples of both metrics; None when no two belong together."""
    measured = {(sample.at, _key(sample)): sample.value for sample in counts}
    found = ((measured.get((rate.at, _key(rate))), rate.value) for rate in rates)
    pairs = [(count, share) for count, share in found if count is not None]
    if not pairs:
        return None
    return Requests(
        all=round(sum(count for count, _ in pairs)), failed=round(sum(count * share for count, share in pairs))
    )


def downs(entries: Sequence[Entry], until: datetime | None) -> Iterator[Down]:
    """How long each check was not healthy, told from its changes; one that is not yet counts `until` then."""
    began: dict[str, Entry] = {}
    for entry in sorted((e for e in entries if e.kind == "CheckChanged"), key=lambda e: (e.at, e.id)):
        check, well = str(entry.payload.get("check")), entry.payload.get("status") == Status.HEALTHY.value
        if not well:
            began.setdefault(check, entry)
        elif first := began.pop(check, None):
            yield Down(check=check, began=first.at, ended=entry.at, entries=(first.id, entry.id))
    for check, first in began.items():
        if until is not None and until > first.at:
            yield Down(check=check, began=first.at, ended=until, entries=(first.id,))


def asked(said: Sequence[str]) -> str:
    """What of the impact nothing that was said or measured tells, as one question; "" when all is known."""
    text = " \n ".join(said)
    missing = [what for what, known in _OPEN_QUESTIONS if not known.search(text)]
    return f"Nobody measured {listing(missing)}: does anybody know?" if missing else ""


def _key(sample: Sample) -> tuple[tuple[str, str], ...]:
    labels: Mapping[str, str] = sample.labels
    return tuple(sorted(labels.items()))
