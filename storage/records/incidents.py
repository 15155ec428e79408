"""An incident as it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.records.alerts import Severity


class IncidentStatus(StrEnum):
    """Lifecycle of an incident, in order."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One incident. `started_at` is when the impact began, `declared_at` when people were called.

    `roles` maps a role ("commander") to a Slack user id. `fingerprint` is that of the alert that opened it, "" when a
    person declared it; `labels` are those by which further alerts join it. `channel` and `channel_name` are "" until
    the channel exists. `mitigated_at` is when it was first said that the impact ended (monitoring). `merged_into` is
    the incident that this one turned out to be. `components` are those of the status page that it affects. `cause` is
    one word for statistics ("deploy"). `update_due_at` is when somebody should tell how things stand.
    """

    id: int
    title: str
    severity: Severity
    declared_by: str
    started_at: datetime
    declared_at: datetime
    status: IncidentStatus = IncidentStatus.INVESTIGATING
    description: str = ""
    latest_update: str = ""
    fingerprint: str = ""
    alert_ids: tuple[int, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    channel: str = ""
    channel_name: str = ""
    trouble: str = ""
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""
    archived_at: datetime | None = None
    private: bool = False
    test: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    components: tuple[str, ...] = ()
    cause: str = ""
    mitigated_at: datetime | None = None
    merged_into: int | None = None
    reopened: int = 0
    update_due_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal, jobs and posts refer to this incident."""
        return f"incident:{self.id}"

    @property
    def open(self) -> bool:
        """True until resolved."""
        return self.status is not IncidentStatus.RESOLVED
