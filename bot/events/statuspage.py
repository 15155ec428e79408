"""What happened to what the public is told. The subject is the incident: it belongs on its timeline."""

from dataclasses import dataclass

from bot.events.incidents import IncidentEvent


@dataclass(frozen=True, kw_only=True)
class NoticeProposed(IncidentEvent):
    """A public text was proposed; nobody outside sees it before a person publishes it."""

    notice: int
    phase: str
    text: str
    author: str


@dataclass(frozen=True, kw_only=True)
class NoticePublished(IncidentEvent):
    """A person published a text on the status page."""

    notice: int
    phase: str
    text: str


@dataclass(frozen=True, kw_only=True)
class NoticeDiscarded(IncidentEvent):
    """A person decided against a proposed text."""

    notice: int


@dataclass(frozen=True, kw_only=True)
class NoticeWithdrawn(IncidentEvent):
    """A person took a published text back; the outside pages `told` had been told it and are asked to replace it."""

    notice: int
    told: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PageMirrored(IncidentEvent):
    """The outside status page `page` was told of notice `notice` (0: of the components alone)."""

    page: str
    notice: int
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class PageTroubled(IncidentEvent):
    """The outside status page `page` could not be told; `mend` says what a person can do."""

    page: str
    error: str
    mend: str
