"""Slack for tests: records what is said where, and refuses on request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.cards.card import Card
from bot.cards.marks import plain
from bot.ports import ChatError, Download, Posted, Profile


@dataclass(frozen=True)
class Message:
    """A message that stands in the fake workspace; `edits` counts how often its card was replaced."""

    channel: str
    ts: str
    card: Card
    key: str = ""
    thread_ts: str = ""
    broadcast: bool = False
    edits: int = 0

    @property
    def text(self) -> str:
        """All that the card says, plainly."""
        card = self.card
        parts = [card.title, *map(plain, card.body), *(f"{f.label}: {plain(f.value)}" for f in card.fields)]
        return "\n".join([*parts, *map(plain, card.steps), plain(card.footer), plain(card.hint)])


@dataclass
class FakeChat:
    """Satisfies `bot.ports.Chat`, held to it by tests/contracts/test_chat.py.

    `refusals` maps a method's name to the errors it raises, one for each call; `taken` are names of others' channels,
    `shared` are files that people uploaded.
    """

    connected: bool = True
    crowded: bool = False
    messages: list[Message] = field(default_factory=list)
    whispers: list[tuple[str, str, Card, str]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    channels: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    invited: dict[str, list[str]] = field(default_factory=dict)
    uninvitable: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    pins: list[Posted] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    refusals: dict[str, list[ChatError]] = field(default_factory=dict)
    address: str = "https://example.slack.com"
    posted: int = 0
    missing: set[str] = field(default_factory=set)
    people: dict[Posted, Mapping[str, Any]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    bookmarks: dict[str, dict[str, str]] = field(default_factory=dict)
    reactions: dict[Posted, list[str]] = field(default_factory=dict)
    shared: dict[str, Download] = field(default_factory=dict)
    canvases: dict[tuple[str, str], str] = field(default_factory=dict)

    def say(self, channel: str, ts: str, text: str, *, user: str) -> None:
        """A person says something."""
        self.people[Posted(channel, ts)] = {"text": text, "user": user, "ts": ts}

    async def post(
        self, channel: str, card: Card, *, key: str, thread_ts: str = "", attempt: int = 1, broadcast: bool = False
    ) -> Posted:
        self._may("post", channel)
        if attempt > 1:
            for message in self.messages:
                if message.key == key:
                    return Posted(message.channel, message.ts)
        message = Message(self._id(channel), f"1700000000.{self.posted:06}", card, key, thread_ts, broadcast)
        self.messages.append(message)
        self.posted += 1
        return Posted(message.channel, message.ts)

    async def update(self, posted: Posted, card: Card) -> None:
        self._may("update", posted.channel)
        for i, message in enumerate(self.messages):
            if (message.channel, message.ts) == (posted.channel, posted.ts):
                self.messages[i] = replace(message, card=card, edits=message.edits + 1)
                return
        raise ChatError("message_not_found", f"there is no message {posted.ts} to edit")

    async def whisper(self, channel: str, user: str, card: Card, *, thread_ts: str = "") -> None:
        self._may("whisper", channel)
        self.whispers.append((channel, user, card, thread_ts))

    async def direct(self, user: str) -> str:
        self._may("direct", "")
        return f"D{user[1:]}"

    async def open_channel(self, name: str, *, private: bool = False) -> tuple[str, str]:
        self._may("open_channel", "")
        number, free = 1, name
        while self._is_anothers(free, private=private):
            number += 1
            free = f"{name}-{number}"
        channel = self.channels.setdefault(free, f"C{len(self.channels) + 1:07}")
        if private:
            self.private.add(channel)
        return channel, free

    async def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        self._may("invite", channel)
        self.invited.setdefault(channel, []).extend(user for user in users if user not in self.uninvitable)
        return {user: self.uninvitable[user] for user in users if user in self.uninvitable}

    async def join(self, channel: str) -> None:
        self._may("join", channel)

    async def topic(self, channel: str, text: str) -> None:
        self._may("topic", channel)
        self.topics[channel] = text

    async def pin(self, posted: Posted) -> None:
        self._may("pin", posted.channel)
        if posted not in self.pins:
            self.pins.append(posted)

    async def archive(self, channel: str) -> None:
        self._may("archive", "")
        if channel not in self.archived:
            self.archived.append(channel)

    async def unarchive(self, channel: str) -> None:
        self._may("unarchive", "")
        if channel in self.archived:
            self.archived.remove(channel)

    async def bookmark(self, channel: str, *, title: str, link: str) -> None:
        self._may("bookmark", channel)
        self.bookmarks.setdefault(channel, {})[title] = link

    async def react(self, posted: Posted, emoji: str) -> None:
        self._may("react", posted.channel)
        standing = self.reactions.setdefault(posted, [])
        if emoji not in standing:
            standing.append(emoji)

    async def unreact(self, posted: Posted, emoji: str) -> None:
        self._may("unreact", posted.channel)
        if emoji in self.reactions.get(posted, ()):
            self.reactions[posted].remove(emoji)

    async def download(self, file: str, *, most: int) -> Download:
        self._may("download", "")
        if file not in self.shared:
            raise ChatError("file_not_found", f"there is no file {file}; share it again")
        if len(self.shared[file].content) > most:
            raise ChatError("too_large", f"{file} has more than {most} bytes; share a smaller one")
        return self.shared[file]

    async def canvas(self, channel: str, *, title: str, markdown: str) -> str:
        self._may("canvas", channel)
        place = (self._id(channel), title)
        self.canvases[place] = markdown
        return f"F{list(self.canvases).index(place) + 1:07}"

    async def upload(
        self, channel: str, *, name: str, title: str, content: str | bytes, thread_ts: str = "", attempt: int = 1
    ) -> str:
        self._may("upload", channel)
        standing = [(one["channel"], one["name"], one["thread_ts"]) for one in self.files]
        if attempt > 1 and (channel, name, thread_ts) in standing:
            return f"F{standing.index((channel, name, thread_ts)) + 1:07}"
        file: dict[str, Any] = {
            "channel": channel,
            "name": name,
            "title": title,
            "content": content,
            "thread_ts": thread_ts,
        }
        self.files.append(file)
        return f"F{len(self.files):07}"

    async def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        if said := self.people.get(Posted(channel, ts)):
            return said
        found = (m for m in self.messages if (m.channel, m.ts) == (channel, ts))
        return next(({"text": m.text, "user": "U0000BOT", "ts": m.ts} for m in found), None)

    async def groups_of(self, user: str, groups: Sequence[str]) -> frozenset[str]:
        return frozenset(group for group in groups if user in self.groups.get(group, ()))

    async def members_of(self, group: str) -> tuple[str, ...]:
        return self.groups.get(group, ())

    async def set_members(self, group: str, users: Sequence[str]) -> None:
        self._may("set_members", "")
        if group not in self.groups:
            raise ChatError("no_such_subteam", f"there is no user group {group}; make it in Slack")
        self.groups[group] = tuple(users)

    async def profile(self, user: str) -> Profile:
        self._may("profile", "")
        if user not in self.profiles:
            raise ChatError("user_not_found", f"there is no user {user}; look up the id in Slack")
        return self.profiles[user]

    async def by_email(self, address: str) -> str:
        self._may("by_email", "")
        return next((p.user for p in self.profiles.values() if p.email.lower() == address.lower()), "")

    async def probe(self) -> float:
        self._may("probe", "")
        return 1.0

    def link(self, posted: Posted) -> str:
        return f"{self.address}/archives/{posted.channel}/p{posted.ts.replace('.', '')}" if self.address else ""

    def _is_anothers(self, name: str, *, private: bool) -> bool:
        known = self.channels.get(name)
        return (
            name in self.taken or known in self.archived or (known is not None and (known in self.private) != private)
        )

    def _may(self, method: str, channel: str) -> None:
        if planned := self.refusals.get(method):
            raise planned.pop(0)
        if channel in self.missing:
            raise ChatError("channel_not_found", f"{method} in {channel}: there is no such channel; create it")
        if channel in self.archived:
            code = "is_inactive" if method == "update" else "is_archived"
            raise ChatError(code, f"{method} in {channel}: the channel is archived; open it again")

    def _id(self, channel: str) -> str:
        return self.channels.get(channel.lstrip("#"), channel)
