"""What has changed between two texts, statement by statement (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from bot.postmortems import sections
from storage.records.postmortems import Section, Statement

REMOVED, ADDED = "➖", "➕"  # noqa: RUF001 - signs that are seen on a phone


@dataclass(frozen=True, kw_only=True)
class Change:
    """A statement that was removed, added, or cites other entries than before (then `was` is the old one)."""

    kind: Literal["removed", "added", "sources"]
    statement: Statement
    was: Statement | None = None


@dataclass(frozen=True, kw_only=True)
class SectionChange:
    """What has changed in one section."""

    name: str
    changes: tuple[Change, ...]


def between(old: Sequence[Statement], new: Sequence[Statement]) -> tuple[Change, ...]:
    """What leads from one text to the other, in reading order: where both meet, the removed comes first."""
    found: list[Change] = []
    matcher = SequenceMatcher(None, [_key(s) for s in old], [_key(s) for s in new], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            pairs = zip(old[i1:i2], new[j1:j2], strict=True)
            found += [Change(kind="sources", statement=b, was=a) for a, b in pairs if a.evidence != b.evidence]
            continue
        found += [Change(kind="removed", statement=s) for s in old[i1:i2]]
        found += [Change(kind="added", statement=s) for s in new[j1:j2]]
    return tuple(found)


def of_texts(old: Sequence[Section], new: Sequence[Section]) -> tuple[SectionChange, ...]:
    """What leads from one version to another, section by section; sections that stayed are left out."""
    before = {part.name: part.statements for part in old}
    after = {part.name: part.statements for part in new}
    found = [
        SectionChange(name=name, changes=between(before.get(name, ()), after.get(name, ())))
        for name in sections.ordered(list(before | after))
    ]
    return tuple(one for one in found if one.changes)


def _key(statement: Statement) -> tuple[str, str]:
    return statement.kind.value, statement.text
