"""Slack's JSON shapes of what the state holds."""

from bot.sandbox.state import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_ID,
    Channel,
    File,
    Json,
    Message,
    State,
    User,
    View,
)


def message(state: State, shown: Message, *, with_metadata: bool = False) -> Json:
    """Give a ``message`` object; metadata is left out unless asked for, as ``conversations.history`` does."""
    channel = state.channels[shown.channel]
    shape: Json = {"type": "message", "user": shown.user, "text": shown.text, "ts": shown.ts, "team": TEAM_ID}
    if shown.subtype:
        shape["subtype"] = shown.subtype
    if shown.by_bot:
        shape |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile(state.users[BOT_USER_ID])}
    optional = {
        "username": shown.username,
        "blocks": shown.blocks,
        "attachments": shown.attachments,
        "edited": {"user": shown.user, "ts": shown.edited} if shown.edited else None,
        "reactions": reactions(shown),
        "files": [file(state, state.files[file_id]) for file_id in shown.files],
        "pinned_to": [shown.channel] if shown.ts in channel.pins else None,
        "metadata": shown.metadata if with_metadata else None,
    }
    shape |= {name: value for name, value in optional.items() if value}
    return shape | thread(channel, shown) | shown.extra


def thread(channel: Channel, shown: Message) -> Json:
    """Give what a message tells about its thread: the count for the first message, the parent for an answer."""
    if shown.thread_ts and shown.thread_ts != shown.ts:
        parent = channel.messages.get(shown.thread_ts)
        return {"thread_ts": shown.thread_ts, "parent_user_id": parent.user if parent else ""}
    answers = channel.replies(shown.ts)
    if not answers:
        return {}
    people = list(dict.fromkeys(answer.user for answer in answers))
    return {
        "thread_ts": shown.ts,
        "reply_count": len(answers),
        "reply_users_count": len(people),
        "reply_users": people,
        "latest_reply": answers[-1].ts,
    }


def reactions(shown: Message) -> list[Json]:
    """Give the reactions of a message, in the order in which each emoji came first."""
    return [{"name": name, "users": list(users), "count": len(users)} for name, users in shown.reactions.items()]


def bot_profile(bot: User) -> Json:
    """Give the short portrait of the app that each of its messages carries."""
    return {"id": BOT_ID, "app_id": APP_ID, "name": bot.name, "deleted": False, "updated": 0, "team_id": TEAM_ID}


def conversation(channel: Channel) -> Json:
    """Give a ``channel`` object, seen by the bot."""
    if channel.kind == "im":
        person = next(member for member in channel.members if member != BOT_USER_ID)
        return {"id": channel.id, "created": channel.created, "is_im": True, "user": person, "is_archived": False}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.kind == "group",
        "is_general": channel.is_general,
        "is_archived": channel.is_archived,
        "is_member": BOT_USER_ID in channel.members,
        "is_shared": False,
        "created": channel.created,
        "creator": channel.creator,
        "context_team_id": TEAM_ID,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": channel.topic_by, "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": channel.purpose_by, "last_set": 0},
        "previous_names": [],
        "properties": properties(channel),
    }


def properties(channel: Channel) -> Json:
    """Give a channel's own canvas and its tabs."""
    shape: Json = {"tabs": [{"id": f"Ct{tab}", "type": "canvas", "data": {"file_id": tab}} for tab in channel.tabs]}
    if channel.canvas:
        shape["canvas"] = {"file_id": channel.canvas, "is_empty": False}
    return shape


def file(state: State, shown: File) -> Json:
    """Give a ``file`` object; its address needs the bot's token, as in Slack."""
    return {
        "id": shown.id,
        "created": shown.created,
        "timestamp": shown.created,
        "name": shown.name,
        "title": shown.title or shown.name,
        "mimetype": "application/vnd.slack-docs" if shown.mode == "canvas" else mimetype(shown.name),
        "filetype": "quip" if shown.mode == "canvas" else shown.name.rpartition(".")[2] or "text",
        "size": shown.length,
        "user": shown.user,
        "mode": "quip" if shown.mode == "canvas" else shown.mode,
        "channels": list(shown.channels),
        "url_private": f"{state.url}files/{shown.id}",
        "url_private_download": f"{state.url}files/{shown.id}",
        "permalink": f"{state.url}ui/files/{shown.id}",
    }


def mimetype(name: str) -> str:
    """Give the media type of a file by its ending; what is unknown is bytes."""
    types = {
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
        "json": "application/json",
        "csv": "text/csv",
        "md": "text/markdown",
        "txt": "text/plain",
        "log": "text/plain",
        "yml": "text/yaml",
        "yaml": "text/yaml",
        "html": "text/html",
    }
    return types.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def view(shown: View, values: Json | None = None) -> Json:
    """Give a ``view`` object with its state; ``values`` are what the person has entered, by block and action."""
    body = shown.body
    return {
        "id": shown.id,
        "team_id": TEAM_ID,
        "type": body["type"],
        "title": body.get("title"),
        "submit": body.get("submit"),
        "close": body.get("close"),
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "external_id": body.get("external_id", ""),
        "clear_on_close": body.get("clear_on_close", False),
        "notify_on_close": body.get("notify_on_close", False),
        "submit_disabled": False,
        "state": {"values": values or {}},
        "hash": shown.hash,
        "previous_view_id": shown.previous_id,
        "root_view_id": shown.root_id,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }
