"""Finding what an argument names, or saying in Slack's words that it is not there."""

from bot.sandbox.args import Args
from bot.sandbox.refusal import Refused
from bot.sandbox.state import BOT_USER_ID, Channel, Message
from bot.sandbox.workspace import Workspace


def channel(workspace: Workspace, name: str, *, by_name: bool = False) -> Channel:
    """Give a channel that the bot may know of; a private one only as a member. Raises ``Refused``.

    Names are taken where Slack takes them (``chat.postMessage`` and its kin), ids everywhere.
    """
    state = workspace.state
    if by_name and name in state.users and not state.users[name].is_bot:
        return state.im(name)
    found = state.channel(name) if by_name else state.channels.get(name)
    if found is None or (found.kind == "group" and BOT_USER_ID not in found.members):
        raise Refused("channel_not_found")
    return found


def joined(workspace: Workspace, name: str, *, archived: bool = False) -> Channel:
    """Give a channel of the bot that is open, unless ``archived`` ones will do. Raises ``Refused``."""
    found = channel(workspace, name)
    if BOT_USER_ID not in found.members:
        raise Refused("not_in_channel")
    if found.is_archived and not archived:
        raise Refused("is_archived")
    return found


def message(place: Channel, ts: str) -> Message:
    """Give a message of a channel; ephemeral ones cannot be found. Raises ``Refused``."""
    found = place.messages.get(ts)
    if found is None or found.only_for:
        raise Refused("message_not_found")
    return found


def item(workspace: Workspace, args: Args) -> Message:
    """Give the message that ``channel`` and ``timestamp`` name. Raises ``Refused``."""
    if not args.text("channel") or not args.text("timestamp"):
        raise Refused("no_item_specified")
    if not args.text("timestamp").replace(".", "", 1).isdigit():
        raise Refused("bad_timestamp")
    return message(channel(workspace, args.text("channel")), args.text("timestamp"))
