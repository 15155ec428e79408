"""Calendars: those that a schedule is read from, and the secrets of those that are given out."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Shift:
    """People who are on call from `since` until `until`, as a calendar says."""

    since: datetime
    until: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Feed:
    """The last good copy of a calendar that a schedule is read from.

    `place` is the schedule and its layer ("payments:1"); `source` a digest of the address, so that a copy of another
    one is not taken for it. `read_at` is when the copy was made, `tried_at` the last attempt; `error` what is wrong
    since `failing_since`, "" while all is well. `unknown` are those whom nobody in Slack is found for.
    """

    place: str
    source: str
    tried_at: datetime
    read_at: datetime | None = None
    shifts: tuple[Shift, ...] = ()
    unknown: tuple[str, ...] = ()
    error: str = ""
    failing_since: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """The secret in the address of a calendar that is given out: of a schedule, or of a person ("U…")."""

    name: str
    token: str
    created_by: str
    created_at: datetime
