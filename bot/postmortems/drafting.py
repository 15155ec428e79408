"""Writes one section: by the model where one is configured, else, and whenever it fails, from the facts alone."""

import secrets
from dataclasses import dataclass, replace

from bot.llm.budget import Fit, estimate, fit
from bot.llm.client import ModelError
from bot.phrasing import plural
from bot.ports import Ports, Writer
from bot.postmortems import facts, grounding, prompt, sections
from bot.postmortems.evidence import Evidence, Pack
from bot.postmortems.prompt import WrittenSection
from bot.postmortems.review import noted
from bot.postmortems.sections import Part
from storage.records.postmortems import Section, Statement, StatementKind
from storage.records.samples import Sample
from storage.tables import samples
from storage.unit_of_work import UnitOfWork

METRIC = "model.tokens"
"""Samples of this metric count the tokens that each postmortem has used, about."""
ANSWER = 2000
"""Tokens that are kept free for an answer."""


@dataclass(frozen=True)
class Written:
    """A section, and what to say about how it came about ("" when there is nothing)."""

    section: Section
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """What the model works with for one section: who writes, from what, and how many tokens it may use."""

    ports: Ports
    writer: Writer
    pack: Pack
    part: Part
    tokens: int
    nonce: str

    def evidence(self) -> Fit[Evidence]:
        """The entries that fit beside everything else that is said."""
        about = estimate(prompt.SYSTEM) + estimate(prompt.draft(self.part, self.pack, (), left_out=9, nonce=self.nonce))
        return fit(
            self.pack.items,
            max(self.tokens - about - 2 * ANSWER, 0),
            cost=lambda item: estimate(prompt.line(item)) + 1,
            weight=lambda item: item.weight,
            at=lambda item: item.at,
        )


async def first(ports: Ports, pack: Pack, part: Part, *, missing: int) -> Written:
    """Write a section that is not there yet, one of `missing` that share what is left of the budget."""
    if ports.writer is None or part.rendered:
        return Written(_checked(facts.section(part, pack), pack))
    try:
        desk = await _desk(ports, ports.writer, pack, part, shares=max(missing, 1))
        return await _drafted(desk)
    except ModelError as failed:
        return Written(_checked(facts.section(part, pack), pack), f"The model could not write it: {failed}")


async def again(ports: Ports, pack: Pack, part: Part, old: Section, *, request: str, change: int, by: str) -> Written:
    """Write a section anew as a reviewer asked in journal entry `change`.

    Their words are never lost: without a model, when it fails, and when it changes nothing they are added as a note.
    """
    note = Statement(kind=StatementKind.NOTE, text=request, evidence=(change,), author=by)
    added = _checked(noted(old, note), pack)
    if ports.writer is None or part.rendered:
        return Written(added)
    try:
        desk = await _desk(ports, ports.writer, pack, part, shares=1)
        written = await _redrafted(desk, old, change)
    except ModelError as failed:
        return Written(added, f"the model could not rewrite it: {failed}")
    if written.section.statements == old.statements:
        return Written(added, "the model saw nothing to change")
    return written


async def _drafted(desk: _Desk) -> Written:
    kept = desk.evidence()
    asked = prompt.draft(desk.part, desk.pack, kept.kept, left_out=len(kept.left_out), nonce=desk.nonce)
    statements = await _grounded(desk, asked)
    if not statements:
        statements = (Statement(kind=StatementKind.UNKNOWN, text=desk.part.question),)
    if desk.part is sections.IMPACT:  # what code can compute is never left to a model
        measured, asked_for = (
            grounding.check(made(desk.pack), desk.pack, desk.part) for made in (facts.measured, facts.unmeasured)
        )
        known = {s.text for s in (*measured, *asked_for)}
        statements = (*measured, *(s for s in statements if s.text not in known), *asked_for)
    section = Section(name=desk.part.name, statements=statements, author=desk.writer.model)
    return Written(section, _left_out(kept))


async def _redrafted(desk: _Desk, old: Section, change: int) -> Written:
    kept = desk.evidence()
    asked = prompt.redraft(
        desk.part, desk.pack, kept.kept, left_out=len(kept.left_out), nonce=desk.nonce, old=old, change=change
    )
    statements = await _grounded(desk, asked)
    if not statements:
        raise ModelError(f"{desk.writer.model} left nothing of it")
    notes = tuple(s for s in old.statements if s.kind is StatementKind.NOTE)
    section = replace(old, statements=(*statements, *notes), author=desk.writer.model)
    return Written(section, _left_out(kept))


async def _grounded(desk: _Desk, asked: str) -> tuple[Statement, ...]:
    """The model's statements, checked; those that do not hold go back to it once and are then marked."""
    answer, spent = await _ask(desk, asked, desk.tokens)
    checked = grounding.check(answer, desk.pack, desk.part)
    failed = grounding.unverified(checked)
    if not failed:
        return checked
    try:
        mended, _ = await _ask(desk, prompt.repair(desk.part, desk.pack, failed, nonce=desk.nonce), desk.tokens - spent)
    except ModelError:
        return checked  # they stay, marked: a reader sees what the model said and why it does not hold
    passed = tuple(s for s in checked if not s.unverified)
    return (*passed, *grounding.check(mended, desk.pack, desk.part))[: prompt.MOST_STATEMENTS]


async def _ask(desk: _Desk, asked: str, tokens: int) -> tuple[tuple[Statement, ...], int]:
    """One question to the model: its statements, and about how many tokens that took. Failures are counted as well."""
    spent = estimate(prompt.SYSTEM) + estimate(asked)
    try:
        answer = await desk.writer.write(system=prompt.SYSTEM, prompt=asked, schema=WrittenSection, budget=tokens)
        spent += estimate(answer.model_dump_json())
    finally:
        await _count(desk.ports, desk.pack.incident, spent)
    if not isinstance(answer, WrittenSection):
        raise ModelError(f"{desk.writer.model} gave {type(answer).__name__} instead of a section")
    return prompt.statements(answer), spent


async def _desk(ports: Ports, writer: Writer, pack: Pack, part: Part, *, shares: int) -> _Desk:
    """Share out what is left of the postmortem's budget; raises `ModelError` when that is too little to begin."""
    whole = ports.manage.postmortems.budget
    async with ports.store.read() as conn:
        spent = sum(s.value for s in await samples.series(conn, METRIC, _labels(pack.incident)))
    tokens = int(whole - spent) // shares
    if tokens < ANSWER:
        left = f"{max(tokens * shares, 0):,} of {whole:,} tokens are left, too few to go on"
        raise ModelError(f"{left}; raise `postmortems.budget`")
    return _Desk(
        ports=ports,
        writer=writer,
        pack=pack,
        part=part,
        tokens=min(tokens, whole // (len(sections.PARTS) - 1)),
        nonce=secrets.token_hex(8),
    )


async def _count(ports: Ports, incident: int, tokens: int) -> None:
    sample = Sample(metric=METRIC, at=ports.now(), value=float(tokens), labels=_labels(incident))

    async def work(unit: UnitOfWork) -> None:
        await samples.insert(unit.conn, [sample])

    await ports.store.transact(work)


def _labels(incident: int) -> dict[str, str]:
    return {"postmortem": str(incident)}


def _left_out(kept: Fit[Evidence]) -> str:
    if not kept.left_out:
        return ""
    began, ended = min(i.at for i in kept.left_out), max(i.at for i in kept.left_out)
    count = plural(len(kept.left_out), "entry", "entries")
    return f"{count} between {began:%H:%M} and {ended:%H:%M} UTC did not fit into the token budget and were left out"


def _checked(section: Section, pack: Pack) -> Section:
    return replace(section, statements=grounding.check(section.statements, pack))
