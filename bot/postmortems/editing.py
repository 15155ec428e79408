"""A section's text as people edit it: one statement on a line, with its sources in brackets; and back (pure)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.records.postmortems import Statement, StatementKind

LONGEST = 1_000
"""Characters that one statement may have."""
PAGE = 2_800
"""Characters of text that one form shows; Slack takes 3,000."""

_KINDS = {StatementKind.UNKNOWN: "Question: ", StatementKind.INFERENCE: "Inferred: ", StatementKind.NOTE: "Note: "}
_CITED = re.compile(r"\s*\[\s*(?:[tT#]\d{1,15})(?:\s*[,;]\s*[tT#]\d{1,15})*\s*\]")
_NUMBER = re.compile(r"\d+")


class TooLong(ValueError):
    """A line is longer than a statement may be; the text says which one."""


@dataclass(frozen=True)
class Page:
    """Statements `first` to `last` of a section, counted from 1, as far as one form can show them."""

    first: int
    last: int

    @property
    def spelled(self) -> str:
        """The page as it is typed: "1-20"."""
        return f"{self.first}-{self.last}"


def cited(number: int) -> str:
    """How a journal entry is cited in a text."""
    return f"[t{number}]"


def line(statement: Statement) -> str:
    """One statement as it is edited."""
    sources = "".join(f" {cited(number)}" for number in statement.evidence)
    return f"{_KINDS.get(statement.kind, '')}{' '.join(statement.text.split())}{sources}"


def written(statements: Iterable[Statement]) -> str:
    """The statements as the text that people edit."""
    return "\n".join(map(line, statements))


def pages(statements: Sequence[Statement]) -> list[Page]:
    """The forms that it takes to show all statements."""
    found: list[Page] = []
    first, room = 1, PAGE
    for number, statement in enumerate(statements, 1):
        cost = len(line(statement)) + 1
        if cost > room and number > first:
            found.append(Page(first, number - 1))
            first, room = number, PAGE
        room -= cost
    return [*found, Page(first, len(statements))] if statements else [Page(1, 0)]


def read(text: str, before: Iterable[Statement], *, by: str) -> tuple[Statement, ...]:
    """The statements of an edited text. What stood in the text `before` stays as it was, all else is said by `by`.

    Raises `TooLong`.
    """
    known = {line(statement): statement for statement in before}
    found = []
    for raw in text.splitlines():
        typed = " ".join(raw.removeprefix("•").split())
        if typed:
            found.append(known.get(typed) or _statement(typed, by))
    return tuple(found)


def _statement(typed: str, by: str) -> Statement:
    if len(typed) > LONGEST:
        raise TooLong(f"“{typed[:60]}…” has {len(typed):,} characters, a statement may have {LONGEST:,}")
    numbers = [int(n) for group in _CITED.findall(typed) for n in _NUMBER.findall(group)]
    said = _CITED.sub("", typed).strip()
    kind = StatementKind.FACT
    for one, lead in _KINDS.items():
        if said.lower().startswith(lead.lower().rstrip()):
            kind, said = one, said[len(lead.rstrip()) :].strip()
            break
    return Statement(kind=kind, text=said or typed, evidence=tuple(dict.fromkeys(numbers)), author=by)
