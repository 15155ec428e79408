"""`@do-manage ack 1`: a command line in a message, also in threads; what is none is a question to the assistant."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.cards.card import Card, CommandLine, Level
from bot.command import Usage, find
from bot.permissions import Caller, Role
from bot.ports import Chat, ChatError, Ports, Posted
from handlers.slack import asides, questions, slash
from handlers.slack.answers import SLOW
from handlers.slack.door import App, Body, caller_of

_log = structlog.get_logger(__name__)


def kept(event: Body) -> Mapping[str, Any] | None:
    """What of a mention is kept; those by bots mean nothing."""
    if event.get("bot_id") or not event.get("user"):
        return None
    return {
        "type": event["type"],
        "user": event["user"],
        "text": str(event.get("text") or ""),
        "channel": event["channel"],
        "ts": event["ts"],
        "thread_ts": event.get("thread_ts") or event["ts"],
    }


async def act(app: App, event: Body, *, attempt: int) -> None:
    """Run the line and answer in the thread; what is no command is told to its writer alone."""
    caller = await caller_of(app.ports, event["user"], channel=event["channel"], thread_ts=event["thread_ts"])
    chat = app.ports.chat
    said = without_mention(event["text"])
    if question := questions.asked(app, said, alone=event["channel"].startswith("D")):
        await questions.answer(app, event, caller, question, attempt=attempt)
        return
    try:
        argv = slash.line(said)
    except Usage as wrong:
        await asides.tell(app.ports, caller, slash.usage(wrong))
        return
    if attempt > 1 and _may_change(app, argv):
        # the run before may have got as far as its change: a second incident would be worse than a question
        await _answer(app.ports, caller, event, interrupted(argv), attempt)
        return
    seen = Seen(chat, event, attempt)
    card = await _carried_out(app, seen, argv, caller)
    if seen.posted and chat:
        await seen.show(asides.ASIDE if card.private else card)
    elif not card.private:
        await _answer(app.ports, caller, event, card, attempt)
    if card.private:
        await asides.tell(app.ports, caller, card, always=True)


async def _answer(ports: Ports, caller: Caller, event: Body, card: Card, attempt: int) -> None:
    if card.level is Level.USAGE or ports.chat is None:
        await asides.tell(ports, caller, card)
        return
    seen = Seen(ports.chat, event, attempt)
    await seen.begin(card)
    if attempt > 1:  # what stands there may be the note of the run before
        await seen.show(card)


async def _carried_out(app: App, seen: "Seen", argv: Sequence[str], caller: Caller) -> Card:
    """The answer; a slow one is announced, so that it can take the announcement's place."""
    task = asyncio.create_task(app.invoke(argv, caller, progress=seen.show))
    try:
        done, _ = await asyncio.wait({task}, timeout=SLOW)
        if not done:
            await seen.begin(Card(title=f"Working on `{' '.join(argv)[:80]}` …"))
        return await task
    finally:
        task.cancel()


class Seen:
    """The one message in the thread that answers a mention.

    Slack's refusals are logged and go no further: the command has run, and running it again to answer would be worse.
    """

    def __init__(self, chat: Chat | None, event: Body, attempt: int) -> None:
        self._chat = chat
        self._event = event
        self._attempt = attempt
        self.posted: Posted | None = None

    async def begin(self, card: Card) -> None:
        """Post it."""
        if self._chat is None:
            return
        try:
            self.posted = await self._chat.post(
                self._event["channel"],
                card,
                key=f"mention:{self._event['event_id']}",
                thread_ts=self._event["thread_ts"],
                attempt=self._attempt,
            )
        except ChatError as error:
            _log.error("slack_answer_lost", channel=self._event["channel"], title=card.title, error=str(error))

    async def show(self, card: Card) -> None:
        """Replace what it says, once it is there."""
        if self._chat is None or self.posted is None:
            return
        try:
            await self._chat.update(self.posted, card)
        except ChatError as error:
            _log.error("slack_answer_lost", channel=self._event["channel"], title=card.title, error=str(error))


def without_mention(text: str) -> str:
    """What stands behind the mention with which a message begins; all of it where it begins with none."""
    after = text.lstrip()
    return after.partition(">")[2] if after.startswith("<@") else after


def _may_change(app: App, argv: Sequence[str]) -> bool:
    """Whether doing it twice could be more than doing it once: all but what viewers may do."""
    try:
        cmd, _ = find(argv, app.commands)
    except Usage:
        return False
    return cmd.changes or cmd.role > Role.VIEWER


def interrupted(argv: Sequence[str]) -> Card:
    """What is said when a change may or may not have been made."""
    return Card(
        title="I was interrupted",
        level=Level.WARNING,
        body=(("It is not certain that ", CommandLine(tuple(argv)), " was done."),),
        hint="Look whether it was, and say it again if not.",
    )
