"""When to look again at alerts and their instances, as timers (pure)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from bot.decision import Timer

SWEEP = "alerts.sweep"
"""The kind of the job that looks for instances whose end has passed."""
REMUTE = "alerts.remute"
"""The kind of the job that looks again at what is muted."""
REVIEW = "alerts.review"
"""The kind of the job that looks again at one alert: what still fires though a person said it is over, what flaps."""

_SWEEPS = 5
"""Seconds between sweeps, at least: instances that end close together are looked at by one job."""
_REMUTES = 2


def sweeps(ends: Iterable[datetime | None]) -> list[Timer]:
    """A look at each of these ends soon after it, at most one for each stretch of some seconds."""
    slots = sorted({-int(-end.timestamp() // _SWEEPS) for end in ends if end is not None})
    return [
        Timer(kind=SWEEP, key=f"{SWEEP}:{slot}", at=datetime.fromtimestamp(slot * _SWEEPS, tz=UTC)) for slot in slots
    ]


def remuting(now: datetime) -> Timer:
    """A look at what is muted, one for each stretch of some seconds, at its end: it reads all that fires."""
    slot = int(now.timestamp() // _REMUTES) + 1
    at = datetime.fromtimestamp(slot * _REMUTES, tz=UTC)
    return Timer(kind=REMUTE, key=f"{REMUTE}:{slot}", at=at, lane=REMUTE)


def reviewing(number: int, at: datetime) -> Timer:
    """A look at one alert at that time."""
    return Timer(kind=REVIEW, key=f"{REVIEW}:{number}:{at.isoformat()}", at=at, payload={"alert": number})
