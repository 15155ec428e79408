"""Slack's markup in texts: which ``<…>`` tokens exist, what must be escaped, and what Slack does with the rest.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Iterator
from typing import Any

BROADCAST = re.compile(r"!(here|channel|everyone)(\|[^<>]*)?$")
MENTION = re.compile(r"<[@#]([A-Z0-9]+)(?:\|[^<>]*)?>")
TOKEN = re.compile(r"<([^<>\n]*)>")
KNOWN = (
    re.compile(r"@[UW][A-Z0-9]+(\|[^<>]*)?$"),
    re.compile(r"#[CG][A-Z0-9]+(\|[^<>]*)?$"),
    re.compile(r"!subteam\^S[A-Z0-9]+(\|[^<>]*)?$"),
    re.compile(r"!date\^\d+\^[^|^<>]+(\^https?://[^|<>]+)?\|[^<>]+$"),
    re.compile(r"(https?://|mailto:|tel:)[^|<>\s]+(\|[^<>]*)?$"),
    BROADCAST,
)
STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
ESCAPED = re.compile(r"&(?:amp|lt|gt);")


def is_token(inside: str) -> bool:
    """Whether the text between ``<`` and ``>`` is a mention, date or link."""
    return any(pattern.match(inside) for pattern in KNOWN)


def problems(text: str, *, allow_broadcast: bool) -> list[str]:
    """Give what a careful sender would not send: raw ``& < >``, unknown tokens, a call to the whole channel."""
    found = []
    rest = text
    for match in TOKEN.finditer(text):
        inside = match.group(1)
        if BROADCAST.match(inside) and not allow_broadcast:
            found.append(f"broadcast mention <{inside}>")
        if is_token(inside):
            rest = rest.replace(match.group(0), "", 1)
        else:
            found.append(f"unknown token <{inside}>")
            rest = rest.replace(match.group(0), inside, 1)
    quotes_removed = re.sub(r"^>+ ?", "", rest, flags=re.MULTILINE)
    if "<" in quotes_removed or ">" in quotes_removed:
        found.append("unescaped < or >")
    if STRAY_AMPERSAND.search(rest):
        found.append("unescaped &")
    return found


def mentioned(text: str) -> list[str]:
    """Give the ids of the people and channels that a text mentions."""
    return [match.group(1) for match in MENTION.finditer(text)]


def normalised(text: str) -> str:
    """Give the text as Slack keeps it: what is no token and no escape is escaped."""
    parts = []
    end = 0
    for match in TOKEN.finditer(text):
        parts.append(escape_strays(text[end : match.start()]))
        inside = match.group(1)
        parts.append(match.group(0) if is_token(inside) else f"&lt;{escape_strays(inside)}&gt;")
        end = match.end()
    return "".join(parts) + escape_strays(text[end:])


def escape_strays(text: str) -> str:
    """Escape ``& < >`` but leave what is escaped already."""
    return STRAY_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def escape(text: str) -> str:
    """Escape everything that a person typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def texts(value: Any) -> Iterator[tuple[str, str]]:
    """Every text object in blocks or attachments, as (``mrkdwn`` or ``plain_text``, text)."""
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "plain_text") and isinstance(value.get("text"), str):
            yield value["type"], value["text"]
        else:
            for inner in value.values():
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def block_problems(blocks: Any, *, allow_broadcast: bool) -> list[str]:
    """Give the problems of every text in blocks or attachments; a plain text must not be escaped."""
    found = []
    for kind, text in texts(blocks):
        if kind == "mrkdwn":
            found += problems(text, allow_broadcast=allow_broadcast)
        elif ESCAPED.search(text):
            found.append(f"escaped plain_text {text[:40]!r}")
    return found
