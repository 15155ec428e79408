"""``conversations.*`` and ``users.conversations`` that only read: lists, members, history and threads."""

from collections.abc import Mapping

from bot.sandbox import shapes
from bot.sandbox.args import Args, Method, decode_cursor, encode_cursor, page
from bot.sandbox.methods import lookup
from bot.sandbox.refusal import Refused
from bot.sandbox.state import BOT_USER_ID, Channel, Json, Message
from bot.sandbox.workspace import Workspace

KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def info(workspace: Workspace, args: Args) -> Json:
    """``conversations.info``."""
    channel = lookup.channel(workspace, args.text("channel"))
    shape = shapes.conversation(channel)
    if not args.flag("include_num_members"):
        shape.pop("num_members", None)
    return {"channel": shape}


def wanted(workspace: Workspace, args: Args, member: str | None) -> list[Json]:
    """Give the conversations of the asked types, of a member if one is given. Raises ``Refused``."""
    types = args.words("types") or ["public_channel"]
    if any(kind not in KINDS for kind in types):
        raise Refused("invalid_types")
    kinds = {KINDS[kind] for kind in types}
    return [
        shapes.conversation(channel)
        for channel in workspace.state.channels.values()
        if channel.kind in kinds
        and (channel.kind == "channel" or BOT_USER_ID in channel.members)
        and (member is None or member in channel.members)
        and not (channel.is_archived and args.flag("exclude_archived"))
    ]


def list_all(workspace: Workspace, args: Args) -> Json:
    """``conversations.list``."""
    channels, metadata = page(wanted(workspace, args, None), args)
    return {"channels": channels, "response_metadata": metadata}


def list_of_user(workspace: Workspace, args: Args) -> Json:
    """``users.conversations``."""
    user = args.text("user") or BOT_USER_ID
    if user not in workspace.state.users:
        raise Refused("user_not_found")
    channels, metadata = page(wanted(workspace, args, user), args)
    return {"channels": channels, "response_metadata": metadata}


def members(workspace: Workspace, args: Args) -> Json:
    """``conversations.members``."""
    channel = lookup.channel(workspace, args.text("channel"))
    shown, metadata = page([{"id": member} for member in channel.members], args)
    return {"members": [member["id"] for member in shown], "response_metadata": metadata}


def readable(workspace: Workspace, args: Args) -> Channel:
    """Give a channel whose messages the bot may read. Raises ``Refused``."""
    channel = lookup.channel(workspace, args.text("channel"))
    if BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    return channel


def within(messages: list[Message], args: Args) -> list[Message]:
    """Give the messages from ``oldest`` to ``latest``; borders count with ``inclusive``. Raises ``Refused``."""
    oldest, latest = border(args, "oldest"), border(args, "latest")
    if args.flag("inclusive"):
        return [m for m in messages if oldest <= float(m.ts) and (not latest or float(m.ts) <= latest)]
    return [m for m in messages if oldest < float(m.ts) and (not latest or float(m.ts) < latest)]


def border(args: Args, name: str) -> float:
    """Give a timestamp argument; 0 when it is missing. Raises ``Refused``."""
    try:
        return float(args.text(name) or 0)
    except ValueError:
        raise Refused(f"invalid_ts_{name}") from None


def history(workspace: Workspace, args: Args) -> Json:
    """``conversations.history``: newest first, without thread answers and ephemeral messages."""
    channel = readable(workspace, args)
    shown = [m for m in channel.messages.values() if not m.only_for and (m.thread_ts in (None, m.ts) or m.broadcast)]
    messages = within(shown, args)[::-1]
    before = decode_cursor(args, "before")
    if before:
        messages = [message for message in messages if message.ts < before]
    limit = max(1, min(args.number("limit", 100), 999))
    more = len(messages) > limit
    answer = told(workspace, messages[:limit], args) | {"has_more": more, "pin_count": len(channel.pins)}
    if more:
        answer["response_metadata"] = {"next_cursor": encode_cursor("before", messages[limit - 1].ts)}
    return answer


def replies(workspace: Workspace, args: Args) -> Json:
    """``conversations.replies``: the first message of a thread and its answers, oldest first."""
    channel = readable(workspace, args)
    parent = channel.messages.get(args.text("ts"))
    if parent is None or parent.only_for:
        raise Refused("thread_not_found")
    thread_ts = parent.thread_ts or parent.ts
    first = channel.messages.get(thread_ts)
    after = decode_cursor(args, "after")
    answers = [message for message in within(channel.replies(thread_ts), args) if message.ts > after]
    limit = max(1, min(args.number("limit", 1000), 1000))
    more = len(answers) > limit
    shown = [*([first] if first else []), *answers[:limit]]
    answer = told(workspace, shown, args) | {"has_more": more}
    if more:
        answer["response_metadata"] = {"next_cursor": encode_cursor("after", answers[limit - 1].ts)}
    return answer


def told(workspace: Workspace, messages: list[Message], args: Args) -> Json:
    """Give the messages of an answer; their metadata only when asked for and allowed."""
    with_metadata = args.flag("include_all_metadata") and "metadata.message:read" in workspace.options.scopes
    return {"messages": [shapes.message(workspace.state, m, with_metadata=with_metadata) for m in messages]}


READ = {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"}
HISTORY = {"channel": "channels:history", "group": "groups:history", "im": "im:history", "mpim": "mpim:history"}
SPAN = "cursor limit oldest latest inclusive include_all_metadata"
LIST = "cursor limit types exclude_archived"
METHODS: Mapping[str, Method] = {
    "conversations.info": Method(
        info, "include_locale include_num_members", required="channel", scopes=READ, json=False
    ),
    "conversations.list": Method(list_all, LIST, scopes=READ, tier=2, json=False),
    "users.conversations": Method(list_of_user, f"{LIST} user exclude_muted", scopes=READ, json=False),
    "conversations.members": Method(members, "cursor limit", required="channel", scopes=READ, tier=4, json=False),
    "conversations.history": Method(history, SPAN, required="channel", scopes=HISTORY),
    "conversations.replies": Method(replies, SPAN, required="channel ts", scopes=HISTORY, json=False),
}
