"""What happens to channels, whoever does it: opened, joined, left, renamed, archived, given a topic."""

from typing import Literal

from bot.sandbox import posting
from bot.sandbox.state import Channel, new_id
from bot.sandbox.workspace import Workspace


def show(workspace: Workspace, channel: Channel) -> None:
    """Let every page draw a channel anew."""
    workspace.state.announce("channel", channel=channel.id)


def create(workspace: Workspace, name: str, user: str, *, private: bool = False) -> Channel:
    """Open a channel; who opens it is its first member."""
    kind: Literal["channel", "group"] = "group" if private else "channel"
    channel = Channel(new_id("C"), name, workspace.state.now(), user, kind=kind, members=[user])
    workspace.state.channels[channel.id] = channel
    show(workspace, channel)
    workspace.events.channel(channel, "created", user)
    return channel


def join(workspace: Workspace, channel: Channel, user: str, inviter: str | None = None) -> bool:
    """Make someone a member; false when they are one."""
    if user in channel.members:
        return False
    channel.members.append(user)
    show(workspace, channel)
    extra = {"inviter": inviter} if inviter else {}
    posting.note(workspace, channel, user, f"{channel.kind}_join", f"<@{user}> has joined the channel", **extra)
    workspace.events.member(channel, user, joined=True, inviter=inviter)
    return True


def leave(workspace: Workspace, channel: Channel, user: str) -> bool:
    """End a membership; false when there is none."""
    if user not in channel.members:
        return False
    posting.note(workspace, channel, user, f"{channel.kind}_leave", f"<@{user}> has left the channel")
    channel.members.remove(user)
    show(workspace, channel)
    workspace.events.member(channel, user, joined=False)
    return True


def archive(workspace: Workspace, channel: Channel, user: str) -> None:
    """Close a channel; it keeps its name and its messages."""
    posting.note(workspace, channel, user, f"{channel.kind}_archive", "archived the channel")
    channel.is_archived = True
    show(workspace, channel)
    workspace.events.channel(channel, "archive", user)


def unarchive(workspace: Workspace, channel: Channel, user: str) -> None:
    """Open an archived channel again."""
    channel.is_archived = False
    show(workspace, channel)
    posting.note(workspace, channel, user, f"{channel.kind}_unarchive", "un-archived the channel")
    workspace.events.channel(channel, "unarchive", user)


def rename(workspace: Workspace, channel: Channel, name: str, user: str) -> None:
    """Give a channel another name."""
    old = channel.name
    channel.name = name
    show(workspace, channel)
    text = f'has renamed the channel from "{old}" to "{name}"'
    posting.note(workspace, channel, user, f"{channel.kind}_name", text, old_name=old, name=name)
    workspace.events.channel(channel, "rename", user)


def set_topic(workspace: Workspace, channel: Channel, topic: str, user: str) -> None:
    """Set the topic."""
    channel.topic, channel.topic_by = topic, user
    show(workspace, channel)
    posting.note(workspace, channel, user, f"{channel.kind}_topic", f"set the channel topic: {topic}", topic=topic)


def set_purpose(workspace: Workspace, channel: Channel, purpose: str, user: str) -> None:
    """Set the purpose."""
    channel.purpose, channel.purpose_by = purpose, user
    show(workspace, channel)
    text = f"set the channel description: {purpose}"
    posting.note(workspace, channel, user, f"{channel.kind}_purpose", text, purpose=purpose)
