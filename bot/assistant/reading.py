"""What a model wrote, as texts of a card: stressed words and code are marks, all else stays plain words (pure).

No link, mention or broadcast comes out of it: a card's strings are shown as they are.
"""

import re
from dataclasses import dataclass

from bot.cards.card import Bold, Code, Mark, Text
from bot.phrasing import cut

LONGEST = 6_000  # characters of an answer
MOST_PARAGRAPHS = 16

_CITED = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_CITED_BEFORE = re.compile(rf"[ \t]?{_CITED.pattern}")
_INLINE = re.compile(r"\*\*(?P<bold>[^*\n]{1,200})\*\*|`(?P<code>[^`\n]{1,300})`")
_HEADING = re.compile(r"^#{1,6}\s+(.*)$")
UNKNOWN = "?"
"""Stands behind the number of a result that there is not."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """An answer: its paragraphs, the results that it cites, and the numbers that it cites although there are none."""

    paragraphs: tuple[Text, ...]
    cited: frozenset[int]
    unknown: tuple[int, ...]


def read(text: str, results: int) -> Read:
    """The answer, checked against the number of results that there are."""
    numbers = [int(number) for found in _CITED.findall(text) for number in re.findall(r"\d+", found)]
    known = frozenset(number for number in numbers if 1 <= number <= results)
    unknown = tuple(sorted({number for number in numbers if number not in known}))
    marked = _CITED.sub(lambda found: _marked(found[1], known), cut(text.strip(), LONGEST))
    blocks = [block for block in re.split(r"\n\s*\n", marked) if block.strip()][:MOST_PARAGRAPHS]
    return Read(paragraphs=tuple(_paragraph(block.strip("\n")) for block in blocks), cited=known, unknown=unknown)


def without_citations(text: str) -> str:
    """The text for later questions: its numbers would be taken for those of other results."""
    return _CITED_BEFORE.sub("", text)


def _marked(cited: str, known: frozenset[int]) -> str:
    numbers = [int(number) for number in re.findall(r"\d+", cited)]
    return "".join(f"[{number}]" if number in known else f"[{number}{UNKNOWN}]" for number in numbers)


def _paragraph(block: str) -> Text:
    pieces: list[str | Mark] = []
    for number, line in enumerate(block.split("\n")):
        if number:
            pieces.append("\n")
        heading = _HEADING.match(line)
        pieces += [Bold(heading[1])] if heading and heading[1].strip() else _inline(line)
    return tuple(pieces)


def _inline(line: str) -> list[str | Mark]:
    pieces: list[str | Mark] = []
    end = 0
    for found in _INLINE.finditer(line):
        pieces += [line[end : found.start()]] if found.start() > end else []
        pieces.append(Bold(found["bold"]) if found["bold"] else Code(found["code"]))
        end = found.end()
    return [*pieces, line[end:]] if line[end:] or not pieces else pieces
