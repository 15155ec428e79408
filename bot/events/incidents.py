"""What happened to incidents."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class IncidentEvent(Event):
    """Something that happened to an incident."""

    incident: int

    @property
    @override
    def subject(self) -> str:
        return f"incident:{self.incident}"


@dataclass(frozen=True, kw_only=True)
class IncidentDeclared(IncidentEvent):
    """An incident began. `alert` is set when an alert opened it, `source` when a message did (channel, ts)."""

    title: str
    severity: str
    description: str = ""
    alert: int | None = None
    source_channel: str = ""
    source_ts: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertJoinedIncident(IncidentEvent):
    """A further alert belongs to the incident."""

    alert: int
    summary: str


@dataclass(frozen=True, kw_only=True)
class ChannelOpened(IncidentEvent):
    """The incident's own channel exists."""

    channel: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ChannelTroubled(IncidentEvent):
    """Something about the channel could not be done; `mend` says what a person can do."""

    what: str
    error: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class RespondersInvited(IncidentEvent):
    """People were invited to the channel."""

    users: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StatusChanged(IncidentEvent):
    """The incident moved along its lifecycle."""

    status: str
    previous: str


@dataclass(frozen=True, kw_only=True)
class SeverityChanged(IncidentEvent):
    """The incident turned out better or worse than thought."""

    severity: str
    previous: str


@dataclass(frozen=True, kw_only=True)
class UpdatePosted(IncidentEvent):
    """Somebody told how things stand."""

    text: str


@dataclass(frozen=True, kw_only=True)
class RoleAssigned(IncidentEvent):
    """Somebody holds a role now."""

    role: str
    user: str


@dataclass(frozen=True, kw_only=True)
class NoteAdded(IncidentEvent):
    """A message was put on the timeline, with its own author and time."""

    text: str
    author: str
    said_at: datetime
    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, kw_only=True)
class NoteRemoved(IncidentEvent):
    """A message was taken off the timeline."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class IncidentResolved(IncidentEvent):
    """The impact ended. Durations are in seconds from the start of the impact; None where the moment is not known."""

    severity: str
    comment: str = ""
    time_to_detect: float | None = None
    time_to_acknowledge: float | None = None
    time_to_resolve: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ChannelArchived(IncidentEvent):
    """The incident's channel was closed."""

    channel: str
