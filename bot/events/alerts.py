"""What happened to alerts."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from bot.events.event import Event


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
    """A rule was broken for long enough. Nobody is told while it is muted; `muted_by` says by what."""

    rule: str
    severity: str
    summary: str
    started_at: datetime
    reading: str = ""
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    muted_by: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged(AlertEvent):
    """Somebody took the alert; pending escalation steps were cancelled."""

    comment: str = ""
    via: str = ""


@dataclass(frozen=True, kw_only=True)
class AcknowledgementWithdrawn(AlertEvent):
    """Somebody gave the alert back; escalation goes on, unless `muted_by` stops it."""

    via: str = ""
    muted_by: str = ""


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
    """An escalation step came due; `targets` are told through `via`, once for each channel of the step.

    `round` is the alert's round of its policy. `at` is when they are told, where that is later ("SMS after 2 min");
    `note` says what is out of the ordinary ("nobody is on call").
    """

    step: int
    via: str
    targets: tuple[str, ...] = ()
    round: int = 0
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class EscalationStepSkipped(AlertEvent):
    """A step was passed over; `reason` says why."""

    step: int
    reason: str
    round: int = 0


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
    round: int = 0


@dataclass(frozen=True, kw_only=True)
class PageFailed(AlertEvent):
    """`target` could not be told through `via`, finally; `next_target` is told through `next_via` instead, if any."""

    target: str
    via: str
    step: int
    error: str
    round: int = 0
    next_target: str = ""
    next_via: str = ""


@dataclass(frozen=True, kw_only=True)
class InstancesOpened(AlertEvent):
    """Further label sets of the alert began to fire; `fingerprints` name them."""

    fingerprints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class InstancesResolved(AlertEvent):
    """Label sets of the alert are over, others may still fire; `reading` says why."""

    fingerprints: tuple[str, ...]
    reading: str = ""


@dataclass(frozen=True, kw_only=True)
class InstancesMuted(AlertEvent):
    """Nobody is told of these label sets for now; `by` says why ("silence 3")."""

    fingerprints: tuple[str, ...]
    by: str


@dataclass(frozen=True, kw_only=True)
class InstancesUnmuted(AlertEvent):
    """What muted these label sets is over, and they still fire."""

    fingerprints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AlertSilenced(AlertEvent):
    """All that fires of the alert is muted: escalation stops; `by` says why."""

    by: str


@dataclass(frozen=True, kw_only=True)
class AlertUnsilenced(AlertEvent):
    """The alert fires and is muted no more: escalation goes on, unless `held_by` has acknowledged it."""

    held_by: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertWorsened(AlertEvent):
    """A worse instance joined: from `previous` to `severity`. An acknowledgement does not cover that."""

    severity: str
    previous: str


@dataclass(frozen=True, kw_only=True)
class FlappingStarted(AlertEvent):
    """The alert came and went `openings` times: it is held open until it has been quiet for a while."""

    openings: int


@dataclass(frozen=True, kw_only=True)
class FlappingStopped(AlertEvent):
    """The alert has been steady for long enough."""


@dataclass(frozen=True, kw_only=True)
class AcknowledgementReminded(AlertEvent):
    """Whoever acknowledged was asked whether they still have it; it expires at `expires_at`."""

    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class AcknowledgementExtended(AlertEvent):
    """Somebody still has the alert: the acknowledgement holds until `expires_at` (None: for ever)."""

    expires_at: datetime | None = None
    comment: str = ""
    via: str = ""


@dataclass(frozen=True, kw_only=True)
class AcknowledgementExpired(AlertEvent):
    """Nobody confirmed the acknowledgement in time: escalation begins again, unless `muted_by` stops it."""

    by: str
    muted_by: str = ""


@dataclass(frozen=True, kw_only=True)
class EscalationRepeated(AlertEvent):
    """All steps were taken and nobody has acknowledged: round `rounds` begins."""

    rounds: int
