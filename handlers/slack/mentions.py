"""`@do-manage ack 1`: a command line in a message; it works in threads, where Slack takes no slash commands."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.cards.card import Card, CommandLine, Level
from bot.command import Usage, find
from bot.ports import Chat, ChatError, Posted
from handlers.slack import asides, slash, spoken
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
    try:
        argv = line(event["text"])
    except Usage as wrong:
        await asides.tell(app.ports, caller, slash.usage(wrong))
        return
    if attempt > 1 and _changes(app, argv):
        # the run before may have got as far as its change: a second incident would be worse than a question
        card = interrupted(argv)
    else:
        card = await _answered(app, chat, event, argv, caller)
    if card.level is Level.USAGE or chat is None:
        await asides.tell(app.ports, caller, card)
        return
    await _post(chat, event, card, attempt=2)


async def _answered(app: App, chat: Chat | None, event: Body, argv: Sequence[str], caller: Any) -> Card:
    """The answer; one that takes long is announced under the same key, so that the answer takes its place."""
    seen: list[Posted] = []

    async def show(card: Card) -> None:
        if chat and seen:
            await chat.update(seen[0], card)

    task = asyncio.create_task(app.invoke(argv, caller, progress=show))
    try:
        done, _ = await asyncio.wait({task}, timeout=SLOW)
        if not done and chat and (posted := await _post(chat, event, _working(argv), attempt=1)):
            seen.append(posted)
        return await task
    finally:
        task.cancel()


async def _post(chat: Chat, event: Body, card: Card, *, attempt: int) -> Posted | None:
    try:
        posted = await chat.post(
            event["channel"],
            card,
            key=f"mention:{event['event_id']}",
            thread_ts=event["thread_ts"],
            attempt=attempt,
        )
        if attempt > 1:
            await chat.update(posted, card)
    except ChatError as error:  # the command has run: running it again to answer would be worse
        _log.error("slack_answer_lost", channel=event["channel"], title=card.title, error=str(error))
        return None
    return posted


def line(text: str) -> list[str]:
    """The command line of a message that begins with a mention. Raises `Usage`."""
    after = text.lstrip()
    return slash.line(after.partition(">")[2] if after.startswith("<@") else after)


def _changes(app: App, argv: Sequence[str]) -> bool:
    try:
        return find(argv, app.commands)[0].changes
    except Usage:
        return False


def _working(argv: Sequence[str]) -> Card:
    return Card(title=f"Working on `{' '.join(argv)[:80]}` …")


def interrupted(argv: Sequence[str]) -> Card:
    """What is said when a change may or may not have been made."""
    return Card(
        title="I was interrupted",
        level=Level.WARNING,
        body=(("It is not certain that ", CommandLine(tuple(argv)), " was done."),),
        hint="Look whether it was, and say it again if not.",
    )


__all__ = ["act", "interrupted", "kept", "line", "spoken"]
