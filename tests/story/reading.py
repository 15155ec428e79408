"""What a person sees in the sandbox workspace, as text."""

from typing import Any

from bot.sandbox import Workspace
from bot.sandbox.state import Message


def said(message: Message) -> str:
    """All text of a message: its own, its blocks', its attachments'."""
    parts = [message.text, *_texts(message.blocks or []), *_texts(message.attachments or [])]
    return "\n".join(parts)


def buttons(message: Message) -> dict[str, str]:
    """Label -> action id of every button."""
    return {
        element["text"]["text"]: element["action_id"]
        for element in _found(message.blocks or [], "button") + _found(message.attachments or [], "button")
    }


def find(workspace: Workspace, channel: str, *words: str) -> Message | None:
    """The newest message of a channel (its threads included) that says all of `words`."""
    if workspace.state.channel(channel) is None:
        return None
    for message in reversed(workspace.messages(channel)):
        if all(word in said(message) for word in words):
            return message
    return None


def count(workspace: Workspace, channel: str, *words: str) -> int:
    """How many messages of a channel say all of `words`."""
    return sum(all(word in said(m) for word in words) for m in workspace.messages(channel))


async def seen(workspace: Workspace, channel: str, *words: str, within: float = 15.0) -> Message:
    """Wait for such a message."""
    try:
        return await workspace.until(lambda: find(workspace, channel, *words), within) or _missing()
    except TimeoutError:
        there = workspace.state.channel(channel)
        shown = "\n---\n".join(said(m) for m in workspace.messages(channel)) if there else "no such channel"
        raise AssertionError(f"nobody said {words} in {channel}; it holds:\n{shown}") from None


def _missing() -> Message:
    raise AssertionError("the message went away")


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() for text in _texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value)]
    return []


def _found(node: Any, kind: str) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node] if node.get("type") == kind else []
        return own + [hit for value in node.values() for hit in _found(value, kind)]
    if isinstance(node, list):
        return [hit for value in node for hit in _found(value, kind)]
    return []
