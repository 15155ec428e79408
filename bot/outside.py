"""What is handed to systems outside: meetings, issues, documents and public incidents, as values (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A meeting for a calendar. `uid` is its identity: what is there already is changed, never doubled.

    `reference` is what the calendar called it, "" when no answer of it is known. One that is `cancelled` is taken out.
    """

    uid: str
    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    attendees: Sequence[str] = ()
    """Mail addresses."""
    sequence: int = 0
    """Grows with each change of the same meeting."""
    zone: str = "UTC"
    """Time zone for whom nothing shows it in their own."""
    reference: str = ""
    cancelled: bool = False


@dataclass(frozen=True)
class Booked:
    """What a calendar calls a meeting, and whom it could not invite: address -> why."""

    reference: str
    missed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Issue:
    """What is filed in a tracker. `key` stands in its text, by which an attempt that was cut short is found again."""

    key: str
    title: str
    body: str
    """Markdown."""
    labels: Sequence[str] = ()
    due_on: date | None = None


@dataclass(frozen=True)
class Filed:
    """An issue in a tracker: what people call it ("OPS-12", "#34"), and its address."""

    reference: str
    address: str


@dataclass(frozen=True)
class Ended:
    """An issue that was closed, and when (UTC); `done`, or else put aside."""

    at: datetime
    done: bool = True


@dataclass(frozen=True, kw_only=True)
class Document:
    """An approved postmortem. `name` is that of its file, without a folder; `incident` and `version` identify it.

    `approved_by` is that person's name where it is known, and `address` where this place keeps an earlier version.
    """

    incident: int
    version: int
    title: str
    name: str
    markdown: str
    approved_by: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class PublicIncident:
    """An incident as an outside status page should show it.

    `reference` is what the page called it, "" when it has not been told of it; `key` then finds an attempt that was
    cut short. `text` is "" when only the components changed. `components` maps names to "operational", "degraded",
    "partial outage" or "major outage". `taken_back` is what the page was told under this key and is to replace by
    `text`, without telling its subscribers; "" for what is news.
    """

    key: str
    reference: str
    title: str
    phase: str
    text: str
    components: Mapping[str, str]
    started_at: datetime
    taken_back: str = ""
