"""Reactions: they acknowledge an alert, put a message on an incident's timeline, or make a follow-up of it."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from bot.engine.retry import Later
from bot.permissions import Caller
from bot.ports import Ports
from handlers.slack import asides, threads
from handlers.slack.door import App, Body, caller_of
from handlers.slack.shortcuts import follow_up_of, note_of
from storage.tables import alerts, incidents, posts

PUSHPIN = "pushpin"
LOOKS = 60
"""How often it is looked for what a message of the bot's own is, a second apart."""


def kept(event: Body, meant: Collection[str], me: str = "") -> Mapping[str, Any] | None:
    """What of a reaction is kept; None when it means nothing here. `me` is the bot's own user id."""
    item = event.get("item") or {}
    name = str(event.get("reaction") or "").partition("::")[0]  # the rest is a skin tone
    if item.get("type") != "message" or name not in {PUSHPIN, threads.APPROVE, *meant}:
        return None
    return {
        "type": event["type"],
        "reaction": name,
        "user": event["user"],
        "channel": item["channel"],
        "ts": item["ts"],
        "at": event.get("event_ts", ""),
        "ours": bool(me) and event.get("item_user") == me,
    }


async def act(app: App, event: Body, *, looked: int = 0) -> None:
    """Run the command line that the reaction stands for; bad news is told to whoever reacted.

    A message of our own may be seen before it is written down which one it is, for long when the process is killed in
    between: raises `Later` for such a one, until it was `looked` for often enough.
    """
    if event.get("ours") and looked < LOOKS and not await _known(app.ports, event):
        raise Later(app.ports.now() + timedelta(seconds=1))
    caller = await caller_of(app.ports, event["user"], channel=event["channel"])
    added = event["type"] == "reaction_added"
    if event["reaction"] == PUSHPIN:
        argv = await (_note(app.ports, event) if added else _unnote(app.ports, event))
    else:
        argv = await _acknowledgement(app.ports, event, caller, added=added)
        if not argv and event["reaction"] == threads.APPROVE:
            argv = await threads.verdict(app, event, caller, added=added)
        if not argv and added and event["reaction"] == app.ports.manage.follow_ups.emoji:
            argv = await _follow_up(app.ports, event)
    if not argv:
        return
    card = await app.invoke(argv, caller)
    await asides.tell(app.ports, caller, card)


async def _known(ports: Ports, event: Body) -> bool:
    async with ports.store.read() as conn:
        return await posts.by_message(conn, event["channel"], event["ts"]) is not None


async def _acknowledgement(ports: Ports, event: Body, caller: Caller, *, added: bool) -> list[str]:
    async with ports.store.read() as conn:
        post = await posts.by_message(conn, event["channel"], event["ts"])
        kind, _, number = post.subject.partition(":") if post else ("", "", "")
        if kind != "alert":
            return []
        if added:
            return ["ack", number]
        alert = await alerts.get(conn, int(number))
    # whoever takes their emoji off gives back their own acknowledgement, nobody else's
    return ["unack", number] if alert and alert.acknowledged_by == caller.id else []


async def _note(ports: Ports, event: Body) -> list[str]:
    message = await _said(ports, event)  # what the bot says stands on the timeline as a fact of its own
    return note_of(event["channel"], message) if message else []


async def _follow_up(ports: Ports, event: Body) -> list[str]:
    message = await _said(ports, event)
    return follow_up_of(event["channel"], message) if message else []


async def _said(ports: Ports, event: Body) -> Mapping[str, Any] | None:
    """What a person said in an incident's channel."""
    if ports.chat is None or not await _has_incident(ports, event["channel"]):
        return None
    message = await ports.chat.message(event["channel"], event["ts"])
    return None if message is None or message.get("bot_id") else message


async def _unnote(ports: Ports, event: Body) -> list[str]:
    if not await _has_incident(ports, event["channel"]):
        return []
    return ["incident", "unnote", f"--channel={event['channel']}", f"--ts={event['ts']}"]


async def _has_incident(ports: Ports, channel: str) -> bool:
    async with ports.store.read() as conn:
        return await incidents.by_channel(conn, channel) is not None
