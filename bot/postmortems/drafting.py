"""Writes one section: by the model where one is configured, else, and whenever it fails, from the facts alone."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.llm import detectors
from bot.llm.budget import estimate
from bot.llm.client import ModelError
from bot.llm.redaction import redact
from bot.ports import Ports, Writer
from bot.postmortems import facts, grounding, prompt, sections
from bot.postmortems.evidence import Pack
from bot.postmortems.plan import ANSWER, WINDOW, Asked, Plan, Reading, left_out
from bot.postmortems.prompt import WrittenSection
from bot.postmortems.review import noted
from bot.postmortems.sections import Part
from storage.records.postmortems import Section, Statement, StatementKind
from storage.records.samples import Sample
from storage.tables import samples
from storage.unit_of_work import UnitOfWork

METRIC = "model.tokens"
"""Samples of this metric count the tokens that each postmortem has used, about."""

KEPT_BACK = "a private incident is not shown to the model, unless `postmortems.private_to_model` is set"
"""Why a model that there is did not write."""


@dataclass(frozen=True)
class Written:
    """A section, and what to say about how it came about ("" when there is nothing)."""

    section: Section
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """Who writes one section, and from what."""

    ports: Ports
    writer: Writer
    plan: Plan


async def dry(ports: Ports, pack: Pack, part: Part, *, missing: int) -> Asked:
    """What `first` would send for that section, word for word but for the marker, which is another each time.

    Nothing is sent. Raises `ModelError` when nothing would be: the budget is used up, or the incident is private.
    """
    if _kept_back(ports, pack):
        raise ModelError(KEPT_BACK)
    plan = await _plan(ports, pack, part, shares=max(missing, 1))
    reading, prompts = await asyncio.to_thread(_read, plan)
    safe = await asyncio.to_thread(redact, [prompt.SYSTEM, *prompts], detectors=detectors.found, personal=True)
    return Asked(
        system=safe.texts[0],
        prompts=safe.texts[1:],
        left_out=left_out(reading.fit),
        then="" if len(reading.parts) == 1 else "one request with the answers to these, and the entries that they cite",
    )


async def first(ports: Ports, pack: Pack, part: Part, *, missing: int) -> Written:
    """Write a section that is not there yet, one of `missing` that share what is left of the budget."""
    writer = None if part.rendered else ports.writer
    if writer is None or _kept_back(ports, pack):
        return Written(await _from_facts(part, pack), KEPT_BACK if writer else "")
    try:
        desk = _Desk(ports=ports, writer=writer, plan=await _plan(ports, pack, part, shares=max(missing, 1)))
        return await _drafted(desk)
    except ModelError as failed:
        return Written(await _from_facts(part, pack), f"The model could not write it: {failed}")


async def again(ports: Ports, pack: Pack, part: Part, old: Section, *, request: str, change: int, by: str) -> Written:
    """Write a section anew as a reviewer asked in journal entry `change`.

    Their words are never lost: without a model, when it fails, and when it changes nothing they are added as a note.
    """
    note = Statement(kind=StatementKind.NOTE, text=request, evidence=(change,), author=by)
    added = await asyncio.to_thread(_checked, noted(old, note), pack)
    if ports.writer is None or part.rendered:
        return Written(added)
    if _kept_back(ports, pack):
        return Written(added, KEPT_BACK)
    try:
        desk = _Desk(ports=ports, writer=ports.writer, plan=await _plan(ports, pack, part, shares=1))
        written = await _redrafted(desk, old, change)
    except ModelError as failed:
        return Written(added, f"the model could not rewrite it: {failed}")
    if written.section.statements == old.statements:
        return Written(added, "the model saw nothing to change")
    return written


def _read(plan: Plan) -> tuple[Reading, list[str]]:
    reading = plan.reading()
    return reading, plan.prompts(reading)


def _kept_back(ports: Ports, pack: Pack) -> bool:
    """Whether the model may not see it."""
    return pack.private and not ports.manage.postmortems.private_to_model


async def _drafted(desk: _Desk) -> Written:
    plan = desk.plan
    reading, prompts = await asyncio.to_thread(_read, plan)
    kept = reading.fit
    asked = prompts[0] if len(prompts) == 1 else await _merged(desk, prompts, len(kept.left_out))
    statements = await _grounded(desk, asked)
    if not statements:
        statements = (Statement(kind=StatementKind.UNKNOWN, text=plan.part.question),)
    if plan.part is sections.IMPACT:  # what code can compute is never left to a model
        before, after = [await asyncio.to_thread(_computed, made, plan) for made in (facts.measured, facts.unmeasured)]
        known = {s.text for s in (*before, *after)}
        statements = (*before, *(s for s in statements if s.text not in known), *after)
    section = Section(name=plan.part.name, statements=statements, author=desk.writer.model)
    return Written(section, left_out(kept))


async def _merged(desk: _Desk, prompts: Sequence[str], missing: int) -> str:
    """Ask each part of the timeline, and put what holds of the answers into the request that brings them together."""
    notes: list[Statement] = []
    for asked in prompts:
        answer, _ = await _ask(desk, asked, WINDOW)
        checked = await _check(answer, desk.plan)
        notes += [s for s in checked if not s.unverified and s.kind is not StatementKind.UNKNOWN]
    return await asyncio.to_thread(desk.plan.merged, notes, left_out=missing)


async def _redrafted(desk: _Desk, old: Section, change: int) -> Written:
    asked, kept = await asyncio.to_thread(desk.plan.again, old, change)
    statements = await _grounded(desk, asked)
    if not statements:
        raise ModelError(f"{desk.writer.model} left nothing of it")
    notes = tuple(s for s in old.statements if s.kind is StatementKind.NOTE)
    section = replace(old, statements=(*statements, *notes), author=desk.writer.model)
    return Written(section, left_out(kept))


async def _grounded(desk: _Desk, asked: str) -> tuple[Statement, ...]:
    """The model's statements, checked; those that do not hold go back to it once and are then marked."""
    plan = desk.plan
    tokens = min(plan.tokens, WINDOW)
    answer, spent = await _ask(desk, asked, tokens)
    checked = await _check(answer, plan)
    failed = grounding.unverified(checked)
    if not failed:
        return checked
    try:
        mended, _ = await _ask(desk, prompt.repair(plan.part, plan.pack, failed, nonce=plan.nonce), tokens - spent)
    except ModelError:
        return checked  # they stay, marked: a reader sees what the model said and why it does not hold
    passed = tuple(s for s in checked if not s.unverified)
    return (*passed, *await _check(mended, plan))[: prompt.MOST_STATEMENTS]


def _computed(made: Callable[[Pack], Iterable[Statement]], plan: Plan) -> tuple[Statement, ...]:
    return grounding.check(made(plan.pack), plan.pack, plan.part)


async def _check(statements: Iterable[Statement], plan: Plan) -> tuple[Statement, ...]:
    """The check reads every entry: of a long timeline that would hold everybody else up."""
    return await asyncio.to_thread(grounding.check, statements, plan.pack, plan.part)


async def _ask(desk: _Desk, asked: str, tokens: int) -> tuple[tuple[Statement, ...], int]:
    """One question to the model: its statements, and about how many tokens that took. Failures are counted as well."""
    spent = estimate(prompt.SYSTEM) + estimate(asked)
    try:
        answer = await desk.writer.write(system=prompt.SYSTEM, prompt=asked, schema=WrittenSection, budget=tokens)
        spent += estimate(answer.model_dump_json())
    finally:
        await _count(desk.ports, desk.plan.pack.incident, spent)
    if not isinstance(answer, WrittenSection):
        raise ModelError(f"{desk.writer.model} gave {type(answer).__name__} instead of a section")
    return prompt.statements(answer), spent


async def _plan(ports: Ports, pack: Pack, part: Part, *, shares: int) -> Plan:
    """Share out what is left of the postmortem's budget; raises `ModelError` when that is too little to begin."""
    whole = ports.manage.postmortems.budget
    async with ports.store.read() as conn:
        spent = sum(s.value for s in await samples.series(conn, METRIC, _labels(pack.incident)))
    tokens = int(whole - spent) // shares
    if tokens < ANSWER:
        left = f"{max(tokens * shares, 0):,} of {whole:,} tokens are left, too few to go on"
        raise ModelError(f"{left}; raise `postmortems.budget`")
    share = min(tokens, whole // (len(sections.PARTS) - 1))
    return Plan(pack=pack, part=part, tokens=share, nonce=secrets.token_hex(8))


async def _count(ports: Ports, incident: int, tokens: int) -> None:
    sample = Sample(metric=METRIC, at=ports.now(), value=float(tokens), labels=_labels(incident))

    async def work(unit: UnitOfWork) -> None:
        await samples.insert(unit.conn, [sample])

    await ports.store.transact(work)


def _labels(incident: int) -> dict[str, str]:
    return {"postmortem": str(incident)}


async def _from_facts(part: Part, pack: Pack) -> Section:
    return await asyncio.to_thread(lambda: _checked(facts.section(part, pack), pack))


def _checked(section: Section, pack: Pack) -> Section:
    check = grounding.copied if sections.named(section.name).rendered else grounding.check
    return replace(section, statements=check(section.statements, pack))
