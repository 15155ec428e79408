"""Replies in the thread of a postmortem draft: each is a reviewer's comment."""

from collections.abc import Mapping
from typing import Any

from bot.ports import Ports
from handlers.slack import asides, spoken
from handlers.slack.door import App, Body, caller_of
from storage.tables import postmortems, posts

SAID = frozenset({"", "thread_broadcast", "file_share"})
"""Subtypes of messages in which a person says something; the others are edits, deletions and notices."""


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
