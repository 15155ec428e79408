"""Questions in plain words: what is one, and the one message in the thread that answers it while it is written."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from bot.cards.card import Card, Text
from bot.cards.marks import plain
from bot.command import HelpWanted, Usage, family, find, nearest, parse
from bot.permissions import Caller
from bot.phrasing import cut
from bot.ports import ChatError, Ports, Posted
from bot.slack.client import SlackChat
from bot.slack.streams import Stream
from handlers.slack import asides, slash, spoken
from handlers.slack.door import App, Body
from storage.records.posts import Post
from storage.tables import posts
from storage.unit_of_work import UnitOfWork

ASK = "ask"
EVERY = 3.0
"""Seconds between two edits of an answer, where it cannot be streamed."""
STATUS = 50  # characters

_log = structlog.get_logger(__name__)


def asked(app: App, text: str, *, alone: bool) -> str:
    """The question that the text is, "" where it is a command line, or was meant to be one.

    Said to the bot `alone`, all that is no command is a question. Without a language model nothing is, but for what
    ends in a question mark: that is answered with what is missing.
    """
    said = spoken.readable(text).strip()
    if ASK not in app.commands or not said or not (_question(app, text, said, alone=alone)):
        return ""
    return said if app.ports.talker is not None or said.endswith("?") else ""


def _question(app: App, text: str, said: str, *, alone: bool) -> bool:
    inquires = said.endswith("?")
    try:
        argv = slash.line(text)
    except Usage:  # an unbalanced quote: people write so, command lines do not
        return inquires or alone
    try:
        cmd, rest = find(argv, app.commands)
        parse(cmd, rest)
    except HelpWanted:
        return False
    except Usage:
        known = argv[0].lower() in app.commands or bool(family(argv[0], app.commands))
        if known:
            return inquires
        return inquires or alone or len(argv) > 2 or not nearest(argv[0], app.commands)
    return False


async def answer(app: App, event: Body, caller: Caller, question: str, *, attempt: int) -> None:
    """Ask, and answer in the thread; what is for the asker alone is whispered."""
    chat = app.ports.chat
    argv = [ASK, "--", question]
    if not isinstance(chat, SlackChat) or app.ports.talker is None:
        await asides.tell(app.ports, caller, await app.invoke(argv, caller), always=True)
        return
    seen = Answering(app.ports, chat, event, attempt)
    await seen.resume()
    card = await app.invoke(argv, caller, progress=seen.show)
    await seen.finish(card)
    if card.private:
        await asides.tell(app.ports, caller, card, always=True)


class Answering:
    """The one message that answers a question: streamed where Slack allows it, else edited every few seconds.

    Slack's refusals are logged and go no further: the answer must not be asked for again because of them.
    """

    def __init__(
        self, ports: Ports, chat: SlackChat, event: Body, attempt: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ports = ports
        self._chat = chat
        self._event = event
        self._attempt = attempt
        self._clock = clock
        self._key = f"answer:{event['event_id']}"
        self._stream = Stream(chat, event["channel"], event["thread_ts"], event["user"], ports.now)
        self._streams, self._tells = True, True
        self._sent: list[Text] = []
        self._posted: Posted | None = None
        self._edited = 0.0

    async def resume(self) -> None:
        """Find the message of an earlier attempt, which may still be growing."""
        if self._attempt == 1:
            return
        async with self._ports.store.read() as conn:
            post = await posts.get(conn, self._key)
        if post is not None:
            self._streams = False
            self._posted = self._stream.posted = Posted(post.channel, post.ts)
            await self._quietly("chat.stopStream", self._stream.stop)

    async def show(self, card: Card) -> None:
        """Show how far it is: what is looked at as the status of the thread, what is written as text."""
        if card.steps and not card.body:
            await self._status(f"is {plain(card.steps[-1], self._chat.command)}")
        elif card.body[:-1]:  # the last paragraph still grows
            await self._grow(card)

    async def _grow(self, card: Card) -> None:
        whole = list(card.body[:-1])
        if self._streams:
            fresh = whole[len(self._sent) :] if whole[: len(self._sent)] == self._sent else whole
            if fresh and await self._quietly("chat.startStream", lambda: self._streamed(fresh)):
                self._sent = whole
                return
            self._streams = not fresh
        if not self._streams and self._clock() - self._edited >= EVERY:
            self._edited = self._clock()
            await self._quietly("chat.update", lambda: self._put(card))

    async def _streamed(self, paragraphs: Sequence[Text]) -> None:
        posted = await self._stream.add(paragraphs)
        if self._posted is None:
            self._posted = posted
            await self._note(posted)

    async def finish(self, card: Card) -> None:
        """Put the whole answer in place."""
        if self._stream.posted is not None:
            await self._quietly("chat.stopStream", self._stream.stop)
        whole = asides.ASIDE if card.private else card
        if not await self._quietly("chat.update", lambda: self._put(whole)):
            self._posted, self._key = None, f"{self._key}:whole"
            await self._quietly("chat.postMessage", lambda: self._put(whole))

    async def _put(self, card: Card) -> None:
        """Let the message say this; where there is none yet, post it."""
        if self._posted is not None:
            await self._chat.update(self._posted, card)
            return
        event = self._event
        self._posted = await self._chat.post(
            event["channel"], card, key=self._key, thread_ts=event["thread_ts"], attempt=self._attempt
        )
        if self._attempt > 1:  # what stands there may be from the attempt before
            await self._chat.update(self._posted, card)

    async def _status(self, text: str) -> None:
        if self._tells:
            self._tells = await self._quietly(
                "assistant.threads.setStatus", lambda: self._stream.status(cut(text, STATUS))
            )

    async def _quietly(self, what: str, work: Callable[[], Any]) -> bool:
        try:
            await work()
        except ChatError as error:
            _log.info("slack_answer_refused", method=what, channel=self._event["channel"], error=str(error))
            return False
        return True

    async def _note(self, posted: Posted) -> None:
        """Remember where the answer grows: after a crash it goes on there."""
        event = self._event
        post = Post(
            key=self._key,
            subject=f"thread:{event['channel']}:{event['thread_ts']}",
            kind="answer",
            channel=posted.channel,
            ts=posted.ts,
            posted_at=self._ports.now(),
            thread_ts=event["thread_ts"],
        )

        async def write(unit: UnitOfWork) -> None:
            await posts.put(unit.conn, post)

        await self._ports.store.transact(write)
