"""The payloads of slash commands, buttons, menus, shortcuts and modals, as Slack sends them."""

from typing import Any

from bot.sandbox import shapes, values
from bot.sandbox.state import APP_ID, TEAM_DOMAIN, TEAM_ID, Channel, Json, Message, User, View
from bot.sandbox.workspace import Workspace


def person(user: User) -> Json:
    """Give the short portrait of who acted."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID}


def base(kind: str, user: User) -> Json:
    """Give what every interactive payload has."""
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": person(user),
        "api_app_id": APP_ID,
        "token": "sandbox",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def place(channel: Channel) -> Json:
    """Give the short form of a channel."""
    return {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}


def response_url(workspace: Workspace, secret: str) -> str:
    """Give the address to which the app may answer."""
    return f"{workspace.url}response/{secret}"


def command(workspace: Workspace, user: User, name: str, text: str, channel: Channel) -> Json:
    """Give a slash command."""
    secret = workspace.tickets.response_url(channel.id, user.id)
    return {
        "token": "sandbox",
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": place(channel)["name"],
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url(workspace, secret),
        "trigger_id": workspace.tickets.trigger(user.id),
    }


def action(workspace: Workspace, block: Json, element: Json, value: Any) -> Json:
    """One entry of ``actions``."""
    entry: Json = {"action_id": element["action_id"], "block_id": block["block_id"], "type": element["type"]}
    for name in ("text", "value", "url", "style"):
        if element["type"] in ("button", "icon_button") and element.get(name) is not None:
            entry[name] = element[name]
    if element["type"] == "feedback_buttons":
        entry["value"] = value
    return {**entry, **values.reported(element, value), "action_ts": workspace.state.next_ts()}


def message_action(workspace: Workspace, user: User, message: Message, chosen: Json, given: Json | None = None) -> Json:
    """``block_actions`` on a message."""
    channel = workspace.state.channels[message.channel]
    container: Json = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
    container["is_ephemeral"] = bool(message.only_for)
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    secret = workspace.tickets.response_url(channel.id, user.id, message.ts, message.thread_ts)
    payload = base("block_actions", user) | {
        "container": container,
        "trigger_id": workspace.tickets.trigger(user.id),
        "channel": place(channel),
        "state": {"values": values.collect(message.blocks or [], given or {})},
        "response_url": response_url(workspace, secret),
        "actions": [chosen],
    }
    if not message.only_for:
        payload["message"] = shapes.message(workspace.state, message, with_metadata=True)
    return payload


def view_action(workspace: Workspace, user: User, view: View, chosen: Json, given: Json | None = None) -> Json:
    """``block_actions`` in a modal or in the App Home."""
    return base("block_actions", user) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": workspace.tickets.trigger(user.id, view.id),
        "view": shapes.view(view, values.collect(view.body["blocks"], given or {})),
        "actions": [chosen],
    }


def message_shortcut(workspace: Workspace, user: User, callback_id: str, message: Message) -> Json:
    """Give a shortcut in the menu of a message."""
    channel = workspace.state.channels[message.channel]
    secret = workspace.tickets.response_url(channel.id, user.id, message.ts, message.thread_ts)
    return base("message_action", user) | {
        "callback_id": callback_id,
        "action_ts": workspace.state.next_ts(),
        "trigger_id": workspace.tickets.trigger(user.id),
        "response_url": response_url(workspace, secret),
        "message_ts": message.ts,
        "channel": place(channel),
        "message": shapes.message(workspace.state, message, with_metadata=True),
    }


def global_shortcut(workspace: Workspace, user: User, callback_id: str) -> Json:
    """Give a shortcut of the whole workspace."""
    return base("shortcut", user) | {
        "callback_id": callback_id,
        "action_ts": workspace.state.next_ts(),
        "trigger_id": workspace.tickets.trigger(user.id),
    }


def submission(workspace: Workspace, user: User, view: View, entered: Json) -> Json:
    """``view_submission``."""
    return base("view_submission", user) | {
        "trigger_id": workspace.tickets.trigger(user.id, view.id),
        "view": shapes.view(view, entered),
        "response_urls": [],
    }


def closing(user: User, view: View, *, cleared: bool) -> Json:
    """``view_closed``."""
    return base("view_closed", user) | {"view": shapes.view(view), "is_cleared": cleared}


def suggestion(user: User, block: Json, element: Json, typed: str, container: Json) -> Json:
    """``block_suggestion``: the options of an external menu for what was typed."""
    return base("block_suggestion", user) | {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": typed,
        **container,
    }
