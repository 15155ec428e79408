"""Exceptions from a schedule: overrides, and swaps that people offer each other."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Override:
    """Somebody is on call from `starts_at` until `ends_at`, whatever the schedule's layers say.

    With `instead_of` they only take that person's turns in this time, and leave those of others. One that is removed
    ends at `removed_at`: what was true until then stays true. `swap` is the swap it came from.
    """

    id: int
    schedule: str
    user: str
    starts_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime
    comment: str = ""
    instead_of: str = ""
    swap: int | None = None
    removed_at: datetime | None = None
    removed_by: str = ""
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal and jobs refer to this override."""
        return f"override:{self.id}"

    @property
    def until(self) -> datetime:
        """Until when it is in force."""
        return self.ends_at if self.removed_at is None else min(self.ends_at, self.removed_at)


class SwapState(StrEnum):
    """Where an offer stands."""

    OPEN = "open"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"
    PAST_DUE = "past_due"


@dataclass(frozen=True, kw_only=True)
class Swap:
    """An offer: somebody wants another person to take their on-call time from `starts_at` until `ends_at`."""

    id: int
    schedule: str
    offered_by: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    comment: str = ""
    state: SwapState = SwapState.OPEN
    taken_by: str = ""
    closed_at: datetime | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal and jobs refer to this offer."""
        return f"swap:{self.id}"
