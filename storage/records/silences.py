"""A silence: nobody is told of the alerts whose labels match, for a time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """One condition on a label, as Alertmanager spells it: `=`, `!=`, `=~` or `!~` (a regular expression, anchored)."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


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
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal and jobs refer to this silence."""
        return f"silence:{self.id}"
