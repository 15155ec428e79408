"""Slack's rules for messages and modals, written from its documentation alone: knows nothing of the renderer.

Sources: docs.slack.dev/reference/block-kit, /reference/views, /messaging/formatting-message-text; the cumulative limit of a
message is undocumented (9,597 characters passed, 11,341 were refused), 9,000 is kept to.
"""

import re
from collections.abc import Iterator
from typing import Any

TOKEN = re.compile(r"<[^<>]*>")
KNOWN_TOKEN = re.compile(
    r"<(@[UW][A-Z0-9]+|#[CGD][A-Z0-9]+|!date\^-?\d+\^[^|^<>]+\|[^<>]+|https?://[^|<>\s]+(\|[^<>]*)?)>"
)
BROADCAST = re.compile(r"<!(channel|here|everyone|subteam)")
STYLES = {"primary", "danger"}


def problems_of_message(text: str, blocks: list[Any], attachments: list[Any]) -> list[str]:
    """Every rule that the message breaks."""
    found = list(_text(text, 4000, "text"))
    everything = [*blocks, *(block for attachment in attachments for block in attachment.get("blocks", []))]
    if len(everything) > 50:
        found.append(f"{len(everything)} blocks")
    if len(attachments) > 100:
        found.append(f"{len(attachments)} attachments")
    for attachment in attachments:
        if not re.fullmatch(r"#[0-9a-f]{6}", attachment["color"]):
            found.append(f"colour {attachment['color']}")
        if not attachment["blocks"]:
            found.append("attachment without blocks")
    total = sum(len(said) for said in _texts(everything))
    if total > 9000:
        found.append(f"{total} characters in all blocks")
    for block in everything:
        found += _block(block, {"section", "header", "actions", "context", "rich_text", "divider"})
    ids = [element["action_id"] for block in everything if block["type"] == "actions" for element in block["elements"]]
    if len(ids) != len(set(ids)):
        found.append("an action_id twice")
    return found + list(_hostile([text, *_texts(everything)]))


def problems_of_view(view: dict[str, Any]) -> list[str]:
    """Every rule that the modal breaks."""
    found = [p for part in ("title", "submit", "close") for p in _plain(view[part], 24, part)]
    if view["type"] != "modal" or len(view["callback_id"]) > 255 or len(view["private_metadata"]) > 3000:
        found.append("type, callback_id or private_metadata")
    if not 0 < len(view["blocks"]) <= 100:
        found.append(f"{len(view['blocks'])} blocks")
    ids = [block.get("block_id") for block in view["blocks"] if "block_id" in block]
    if len(ids) != len(set(ids)) or any(not 0 < len(i) <= 255 for i in ids):
        found.append("block ids")
    for block in view["blocks"]:
        found += _block(block, {"section", "input", "context", "rich_text"})
    return found


def _texts(value: Any) -> Iterator[str]:
    """Every string that is shown: texts, fallbacks of dates, mentions as Slack counts them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str):
                if key in {"text", "fallback"}:
                    yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _hostile(texts: list[str]) -> Iterator[str]:
    for said in texts:
        if BROADCAST.search(said):
            yield f"a broadcast in {said!r}"
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", said):
            yield f"characters that cannot be shown in {said!r}"


def _text(said: Any, limit: int, where: str) -> Iterator[str]:
    """A mrkdwn string: its length, and that every < opens a token that Slack knows."""
    if not isinstance(said, str) or not 0 < len(said) <= limit:
        yield f"{where}: {len(said) if isinstance(said, str) else said} characters of {limit}"
        return
    without = TOKEN.sub(lambda m: "" if KNOWN_TOKEN.fullmatch(m[0]) else m[0], said)
    if "<" in without or ">" in without:
        yield f"{where}: unknown token or bare bracket in {said!r}"
    if re.search(r"&(?!amp;|lt;|gt;)", said):
        yield f"{where}: bare & in {said!r}"


def _plain(value: Any, limit: int, where: str) -> Iterator[str]:
    if value.get("type") != "plain_text" or not 0 < len(value["text"]) <= limit:
        yield f"{where}: plain_text of {len(value['text'])} characters of {limit}"
    if KNOWN_TOKEN.search(value["text"]):
        yield f"{where}: token in plain text {value['text']!r}"


def _text_object(value: Any, limit: int, where: str) -> Iterator[str]:
    if value["type"] == "mrkdwn":
        if "emoji" in value:
            yield f"{where}: emoji on mrkdwn"
        yield from _text(value["text"], limit, where)
    else:
        yield from _plain(value, limit, where)


def _block(block: Any, allowed: set[str]) -> list[str]:
    kind = block["type"]
    if kind not in allowed:
        return [f"block {kind}"]
    return list(CHECKS[kind](block))


def _section(block: Any) -> Iterator[str]:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        yield "empty section"
    if "text" in block:
        yield from _text_object(block["text"], 3000, "section")
    if len(fields) > 10:
        yield f"{len(fields)} fields"
    for field in fields:
        yield from _text_object(field, 2000, "field")


def _header(block: Any) -> Iterator[str]:
    yield from _plain(block["text"], 150, "header")


def _context(block: Any) -> Iterator[str]:
    if not 0 < len(block["elements"]) <= 10:
        yield f"{len(block['elements'])} context elements"
    for element in block["elements"]:
        yield from _text_object(element, 3000, "context")


def _actions(block: Any) -> Iterator[str]:
    if not 0 < len(block["elements"]) <= 25:
        yield f"{len(block['elements'])} buttons"
    for button in block["elements"]:
        yield from _plain(button["text"], 75, "button")
        if not 0 < len(button["action_id"]) <= 255 or len(button.get("value", "")) > 2000:
            yield "button action_id or value"
        if button.get("value") == "":
            yield "empty value"
        if "url" in button and (len(button["url"]) > 3000 or not re.match(r"https?://", button["url"])):
            yield f"button url {button['url']!r}"
        if button.get("style", "primary") not in STYLES:
            yield f"button style {button['style']}"
        for part, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            if "confirm" in button:
                yield from _plain(button["confirm"][part], limit, f"confirm {part}")


def _rich_text(block: Any) -> Iterator[str]:
    if not block["elements"]:
        yield "empty rich_text"
    for part in block["elements"]:
        lines = part["elements"] if part["type"] == "rich_text_list" else [part]
        if part["type"] == "rich_text_list" and (part["style"] not in {"bullet", "ordered"} or not lines):
            yield "list"
        for line in lines:
            if line["type"] not in {"rich_text_section", "rich_text_preformatted"} or not line["elements"]:
                yield f"line {line['type']} with {len(line['elements'])} elements"
            for element in line["elements"]:
                yield from _element(element, preformatted=line["type"] == "rich_text_preformatted")


def _element(element: Any, *, preformatted: bool) -> Iterator[str]:
    allowed = {"text", "link"} if preformatted else {"text", "link", "user", "channel", "date"}
    keys = {
        "text": {"type", "text", "style"},
        "link": {"type", "url", "text"},
        "user": {"type", "user_id"},
        "channel": {"type", "channel_id"},
        "date": {"type", "timestamp", "format", "fallback"},
    }
    if element["type"] not in allowed or set(element) - keys[element["type"]]:
        yield f"rich text element {element}"
    elif element["type"] == "text" and (not element["text"] or KNOWN_TOKEN.search(element["text"])):
        yield f"rich text {element['text']!r}"
    elif element["type"] == "link" and (not re.match(r"https?://", element["url"]) or len(element["url"]) > 3000):
        yield f"link {element['url']!r}"
    elif element["type"] == "date" and not isinstance(element["timestamp"], int):
        yield "date"


def _input(block: Any) -> Iterator[str]:
    yield from _plain(block["label"], 2000, "label")
    if "hint" in block:
        yield from _plain(block["hint"], 2000, "hint")
    element = block["element"]
    if len(element.get("initial_value", "")) > 3000 or not 0 < len(element["action_id"]) <= 255:
        yield "input element"
    yield from _menu(element)


def _menu(element: Any) -> Iterator[str]:
    groups = element.get("option_groups", [])
    if len(groups) > 100 or ("options" in element and groups):
        yield "option groups"
    lists = [group["options"] for group in groups] + ([element["options"]] if "options" in element else [])
    if element["type"] in {"static_select", "checkboxes"} and not lists:
        yield "menu without options"
    for options in lists:
        if not 0 < len(options) <= 100:
            yield f"{len(options)} options"
        for option in options:
            yield from _plain(option["text"], 75, "option")
            if not 0 < len(option["value"]) <= 150:
                yield "option value"
    values = [option["value"] for options in lists for option in options]
    if len(values) != len(set(values)):
        yield "an option value twice"
    if "initial_option" in element and element["initial_option"] not in [o for options in lists for o in options]:
        yield "initial option"


CHECKS = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "rich_text": _rich_text,
    "input": _input,
    "divider": lambda _block: iter(()),
}
