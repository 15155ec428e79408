"""Takes out of a statement what readers do not see or would be misled by (pure)."""

import re
import unicodedata
from collections.abc import Iterable

from bot.cards.marks import clean
from bot.postmortems.evidence import Evidence

REMOVED = "[link removed]"
"""Stands where a link was that no cited entry has."""

_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_TOKEN = re.compile(r"<(?:[!@#][^<>]*|/?[A-Za-z][^<>]*)>")
_BROADCAST = re.compile(r"[@!](?=channel|here|everyone|group)", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_CITED_INLINE = re.compile(r"\s*[\[(]#?\d+(?:\s*,\s*#?\d+)*[\])]")


def cleaned(text: str, cited: Iterable[Evidence] = ()) -> str:
    """The text on one line without what readers do not see or would be misled by.

    Invisible characters, tokens and tags, calls to whole channels, links that stand in no cited entry, and numbers of
    entries written into the sentence (they are shown beside it) are taken out.
    """
    allowed = " ".join(e.words for e in cited)
    kept, before = _seen(clean(text)), ""
    while kept != before:  # taking one out may bring another together
        before = kept
        kept = _BROADCAST.sub("", _TOKEN.sub("", _CITED_INLINE.sub("", kept)))
        kept = _LINK.sub(lambda m: m[0] if m[0].rstrip(".,;:!?)") in allowed else REMOVED, kept)
    return " ".join(kept.split())


def _seen(text: str) -> str:
    return "".join(c for c in _INVISIBLE.sub("", text) if unicodedata.category(c) not in {"Cf", "Co", "Cn"})
