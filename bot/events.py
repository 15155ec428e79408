"""Every fact that the journal can hold: frozen, keyword-only, past tense. Fields are JSON values and datetimes.

An event names its subject; `payload_of` and `event_of` turn it into what the journal stores and back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from typing_extensions import override


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all facts; `subject` is what it happened to ("alert:42")."""

    @property
    def subject(self) -> str:
        """The subject's name, as journal, jobs and posts spell it."""
        raise TypeError(f"{type(self).__name__} names no subject")


@dataclass(frozen=True, kw_only=True)
class CheckChanged(Event):
    """A check's held status changed from `previous` to `status`; it has been so since `since`."""

    check: str
    status: str
    previous: str
    since: datetime
    detail: str = ""
    latency_ms: float | None = None
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    rounds: int = 1

    @property
    @override
    def subject(self) -> str:
        return f"check:{self.check}"


@dataclass(frozen=True, kw_only=True)
class AlertEvent(Event):
    """Something that happened to an alert."""

    alert: int

    @property
    @override
    def subject(self) -> str:
        return f"alert:{self.alert}"


@dataclass(frozen=True, kw_only=True)
class AlertOpened(AlertEvent):
    """A rule was broken for long enough."""

    rule: str
    severity: str
    summary: str
    started_at: datetime
    reading: str = ""
    value: float | None = None
    threshold: float | None = None
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged(AlertEvent):
    """Somebody took the alert; pending escalation steps were cancelled."""

    comment: str = ""
    via: str = ""


@dataclass(frozen=True, kw_only=True)
class AcknowledgementWithdrawn(AlertEvent):
    """Somebody gave the alert back; escalation goes on."""

    via: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertResolved(AlertEvent):
    """The breach ended, or somebody resolved the alert by hand (`comment` says why)."""

    reading: str = ""
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertLinked(AlertEvent):
    """The alert belongs to an incident from now on."""

    incident: int


@dataclass(frozen=True, kw_only=True)
class EscalationStepFired(AlertEvent):
    """An escalation step came due; `targets` are told through `via`."""

    step: int
    via: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EscalationExhausted(AlertEvent):
    """The last step was taken and nobody has acknowledged: no further step will come by itself."""

    steps: int


@dataclass(frozen=True, kw_only=True)
class PageDelivered(AlertEvent):
    """`target` was told through `via`."""

    target: str
    via: str
    step: int
    receipt: str = ""


@dataclass(frozen=True, kw_only=True)
class PageFailed(AlertEvent):
    """`target` could not be told through `via`, finally."""

    target: str
    via: str
    step: int
    error: str


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


@dataclass(frozen=True, kw_only=True)
class PostmortemEvent(Event):
    """Something that happened to the postmortem of `incident`."""

    incident: int

    @property
    @override
    def subject(self) -> str:
        return f"postmortem:{self.incident}"


@dataclass(frozen=True, kw_only=True)
class PostmortemScheduled(PostmortemEvent):
    """A draft will be made at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class DraftStarted(PostmortemEvent):
    """Drafting began; sections follow one by one."""

    sections: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SectionDrafted(PostmortemEvent):
    """A section passed its check and stands in version `text_version`; `unverified` statements are marked."""

    section: str
    author: str
    text_version: int
    statements: int
    unverified: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class DraftReady(PostmortemEvent):
    """All sections are there; people review now."""

    text_version: int


@dataclass(frozen=True, kw_only=True)
class ChangeRequested(PostmortemEvent):
    """A reviewer asked for a change of one section."""

    section: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PostmortemApproved(PostmortemEvent):
    """A person approved version `text_version`; it is published from now on."""

    text_version: int


@dataclass(frozen=True, kw_only=True)
class PostmortemPublished(PostmortemEvent):
    """The approved version was posted, and as a file where files are allowed."""

    text_version: int
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class CommandRun(Event):
    """Audit: somebody ran a command line, with this outcome."""

    command: str
    argv: tuple[str, ...]
    via: str
    role: str
    outcome: str
    seconds: float

    @property
    @override
    def subject(self) -> str:
        return f"command:{self.command}"


@dataclass(frozen=True, kw_only=True)
class JobDied(Event):
    """A job was given up after its last attempt."""

    job: int
    kind: str
    error: str
    attempts: int

    @property
    @override
    def subject(self) -> str:
        return f"job:{self.job}"


def payload_of(event: Event) -> dict[str, Any]:
    """The event's fields as JSON values: datetimes as ISO 8601, tuples as lists."""
    return {f.name: _to_json(getattr(event, f.name)) for f in fields(event)}


def event_of(kind: str, payload: Mapping[str, Any]) -> Event:
    """The event that `payload_of` wrote. Unknown fields are ignored, so that older programs can read newer entries.

    Raises `KeyError` for a kind that this program does not know.
    """
    cls = _kinds()[kind]
    hints = get_type_hints(cls)
    known = {f.name for f in fields(cls)}
    return cls(**{k: _from_json(hints[k], v) for k, v in payload.items() if k in known})


def _kinds(base: type[Event] = Event) -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for cls in base.__subclasses__():
        found |= {cls.__name__: cls, **_kinds(cls)}
    return found


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_to_json(v) for v in value]
    return value


def _from_json(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (UnionType, Union):
        return _from_json(next(a for a in get_args(hint) if a is not type(None)), value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if get_origin(hint) is tuple:
        return tuple(_from_json(get_args(hint)[0], v) for v in value)
    return value
