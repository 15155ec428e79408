"""`SlackChat`: Slack as the rooms see it. It waits for limits, keeps order, repeats safely and explains refusals."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.card import Card
from bot.config.settings import Settings
from bot.ports import ChatError, Download, Posted, Profile
from bot.slack.calls import Answer, Calls, Unsure
from bot.slack.conversations import EVENT_TYPE, Conversations
from bot.slack.direct import straight
from bot.slack.files import Files
from bot.slack.furniture import Furniture
from bot.slack.identity import Identity, who
from bot.slack.message import Message, message, plain_message
from bot.slack.people import People
from bot.slack.refusals import BAD_BLOCKS

TIMEOUT = 15.0  # seconds for one call
GROUP_FOR = timedelta(minutes=1)
GROUP_WITHIN = 2.0
"""Seconds that whoever acts waits for the members of their groups, where those of before are known."""
TRIES = 3
GONE = frozenset({"channel_not_found", "is_archived"})
CROWD = 12
"""So many messages may wait at once; jobs that bring more come later, so that others find a free worker."""

_log = structlog.get_logger(__name__)


@dataclass
class _Edit:
    """Edits of one message that wait for their turn; only the newest goes out."""

    newest: int = 0


class SlackChat:
    """`bot.ports.Chat` over Slack's Web API. `sessioned` opens one; `command` is the slash command shown in texts."""

    def __init__(
        self,
        web: AsyncWebClient,
        *,
        now: Callable[[], datetime],
        command: str = "/do",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.web = web
        self.command = command
        self._now = now
        self._clock = clock
        self._calls = Calls(web, clock=clock, sleep=sleep)
        self._conversations = Conversations(self._calls, now)
        self._people = People(self._calls, now)
        self._furniture = Furniture(self._calls, self._conversations)
        self._files = Files(self._calls, self._conversations)
        self._identity: Identity | None = None
        self._edits: dict[Posted, _Edit] = {}
        self._groups: dict[str, tuple[datetime, tuple[str, ...]]] = {}
        self._hears: Callable[[], bool] = lambda: False
        self._waiting = 0

    @property
    def connected(self) -> bool:
        """True while the bot can hear from Slack."""
        return self._hears()

    @property
    def crowded(self) -> bool:
        """True while many messages wait for Slack already."""
        return self._waiting >= CROWD

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        """Count what waits, from its very first call on: when Slack hangs, each of them may."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def heard_by(self, hears: Callable[[], bool]) -> None:
        """Let `hears` tell from now on whether the bot can hear from Slack."""
        self._hears = hears

    async def identity(self) -> Identity:
        """Who the bot is in this workspace; asked once. Raises `ChatError`."""
        if self._identity is None:
            async with self._calls.lanes.hold("identity"):
                return await self._known()
        return self._identity

    async def post(
        self, channel: str, card: Card, *, key: str, thread_ts: str = "", attempt: int = 1, broadcast: bool = False
    ) -> Posted:
        """Post once per `key`: on a later `attempt` it looks whether the message stands already before it posts."""
        with self._under_way():
            return await self._posted(channel, card, key, thread_ts, attempt=attempt, broadcast=broadcast)

    async def _posted(
        self, channel: str, card: Card, key: str, thread_ts: str, *, attempt: int, broadcast: bool
    ) -> Posted:
        place = await self._conversations.id_of(channel)
        args = {
            "channel": place,
            "thread_ts": thread_ts or None,
            "reply_broadcast": True if thread_ts and broadcast else None,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
            "unfurl_links": False,
            "unfurl_media": False,
        }
        # what opens a thread goes out before what is said in one: in a storm, cards before notes
        async with self._calls.lanes.hold(f"post {place}", first=not thread_ts):
            try:
                return await self._conversations.as_member(place, lambda: self._post(card, key, attempt > 1, args))
            except ChatError as error:
                if error.code in GONE:
                    self._conversations.forget(channel)
                raise

    async def _post(self, card: Card, key: str, look: bool, args: Mapping[str, Any]) -> Posted:
        place, thread_ts = str(args["channel"]), str(args["thread_ts"] or "")
        for left in reversed(range(TRIES)):
            if look and (ts := await self._conversations.standing(place, thread_ts, key)):
                return Posted(place, ts)
            try:
                answer = await self._sent("chat.postMessage", card, repeatable=False, **args)
            except Unsure as unsure:
                if not left:
                    raise
                _log.warning("slack_post_unsure", channel=place, key=key, error=str(unsure))
                look = True
                continue
            return Posted(str(answer["channel"]), str(answer["ts"]))
        raise AssertionError("the last try returns or raises")

    async def update(self, posted: Posted, card: Card) -> None:
        """Replace a message's content. An edit that still waits when a newer one comes is left out."""
        edit = self._edits.setdefault(posted, _Edit())
        edit.newest += 1
        mine = edit.newest
        with self._under_way():
            await self._edited(posted, card, edit, mine)

    async def _edited(self, posted: Posted, card: Card, edit: _Edit, mine: int) -> None:
        async with self._calls.lanes.hold(f"edit {posted.channel} {posted.ts}"):
            try:
                await self._calls.turn("chat.update", posted.channel)
                if mine == edit.newest:
                    await self._sent("chat.update", card, turn=False, channel=posted.channel, ts=posted.ts)
            finally:
                if mine == edit.newest:
                    self._edits.pop(posted, None)

    async def whisper(self, channel: str, user: str, card: Card, *, thread_ts: str = "") -> None:
        """Say something that only `user` sees."""
        place = await self._conversations.id_of(channel)
        await self._conversations.as_member(
            place,
            lambda: self._sent("chat.postEphemeral", card, channel=place, user=user, thread_ts=thread_ts or None),
        )

    async def direct(self, user: str) -> str:
        """The id of the direct-message channel with `user`."""
        with self._under_way():
            answer = await self._calls.call("conversations.open", users=user)
        return str(answer["channel"]["id"])

    async def open_channel(self, name: str, *, private: bool = False) -> tuple[str, str]:
        """Create a channel, or find our own of that name; a taken name gets a suffix. Gives (id, name)."""
        return await self._conversations.open(name, (await self.identity()).user_id, private=private)

    async def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """Invite people one by one where needed; gives user -> error code of those who could not be."""
        return await self._conversations.invite(await self._conversations.id_of(channel), users)

    async def join(self, channel: str) -> None:
        """Join a public channel."""
        await self._conversations.join(await self._conversations.id_of(channel))

    async def topic(self, channel: str, text: str) -> None:
        """Set a channel's topic, cut to Slack's limit."""
        await self._furniture.topic(channel, text)

    async def pin(self, posted: Posted) -> None:
        """Pin a message; already pinned is fine."""
        await self._furniture.pin(posted)

    async def archive(self, channel: str) -> None:
        """Archive a channel; already archived is fine."""
        await self._furniture.archive(channel)

    async def unarchive(self, channel: str) -> None:
        """Open an archived channel again; one that is open is fine."""
        await self._furniture.unarchive(channel)

    async def bookmark(self, channel: str, *, title: str, link: str) -> None:
        """Put a link on top of a channel; one of that title gets the new link instead of a double."""
        await self._furniture.bookmark(channel, title, link)

    async def react(self, posted: Posted, emoji: str) -> None:
        """React to a message; having done so is fine."""
        await self._furniture.react(posted, emoji)

    async def unreact(self, posted: Posted, emoji: str) -> None:
        """Take our reaction back; having none is fine."""
        await self._furniture.unreact(posted, emoji)

    async def upload(
        self, channel: str, *, name: str, title: str, content: str | bytes, thread_ts: str = "", attempt: int = 1
    ) -> str:
        """Upload a file; gives its id. On a later `attempt` it looks whether one of that name stands there already."""
        if attempt > 1 and (found := await self._files.standing(channel, name, thread_ts, await self.identity())):
            return found
        return await self._files.upload(channel, name, title, content, thread_ts)

    async def download(self, file: str, *, most: int) -> Download:
        """A file that people shared; one of more than `most` bytes raises `ChatError` ("too_large")."""
        return await self._files.download(file, most)

    async def canvas(self, channel: str, *, title: str, markdown: str) -> str:
        """Write the text into the channel's canvas of that title, made when there is none; gives its address or id."""
        return await self._files.canvas(channel, title, markdown)

    async def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message as Slack keeps it (text, user, ts), or None."""
        return await self._conversations.message(await self._conversations.id_of(channel), ts)

    async def groups_of(self, user: str, groups: Sequence[str]) -> frozenset[str]:
        """Those of the user groups that `user` belongs to (cached for a minute)."""
        members = await asyncio.gather(*map(self.members_of, groups))
        return frozenset(group for group, users in zip(groups, members, strict=True) if user in users)

    async def members_of(self, group: str) -> tuple[str, ...]:
        """The users of a user group (cached for a minute); while Slack cannot be asked, or hangs, those known last."""
        known = self._groups.get(group)
        if known and self._now() < known[0]:
            return known[1]
        try:
            async with asyncio.timeout(GROUP_WITHIN if known else None):
                answer = await self._calls.call("usergroups.users.list", usergroup=group)
        except (ChatError, TimeoutError) as error:
            if known is None or (isinstance(error, ChatError) and not error.retry):
                raise
            _log.warning("slack_group_stale", group=group, error=str(error) or "no answer in time")
            return known[1]
        members = tuple(str(user) for user in answer.get("users") or ())
        self._groups[group] = (self._now() + GROUP_FOR, members)
        return members

    async def set_members(self, group: str, users: Sequence[str]) -> None:
        """Make these users, at least one, the members of a user group: its id (S…) or its handle."""
        place = group if re.fullmatch(r"S[A-Z0-9]{2,20}", group) else await self._people.group_of(group)
        if not place:
            raise ChatError("no_such_subteam", f"there is no user group {group}; make it in Slack, or name another one")
        if set(await self.members_of(place)) != set(users):
            await self._people.set_members(place, users)
            self._groups.pop(place, None)

    async def profile(self, user: str) -> Profile:
        """What Slack knows of a user (cached for some minutes)."""
        return await self._people.profile(user)

    async def by_email(self, address: str) -> str:
        """The id of the user with that address, "" when there is none."""
        return await self._people.by_email(address)

    async def probe(self) -> float:
        """Round trip of the cheapest authenticated call, in milliseconds."""
        began = self._clock()
        self._identity = await who(self.web)
        return (self._clock() - began) * 1000

    async def call(self, method: str, **args: Any) -> Answer:
        """Any other method, for the doors: modals and the App Home. Raises `ChatError`."""
        return await self._calls.call(method, **args)

    def link(self, posted: Posted) -> str:
        """The address of a message, "" while the workspace's own address is not known."""
        if self._identity is None or not self._identity.url:
            return ""
        return f"{self._identity.url}archives/{posted.channel}/p{posted.ts.replace('.', '')}"

    async def _known(self) -> Identity:
        if self._identity is None:  # else somebody asked while we waited
            self._identity = await who(self.web)
        return self._identity

    async def _sent(self, method: str, card: Card, **args: Any) -> Answer:
        """Send a card; blocks that this workspace does not take are said again in plain ones, once."""
        try:
            return await self._calls.call(method, **args, **self._shown(message, card))
        except ChatError as error:
            if error.code not in BAD_BLOCKS:
                raise
            _log.warning("slack_blocks_refused", method=method, title=card.title, error=str(error))
        return await self._calls.call(method, **{**args, "turn": True}, **self._shown(plain_message, card))

    def _shown(self, render: Callable[[Card, datetime, str], Message], card: Card) -> Message:
        return render(card, self._now(), self.command)


@asynccontextmanager
async def sessioned(settings: Settings, *, now: Callable[[], datetime]) -> AsyncIterator[SlackChat]:
    """A `SlackChat` for the token in `settings`, with one pool of connections for the length of the block."""
    if settings.slack_bot_token is None:
        raise ValueError("SLACK_BOT_TOKEN is not set")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
        web = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            timeout=int(TIMEOUT),
            session=session,
            retry_handlers=[],  # what may be repeated, and when, is decided in `Calls`
        )
        straight(web, settings.slack_api_url)
        yield SlackChat(web, now=now, command=settings.slack_command)
