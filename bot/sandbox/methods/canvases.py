"""``canvases.*`` and ``conversations.canvases.create``: documents, of which a channel has one of its own."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox import rooms
from bot.sandbox.args import Args, Method
from bot.sandbox.methods import lookup
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import BOT_USER_ID, Channel, File, Json, new_id
from bot.sandbox.workspace import Workspace

LARGEST = 1024 * 1024


def markdown(content: Any) -> str:
    """Give the text of a ``document_content``. Raises ``Refused``."""
    if content is None:
        return ""
    if not isinstance(content, dict) or content.get("type") != "markdown":
        raise Refused("canvas_creation_failed", detail="'document_content' must be of type markdown")
    text = str(content.get("markdown") or "")
    if len(text) > LARGEST:
        raise Refused("canvas_too_large")
    return text


def make(workspace: Workspace, args: Args, channel: Channel | None) -> File:
    """Make a canvas, in the tabs of a channel if one is given."""
    text = markdown(args.parsed("document_content", "invalid_arguments")).encode()
    title = args.text("title") or "Untitled"
    file = File(new_id("F"), title, len(text), workspace.state.now(), BOT_USER_ID, title, text, complete=True)
    file.mode = "canvas"
    workspace.state.files[file.id] = file
    if channel is not None:
        file.channels.append(channel.id)
        rooms.show(workspace, channel)
    return file


def place(workspace: Workspace, args: Args) -> Channel:
    """Give the channel of a canvas. Raises ``Refused`` for one that the bot is not in, or that is archived."""
    channel = lookup.channel(workspace, args.text("channel_id"))
    if BOT_USER_ID not in channel.members or channel.is_archived:
        raise Refused("restricted_action")
    return channel


def create(workspace: Workspace, args: Args) -> Json:
    """``canvases.create``: a canvas of its own, put into a channel's tabs where one is named."""
    channel = place(workspace, args) if args.text("channel_id") else None
    file = make(workspace, args, channel)
    if channel is not None:
        channel.tabs.append(file.id)
    return {"canvas_id": file.id}


def create_in_channel(workspace: Workspace, args: Args) -> Json:
    """``conversations.canvases.create``: the one canvas that belongs to a channel."""
    channel = place(workspace, args)
    if channel.canvas:
        raise Refused("channel_canvas_already_exists")
    channel.canvas = make(workspace, args, channel).id
    return {"canvas_id": channel.canvas}


def edit(workspace: Workspace, args: Args) -> Json:
    """``canvases.edit``: the text replaced, or more put before or after it."""
    file = workspace.state.files.get(args.text("canvas_id"))
    if file is None or file.mode != "canvas":
        raise Refused("canvas_not_found")
    changes = args.parsed("changes", "invalid_arguments")
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise invalid_arguments("must be an array of one change [json-pointer:/changes]")
    old, new = (file.content or b"").decode(), markdown(changes[0].get("document_content"))
    match changes[0].get("operation"):
        case "replace" if not changes[0].get("section_id"):
            text = new
        case "insert_at_end":
            text = f"{old}\n{new}"
        case "insert_at_start":
            text = f"{new}\n{old}"
        case other:
            raise Refused("canvas_editing_failed", detail=f"the sandbox knows no sections, so no {other} of one")
    file.content, file.length = text.encode(), len(text.encode())
    return {}


WRITE = {"any": "canvases:write"}
METHODS: Mapping[str, Method] = {
    "canvases.create": Method(create, "title document_content channel_id", scopes=WRITE, tier=2),
    "canvases.edit": Method(edit, required="canvas_id changes", scopes=WRITE),
    "conversations.canvases.create": Method(
        create_in_channel, "title document_content", required="channel_id", scopes=WRITE, tier=2
    ),
}
