"""What happened to postmortems."""

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class PostmortemEvent(Event):
    """Something that happened to the postmortem of `incident`."""

    incident: int

    @property
    @override
    def subject(self) -> str:
        return f"postmortem:{self.incident}"


@dataclass(frozen=True, kw_only=True)
class PostmortemScheduled(PostmortemEvent):
    """A draft will be made at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class DraftStarted(PostmortemEvent):
    """Drafting began; sections follow one by one."""

    sections: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SectionDrafted(PostmortemEvent):
    """A section passed its check and stands in version `text_version`; `unverified` statements are marked.

    `taken_back` is who had approved the text before.
    """

    section: str
    author: str
    text_version: int
    statements: int
    unverified: int
    reason: str = ""
    taken_back: str = ""


@dataclass(frozen=True, kw_only=True)
class DraftReady(PostmortemEvent):
    """All sections are there; people review now."""

    text_version: int


@dataclass(frozen=True, kw_only=True)
class ChangeRequested(PostmortemEvent):
    """A reviewer asked for a change of one section."""

    section: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RedraftRequested(PostmortemEvent):
    """A reviewer asked for a section to be written anew from the evidence as it is now."""

    section: str


@dataclass(frozen=True, kw_only=True)
class SectionApproved(PostmortemEvent):
    """A person settled a section as it stands in version `text_version`; with the last one all is approved."""

    section: str
    text_version: int


@dataclass(frozen=True, kw_only=True)
class SectionReopened(PostmortemEvent):
    """A person took back that they had settled a section."""

    section: str


@dataclass(frozen=True, kw_only=True)
class PostmortemApproved(PostmortemEvent):
    """A person approved version `text_version`; it is published from now on."""

    text_version: int


@dataclass(frozen=True, kw_only=True)
class PostmortemPublished(PostmortemEvent):
    """The approved version was posted, and as a file where files are allowed."""

    text_version: int
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class PostmortemStored(PostmortemEvent):
    """Version `text_version` stands in a further place (a canvas, a repository, a wiki) at `address`."""

    place: str
    text_version: int
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class StoringFailed(PostmortemEvent):
    """A place did not take the approved text; `mend` says what a person can do."""

    place: str
    text_version: int
    error: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class StoringRequested(PostmortemEvent):
    """A person asked to store approved version `text_version` in `place` ("": everywhere) once more."""

    text_version: int
    place: str = ""
