"""What is kept of a heartbeat: when it came last, and until when it must come again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Pulse(StrEnum):
    """How a heartbeat stands; NEW until it came for the first time."""

    NEW = "new"
    UP = "up"
    SILENT = "silent"
    PAUSED = "paused"


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """A heartbeat. It is silent when it has not come by `due_at` (None: nobody waits for it).

    `timer_at` is when the job comes due that will look, `watched_at` when the bot last said that it was listening: what
    was missed while it was not does not count.
    """

    name: str
    pulse: Pulse
    since: datetime
    watched_at: datetime
    beaten_at: datetime | None = None
    due_at: datetime | None = None
    timer_at: datetime | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal and jobs refer to this heartbeat."""
        return f"heartbeat:{self.name}"
