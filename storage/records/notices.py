"""What the public is told of incidents, and the incidents that outside status pages hold for ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeStatus(StrEnum):
    """Where a notice stands: nothing is public before a person published it, nor once it was withdrawn."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    DISCARDED = "discarded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One public text about an incident.

    `phase` is the lifecycle word that is shown ("investigating"), `components` maps the affected components to how
    each is ("major outage"). `author` is a model's name or a user id, `decided_by` who published or discarded it; that
    stays when it is withdrawn.
    """

    id: int
    incident: int
    phase: str
    text: str
    components: Mapping[str, str]
    author: str
    created_at: datetime
    status: NoticeStatus = NoticeStatus.PROPOSED
    decided_by: str = ""
    decided_at: datetime | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """The name by which journal, jobs and posts refer to it."""
        return f"notice:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """The incident that the outside page `page` holds for ours, and the last notice that it was told."""

    page: str
    incident: int
    reference: str
    notice: int = 0
    version: int = 0
