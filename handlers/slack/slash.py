"""`/do manage …`: a typed command line."""

from collections.abc import Sequence
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.cards.card import Card, Level
from bot.command import Command, Usage, find, words
from handlers.slack import answers, modals, spoken
from handlers.slack.door import Body, Door, Reply, acknowledged

WORD = "manage"
"""The word between the slash command and the command line; it may be left out."""


def listen(bolt: AsyncApp, door: Door) -> None:
    """Register the slash command."""

    async def typed(body: dict[str, Any]) -> None:
        async with door.work():
            await run(door, body)

    bolt.command(door.app.ports.settings.slack_command, middleware=[acknowledged])(typed)


async def run(door: Door, body: Body) -> None:
    """Run what was typed; a command that needs to know more than was said opens its form."""
    reply = Reply(user=body["user_id"], url=body["response_url"], channel=body["channel_id"])
    try:
        argv = line(str(body.get("text") or ""))
    except Usage as wrong:
        await answers.say(door, reply, usage(wrong))
        return
    if cmd := wants_form(door, argv):
        origin = modals.Origin(argv=tuple(argv), channel=reply.channel, url=reply.url)
        await modals.open_form(door, cmd, origin, trigger_id=body["trigger_id"], reply=reply)
        return
    await answers.run(door, argv, reply, name=str(body.get("user_name") or ""))


def line(text: str) -> list[str]:
    """The command line of what was typed; nothing at all asks for help. Raises `Usage`."""
    said = words(spoken.typed(text))
    return (said[1:] if said[:1] == [WORD] else said) or ["help"]


def wants_form(door: Door, argv: Sequence[str]) -> Command | None:
    """The command when it has a form, needs parameters, and was typed without any."""
    try:
        cmd, rest = find(argv, door.app.commands)
    except Usage:
        return None
    return cmd if cmd.form_title and not rest and any(p.required for p in cmd.click.params) else None


def usage(wrong: Usage) -> Card:
    """What is said about a line that cannot even be split into words."""
    return Card(title="That is not quite a command", level=Level.USAGE, body=(str(wrong),), hint=wrong.hint)
