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
    """An incident began. `alert` is set when an alert opened it, `source` when a message did (channel, ts).

    One that is `private` is told to nobody but who belongs to it, one that is a `test` pages nobody.
    """

    title: str
    severity: str
    description: str = ""
    alert: int | None = None
    source_channel: str = ""
    source_ts: str = ""
    private: bool = False
    test: bool = False


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
class RoleReleased(IncidentEvent):
    """Somebody gave a role back; nobody holds it now."""

    role: str
    user: str


@dataclass(frozen=True, kw_only=True)
class ComponentsAffected(IncidentEvent):
    """What of the status page the incident affects, from now on just these."""

    components: tuple[str, ...]
    previous: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CauseNamed(IncidentEvent):
    """Somebody said in a word what caused it, for statistics."""

    cause: str
    previous: str = ""


@dataclass(frozen=True, kw_only=True)
class UpdateAsked(IncidentEvent):
    """Nobody told how things stand for as long as was agreed; `user` was reminded, "": the channel alone."""

    due_at: datetime
    user: str = ""


@dataclass(frozen=True, kw_only=True)
class UpdateSnoozed(IncidentEvent):
    """The next update is due at another time; None: nobody is reminded any more."""

    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class LeadAsked(IncidentEvent):
    """Nobody had taken the command after some minutes; the channel was asked, and `user` above all."""

    user: str = ""


@dataclass(frozen=True, kw_only=True)
class OverAsked(IncidentEvent):
    """Nothing had happened since then; the channel was asked whether it is over, and `user` above all."""

    since: datetime
    user: str = ""


@dataclass(frozen=True, kw_only=True)
class NoteAdded(IncidentEvent):
    """Something was put on the timeline, with its own author and time. `files` are Slack's ids of its pictures.

    What was typed stands in no message; `reason` is why it was added later.
    """

    text: str
    author: str
    said_at: datetime
    channel: str = ""
    ts: str = ""
    files: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class NoteRemoved(IncidentEvent):
    """A message was taken off the timeline."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class TimelineEdited(IncidentEvent):
    """What journal entry `entry` says on the timeline was corrected; "" and None leave what was there."""

    entry: int
    reason: str
    text: str = ""
    happened_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TimelineHidden(IncidentEvent):
    """Journal entry `entry` does not stand on the timeline any more, or (`shown`) does again."""

    entry: int
    reason: str
    shown: bool = False


@dataclass(frozen=True, kw_only=True)
class IncidentMerged(IncidentEvent):
    """It turned out to be the same trouble as incident `into`, which goes on for both."""

    into: int
    alerts: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IncidentAbsorbed(IncidentEvent):
    """Incident `duplicate` turned out to be this one."""

    duplicate: int
    alerts: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IncidentParted(IncidentEvent):
    """Incident `duplicate`, which this one went on for, is one of its own again, and so are these alerts."""

    duplicate: int
    alerts: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IncidentReopened(IncidentEvent):
    """It was not over after all."""

    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelReopened(IncidentEvent):
    """The incident's archived channel takes messages again."""

    channel: str


@dataclass(frozen=True, kw_only=True)
class MeetingArranged(IncidentEvent):
    """The postmortem is talked over at that time, among `people`; of those `unreached` no mail address is known.

    `sequence` counts the changes of the meeting, from 0; `moved` says that it stood at another time before.
    """

    starts_at: datetime
    people: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    sequence: int = 0
    moved: bool = False


@dataclass(frozen=True, kw_only=True)
class MeetingCancelled(IncidentEvent):
    """The meeting about the postmortem does not take place."""

    reason: str = ""
    sequence: int = 0


@dataclass(frozen=True, kw_only=True)
class MeetingPlanned(IncidentEvent):
    """The meeting about the postmortem stands in `calendar`."""

    calendar: str
    starts_at: datetime
    attendees: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MeetingTroubled(IncidentEvent):
    """A calendar did not take the meeting; `mend` says what a person can do."""

    calendar: str
    error: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class IncidentResolved(IncidentEvent):
    """The impact ended. Durations are in seconds from the start of the impact; None where the moment is not known."""

    severity: str
    comment: str = ""
    time_to_detect: float | None = None
    time_to_acknowledge: float | None = None
    time_to_mitigate: float | None = None
    time_to_resolve: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ChannelArchived(IncidentEvent):
    """The incident's channel was closed."""

    channel: str
