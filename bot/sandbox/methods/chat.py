"""``chat.*``: posting, editing and deleting messages."""

from collections.abc import Mapping

from bot.sandbox import posting, shapes
from bot.sandbox.args import Args, Method
from bot.sandbox.content import GOOD_TEXT, content
from bot.sandbox.methods import lookup
from bot.sandbox.refusal import Refused
from bot.sandbox.state import BOT_USER_ID, Channel, Json, Message
from bot.sandbox.workspace import Workspace

LONGEST_TEXT = 40_000


def may_post(workspace: Workspace, channel: Channel) -> None:
    """Raise ``Refused`` where the bot cannot write."""
    if channel.is_archived:
        raise Refused("is_archived")
    if BOT_USER_ID in channel.members:
        return
    if channel.kind != "channel" or "chat:write.public" not in workspace.options.scopes:
        raise Refused("not_in_channel")


def thread_of(channel: Channel, args: Args) -> str | None:
    """Give the first message of the thread to answer in. Raises ``Refused`` for an ephemeral one."""
    ts = args.text("thread_ts")
    if not ts:
        return None
    parent = channel.messages.get(ts)
    if parent is None or parent.only_for:
        raise Refused("cannot_reply_to_message")
    return parent.thread_ts or ts


def post_message(workspace: Workspace, args: Args) -> Json:
    """``chat.postMessage``."""
    channel = lookup.channel(workspace, args.text("channel"), by_name=True)
    may_post(workspace, channel)
    fields = content(workspace, "chat.postMessage", args)
    thread_ts = thread_of(channel, args)
    if thread_ts and thread_ts != args.text("thread_ts"):
        workspace.violate("chat.postMessage", "thread_ts", "not the timestamp of the first message of its thread")
    broadcast = bool(thread_ts) and args.flag("reply_broadcast")
    fields |= {"thread_ts": thread_ts, "broadcast": broadcast, "username": args.text("username") or None}
    fields["subtype"] = "thread_broadcast" if broadcast else None
    message = posting.publish(workspace, channel, BOT_USER_ID, **fields)
    shape = shapes.message(workspace.state, message, with_metadata=True)
    answer: Json = {"channel": channel.id, "ts": message.ts, "message": shape}
    if len(args.text("text")) > LONGEST_TEXT:
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


def own_message(workspace: Workspace, args: Args, refusal: str) -> Message:
    """Give a message of the bot that may still be changed. Raises ``Refused``."""
    channel = lookup.channel(workspace, args.text("channel"))
    message = lookup.message(channel, args.text("ts"))
    if not message.by_bot:
        raise Refused(refusal)
    return message


def update(workspace: Workspace, args: Args) -> Json:
    """``chat.update``: what is not given stays."""
    message = own_message(workspace, args, "cant_update_message")
    if message.streaming:
        raise Refused("streaming_state_conflict")
    if workspace.state.channels[message.channel].is_archived:
        raise Refused("is_inactive")
    if len(args.text("text")) > GOOD_TEXT:
        raise Refused("msg_too_long")
    fields = content(workspace, "chat.update", args)
    changes = {name: value for name, value in fields.items() if value is not None and (value or args.has(name))}
    posting.edit(workspace, message, **changes)
    shape = shapes.message(workspace.state, message, with_metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shape}


def delete(workspace: Workspace, args: Args) -> Json:
    """``chat.delete``."""
    message = own_message(workspace, args, "cant_delete_message")
    posting.remove(workspace, message)
    return {"channel": message.channel, "ts": message.ts}


def post_ephemeral(workspace: Workspace, args: Args) -> Json:
    """``chat.postEphemeral``: one person sees it until the page is loaded anew."""
    channel = lookup.channel(workspace, args.text("channel"), by_name=True)
    user = args.text("user")
    if channel.is_archived:
        raise Refused("is_archived")
    if BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    fields = content(workspace, "chat.postEphemeral", args)
    thread_ts = thread_of(channel, args)
    message = posting.publish(workspace, channel, BOT_USER_ID, **fields, thread_ts=thread_ts, only_for=user)
    return {"message_ts": message.ts}


def get_permalink(workspace: Workspace, args: Args) -> Json:
    """``chat.getPermalink``."""
    channel = lookup.channel(workspace, args.text("channel"))
    message = lookup.message(channel, args.text("message_ts"))
    return {"channel": channel.id, "permalink": permalink(workspace, message)}


def permalink(workspace: Workspace, message: Message) -> str:
    """Give the address of a message. It opens on the workspace's own page."""
    query = f"?thread_ts={message.thread_ts}&cid={message.channel}" if message.thread_ts else ""
    return f"{workspace.url}archives/{message.channel}/p{message.ts.replace('.', '')}{query}"


SCOPES = {"any": "chat:write"}
LOOK = "username icon_emoji icon_url"
BODY = "text blocks attachments markdown_text metadata parse link_names as_user"
METHODS: Mapping[str, Method] = {
    "chat.postMessage": Method(
        post_message,
        f"{BODY} {LOOK} thread_ts reply_broadcast unfurl_links unfurl_media mrkdwn container_id"
        " current_draft_last_updated_ts",
        required="channel",
        scopes=SCOPES,
        tier=5,
    ),
    "chat.update": Method(
        update, f"{BODY} reply_broadcast file_ids unfurled_attachments", required="channel ts", scopes=SCOPES
    ),
    "chat.delete": Method(delete, "as_user", required="channel ts", scopes=SCOPES),
    "chat.postEphemeral": Method(
        post_ephemeral, f"{BODY} {LOOK} thread_ts", required="channel user", scopes=SCOPES, tier=4
    ),
    "chat.getPermalink": Method(get_permalink, required="channel message_ts", tier=5, json=False),
}
