"""A postmortem and its versions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PostmortemStatus(StrEnum):
    """Where a postmortem stands."""

    SCHEDULED = "scheduled"
    DRAFTING = "drafting"
    IN_REVIEW = "in review"
    APPROVED = "approved"


class StatementKind(StrEnum):
    """What a statement claims to be: seen, concluded, not known, or a reviewer's own words."""

    FACT = "fact"
    INFERENCE = "inference"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One sentence with the journal entries it cites; `unverified` says why it could not be confirmed ("": it was).

    `weak` says why it is confirmed only just, `blame` what in it blames a person and how to say it instead; "" is
    nothing.
    """

    kind: StatementKind
    text: str
    evidence: tuple[int, ...] = ()
    unverified: str = ""
    author: str = ""
    weak: str = ""
    blame: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of a draft.

    `author` is the model's name, "facts" without AI, or who edited it; `revision` counts its texts. `approved_by` is
    who settled this revision ("": nobody yet).
    """

    name: str
    statements: tuple[Statement, ...]
    author: str
    revision: int = 1
    approved_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Postmortem:
    """The postmortem of incident `id`. `text_version` counts changes, `approved_version` is the published one.

    `version` guards concurrent writers, as on every record.
    """

    id: int
    status: PostmortemStatus
    scheduled_at: datetime
    text_version: int = 0
    sections: tuple[Section, ...] = ()
    channel: str = ""
    thread_ts: str = ""
    approved_version: int | None = None
    approved_by: str = ""
    approved_at: datetime | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal, jobs and posts refer to this postmortem."""
        return f"postmortem:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Version:
    """One kept text of a postmortem, with who made it and why."""

    incident_id: int
    number: int
    at: datetime
    author: str
    reason: str
    sections: tuple[Section, ...]
