"""``conversations.*`` that change something: open, fill, name and archive channels."""

import re
from collections.abc import Mapping

from bot.sandbox import rooms, shapes
from bot.sandbox.args import Args, Method
from bot.sandbox.methods import lookup
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import BOT_USER_ID, SLACKBOT_ID, Channel, Json
from bot.sandbox.workspace import Workspace

LONGEST_NAME = 80
LONGEST_TOPIC = 250
MOST_INVITED = 100
NAME = re.compile(r"[a-z0-9_-]+")


def free_name(workspace: Workspace, name: str) -> str:
    """Give a name for a channel. Raises ``Refused``: an archived channel keeps its name."""
    name = name.removeprefix("#")
    if not name:
        raise Refused("invalid_name_required")
    if len(name) > LONGEST_NAME:
        raise Refused("invalid_name_maxlength")
    if not NAME.fullmatch(name):
        raise Refused("invalid_name_specials")
    if not any(letter.isalnum() for letter in name):
        raise Refused("invalid_name_punctuation")
    if any(channel.name == name for channel in workspace.state.channels.values() if channel.kind != "im"):
        raise Refused("name_taken")
    return name


def create(workspace: Workspace, args: Args) -> Json:
    """``conversations.create``."""
    name = free_name(workspace, args.text("name"))
    channel = rooms.create(workspace, name, BOT_USER_ID, private=args.flag("is_private"))
    return {"channel": shapes.conversation(channel)}


def invite(workspace: Workspace, args: Args) -> Json:
    """``conversations.invite``: all or, without ``force``, nobody."""
    channel = lookup.joined(workspace, args.text("channel"))
    users = args.words("users")
    if not users:
        raise Refused("no_user")
    if len(users) > MOST_INVITED:
        raise invalid_arguments(f"no more than {MOST_INVITED} users [json-pointer:/users]")
    errors = {user: problem for user in users if (problem := cannot_invite(workspace, channel, user))}
    good = [user for user in dict.fromkeys(users) if user not in errors]
    if errors and not (args.flag("force") and good):
        details = [{"ok": False, "error": problem, "user": user} for user, problem in errors.items()]
        raise Refused(next(iter(errors.values())), errors=details)
    for user in good:
        rooms.join(workspace, channel, user, BOT_USER_ID)
    return {"channel": shapes.conversation(channel)}


def cannot_invite(workspace: Workspace, channel: Channel, user: str) -> str:
    """Slack's word for why a user cannot be invited; empty when they can."""
    found = workspace.state.users.get(user)
    if found is None:
        return "user_not_found"
    if user == BOT_USER_ID:
        return "cant_invite_self"
    if found.deleted or user == SLACKBOT_ID:
        return "cant_invite"
    return "already_in_channel" if user in channel.members else ""


def archive(workspace: Workspace, args: Args) -> Json:
    """``conversations.archive``."""
    channel = lookup.channel(workspace, args.text("channel"))
    if channel.is_general:
        raise Refused("cant_archive_general")
    if channel.kind == "im":
        raise Refused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refused("already_archived")
    if BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    rooms.archive(workspace, channel, BOT_USER_ID)
    return {}


def unarchive(workspace: Workspace, args: Args) -> Json:
    """``conversations.unarchive``."""
    channel = lookup.channel(workspace, args.text("channel"))
    if not channel.is_archived:
        raise Refused("not_archived")
    rooms.unarchive(workspace, channel, BOT_USER_ID)
    return {}


def set_topic(workspace: Workspace, args: Args) -> Json:
    """``conversations.setTopic``."""
    channel = lookup.joined(workspace, args.text("channel"))
    if len(args.text("topic")) > LONGEST_TOPIC:
        raise Refused("too_long")
    rooms.set_topic(workspace, channel, args.text("topic"), BOT_USER_ID)
    return {"channel": shapes.conversation(channel)}


def set_purpose(workspace: Workspace, args: Args) -> Json:
    """``conversations.setPurpose``."""
    channel = lookup.joined(workspace, args.text("channel"))
    if len(args.text("purpose")) > LONGEST_TOPIC:
        raise Refused("too_long")
    rooms.set_purpose(workspace, channel, args.text("purpose"), BOT_USER_ID)
    return {"channel": shapes.conversation(channel)}


def join(workspace: Workspace, args: Args) -> Json:
    """``conversations.join``: public channels alone."""
    channel = lookup.channel(workspace, args.text("channel"))
    if channel.kind != "channel":
        raise Refused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refused("is_archived")
    joined = rooms.join(workspace, channel, BOT_USER_ID)
    return {"channel": shapes.conversation(channel), **({} if joined else {"warning": "already_in_channel"})}


def leave(workspace: Workspace, args: Args) -> Json:
    """``conversations.leave``."""
    channel = lookup.channel(workspace, args.text("channel"))
    if channel.is_general:
        raise Refused("cant_leave_general")
    return {} if rooms.leave(workspace, channel, BOT_USER_ID) else {"not_in_channel": True}


def kick(workspace: Workspace, args: Args) -> Json:
    """``conversations.kick``."""
    channel = lookup.joined(workspace, args.text("channel"))
    user = args.text("user")
    if channel.is_general:
        raise Refused("cant_kick_from_general")
    if user == BOT_USER_ID:
        raise Refused("cant_kick_self")
    if user not in workspace.state.users:
        raise Refused("user_not_found")
    if not rooms.leave(workspace, channel, user):
        raise Refused("not_in_channel")
    return {"errors": {}}


def rename(workspace: Workspace, args: Args) -> Json:
    """``conversations.rename``."""
    channel = lookup.joined(workspace, args.text("channel"))
    rooms.rename(workspace, channel, free_name(workspace, args.text("name")), BOT_USER_ID)
    return {"channel": shapes.conversation(channel)}


def open_im(workspace: Workspace, args: Args) -> Json:
    """``conversations.open``: the direct conversation with one person."""
    if args.text("channel"):
        return {"channel": shapes.conversation(lookup.channel(workspace, args.text("channel")))}
    users = args.words("users")
    if not users:
        raise Refused("users_list_not_supplied")
    if any(user not in workspace.state.users for user in users):
        raise Refused("user_not_found")
    if len(users) > 1:
        raise invalid_arguments("the sandbox opens conversations with one person [json-pointer:/users]")
    channel = workspace.state.im(users[0])
    return {"channel": shapes.conversation(channel) if args.flag("return_im") else {"id": channel.id}}


MANAGE = {"channel": "channels:manage", "group": "groups:write", "im": "im:write", "mpim": "mpim:write"}
INVITE = {**MANAGE, "channel": "channels:manage channels:write.invites", "group": "groups:write groups:write.invites"}
KICK = {"channel": "channels:manage", "group": "groups:write", "im": "channels:manage", "mpim": "groups:write"}
TOPIC = {
    "channel": "channels:manage channels:write.topic",
    "group": "groups:write groups:write.topic",
    "im": "im:write im:write.topic",
    "mpim": "mpim:write mpim:write.topic",
}
METHODS: Mapping[str, Method] = {
    "conversations.create": Method(create, "is_private", required="name", scopes=MANAGE, tier=2),
    "conversations.invite": Method(invite, "force", required="channel users", scopes=INVITE),
    "conversations.archive": Method(archive, required="channel", scopes=MANAGE, tier=2),
    "conversations.unarchive": Method(unarchive, required="channel", scopes=MANAGE, tier=2),
    "conversations.setTopic": Method(set_topic, required="channel topic", scopes=TOPIC, tier=2),
    "conversations.setPurpose": Method(set_purpose, required="channel purpose", scopes=TOPIC, tier=2),
    "conversations.join": Method(join, required="channel", scopes={"any": "channels:join"}),
    "conversations.leave": Method(leave, required="channel", scopes=MANAGE),
    "conversations.kick": Method(kick, "user", required="channel", scopes=KICK),
    "conversations.rename": Method(rename, required="channel name", scopes=MANAGE, tier=2),
    "conversations.open": Method(open_im, "channel users return_im prevent_creation", scopes=MANAGE),
}
