"""How an interaction is answered: privately or in the channel, in place where Slack can, within its five answers."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.cards.card import Card, Level
from bot.command import Command, Usage, find
from bot.ports import ChatError, Posted
from bot.slack.direct import straight
from bot.slack.message import message
from handlers.slack.asides import ASIDE
from handlers.slack.door import Door, Reply

SLOW = 1.0
"""Seconds after which whoever asked is told that it is being worked on."""
TIMEOUT = 10

_log = structlog.get_logger(__name__)


def changes(commands: Mapping[str, Command], argv: Sequence[str]) -> bool:
    """Whether the command line changes what everybody sees."""
    try:
        return find(argv, commands)[0].changes
    except Usage:
        return False


def for_all(commands: Mapping[str, Command], argv: Sequence[str], card: Card) -> bool:
    """Whether the answer is told to everybody: a change that happened, to what everybody may know of."""
    return changes(commands, argv) and fine(card) and not card.private


def fine(card: Card) -> bool:
    """Whether a change happened; everything else is the asker's own business."""
    return card.level is Level.OK


async def run(door: Door, argv: Sequence[str], reply: Reply, *, name: str = "") -> None:
    """Run a typed command line and answer it: to all what changed what all see, else to the asker alone."""
    public = changes(door.app.commands, argv)
    # what stands behind the command's name may be about what is private
    named = find(argv, door.app.commands)[0].name if public else " ".join(argv)
    progress = Progress(door, reply, Card(title=f"Working on `{named[:80]}` …"), public=public)
    caller = await door.caller(reply, name=name)
    task = asyncio.create_task(door.app.invoke(argv, caller, progress=progress.show))
    try:
        done, _ = await asyncio.wait({task}, timeout=SLOW)
        if not done:
            await progress.begin()
        card = await task
    finally:
        task.cancel()
    if not await progress.finish(card):
        await say(door, reply, card, in_channel=for_all(door.app.commands, argv, card))


class Progress:
    """What is seen of a slow command meanwhile.

    Slack cannot replace what answered a slash command (github.com/slackapi/bolt-js/issues/2287): so a change that all
    will see is a message of the bot, edited in place; to the asker alone one note is said, and then the answer.
    """

    def __init__(self, door: Door, reply: Reply, first: Card, *, public: bool) -> None:
        self._door = door
        self._reply = reply
        self._card = first
        self._public = public
        self._begun = False
        self._posted: Posted | None = None

    async def show(self, card: Card) -> None:
        """Replace what is seen; before `begin` it is only remembered."""
        self._card = card
        await self._replaced(card)

    async def begin(self) -> None:
        """Show what is known by now."""
        if self._begun:
            return
        self._begun = True
        if self._public and self._reply.channel:
            key = f"progress:{uuid.uuid4()}"
            try:
                self._posted = await self._door.chat.post(self._reply.channel, self._card, key=key)
            except ChatError as error:  # a conversation that the bot is not in: the note will do
                _log.info("slack_progress_private", channel=self._reply.channel, error=str(error))
            else:
                return
        await say(self._door, self._reply, self._card)

    async def finish(self, card: Card) -> bool:
        """Put the answer in place; False when there is no place for it, or none that others do not read."""
        return await self._replaced(ASIDE if card.private else card) and not card.private

    async def _replaced(self, card: Card) -> bool:
        if not self._posted:
            return False
        try:
            await self._door.chat.update(self._posted, card)
        except ChatError as error:  # showing how far it is must not fail what is being done
            _log.warning("slack_progress_lost", channel=self._posted.channel, error=str(error))
            return False
        return True


async def say(door: Door, reply: Reply, card: Card, *, in_channel: bool = False, replace: bool = False) -> None:
    """Answer through the response URL; where it is used up or gone, as a message that only the asker sees.

    `replace` puts the answer in the place of the message that was acted on.
    """
    ports = door.app.ports
    body: dict[str, Any] = {
        **message(card, ports.now(), ports.settings.slack_command),
        "response_type": "in_channel" if in_channel else "ephemeral",
        "replace_original": replace,
    }
    if reply.thread_ts and not replace:
        body["thread_ts"] = reply.thread_ts
    if reply.url and await _sent(door, reply.url, body):
        return
    try:
        await whisper(door, reply, card)
    except ChatError as error:
        _log.error("slack_answer_lost", channel=reply.channel, user=reply.user, title=card.title, error=str(error))


async def whisper(door: Door, reply: Reply, card: Card) -> None:
    """Say it to the asker alone where they are, or in a direct message where the bot is not. Raises `ChatError`."""
    if reply.channel:
        try:
            await door.chat.whisper(reply.channel, reply.user, card, thread_ts=reply.thread_ts)
        except ChatError as error:
            _log.info("slack_whisper_refused", channel=reply.channel, error=str(error))
        else:
            return
    await door.chat.post(await door.chat.direct(reply.user), card, key=f"answer:{uuid.uuid4()}")


async def _sent(door: Door, url: str, body: dict[str, Any]) -> bool:
    client = AsyncWebhookClient(url, timeout=TIMEOUT, session=door.chat.web.session)
    straight(client, url)
    try:
        answer = await client.send_dict(body)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        _log.warning("slack_response_url_lost", error=str(error))
        return False
    if answer.status_code != 200:
        _log.warning("slack_response_url_refused", status=answer.status_code, answer=answer.body[:200])
    return answer.status_code == 200
