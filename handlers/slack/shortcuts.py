"""Shortcuts: declare an incident, put a message on the timeline, make a follow-up of it."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.command import find
from bot.incidents.timeline import pictures
from handlers.slack import answers, buttons, modals, spoken
from handlers.slack.door import Body, Door, acknowledged

DECLARE = "declare_incident"
DECLARE_FROM_MESSAGE = "declare_incident_from_message"
ADD_TO_TIMELINE = "add_to_timeline"
ADD_FOLLOW_UP = "add_follow_up"
DESCRIPTION = 3000  # what a text field of a form can be filled with
TITLE = 200  # what is kept of one


def listen(bolt: AsyncApp, door: Door) -> None:
    """Register the shortcuts of the manifest."""

    async def declare(body: dict[str, Any]) -> None:
        async with door.work():
            await open_declaration(door, body)

    async def add(body: dict[str, Any]) -> None:
        async with door.work():
            await add_to_timeline(door, body)

    async def follow(body: dict[str, Any]) -> None:
        async with door.work():
            await open_follow_up(door, body)

    bolt.global_shortcut(DECLARE, middleware=[acknowledged])(declare)
    bolt.message_shortcut(DECLARE_FROM_MESSAGE, middleware=[acknowledged])(declare)
    bolt.message_shortcut(ADD_TO_TIMELINE, middleware=[acknowledged])(add)
    bolt.message_shortcut(ADD_FOLLOW_UP, middleware=[acknowledged])(follow)


async def open_declaration(door: Door, body: Body) -> None:
    """Open the form of `incident declare`; from a message, its words are the description and it is the source."""
    cmd, _ = find(["incident", "declare"], door.app.commands)
    reply = buttons.reply_of(body)
    argv = ["incident", "declare"]
    defaults = {}
    if source := body.get("message"):
        argv += [f"--channel={reply.channel}", f"--ts={source['ts']}"]
        defaults = {"description": spoken.readable(str(source.get("text") or ""))[:DESCRIPTION]}
    origin = modals.Origin(argv=tuple(argv), channel=reply.channel, url=reply.url)
    await modals.open_form(door, cmd, origin, trigger_id=body["trigger_id"], reply=reply, defaults=defaults)


async def add_to_timeline(door: Door, body: Body) -> None:
    """Put a message on the timeline of the channel's incident, and say so to whoever asked."""
    reply = buttons.reply_of(body)
    caller = await door.caller(reply, name=buttons.name_of(body))
    card = await door.app.invoke(note_of(reply.channel, body["message"]), caller)
    await answers.say(door, reply, card)


async def open_follow_up(door: Door, body: Body) -> None:
    """Open the form of `followup add` with the words of a message in it."""
    cmd, _ = find(["followup", "add"], door.app.commands)
    reply = buttons.reply_of(body)
    *argv, _end, title = follow_up_of(reply.channel, body["message"])
    origin = modals.Origin(argv=tuple(argv), channel=reply.channel, url=reply.url)
    defaults = {"title": title[:TITLE]}
    await modals.open_form(door, cmd, origin, trigger_id=body["trigger_id"], reply=reply, defaults=defaults)


def follow_up_of(channel: str, message: Body) -> list[str]:
    """The command line that makes a follow-up of this message; the channel tells of which incident."""
    ts = str(message["ts"])
    words = " ".join(spoken.readable(str(message.get("text") or "")).split()) or "(a message without words)"
    author = str(message.get("user") or "")
    return ["followup", "add", f"--author={author}", f"--channel={channel}", f"--ts={ts}", "--", words]


def note_of(channel: str, message: Body) -> list[str]:
    """The command line that puts this message on the timeline; the channel tells of which incident."""
    ts = str(message["ts"])
    words = spoken.readable(str(message.get("text") or "")).strip() or "(a message without words)"
    author = str(message.get("user") or message.get("username") or "bot")
    return [
        "incident",
        "note",
        f"--text={words}",
        f"--author={author}",
        f"--at={ts}",
        f"--channel={channel}",
        f"--ts={ts}",
        *(f"--file={picture}" for picture in pictures(message)),
    ]
