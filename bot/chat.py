"""Slack, as the rooms see it: the protocol that `bot.slack.client` satisfies, and its values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.cards.card import Card


@dataclass(frozen=True)
class Posted:
    """A message that stands in Slack."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What Slack knows of a user: address, time zone ("Europe/Berlin"), name; `gone` when the account is closed.

    `bot` tells that it is a program's.
    """

    user: str
    email: str = ""
    timezone: str = ""
    name: str = ""
    gone: bool = False
    bot: bool = False


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that people shared in Slack."""

    name: str
    mime: str
    content: bytes


class ChatError(Exception):
    """Slack refused. `code` is Slack's own error ("not_in_channel"); the text says what was tried and the mend."""

    def __init__(self, code: str, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry


class Chat(Protocol):
    """Slack, as the rooms see it: all texts are cards. Rate limits are waited for inside, other refusals raise."""

    @property
    def connected(self) -> bool:
        """True while the bot can hear from Slack."""

    @property
    def crowded(self) -> bool:
        """True while so many messages wait for Slack that no job should wait with them: come back later."""

    async def post(
        self, channel: str, card: Card, *, key: str, thread_ts: str = "", attempt: int = 1, broadcast: bool = False
    ) -> Posted:
        """Post once per `key`: on a later `attempt` it looks whether the message stands already before it posts."""

    async def update(self, posted: Posted, card: Card) -> None:
        """Replace a message's content."""

    async def whisper(self, channel: str, user: str, card: Card, *, thread_ts: str = "") -> None:
        """Say something that only `user` sees."""

    async def direct(self, user: str) -> str:
        """The id of the direct-message channel with `user`."""

    async def open_channel(self, name: str, *, private: bool = False) -> tuple[str, str]:
        """Create a channel, or find our own of that name; a taken name gets a suffix. Gives (id, name)."""

    async def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """Invite people one by one where needed; gives user -> error code of those who could not be."""

    async def join(self, channel: str) -> None:
        """Join a public channel."""

    async def topic(self, channel: str, text: str) -> None:
        """Set a channel's topic, cut to Slack's limit."""

    async def pin(self, posted: Posted) -> None:
        """Pin a message; already pinned is fine."""

    async def archive(self, channel: str) -> None:
        """Archive a channel; already archived is fine."""

    async def unarchive(self, channel: str) -> None:
        """Open an archived channel again; one that is open is fine."""

    async def bookmark(self, channel: str, *, title: str, link: str) -> None:
        """Put a link on top of a channel; one of that title gets the new link instead of a double."""

    async def react(self, posted: Posted, emoji: str) -> None:
        """React to a message; having done so is fine."""

    async def unreact(self, posted: Posted, emoji: str) -> None:
        """Take our reaction back; having none is fine."""

    async def upload(
        self, channel: str, *, name: str, title: str, content: str | bytes, thread_ts: str = "", attempt: int = 1
    ) -> str:
        """Upload a file; gives its id. On a later `attempt` it looks whether one of that name stands there already."""

    async def download(self, file: str, *, most: int) -> Download:
        """A file that people shared; one of more than `most` bytes raises `ChatError` ("too_large")."""

    async def canvas(self, channel: str, *, title: str, markdown: str) -> str:
        """Write the text into the channel's canvas of that title, made when there is none; gives its address or id."""

    async def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message as Slack keeps it (text, user, ts), or None."""

    async def groups_of(self, user: str, groups: Sequence[str]) -> frozenset[str]:
        """Those of the user groups that `user` belongs to (cached for a minute)."""

    async def members_of(self, group: str) -> tuple[str, ...]:
        """The users of a user group (cached for a minute)."""

    async def set_members(self, group: str, users: Sequence[str]) -> None:
        """Make these users, at least one, the members of a user group: its id (S…) or its handle."""

    async def profile(self, user: str) -> Profile:
        """What Slack knows of a user (cached for some minutes)."""

    async def by_email(self, address: str) -> str:
        """The id of the user with that address, "" when there is none."""

    async def probe(self) -> float:
        """Round trip of the cheapest authenticated call, in milliseconds."""

    def link(self, posted: Posted) -> str:
        """The address of a message, "" while the workspace's own address is not known."""
