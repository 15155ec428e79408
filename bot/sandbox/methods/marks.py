"""``reactions.*``, ``pins.*`` and ``bookmarks.*``: what is put on messages and channels."""

import re
from collections.abc import Mapping

from bot.sandbox import posting, rooms, shapes
from bot.sandbox.args import Args, Method
from bot.sandbox.emoji import EMOJI
from bot.sandbox.methods import lookup
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import APP_ID, BOT_USER_ID, Channel, Json, Message, new_id
from bot.sandbox.workspace import Workspace

EMOJI_NAME = re.compile(r"[a-z0-9_+'-]{1,100}")
MOST_EMOJI = 50
MOST_PINS = 100
MOST_BOOKMARKS = 100


def emoji_name(workspace: Workspace, method: str, args: Args) -> str:
    """Give the name of a reaction, without colons. Raises ``Refused``."""
    name = args.text("name")
    if not EMOJI_NAME.fullmatch(name):
        raise Refused("invalid_name")
    if name not in EMOJI:
        workspace.violate(method, "emoji", f"{name} is none that the sandbox knows")
    return name


def not_archived(workspace: Workspace, message: Message) -> None:
    """Raise ``Refused`` when the channel of a message is archived."""
    if workspace.state.channels[message.channel].is_archived:
        raise Refused("is_archived")


def add_reaction(workspace: Workspace, args: Args) -> Json:
    """``reactions.add``."""
    name = emoji_name(workspace, "reactions.add", args)
    message = lookup.item(workspace, args)
    not_archived(workspace, message)
    if name not in message.reactions and len(message.reactions) >= MOST_EMOJI:
        raise Refused("too_many_emoji")
    if not posting.react(workspace, message, BOT_USER_ID, name):
        raise Refused("already_reacted")
    return {}


def remove_reaction(workspace: Workspace, args: Args) -> Json:
    """``reactions.remove``."""
    name = emoji_name(workspace, "reactions.remove", args)
    message = lookup.item(workspace, args)
    if not posting.unreact(workspace, message, BOT_USER_ID, name):
        raise Refused("no_reaction")
    return {}


def get_reactions(workspace: Workspace, args: Args) -> Json:
    """``reactions.get``."""
    message = lookup.item(workspace, args)
    return {"type": "message", "channel": message.channel, "message": shapes.message(workspace.state, message)}


def add_pin(workspace: Workspace, args: Args) -> Json:
    """``pins.add``."""
    message = lookup.item(workspace, args)
    channel = workspace.state.channels[message.channel]
    if BOT_USER_ID not in channel.members:
        raise Refused("not_in_channel")
    not_archived(workspace, message)
    if len(channel.pins) >= MOST_PINS:
        raise Refused("too_many_pins")
    if not posting.pin(workspace, message, BOT_USER_ID):
        raise Refused("already_pinned")
    return {}


def remove_pin(workspace: Workspace, args: Args) -> Json:
    """``pins.remove``."""
    if not posting.unpin(workspace, lookup.item(workspace, args), BOT_USER_ID):
        raise Refused("no_pin")
    return {}


def list_pins(workspace: Workspace, args: Args) -> Json:
    """``pins.list``."""
    channel = lookup.channel(workspace, args.text("channel"))
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "created": int(float(ts)),
            "created_by": user,
            "message": shapes.message(workspace.state, channel.messages[ts]),
        }
        for ts, user in channel.pins.items()
    ]
    return {"items": items}


def bookmark_channel(workspace: Workspace, args: Args) -> Channel:
    """Give the channel of a bookmark call. Raises ``Refused``."""
    if not args.text("channel_id"):
        raise invalid_arguments("missing required field: channel_id")
    return lookup.channel(workspace, args.text("channel_id"))


def check_link(args: Args) -> None:
    """Raise ``Refused`` unless the link is one."""
    if not args.text("link").startswith(("https://", "http://")):
        raise Refused("invalid_link")


def add_bookmark(workspace: Workspace, args: Args) -> Json:
    """``bookmarks.add``."""
    channel = bookmark_channel(workspace, args)
    if args.text("type") != "link":
        raise Refused("invalid_bookmark_type")
    check_link(args)
    if len(channel.bookmarks) >= MOST_BOOKMARKS:
        raise Refused("too_many_bookmarks")
    now = workspace.state.now()
    bookmark: Json = {
        "id": new_id("Bk"),
        "channel_id": channel.id,
        "title": args.text("title"),
        "link": args.text("link"),
        "emoji": args.text("emoji"),
        "icon_url": None,
        "type": "link",
        "entity_id": None,
        "date_created": now,
        "date_updated": 0,
        "rank": "i",
        "last_updated_by_user_id": BOT_USER_ID,
        "last_updated_by_team_id": None,
        "shortcut_id": None,
        "app_id": APP_ID,
    }
    channel.bookmarks.append(bookmark)
    rooms.show(workspace, channel)
    return {"bookmark": bookmark}


def bookmark_of(channel: Channel, args: Args) -> Json:
    """Give the bookmark that the call names. Raises ``Refused``."""
    found = next((one for one in channel.bookmarks if one["id"] == args.text("bookmark_id")), None)
    if found is None:
        raise Refused("not_found")
    return found


def edit_bookmark(workspace: Workspace, args: Args) -> Json:
    """``bookmarks.edit``."""
    channel = bookmark_channel(workspace, args)
    bookmark = bookmark_of(channel, args)
    if args.has("link"):
        check_link(args)
    changes = {name: args.text(name) for name in ("title", "link", "emoji") if args.has(name)}
    bookmark.update(changes, date_updated=workspace.state.now())
    rooms.show(workspace, channel)
    return {"bookmark": bookmark}


def remove_bookmark(workspace: Workspace, args: Args) -> Json:
    """``bookmarks.remove``."""
    channel = bookmark_channel(workspace, args)
    channel.bookmarks.remove(bookmark_of(channel, args))
    rooms.show(workspace, channel)
    return {}


def list_bookmarks(workspace: Workspace, args: Args) -> Json:
    """``bookmarks.list``."""
    return {"bookmarks": bookmark_channel(workspace, args).bookmarks}


WRITE_MARKS = {"any": "bookmarks:write"}
METHODS: Mapping[str, Method] = {
    "reactions.add": Method(add_reaction, required="channel name timestamp", scopes={"any": "reactions:write"}),
    "reactions.remove": Method(
        remove_reaction,
        "channel timestamp file file_comment",
        required="name",
        scopes={"any": "reactions:write"},
        tier=2,
    ),
    "reactions.get": Method(
        get_reactions, "channel timestamp full file file_comment", scopes={"any": "reactions:read"}, json=False
    ),
    "pins.add": Method(add_pin, "timestamp", required="channel", scopes={"any": "pins:write"}, tier=2),
    "pins.remove": Method(remove_pin, "timestamp", required="channel", scopes={"any": "pins:write"}, tier=2),
    "pins.list": Method(list_pins, required="channel", scopes={"any": "pins:read"}, tier=2, json=False),
    "bookmarks.add": Method(
        add_bookmark,
        "channel_id link emoji entity_id access_level parent_id",
        required="title type",
        scopes=WRITE_MARKS,
        tier=2,
    ),
    "bookmarks.edit": Method(edit_bookmark, "channel_id bookmark_id title link emoji", scopes=WRITE_MARKS, tier=2),
    "bookmarks.remove": Method(remove_bookmark, "channel_id bookmark_id quip_section_id", scopes=WRITE_MARKS, tier=2),
    "bookmarks.list": Method(list_bookmarks, "channel_id", scopes={"any": "bookmarks:read"}),
}
