"""What becomes of a job whose run did not succeed: again, and when, or given up (pure)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from storage.records.jobs import Job

ATTEMPTS = 20
"""Runs that a job gets; with the delays below, the last one is about an hour after the first."""

_FIRST = 0.5
_LONGEST = 300.0
_LONGEST_ASKED = 3600.0
_LONGEST_TEXT = 500


class Later(Exception):
    """Raised by a handler: run this job again at `at`. It is no failure and does not use up an attempt."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"later, at {at.isoformat()}")
        self.at = at


@dataclass(frozen=True)
class PutOff:
    """Run the job again at `at`; nothing failed."""

    at: datetime


@dataclass(frozen=True)
class Again:
    """Run the job again at `at`, because of `error`."""

    at: datetime
    error: str


@dataclass(frozen=True)
class GiveUp:
    """Never run the job again, because of `error`."""

    error: str


def judge(job: Job, error: BaseException, now: datetime) -> PutOff | Again | GiveUp:
    """Decide what becomes of `job` after its run raised `error`.

    An error may say more in two attributes: `retry` False means that trying again cannot help, `after` is the least
    number of seconds to wait (at most an hour is believed).
    """
    if isinstance(error, Later) and error.at.tzinfo is not None:  # a time without a zone is a mistake of the handler
        return PutOff(error.at)
    said = describe(error)
    if getattr(error, "retry", None) is False or exhausted(job, including_this=True):
        return GiveUp(said)
    asked = getattr(error, "after", None)
    seconds = delay(job.key, runs(job))
    if isinstance(asked, int | float):
        seconds = max(seconds, min(float(asked), _LONGEST_ASKED))
    return Again(now + timedelta(seconds=seconds), said)


def runs(job: Job) -> int:
    """Return how many runs count, the present one included."""
    return job.attempts - job.postponed


def exhausted(job: Job, *, including_this: bool) -> bool:
    """Tell whether all runs are used up.

    A claimed job may be there before its run: then earlier ones ended without a word, as a crash of the process does.
    """
    return runs(job) >= ATTEMPTS if including_this else runs(job) > ATTEMPTS


def delay(key: str, attempt: int) -> float:
    """Seconds to wait after failed run number `attempt` (from 1): doubling up to five minutes, spread by a quarter.

    The spread comes from the job's key, so that jobs that failed together do not all come back together.
    """
    digest = blake2b(f"{key}\0{attempt}".encode("utf-8", "replace"), digest_size=4).digest()
    spread = int.from_bytes(digest, "big") / 2**32
    return min(_LONGEST, _FIRST * 2.0 ** (min(attempt, 30) - 1)) * (0.75 + spread / 2)


def describe(error: BaseException) -> str:
    """Put an error into one short line that names its type."""
    said = " ".join(str(error).split())
    line = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 1]}…"
