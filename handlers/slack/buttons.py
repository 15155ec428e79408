"""Buttons of cards: `run:` runs a command line, `form:` opens its form, `link:` is the browser's own business."""

import asyncio
import re
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.cards.card import Card, Level
from bot.command import Usage, find, words
from handlers.slack import answers, home, modals
from handlers.slack.door import Body, Door, Reply, acknowledged
from handlers.slack.slash import usage

STALE = Card(
    title="This button does nothing any more",
    level=Level.WARNING,
    body=("It is from another version of the bot.",),
    hint="Run the command again for a fresh message.",
)
SAME_CLICK = 1.5
"""Seconds within which pressing the same button again is taken for a double click."""


def listen(bolt: AsyncApp, door: Door) -> None:
    """Register the buttons of cards, by their action ids."""

    async def ran(body: dict[str, Any]) -> None:
        async with door.work():
            await run(door, body)

    async def asked(body: dict[str, Any]) -> None:
        async with door.work():
            await open_form(door, body)

    async def led() -> None:
        """Nothing: the browser has followed it."""

    bolt.action(re.compile(r"^run:\d+$"), middleware=[acknowledged])(ran)
    bolt.action(re.compile(r"^form:\d+$"), middleware=[acknowledged])(asked)

    async def unknown(body: dict[str, Any]) -> None:
        async with door.work():
            await answers.say(door, reply_of(body), STALE)

    bolt.action(re.compile(r"^link:\d+$"), middleware=[acknowledged])(led)
    bolt.action(re.compile(r""), middleware=[acknowledged])(unknown)  # last: Bolt takes the first that fits


async def run(door: Door, body: Body) -> None:
    """Run a button's command line. A change shows on the cards themselves; all else is told to whoever pressed."""
    action, reply = body["actions"][0], reply_of(body)
    click = (reply.user, place_of(body), action["action_id"], action["value"])
    if click in door.clicks:
        return
    door.clicks.add(click)
    try:
        argv = words(action["value"])
        caller = await door.caller(reply, name=name_of(body), trigger_id=body["trigger_id"])
        card = await door.app.invoke(argv, caller)
        silent = answers.changes(door.app.commands, argv) and answers.fine(card)
        await _answer(door, body, reply, card, silent=silent)
    except Usage as wrong:  # a button of another version of the bot
        await answers.say(door, reply, usage(wrong))
    finally:
        asyncio.get_running_loop().call_later(SAME_CLICK, door.clicks.discard, click)


async def _answer(door: Door, body: Body, reply: Reply, card: Card, *, silent: bool) -> None:
    view = body.get("view") or {}
    if view.get("type") == "modal":
        await modals.show(door, view["id"], card, view["title"]["text"], reply)
        return
    if view.get("type") == "home":
        if not silent:
            await modals.open_result(door, card, trigger_id=body["trigger_id"], reply=reply)
        await home.publish(door.app, door.chat, reply.user)
        return
    if not silent or reply.ephemeral:
        await answers.say(door, reply, card, replace=reply.ephemeral)


async def open_form(door: Door, body: Body) -> None:
    """Open the form that a button stands for."""
    reply = reply_of(body)
    try:
        argv = words(body["actions"][0]["value"])
        cmd, _ = find(argv, door.app.commands)
    except Usage as wrong:
        await answers.say(door, reply, usage(wrong))
        return
    origin = modals.Origin(argv=tuple(argv), channel=reply.channel, thread_ts=reply.thread_ts, url=reply.url)
    await modals.open_form(door, cmd, origin, trigger_id=body["trigger_id"], reply=reply)


def reply_of(body: Body) -> Reply:
    """Where an interaction can be answered."""
    container = body.get("container") or {}
    return Reply(
        user=body["user"]["id"],
        url=str(body.get("response_url") or ""),
        channel=str((body.get("channel") or {}).get("id") or ""),
        thread_ts=str(container.get("thread_ts") or (body.get("message") or {}).get("thread_ts") or ""),
        ephemeral=bool(container.get("is_ephemeral")),
    )


def place_of(body: Body) -> str:
    """What was clicked on: a message or a view."""
    container = body.get("container") or {}
    return str(container.get("message_ts") or container.get("view_id") or "")


def name_of(body: Body) -> str:
    """The handle of whoever acted, for the log."""
    return str(body["user"].get("username") or body["user"].get("name") or "")
