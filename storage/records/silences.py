"""Silences and maintenance windows: nobody is told of the alerts whose labels match, for a time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """One condition on a label, as Alertmanager spells it: `=`, `!=`, `=~` or `!~` (a regular expression, anchored)."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class Phase(StrEnum):
    """How much of a silence or window the journal has been told; what is muted depends on the times alone."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Mutes what all its matchers match, from `starts_at` until `ends_at`.

    `id` is the short number that people type, `uuid` the id between systems. Expiring it sets `ends_at` to that moment.
    """

    id: int
    uuid: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime
    comment: str = ""
    updated_at: datetime | None = None
    phase: Phase = Phase.PENDING
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal and jobs refer to this silence."""
        return f"silence:{self.id}"


CONFIG = "manage.yml"
"""Who plans the windows that the configuration names."""


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """One time that a maintenance window takes place: planned by a command, or begun as manage.yml has it.

    `key` tells it from all other times: its name and when it begins.
    """

    id: int
    key: str
    name: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str = ""
    phase: Phase = Phase.PENDING
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal and jobs refer to this window."""
        return f"maintenance:{self.id}"
