"""`Conversations`: channels by name, opened, filled and read; looked up when needed, and kept."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.ports import ChatError
from bot.slack.calls import Answer, Calls

T = TypeVar("T")

LONGEST_NAME = 80
MOST_SUFFIXES = 20
MOST_INVITED = 100
OURS_FOR = timedelta(days=1)
"""How long a channel that the bot made is taken for an earlier try at the same one; older ones belong to the past."""
LOOK_BACK = timedelta(days=1)
"""How far back a message is looked for that an earlier try may have posted."""
PAGE, MOST_PAGES = 200, 10
LIST_PAGE, MOST_LIST_PAGES = 1000, 20
MISSING_FOR = timedelta(minutes=1)
HARMLESS = frozenset({"already_in_channel"})
EVENT_TYPE = "do_manage"
_ID = re.compile(r"[CGD][A-Z0-9]{2,20}")


class Conversations:
    """The channels of a workspace, as far as the bot has to do with them."""

    def __init__(self, calls: Calls, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._now = now
        self._ids: dict[str, str] = {}
        self._missing: dict[str, datetime] = {}

    async def id_of(self, channel: str) -> str:
        """The id of a channel given by id, "#name" or name. Raises `ChatError` when there is none."""
        if _ID.fullmatch(channel):
            return channel
        name = channel.lstrip("#")
        if name in self._ids:
            return self._ids[name]
        if (until := self._missing.get(name)) and self._now() < until:
            raise _no_such(name)
        async with self._calls.lanes.hold(f"find {name}"):
            if name not in self._ids:
                await self._find(name)
        return self._ids[name]

    def forget(self, channel: str) -> None:
        """Look the channel up again next time: it was archived or deleted, and another may have its name by now."""
        self._ids.pop(channel.lstrip("#"), None)

    async def _find(self, name: str) -> None:
        """Look among the bot's own channels; else among the public ones, page by page and only until it is found."""
        if found := await self._among_own(name):
            self._ids[name] = str(found["id"])
            return
        listing = self._calls.pages(
            "conversations.list", MOST_LIST_PAGES, types="public_channel", exclude_archived=True, limit=LIST_PAGE
        )
        async for page in listing:
            for channel in page.get("channels") or ():
                if channel.get("name") == name:
                    self._ids[name] = str(channel["id"])
                    # reactions and threads are told to members alone
                    await self.join(self._ids[name])
                    return
        self._missing[name] = self._now() + MISSING_FOR
        raise _no_such(name)

    async def _among_own(self, name: str) -> Mapping[str, Any] | None:
        listing = self._calls.pages(
            "users.conversations", MOST_PAGES, types="public_channel,private_channel", limit=PAGE
        )
        found: Mapping[str, Any] | None = None
        async for page in listing:
            for channel in page.get("channels") or ():
                if channel.get("name") == name:
                    found = channel
                    if not channel.get("is_archived"):
                        return found
        return found

    async def open(self, name: str, me: str, *, private: bool = False) -> tuple[str, str]:
        """Create a channel; give (id, name). `me` is the bot's user id: a fresh one of its own is used again."""
        wanted = _named(name, LONGEST_NAME)
        for number in range(1, MOST_SUFFIXES + 1):
            ending = f"-{number}" if number > 1 else ""
            tried = f"{_named(name, LONGEST_NAME - len(ending))}{ending}"
            try:
                answer = await self._calls.call("conversations.create", name=tried, is_private=private or None)
            except ChatError as error:
                if error.code != "name_taken":
                    raise
                if (own := await self._among_own(tried)) and self._is_fresh(own, me, private=private):
                    return self._known(own)
                continue
            return self._known(answer["channel"])
        raise ChatError(
            "name_taken",
            f"Slack has channels {wanted} to {wanted}-{MOST_SUFFIXES} already; "
            "set incidents.channel_prefix in manage.yml to another prefix",
        )

    def _is_fresh(self, channel: Mapping[str, Any], me: str, *, private: bool) -> bool:
        age = self._now().timestamp() - float(channel.get("created") or 0)
        if bool(channel.get("is_private")) != private:
            return False
        return channel.get("creator") == me and not channel.get("is_archived") and age < OURS_FOR.total_seconds()

    def _known(self, channel: Mapping[str, Any]) -> tuple[str, str]:
        self._ids[str(channel["name"])] = str(channel["id"])
        return str(channel["id"]), str(channel["name"])

    async def join(self, channel: str) -> None:
        """Join a public channel; being in it already is fine."""
        try:
            await self._calls.call("conversations.join", channel=channel)
        except ChatError as error:
            if error.code == "method_not_supported_for_channel_type":
                raise ChatError(
                    "not_in_channel",
                    f"Slack lets nobody join {channel}, it is private; type /invite and the bot's name there",
                ) from error
            raise

    async def as_member(self, channel: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do something in a channel; when the bot is not in it, join and do it again."""
        try:
            return await work()
        except ChatError as error:
            if error.code != "not_in_channel":
                raise
        await self.join(channel)
        return await work()

    async def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """Invite all at once, one by one where Slack refuses; give user -> error code of those who could not be."""
        refused: dict[str, str] = {}
        distinct = list(dict.fromkeys(users))
        for start in range(0, len(distinct), MOST_INVITED):
            part = distinct[start : start + MOST_INVITED]
            if len(part) > 1 and not await self._invited(channel, part):
                continue
            for user in part:
                if error := await self._invited(channel, [user]):
                    refused[user] = error
        return refused

    async def _invited(self, channel: str, users: Sequence[str]) -> str:
        """Invite, and give Slack's word for why not, "" when they are in."""
        try:
            await self.as_member(
                channel, lambda: self._calls.call("conversations.invite", channel=channel, users=",".join(users))
            )
        except ChatError as error:
            if error.retry or error.code in {"missing_scope", "is_archived", "channel_not_found", "not_in_channel"}:
                raise  # it is about the channel or the bot, not about a user
            return "" if error.code in HARMLESS and len(users) == 1 else error.code
        return ""

    async def standing(self, channel: str, thread_ts: str, key: str) -> str:
        """The ts of the bot's message with that key, "" when there is none; metadata says which is which."""
        async for said in self.said(channel, thread_ts):
            metadata = said.get("metadata") or {}
            if metadata.get("event_type") == EVENT_TYPE and (metadata.get("event_payload") or {}).get("key") == key:
                return str(said["ts"])
        return ""

    async def said(self, channel: str, thread_ts: str) -> AsyncIterator[Mapping[str, Any]]:
        """What was said lately in a channel, or in a thread of it."""
        where = {"ts": thread_ts} if thread_ts else {}
        method = "conversations.replies" if thread_ts else "conversations.history"
        oldest = f"{(self._now() - LOOK_BACK).timestamp():.6f}"
        async for page in self._calls.pages(
            method, MOST_PAGES, channel=channel, oldest=oldest, include_all_metadata=True, limit=PAGE, **where
        ):
            for message in page.get("messages") or ():
                yield message

    async def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message, in a thread or not."""
        try:
            # replies finds both kinds; with the span it does not bring the whole thread along
            answer: Answer = await self.as_member(
                channel,
                lambda: self._calls.call(
                    "conversations.replies", channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=2
                ),
            )
        except ChatError as error:
            if error.code in {"thread_not_found", "message_not_found"}:
                return None
            raise
        return next((said for said in answer.get("messages") or () if said.get("ts") == ts), None)


def _named(name: str, longest: int) -> str:
    """The name as Slack takes it."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower().lstrip("#"))[:longest].strip("-") or "incident"


def _no_such(name: str) -> ChatError:
    return ChatError(
        "channel_not_found",
        f"Slack has no channel #{name} that the bot can see; create it (invite the bot into a private one), "
        "or name another one under `channels` in manage.yml",
    )
