"""What is known of a health check: its held status and the streak that may change it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Health of one watched thing; UNKNOWN before its first result."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class CheckState:
    """The held status of a check since `since`, and the latest raw observation, seen `streak` rounds in a row.

    `value` and `threshold` (in `unit`) are what that was judged by; `latency_ms` is the probe's round trip.
    """

    name: str
    type: str
    status: Status
    since: datetime
    observed: Status
    streak: int
    streak_since: datetime
    observed_at: datetime
    latency_ms: float | None = None
    detail: str = ""
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal and jobs refer to this check."""
        return f"check:{self.name}"
