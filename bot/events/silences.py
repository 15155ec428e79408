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
