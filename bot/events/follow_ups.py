"""What happened to follow-ups."""

from dataclasses import dataclass

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class FollowUpEvent(Event):
    """Something that happened to a follow-up. `incident` is the one that it came from, None without one."""

    follow_up: int
    incident: int | None = None

    @property
    @override
    def subject(self) -> str:
        return f"follow-up:{self.follow_up}"


@dataclass(frozen=True, kw_only=True)
class FollowUpAdded(FollowUpEvent):
    """Something is to be done. `due_on` is a day in ISO 8601, "" for none; `author` is who said it in a message."""

    title: str
    kind: str
    owner: str = ""
    due_on: str = ""
    origin: str = ""
    author: str = ""


@dataclass(frozen=True, kw_only=True)
class FollowUpChanged(FollowUpEvent):
    """Its title, owner, day or kind is another; these are the new ones."""

    title: str
    kind: str
    owner: str = ""
    due_on: str = ""


@dataclass(frozen=True, kw_only=True)
class FollowUpClosed(FollowUpEvent):
    """It is done, or dropped (then with the reason)."""

    status: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class FollowUpReopened(FollowUpEvent):
    """It is to be done after all."""


@dataclass(frozen=True, kw_only=True)
class FollowUpReminded(FollowUpEvent):
    """Its owner was reminded."""

    user: str


@dataclass(frozen=True, kw_only=True)
class FollowUpFiled(FollowUpEvent):
    """An issue was opened for it elsewhere."""

    tracker: str
    reference: str
    address: str


@dataclass(frozen=True, kw_only=True)
class FilingFailed(FollowUpEvent):
    """A tracker did not take it; `mend` says what a person can do."""

    tracker: str
    error: str
    mend: str
