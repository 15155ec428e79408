"""Writes one section: by the model where one is configured, else, and whenever it fails, from the facts alone."""

from dataclasses import dataclass

from bot.ports import Ports
from bot.postmortems import facts, grounding
from bot.postmortems.evidence import Pack
from bot.postmortems.review import noted
from bot.postmortems.sections import Part
from storage.records.postmortems import Section, Statement, StatementKind


@dataclass(frozen=True)
class Written:
    """A section, and what to say about how it came about ("" when there is nothing)."""

    section: Section
    remark: str = ""


async def first(ports: Ports, pack: Pack, part: Part) -> Written:
    """Write a section that is not there yet."""
    return Written(_checked(facts.section(part, pack), pack, part))


async def again(ports: Ports, pack: Pack, part: Part, old: Section, *, request: str, change: int, by: str) -> Written:
    """Write a section anew as a reviewer asked in journal entry `change`; their words are never lost."""
    note = Statement(kind=StatementKind.NOTE, text=request, evidence=(change,), author=by)
    return Written(_checked(noted(old, note), pack, part))


def _checked(section: Section, pack: Pack, part: Part) -> Section:
    return Section(
        name=section.name,
        statements=grounding.check(section.statements, pack, part),
        author=section.author,
        revision=section.revision,
    )
