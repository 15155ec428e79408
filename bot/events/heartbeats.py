"""What happened to heartbeats."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class HeartbeatEvent(Event):
    """Something that happened to a heartbeat."""

    heartbeat: str

    @property
    @override
    def subject(self) -> str:
        return f"heartbeat:{self.heartbeat}"


@dataclass(frozen=True, kw_only=True)
class HeartbeatMissed(HeartbeatEvent):
    """It did not come by `due_at`; `beaten_at` is when it came last (None: never)."""

    due_at: datetime
    beaten_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class HeartbeatReturned(HeartbeatEvent):
    """It came again after it had been missed."""

    silent_since: datetime


@dataclass(frozen=True, kw_only=True)
class HeartbeatPaused(HeartbeatEvent):
    """Somebody does not want its silence to count for now."""


@dataclass(frozen=True, kw_only=True)
class HeartbeatResumed(HeartbeatEvent):
    """Its silence counts again."""


@dataclass(frozen=True, kw_only=True)
class HeartbeatRetired(HeartbeatEvent):
    """It is no longer configured."""
