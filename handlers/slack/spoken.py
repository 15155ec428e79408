"""Slack's wire format as people mean it: `<@U1|name>`, `<#C1|name>`, `<https://…|text>`, `&lt;` (pure)."""

import re
from collections.abc import Callable

Said = Callable[[str, str, str], str]
"""What a token is in words: its kind ("@", "#", "!" or " " for a link), its value and what Slack shows for it."""

_TOKEN = re.compile(r"<([^<>]*)>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def typed(text: str) -> str:
    """The text as a command line: users and channels are their ids, links their addresses."""
    return _plain(text, lambda kind, value, _shown: value if kind in "@#" else f"@{value}" if kind == "!" else value)


def readable(text: str) -> str:
    """The text as one would read it aloud: names where Slack tells them."""

    def said(kind: str, value: str, shown: str) -> str:
        if kind == "!":
            return shown or f"@{value.partition('^')[0]}"
        if kind in "@#":
            return f"{kind}{shown.lstrip('@#') or value}"
        return f"{shown} ({value})" if shown and shown != value else value

    return _plain(text, said)


def without_mention(text: str, user: str) -> str:
    """The text without the mentions of that user."""
    return re.sub(rf"<@{re.escape(user)}(\|[^<>]*)?>", " ", text).strip() if user else text


def _plain(text: str, said: Said) -> str:
    def one(found: re.Match[str]) -> str:
        inner, _, shown = found[1].partition("|")
        kind = inner[:1] if inner[:1] in {"@", "#", "!"} else " "
        return said(kind, inner[1:] if kind != " " else inner, shown)

    plain = _TOKEN.sub(one, text)
    for entity, sign in _ENTITIES:
        plain = plain.replace(entity, sign)
    return plain
