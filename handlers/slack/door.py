"""What every Slack door works with: the app, the way back to whoever asked, and what is still under way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncAck

from bot.cards.card import Card
from bot.command import Command, Progress
from bot.permissions import Caller
from bot.ports import ChatError, Ports
from bot.slack.client import SlackChat

Body = Mapping[str, Any]

ENDING = 2.0  # seconds that work under way may take when the bot stops

_log = structlog.get_logger(__name__)


class App(Protocol):
    """The running bot, as far as a door needs it."""

    @property
    def ports(self) -> Ports:
        """The edges."""

    @property
    def commands(self) -> Mapping[str, Command]:
        """Every command, by name."""

    async def invoke(self, argv: Sequence[str], caller: Caller, *, progress: Progress | None = None) -> Card:
        """Run one command line."""


@dataclass(frozen=True)
class Reply:
    """Where whoever acted can be answered: by `url` (five times in half an hour), or in `channel`, to `user`.

    `ephemeral` says that they acted on a message which only they see: that one can be replaced.
    """

    user: str
    url: str = ""
    channel: str = ""
    thread_ts: str = ""
    ephemeral: bool = False


@dataclass(frozen=True)
class Door:
    """One workspace's door. `clicks` are the buttons being pressed just now, `running` is work after the `ack`."""

    app: App
    chat: SlackChat
    running: set["asyncio.Task[Any]"] = field(default_factory=set)
    clicks: set[tuple[str, ...]] = field(default_factory=set)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[None]:
        """Count what runs inside as work under way, so that stopping can wait for it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a door works inside a task")
        self.running.add(task)
        try:
            yield
        finally:
            self.running.discard(task)

    async def finish(self) -> None:
        """Wait for what is under way, and cancel what takes too long."""
        if not self.running:
            return
        _, left = await asyncio.wait(set(self.running), timeout=ENDING)
        for task in left:
            task.cancel()
        if left:
            _log.warning("slack_work_cancelled", tasks=len(left))
            await asyncio.wait(left)

    async def caller(self, reply: Reply, *, name: str = "", trigger_id: str = "") -> Caller:
        """Who acted, with the user groups that manage.yml gives roles to."""
        return await caller_of(
            self.app.ports,
            reply.user,
            name=name,
            channel=reply.channel,
            thread_ts=reply.thread_ts,
            trigger_id=trigger_id,
        )


async def acknowledged(ack: AsyncAck, next_: Callable[[], Awaitable[None]]) -> None:
    """Middleware of listeners that work after the acknowledgement.

    Given here, it goes out before the listener begins; one that the listener gives is noticed by Bolt every 10 ms.
    """
    await ack()
    await next_()


async def caller_of(
    ports: Ports, user: str, *, name: str = "", channel: str = "", thread_ts: str = "", trigger_id: str = ""
) -> Caller:
    """The caller behind a Slack user id. Groups that cannot be looked up give no role: an outage gives no rights."""
    groups = sorted({id_ for ids in ports.manage.roles.members.values() for id_ in ids if id_.startswith("S")})
    belongs: frozenset[str] = frozenset()
    if groups and ports.chat is not None:
        try:
            belongs = await ports.chat.groups_of(user, groups)
        except ChatError as error:
            _log.warning("slack_groups_unknown", user=user, error=str(error))
    return Caller(
        id=user, via="slack", name=name, groups=belongs, channel=channel, thread_ts=thread_ts, trigger_id=trigger_id
    )
