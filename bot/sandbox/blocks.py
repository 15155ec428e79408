"""Block Kit as Slack accepts it: which fields each block and element has, and their limits.

Source: https://docs.slack.dev/reference/block-kit, the models of slack_sdk and the block types of node-slack-sdk.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Literal

from bot.sandbox.elements import (
    ELEMENTS,
    IDENTIFIER,
    LONG_TEXT,
    PLAIN_150,
    Check,
    Field,
    Report,
    anything,
    chosen,
    each,
    one_of,
    string,
    text,
)
from bot.sandbox.state import Json

Surface = Literal["message", "modal", "home"]
MOST_BLOCKS: Mapping[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MOST_TEXT = 9600
"""Characters of all blocks of a message together: the most that was seen to pass (undocumented)."""

SECTION_ACCESSORIES = frozenset(ELEMENTS) - {"plain_text_input", "number_input", "email_text_input", "url_text_input"}
INPUT_ELEMENTS = frozenset(ELEMENTS) - {"button", "overflow", "image", "feedback_buttons", "icon_button"}
ACTION_ELEMENTS = frozenset(ELEMENTS) - {"image", "plain_text_input", "number_input", "email_text_input"}


def element(allowed: frozenset[str]) -> Check:
    """Make a check for one interactive element or image out of ``allowed``."""

    def check(value: Any, at: str, report: Report) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in allowed:
            report.problem(f"unsupported type: {kind}", f"{at}/type")
            return
        check_fields(value, ELEMENTS[kind], at, report)
        if kind in ("static_select", "multi_static_select"):
            chosen(value, at, report)
        report.action(value.get("action_id"), at)

    return check


def context_element(value: Any, at: str, report: Report) -> None:
    """Accept an image or a text of a context block."""
    if isinstance(value, dict) and value.get("type") == "image":
        check_fields(value, ELEMENTS["image"], at, report)
    else:
        text(3000)(value, at, report)


def rows(value: Any, at: str, report: Report) -> None:
    """Accept the rows of a table: at most 100 of 20 cells."""
    each(anything, most=100)(value, at, report)
    if isinstance(value, list) and any(not isinstance(row, list) or len(row) > 20 for row in value):
        report.problem("no more than 20 items allowed", at)


BLOCKS: Mapping[str, Mapping[str, Field]] = {
    "section": {
        "text": Field(text(3000)),
        "fields": Field(each(text(2000), most=10)),
        "accessory": Field(element(SECTION_ACCESSORIES)),
        "expand": Field(anything),
    },
    "header": {"text": Field(PLAIN_150, required=True), "level": Field(anything)},
    "divider": {},
    "image": {
        "image_url": Field(string(3000)),
        "slack_file": Field(anything),
        "alt_text": Field(string(2000), required=True),
        "title": Field(text(2000, plain=True)),
    },
    "actions": {"elements": Field(each(element(ACTION_ELEMENTS), most=25), required=True)},
    "context": {"elements": Field(each(context_element, most=10), required=True)},
    "context_actions": {
        "elements": Field(each(element(frozenset({"feedback_buttons", "icon_button"})), most=5), required=True)
    },
    "input": {
        "label": Field(text(2000, plain=True), required=True),
        "element": Field(element(INPUT_ELEMENTS), required=True),
        "hint": Field(text(2000, plain=True)),
        "optional": Field(anything),
        "dispatch_action": Field(anything),
    },
    "markdown": {"text": Field(string(12000), required=True)},
    "rich_text": {"elements": Field(each(anything, most=500), required=True)},
    "table": {"rows": Field(rows, required=True), "column_settings": Field(each(anything, most=20))},
    "file": {"external_id": Field(LONG_TEXT, required=True), "source": Field(LONG_TEXT, required=True)},
    "alert": {
        "text": Field(text(200), required=True),
        "level": Field(one_of("default", "info", "warning", "error", "success")),
    },
    "task_card": {
        "task_id": Field(IDENTIFIER, required=True),
        "title": Field(string(150), required=True),
        "status": Field(one_of("pending", "in_progress", "complete", "error")),
        "details": Field(anything),
        "output": Field(anything),
        "sources": Field(anything),
    },
}
NOT_ON: Mapping[Surface, frozenset[str]] = {
    "message": frozenset({"alert"}),
    "modal": frozenset({"markdown", "table", "task_card", "file", "context_actions"}),
    "home": frozenset({"markdown", "table", "task_card", "file", "alert", "context_actions"}),
}


def check_fields(value: Json, fields: Mapping[str, Field], at: str, report: Report) -> None:
    """Hold one block or element against its fields."""
    for name, spec in fields.items():
        if value.get(name) is not None:
            spec.check(value[name], f"{at}/{name}", report)
        elif spec.required:
            report.problem(f"missing required field: {name}", at)
    for name in value.keys() - fields.keys() - {"type", "block_id"}:
        report.problem(f"invalid additional property: {name}", at)


def check(blocks: Any, surface: Surface) -> list[str]:
    """Every problem of the blocks, in Slack's words with a JSON pointer; none means that Slack takes them."""
    report = Report()
    if not isinstance(blocks, list):
        return ["must be an array [json-pointer:/blocks]"]
    if len(blocks) > MOST_BLOCKS[surface]:
        report.problem(f"no more than {MOST_BLOCKS[surface]} items allowed", "/blocks")
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        at = f"/blocks/{index}"
        check_block(block, at, surface, report)
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if block_id in seen:
            report.problem(f"block_id already exists: {block_id}", at)
        if block_id:
            seen.add(block_id)
    return report.problems


def check_block(block: Any, at: str, surface: Surface, report: Report) -> None:
    """Hold one block against its type."""
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in BLOCKS or kind in NOT_ON[surface]:
        report.problem(f"unsupported type: {kind}", f"{at}/type")
        return
    report.actions.clear()
    check_fields(block, BLOCKS[kind], at, report)
    if kind == "section" and not block.get("text") and not block.get("fields"):
        report.problem("missing required field: text", at)
    if kind == "image" and not block.get("image_url") and not block.get("slack_file"):
        report.problem("missing required field: image_url", at)
    if block.get("block_id"):
        IDENTIFIER(block["block_id"], f"{at}/block_id", report)


def total_text(value: Any) -> int:
    """Give the characters of all texts in blocks."""
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(total_text(inner) for inner in value.values() if not isinstance(inner, str))
    return sum(total_text(inner) for inner in value) if isinstance(value, list) else 0


def with_ids(blocks: list[Json]) -> list[Json]:
    """Give the blocks with a random ``block_id`` and ``action_id`` where the app gave none, as Slack adds them."""
    return [with_block_id(block) for block in blocks]


def with_block_id(block: Json) -> Json:
    """One block with its identifiers."""
    named = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)}
    if block["type"] in ("actions", "context_actions"):
        named["elements"] = [with_action_id(inner) for inner in block["elements"]]
    for place in ("accessory", "element"):
        if block.get(place) and block[place].get("type") != "image":
            named[place] = with_action_id(block[place])
    return named


def with_action_id(inner: Json) -> Json:
    """One element with its identifier."""
    return {**inner, "action_id": inner.get("action_id") or secrets.token_urlsafe(4)}


def interactive(blocks: list[Json]) -> list[tuple[Json, Json]]:
    """Every interactive element with the block that holds it."""
    found = []
    for block in blocks:
        inner = block.get("elements", []) if block["type"] in ("actions", "context_actions") else []
        inner = [*inner, *(block[place] for place in ("accessory", "element") if block.get(place))]
        found += [(block, item) for item in inner if item.get("action_id")]
    return found
