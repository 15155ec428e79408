"""The assistant's pane: what can be asked there with one click, and what people write to the bot alone."""

from collections.abc import Mapping
from typing import Any

import structlog

from bot.assistant import cards, suggestions
from bot.ports import ChatError
from bot.slack.client import SlackChat
from handlers.slack.door import App, Body, caller_of
from handlers.slack.threads import SAID

DIRECT = "message.im"
"""What a message to the bot alone is kept as."""
COMMANDS = ("health", "alerts", "incidents --status open", "help")

_log = structlog.get_logger(__name__)


def begun(event: Body) -> Mapping[str, Any] | None:
    """What of a thread that was opened in the pane is kept."""
    thread = event.get("assistant_thread") or {}
    if not all(thread.get(name) for name in ("user_id", "channel_id", "thread_ts")):
        return None
    return {
        "type": event["type"],
        "user": thread["user_id"],
        "channel": thread["channel_id"],
        "thread_ts": thread["thread_ts"],
    }


def kept(event: Body) -> Mapping[str, Any] | None:
    """What of a message to the bot alone is kept; None unless a person said something."""
    said = str(event.get("text") or "").strip()
    if event.get("bot_id") or not event.get("user") or not said or str(event.get("subtype") or "") not in SAID:
        return None
    return {
        "type": DIRECT,
        "user": event["user"],
        "text": said,
        "channel": event["channel"],
        "ts": event["ts"],
        "thread_ts": event.get("thread_ts") or event["ts"],
    }


async def act(app: App, event: Body) -> None:
    """Suggest what to ask in a fresh thread; without a language model, which commands work, and what is missing."""
    ports, chat = app.ports, app.ports.chat
    if not isinstance(chat, SlackChat):
        return
    caller = await caller_of(ports, event["user"], channel=event["channel"], thread_ts=event["thread_ts"])
    if ports.talker is None:
        await chat.post(
            event["channel"], cards.unset(), key=f"pane:{event['event_id']}", thread_ts=event["thread_ts"], attempt=2
        )
    asked = suggestions.suggested(await suggestions.now(ports, caller)) if ports.talker else list(COMMANDS)
    try:
        await chat.call(
            "assistant.threads.setSuggestedPrompts",
            channel_id=event["channel"],
            thread_ts=event["thread_ts"],
            title="Ask in your own words, or type a command",
            prompts=[{"title": question, "message": question} for question in asked],
        )
    except ChatError as error:
        _log.warning("slack_prompts_refused", channel=event["channel"], error=str(error))
