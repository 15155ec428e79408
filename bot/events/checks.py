"""What happened to checks."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from bot.events.event import Event


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
