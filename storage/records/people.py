"""How a person wants to be reached: what they set for themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rule:
    """One personal notification rule: so long after a page through that channel."""

    after: timedelta
    via: str


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What one person set; an empty field leaves it to manage.yml and to Slack."""

    user: str
    updated_at: datetime
    email: str = ""
    phone: str = ""
    timezone: str = ""
    rules: tuple[Rule, ...] = ()
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which the journal refers to this person."""
        return f"person:{self.user}"
