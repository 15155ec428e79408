"""``chat.startStream``, ``appendStream``, ``stopStream`` and ``assistant.threads.setStatus``: text that grows."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox import posting, shapes
from bot.sandbox.args import Args, Method
from bot.sandbox.blocks import with_ids
from bot.sandbox.content import message_blocks, metadata
from bot.sandbox.methods import lookup
from bot.sandbox.methods.chat import may_post, own_message, thread_of
from bot.sandbox.mrkdwn import escape
from bot.sandbox.refusal import Refused
from bot.sandbox.state import BOT_USER_ID, Json, Message
from bot.sandbox.workspace import Workspace

LONGEST = 12_000
CHUNKS = frozenset({"markdown_text", "task_update", "plan_update", "blocks"})


def added(args: Args) -> tuple[str, list[Json]]:
    """Give the text and the task cards that a call adds. Raises ``Refused``."""
    text, cards = args.text("markdown_text"), []
    for chunk in args.parsed("chunks", "invalid_chunks") or []:
        if not isinstance(chunk, dict) or chunk.get("type") not in CHUNKS:
            raise Refused("invalid_chunks")
        if chunk["type"] == "markdown_text":
            text += str(chunk.get("text") or "")
        elif chunk["type"] == "task_update":
            cards.append(task_card(chunk))
        elif chunk["type"] == "blocks":
            cards += list(chunk.get("blocks") or [])
    if len(text) > LONGEST:
        raise Refused("msg_too_long")
    return text, cards


def task_card(chunk: Json) -> Json:
    """Give a task update as a block. Raises ``Refused``."""
    if not chunk.get("id") or not chunk.get("title"):
        raise Refused("invalid_chunks")
    card = {"type": "task_card", "task_id": str(chunk["id"]), "block_id": f"task-{chunk['id']}"}
    return card | {name: chunk[name] for name in ("title", "status", "details", "output") if chunk.get(name)}


def merged(blocks: list[Json], text: str, cards: list[Json]) -> list[Json]:
    """Give the blocks with text added at the end; a card of the same task takes the place of the old one."""
    result = list(blocks)
    for card in cards:
        task = card.get("task_id")
        place = next((n for n, old in enumerate(result) if task and old.get("task_id") == task), None)
        if place is None:
            result.append(card)
        else:
            result[place] = {**result[place], **card}
    if text and result and result[-1]["type"] == "markdown":
        result[-1] = {**result[-1], "text": result[-1]["text"] + text}
    elif text:
        result.append({"type": "markdown", "text": text})
    return with_ids(result)


def start(workspace: Workspace, args: Args) -> Json:
    """``chat.startStream``: in channels it must say for whom the text is."""
    channel = lookup.channel(workspace, args.text("channel"))
    may_post(workspace, channel)
    if channel.kind != "im":
        for name in ("recipient_user_id", "recipient_team_id"):
            if not args.text(name):
                raise Refused(f"missing_{name}")
        if args.text("recipient_user_id") not in workspace.state.users:
            raise Refused("user_not_found")
    text, cards = added(args)
    fields: dict[str, Any] = {"blocks": merged([], text, cards), "thread_ts": thread_of(channel, args)}
    message = posting.publish(workspace, channel, BOT_USER_ID, escape(text), streaming=True, **fields)
    return {"channel": channel.id, "ts": message.ts}


def streaming(workspace: Workspace, args: Args) -> Message:
    """Give the stream that the call continues. Raises ``Refused``."""
    message = own_message(workspace, args, "message_not_owned_by_app")
    if not message.streaming:
        raise Refused("message_not_in_streaming_state")
    return message


def append(workspace: Workspace, args: Args) -> Json:
    """``chat.appendStream``."""
    message = streaming(workspace, args)
    text, cards = added(args)
    if not text and not cards:
        raise Refused("no_text")
    message.text += escape(text)
    message.blocks = merged(message.blocks or [], text, cards)
    posting.show(workspace, message)
    return {"channel": message.channel, "ts": message.ts}


def stop(workspace: Workspace, args: Args) -> Json:
    """``chat.stopStream``: blocks given now stand below the text."""
    message = streaming(workspace, args)
    text, cards = added(args)
    last = message_blocks(workspace, "chat.stopStream", args.parsed("blocks", "invalid_blocks_format")) or []
    message.streaming = False
    blocks = [*merged(message.blocks or [], text, cards), *last]
    posting.edit(workspace, message, text=message.text + escape(text), blocks=blocks, metadata=metadata(args))
    shape = shapes.message(workspace.state, message, with_metadata=True)
    return {"channel": message.channel, "ts": message.ts, "message": shape}


def set_status(workspace: Workspace, args: Args) -> Json:
    """``assistant.threads.setStatus``: the page shows it until the next message in the thread."""
    channel = lookup.channel(workspace, args.text("channel_id"))
    lookup.message(channel, args.text("thread_ts"))
    workspace.state.announce("status", channel=channel.id, thread_ts=args.text("thread_ts"), status=args.text("status"))
    return {}


WRITE = {"any": "chat:write"}
LOOK = "icon_emoji icon_url username"
METHODS: Mapping[str, Method] = {
    "chat.startStream": Method(
        start,
        f"{LOOK} chunks markdown_text thread_ts recipient_user_id recipient_team_id task_display_mode",
        required="channel",
        scopes=WRITE,
        tier=2,
    ),
    "chat.appendStream": Method(append, "chunks markdown_text", required="channel ts", scopes=WRITE, tier=4),
    "chat.stopStream": Method(
        stop,
        "chunks markdown_text blocks metadata session_status",
        required="channel ts",
        scopes=WRITE,
        tier=2,
    ),
    "assistant.threads.setStatus": Method(
        set_status, f"{LOOK} loading_messages", required="channel_id thread_ts status", scopes=WRITE, tier=5
    ),
}
