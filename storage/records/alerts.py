"""An alert as it is kept: at most one open alert per fingerprint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AlertState(StrEnum):
    """Where an alert stands."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert. `started_at` is when the breach began, `opened_at` when it was raised.

    `value` and `threshold` are in `unit`; `reading` says the same in words ("connection refused").
    `next_step` is the index of the next escalation step, due at `next_step_at` (None: none is pending).
    """

    id: int
    fingerprint: str
    rule: str
    severity: Severity
    summary: str
    started_at: datetime
    opened_at: datetime
    last_seen_at: datetime
    state: AlertState = AlertState.FIRING
    labels: Mapping[str, str] = field(default_factory=dict)
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    reading: str = ""
    runbook: str = ""
    policy: str = "default"
    next_step: int = 0
    next_step_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    comment: str = ""
    resolved_at: datetime | None = None
    resolved_by: str = ""
    incident_id: int | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal, jobs and posts refer to this alert."""
        return f"alert:{self.id}"

    @property
    def open(self) -> bool:
        """True until resolved."""
        return self.state is not AlertState.RESOLVED
