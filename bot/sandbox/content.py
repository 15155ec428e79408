"""The content of a message that the app wants to post: checked as Slack checks it, recorded where it only sighs."""

from typing import Any

from bot.sandbox import blocks as block_kit
from bot.sandbox import mrkdwn
from bot.sandbox.args import Args
from bot.sandbox.refusal import Refused
from bot.sandbox.state import Json
from bot.sandbox.workspace import Workspace

LONGEST_TEXT = 40_000
GOOD_TEXT = 4_000
GOOD_BLOCK_TEXT = 9_000
LONGEST_MARKDOWN = 12_000
MOST_ATTACHMENTS = 100
LARGEST_METADATA = 8_192


def content(workspace: Workspace, method: str, args: Args, *, needed: bool = True) -> Json:
    """Text, blocks, attachments and metadata as fields of a ``Message``. Raises ``Refused``."""
    markdown = args.text("markdown_text")
    if markdown and (args.text("text") or args.has("blocks")):
        raise Refused("markdown_text_conflict")
    if len(markdown) > LONGEST_MARKDOWN:
        raise Refused("msg_too_long")
    blocks = message_blocks(workspace, method, args.parsed("blocks", "invalid_blocks_format"))
    attachments = message_attachments(workspace, method, args.parsed("attachments", "invalid_attachments"))
    text = args.text("text")
    if needed and not (text.strip() or blocks or attachments or markdown):
        raise Refused("no_text")
    if (blocks or attachments) and not text.strip():
        workspace.violate(method, "text_beside_blocks", "blocks or attachments without a fallback text")
    check_text(workspace, method, text)
    if markdown:
        blocks = block_kit.with_ids([{"type": "markdown", "text": markdown}])
    return {
        "text": mrkdwn.normalised(text[:LONGEST_TEXT]) or mrkdwn.escape(markdown),
        "blocks": blocks,
        "attachments": attachments,
        "metadata": metadata(args),
    }


def check_text(workspace: Workspace, method: str, text: str) -> None:
    """Record what a careful app does not send as text."""
    if len(text) > GOOD_TEXT:
        workspace.violate(method, "long_text", f"{len(text)} characters, good are {GOOD_TEXT}")
    for problem in mrkdwn.problems(text, allow_broadcast=workspace.options.allow_broadcast):
        workspace.violate(method, "mrkdwn", problem)
    check_mentions(workspace, method, text)


def check_mentions(workspace: Workspace, method: str, text: str) -> None:
    """Record a mention of a person or channel that does not exist."""
    for named in mrkdwn.mentioned(text):
        if named not in workspace.state.users and named not in workspace.state.channels:
            workspace.violate(method, "unknown_mention", named)


def message_blocks(workspace: Workspace, method: str, blocks: Any) -> list[Json] | None:
    """Give the blocks of a message with their ids; ``None`` when there are none. Raises ``Refused``."""
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    refuse_blocks(block_kit.check(blocks, "message"))
    length = block_kit.total_text(blocks)
    if length > block_kit.MOST_TEXT:
        raise Refused("msg_blocks_too_long")
    if length > GOOD_BLOCK_TEXT:
        workspace.violate(method, "long_blocks", f"{length} characters in all blocks, good are {GOOD_BLOCK_TEXT}")
    check_block_texts(workspace, method, blocks)
    check_action_ids(workspace, method, blocks)
    return block_kit.with_ids(blocks)


def refuse_blocks(problems: list[str]) -> None:
    """Raise ``Refused`` in Slack's form when there are problems."""
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise Refused("invalid_blocks", errors=problems, response_metadata={"messages": messages})


def check_block_texts(workspace: Workspace, method: str, blocks: Any) -> None:
    """Record texts in blocks that are not escaped rightly."""
    for problem in mrkdwn.block_problems(blocks, allow_broadcast=workspace.options.allow_broadcast):
        workspace.violate(method, "mrkdwn", problem)
    for kind, text in mrkdwn.texts(blocks):
        if kind == "mrkdwn":
            check_mentions(workspace, method, text)


def check_action_ids(workspace: Workspace, method: str, blocks: list[Json]) -> None:
    """Record an action id that is in a message twice: allowed across blocks, but never meant."""
    seen = set()
    for _, element in block_kit.interactive(blocks):
        if element["action_id"] in seen:
            workspace.violate(method, "action_id_twice", element["action_id"])
        seen.add(element["action_id"])


def message_attachments(workspace: Workspace, method: str, attachments: Any) -> list[Json] | None:
    """Give the attachments of a message. Raises ``Refused``."""
    if attachments is None:
        return None
    if not isinstance(attachments, list) or not all(isinstance(item, dict) for item in attachments):
        raise Refused("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refused("too_many_attachments")
    checked = []
    for number, attachment in enumerate(attachments, start=1):
        blocks = message_blocks(workspace, method, attachment.get("blocks"))
        for name in ("text", "pretext"):
            check_text(workspace, method, str(attachment.get(name) or ""))
        checked.append({"id": number, **attachment, **({"blocks": blocks} if blocks else {})})
    return checked


def metadata(args: Args) -> Json | None:
    """Give the metadata of a message; an empty object stays, it removes what is there. Raises ``Refused``."""
    given = args.parsed("metadata", "invalid_metadata_format")
    if given is None or given == {}:
        return given  # type: ignore[no-any-return]  # parsed() gives Any, narrowed here to None or {}
    if not isinstance(given, dict) or not isinstance(given.get("event_type"), str):
        raise Refused("invalid_metadata_format")
    if not isinstance(given.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    if len(str(given)) > LARGEST_METADATA:
        raise Refused("metadata_too_large")
    return given
