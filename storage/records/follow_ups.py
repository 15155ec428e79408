"""Follow-ups: what is to be done after an incident, by whom and until when."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class FollowUpStatus(StrEnum):
    """Where a follow-up stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class FollowUpKind(StrEnum):
    """What a follow-up is for."""

    PREVENT = "prevent"
    MITIGATE = "mitigate"
    DETECT = "detect"
    PROCESS = "process"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """One follow-up. `owner` is a Slack user id, "" for nobody yet; `due_on` is a day in the owner's own zone.

    `origin` makes it one of a kind: the message ("C1:170.1") or the statement of a postmortem that it came from, ""
    when somebody typed it. `tracker`, `reference` and `address` name the issue that was opened for it elsewhere.
    """

    id: int
    incident: int | None
    title: str
    created_by: str
    created_at: datetime
    kind: FollowUpKind = FollowUpKind.OTHER
    status: FollowUpStatus = FollowUpStatus.OPEN
    owner: str = ""
    due_on: date | None = None
    origin: str = ""
    tracker: str = ""
    reference: str = ""
    address: str = ""
    closed_by: str = ""
    closed_at: datetime | None = None
    reminded_at: datetime | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal, jobs and posts refer to it."""
        return f"follow-up:{self.id}"

    @property
    def open(self) -> bool:
        """True until done or dropped."""
        return self.status is FollowUpStatus.OPEN
