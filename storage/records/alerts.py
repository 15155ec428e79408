"""Alerts and their instances as they are kept: at most one open alert, and one open instance, per fingerprint.

An alert is what people handle: it has a number, a card, an escalation. Its instances are the label sets that fire, as a
source reports them; they are grouped into alerts by the labels that `alerts.group_by` names.
"""

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
    SILENCED = "silenced"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One label set that fires, or fired. `name` is the rule's (Alertmanager's `alertname`), `labels` all the others.

    `fingerprint` is of name and labels. `state` is firing, silenced or resolved; `muted_by` says why nobody is told
    ("silence 3", "maintenance db", "inhibited by #7"). It is over from `ends_at` unless it is reported again (None:
    until its source says so). `openings` are the latest times at which it began, by which flapping is seen.
    """

    fingerprint: str
    alert_id: int
    name: str
    labels: Mapping[str, str]
    severity: Severity
    started_at: datetime
    opened_at: datetime
    last_seen_at: datetime
    state: AlertState = AlertState.FIRING
    annotations: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    reading: str = ""
    value: float | None = None
    source: str = "bot"
    link: str = ""
    count: int = 1
    ends_at: datetime | None = None
    resolved_at: datetime | None = None
    muted_by: str = ""
    openings: tuple[datetime, ...] = ()
    id: int | None = None

    @property
    def open(self) -> bool:
        """True until resolved."""
        return self.state is not AlertState.RESOLVED


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert. `started_at` is when the breach began, `opened_at` when it was raised.

    `labels` are those that it is grouped by, `fingerprint` is of rule and labels. `firing` of its `total` instances
    still fire; `count` is how often they were reported. `acknowledged_until` is when the acknowledgement expires,
    `rounds` how often its policy began anew (at `escalated_at`; None: when the alert was opened), `repeats` how
    often of that by itself, `muted_by` why nobody is told though it fires (all `muted` of its firing instances
    are). `value` and `threshold` are in `unit`; `reading` says the same in words ("connection refused").
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
    description: str = ""
    source: str = "bot"
    link: str = ""
    firing: int = 1
    total: int = 1
    muted: int = 0
    count: int = 1
    rounds: int = 0
    repeats: int = 0
    escalated_at: datetime | None = None
    acknowledged_until: datetime | None = None
    muted_by: str = ""
    flapping: bool = False
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal, jobs and posts refer to this alert."""
        return f"alert:{self.id}"

    @property
    def open(self) -> bool:
        """True until resolved."""
        return self.state is not AlertState.RESOLVED
