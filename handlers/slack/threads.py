"""The review in a draft's thread: a reply is a reviewer's comment, a tick on a section's message approves it."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards.card import Card, Level
from bot.permissions import Caller
from bot.ports import Ports
from bot.postmortems import review
from handlers.slack import asides, spoken
from handlers.slack.door import App, Body, caller_of
from storage.records.posts import Post
from storage.tables import postmortems, posts

APPROVE = "white_check_mark"
"""The reaction that approves a section."""
CHANGED = Card(
    title="This section has changed since you read it",
    level=Level.WARNING,
    body=("Your ✅ is not counted: read the new text, take the ✅ off and put it on again.",),
)

SAID = frozenset({"", "thread_broadcast", "file_share"})
"""Subtypes of messages in which a person says something; the others are edits, deletions and notices."""

_LINK = re.compile(r"/archives/([A-Z0-9]{3,20})/p(\d{10})(\d{6})")


def kept(event: Body, me: str) -> Mapping[str, Any] | None:
    """What of a message is kept; None unless a person replied in a thread.

    One that begins with a mention of the bot (`me`) is a command line, and comes as a mention too.
    """
    said = str(event.get("text") or "").strip()
    in_thread = event.get("thread_ts") and event.get("thread_ts") != event.get("ts")
    by_person = not event.get("bot_id") and str(event.get("subtype") or "") in SAID
    if not (in_thread and by_person and said) or said.startswith((f"<@{me}>", f"<@{me}|")):
        return None
    return {
        "type": event["type"],
        "user": event["user"],
        "text": said,
        "channel": event["channel"],
        "ts": event["ts"],
        "thread_ts": event["thread_ts"],
    }


async def act(app: App, event: Body) -> None:
    """Hand the reply to the review whose thread it is in, if it is one."""
    number = await reviewed(app.ports, event["channel"], event["thread_ts"])
    if number is None:
        return
    caller = await caller_of(app.ports, event["user"], channel=event["channel"], thread_ts=event["thread_ts"])
    argv = ["postmortem", "comment", str(number), f"--text={spoken.readable(event['text'])}"]
    if quoted := await _quoted(app.ports, number, event):
        argv.append(f"--quoted={quoted}")
    await asides.tell(app.ports, caller, await app.invoke(argv, caller))


async def reviewed(ports: Ports, channel: str, thread_ts: str) -> int | None:
    """The number of the postmortem that is reviewed in that thread."""
    async with ports.store.read() as conn:
        post = await posts.by_message(conn, channel, thread_ts)
        kind, _, number = post.subject.partition(":") if post else ("", "", "")
        if kind not in {"postmortem", "incident"} or not number.isdigit():
            return None
        postmortem = await postmortems.get(conn, int(number))
    here = postmortem is not None and (postmortem.channel, postmortem.thread_ts) == (channel, thread_ts)
    return int(number) if here else None


async def verdict(app: App, event: Body, caller: Caller, *, added: bool) -> list[str]:
    """The command line that a tick on a section's message stands for, and taking it off; nothing elsewhere.

    A tick is for the text that the message showed when it was put on. Taking it off takes back one's own approval.
    """
    async with app.ports.store.read() as conn:
        post = await posts.by_message(conn, event["channel"], event["ts"])
        shown = review.read_shown(post.kind) if post else None
        number = post.subject.partition(":")[2] if post else ""
        if post is None or shown is None or not number.isdigit():
            return []
        known = await postmortems.get(conn, int(number))
    section, revision = shown
    argv = ["postmortem", "approve" if added else "reopen", number, f"--section={section}"]
    by = next((s.approved_by for s in known.sections if s.name == section), "") if known else ""
    if not added:
        return argv if by == caller.id else []
    if not by and _older(event, post):
        await asides.tell(app.ports, caller, CHANGED)
        return []
    return [*argv, f"--revision={revision}"]


def _older(event: Body, post: Post) -> bool:
    """True when the reaction was put on before the message was last edited."""
    try:
        at = float(event.get("at") or "inf")
    except ValueError:
        return False
    return post.edited_at is not None and at < post.edited_at.timestamp()


async def _quoted(ports: Ports, number: int, event: Body) -> str:
    """The section whose message a reply links to, as sharing or copying its link does; "" when it links to none."""
    async with ports.store.read() as conn:
        for channel, seconds, micros in _LINK.findall(str(event["text"])):
            shown = await _section_at(conn, number, channel, f"{seconds}.{micros}")
            if shown:
                return shown
    return ""


async def _section_at(conn: AsyncConnection, number: int, channel: str, ts: str) -> str:
    post = await posts.by_message(conn, channel, ts)
    shown = review.read_shown(post.kind) if post and post.subject == f"postmortem:{number}" else None
    return shown[0] if shown else ""
