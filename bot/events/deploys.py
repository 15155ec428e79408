"""Facts about deploys."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class Deployed(Event):
    """A version of a service went out (`finished_at`). `link` leads to what changed, "" where nobody gave one."""

    service: str
    version: str
    finished_at: datetime
    text: str = ""
    link: str = ""

    @property
    @override
    def subject(self) -> str:
        return f"deploy:{self.service}"
