"""What happens to messages, whoever does it: the state changes, the page sees it, the app gets its event."""

from typing import Any

from bot.sandbox import shapes
from bot.sandbox.state import BOT_USER_ID, Channel, Json, Message
from bot.sandbox.workspace import Workspace


def publish(workspace: Workspace, channel: Channel, user: str, text: str, **more: Any) -> Message:
    """Add a message to a channel; ``more`` are further fields of ``Message``."""
    ts = workspace.state.next_ts()
    message = Message(channel.id, ts, user, text, by_bot=user == BOT_USER_ID, **more)
    channel.messages[ts] = message
    show(workspace, message)
    if message.thread_ts and message.thread_ts in channel.messages:
        show(workspace, channel.messages[message.thread_ts])
    if not message.only_for:
        workspace.events.message(message)
        for file_id in message.files:
            workspace.events.file_shared(file_id, user, channel.id)
    return message


def note(workspace: Workspace, channel: Channel, user: str, subtype: str, text: str, **extra: Any) -> Message:
    """Add one of the messages that Slack writes itself: someone joined, the topic changed, the channel was archived."""
    return publish(workspace, channel, user, text, subtype=subtype, extra=extra)


def show(workspace: Workspace, message: Message) -> None:
    """Let every page draw a message anew."""
    workspace.state.announce("message", channel=message.channel, ts=message.ts)


def edit(workspace: Workspace, message: Message, **changes: Any) -> None:
    """Change fields of a message that is already there."""
    previous = shapes.message(workspace.state, message)
    for name, value in changes.items():
        setattr(message, name, value)
    if not message.streaming:
        message.edited = workspace.state.next_ts()
    show(workspace, message)
    if not message.only_for:
        workspace.events.message_changed(message, previous)


def remove(workspace: Workspace, message: Message) -> None:
    """Delete a message."""
    channel = workspace.state.channels[message.channel]
    previous = shapes.message(workspace.state, message)
    del channel.messages[message.ts]
    channel.pins.pop(message.ts, None)
    workspace.state.announce("removed", channel=channel.id, ts=message.ts)
    if message.thread_ts and message.thread_ts in channel.messages:
        show(workspace, channel.messages[message.thread_ts])
    if not message.only_for:
        workspace.events.message_deleted(message, previous)


def react(workspace: Workspace, message: Message, user: str, name: str) -> bool:
    """Add a reaction; false when that person has it there already."""
    people = message.reactions.setdefault(name, [])
    if user in people:
        return False
    people.append(user)
    show(workspace, message)
    workspace.events.reaction(message, user, name, added=True)
    return True


def unreact(workspace: Workspace, message: Message, user: str, name: str) -> bool:
    """Take a reaction back; false when that person has none of the name there."""
    people = message.reactions.get(name, [])
    if user not in people:
        return False
    people.remove(user)
    if not people:
        del message.reactions[name]
    show(workspace, message)
    workspace.events.reaction(message, user, name, added=False)
    return True


def pin(workspace: Workspace, message: Message, user: str) -> bool:
    """Pin a message to its channel; false when it is pinned already."""
    channel = workspace.state.channels[message.channel]
    if message.ts in channel.pins:
        return False
    channel.pins[message.ts] = user
    show(workspace, message)
    workspace.events.pin(message, user, added=True)
    return True


def unpin(workspace: Workspace, message: Message, user: str) -> bool:
    """Unpin a message; false when it was not pinned."""
    channel = workspace.state.channels[message.channel]
    if message.ts not in channel.pins:
        return False
    del channel.pins[message.ts]
    show(workspace, message)
    workspace.events.pin(message, user, added=False)
    return True


def person_blocks(text: str) -> list[Json]:
    """Give the rich text block that Slack's own clients add to what a person types."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]
