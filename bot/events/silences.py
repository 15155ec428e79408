"""What happened to silences."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class SilenceEvent(Event):
    """Something that happened to a silence."""

    silence: int

    @property
    @override
    def subject(self) -> str:
        return f"silence:{self.silence}"


@dataclass(frozen=True, kw_only=True)
class SilenceCreated(SilenceEvent):
    """Somebody silenced what `matchers` match."""

    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class SilenceChanged(SilenceEvent):
    """Somebody changed what is silenced, or for how long."""

    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class SilenceExpired(SilenceEvent):
    """The silence is over: by itself at its end, or because somebody ended it."""


@dataclass(frozen=True, kw_only=True)
class SilenceStarted(SilenceEvent):
    """The silence mutes from now on: because it was made so, or because its time has come."""


@dataclass(frozen=True, kw_only=True)
class MaintenanceEvent(Event):
    """Something that happened to one time of a maintenance window."""

    maintenance: int
    name: str

    @property
    @override
    def subject(self) -> str:
        return f"maintenance:{self.maintenance}"


@dataclass(frozen=True, kw_only=True)
class MaintenancePlanned(MaintenanceEvent):
    """Somebody planned a window."""

    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class MaintenanceBegan(MaintenanceEvent):
    """The window mutes from now on."""

    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class MaintenanceEnded(MaintenanceEvent):
    """The window is over: at its end, or because somebody ended or cancelled it."""
