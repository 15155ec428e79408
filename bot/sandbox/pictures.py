"""What one person sees of the workspace, as the page draws it."""

from bot.sandbox import shapes
from bot.sandbox.emoji import EMOJI
from bot.sandbox.state import APP_ID, BOT_USER_ID, Channel, Json, Message
from bot.sandbox.workspace import Workspace

MOST_MESSAGES = 400
"""Messages of one channel that a page gets when it connects; older ones stay on the server."""


def snapshot(workspace: Workspace, viewer: str) -> Json:
    """Everything at once."""
    state = workspace.state
    channels = [channel for channel in state.channels.values() if visible(channel, viewer)]
    return {
        "type": "hello",
        "viewer": viewer,
        "bot": BOT_USER_ID,
        "app_id": APP_ID,
        "users": [person(workspace, user_id) for user_id in state.users],
        "people": [user.id for user in state.people()],
        "groups": [{"id": group["id"], "handle": group["handle"]} for group in state.usergroups.values()],
        "channels": [channel_picture(channel) for channel in channels],
        "messages": [picture for channel in channels for picture in recent(workspace, channel, viewer)],
        "modals": modals(workspace, viewer),
        "home": home(workspace, viewer),
        "commands": [vars(command) for command in workspace.options.commands],
        "shortcuts": [vars(shortcut) for shortcut in workspace.options.shortcuts],
        "emoji": EMOJI,
        "assistant": workspace.options.assistant,
        "online": workspace.online,
        "demo": workspace.demo.reading() if workspace.demo else None,
    }


def person(workspace: Workspace, user_id: str) -> Json:
    """Give a person as the page names them."""
    user = workspace.state.users[user_id]
    return {"id": user.id, "name": user.name, "real_name": user.real_name, "is_bot": user.is_bot}


def visible(channel: Channel, viewer: str) -> bool:
    """Public channels are open to all, others to their members."""
    return channel.kind == "channel" or viewer in channel.members


def channel_picture(channel: Channel) -> Json:
    """Give a channel with what its header shows."""
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "archived": channel.is_archived,
        "topic": channel.topic,
        "purpose": channel.purpose,
        "members": list(channel.members),
        "bookmarks": list(channel.bookmarks),
    }


def recent(workspace: Workspace, channel: Channel, viewer: str) -> list[Json]:
    """Give the newest messages of a channel that the person may see."""
    seen = [message for message in channel.messages.values() if message.only_for in (None, viewer)]
    return [message_picture(workspace, message) for message in seen[-MOST_MESSAGES:]]


def message_picture(workspace: Workspace, message: Message) -> Json:
    """Give a message with what only the page needs."""
    return shapes.message(workspace.state, message) | {
        "channel": message.channel,
        "only_for": message.only_for,
        "streaming": message.streaming,
        "pinned_by": workspace.state.channels[message.channel].pins.get(message.ts),
        "broadcast": message.broadcast,
        "prompts": message.prompts,
    }


def modals(workspace: Workspace, viewer: str) -> list[Json]:
    """Give the open modals of a person, the lowest first."""
    return [shapes.view(view) for view in workspace.state.modals.get(viewer, [])]


def home(workspace: Workspace, viewer: str) -> Json | None:
    """Give the App Home of a person."""
    view = workspace.state.homes.get(viewer)
    return shapes.view(view) if view else None


def change(workspace: Workspace, viewer: str, what: Json) -> Json | None:
    """Give one change as the person sees it; ``None`` when they do not."""
    kind = what["type"]
    if kind in ("message", "channel", "removed", "status"):
        channel = workspace.state.channels[what["channel"]]
        if visible(channel, viewer):
            return change_in(workspace, viewer, what, channel)
        return {"type": "gone", "channel": channel.id} if kind == "channel" else None
    if kind in ("modals", "home") and what["user"] == viewer:
        return {"type": kind, kind: (modals if kind == "modals" else home)(workspace, viewer)}
    if kind == "app":
        return {"type": kind, "online": workspace.online}
    return what if kind == "demo" else None


def change_in(workspace: Workspace, viewer: str, what: Json, channel: Channel) -> Json | None:
    """Give a change in a channel that the person may see."""
    if what["type"] == "channel":
        known = [] if channel.kind == "channel" else recent(workspace, channel, viewer)
        return {"type": "channel", "channel": channel_picture(channel), "messages": known}
    if what["type"] != "message":
        return what
    message = channel.messages.get(what["ts"])
    if message is None or message.only_for not in (None, viewer):
        return None
    return {"type": "message", "message": message_picture(workspace, message)}
