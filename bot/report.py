"""What a source says of one label set: that it fires, or that it is over (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from storage.records.alerts import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One instance as its source tells of it.

    `name` is the rule's (Alertmanager's `alertname`); `labels` are all the others. `started_at` None means now.
    It is over when `resolved`, or from `ends_at` on unless it is reported again; None means until the source says so.
    `policy` names the escalation policy, "" the one that fits the severity.
    """

    name: str
    labels: Mapping[str, str]
    severity: Severity
    source: str
    resolved: bool = False
    started_at: datetime | None = None
    ends_at: datetime | None = None
    summary: str = ""
    description: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    runbook: str = ""
    link: str = ""
    reading: str = ""
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    policy: str = ""


WORDS: Mapping[str, Severity] = {
    **dict.fromkeys(("critical", "crit", "page", "fatal", "emergency", "disaster", "p1", "sev1"), Severity.CRITICAL),
    **dict.fromkeys(("high", "error", "err", "major", "alert", "p2", "sev2"), Severity.HIGH),
    **dict.fromkeys(("medium", "warning", "warn", "minor", "average", "p3", "sev3"), Severity.MEDIUM),
    **dict.fromkeys(("low", "info", "information", "notice", "debug", "none", "p4", "p5", "sev4"), Severity.LOW),
}


def severity_of(word: str) -> Severity:
    """The severity that a source's own word means; medium for a word that nobody knows."""
    return WORDS.get(word.strip().lower(), Severity.MEDIUM)
