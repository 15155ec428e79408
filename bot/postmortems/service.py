"""Postmortems: read, decide, commit. Each change of the text is kept as a version of its own."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from functools import partial

from bot.cards.marks import clean
from bot.decision import Decision, commit
from bot.events import (
    ChangeRequested,
    IncidentResolved,
    PostmortemPublished,
    RedraftRequested,
    SectionDrafted,
    payload_of,
)
from bot.phrasing import cut
from bot.ports import Ports
from bot.postmortems import drafting, editing, facts, grounding, review, routing, sections
from bot.postmortems.drafting import Written
from bot.postmortems.evidence import Pack
from bot.postmortems.plan import Asked
from bot.postmortems.reading import UnknownIncident, UnknownPostmortem, View, kept, pack_of, section_of, versions, view
from storage.records.alerts import Severity
from storage.records.jobs import JobState
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem, Section, Statement, Version
from storage.tables import incidents, jobs, journal, postmortems
from storage.unit_of_work import UnitOfWork

__all__ = ["UnknownIncident", "UnknownPostmortem", "View", "kept", "pack_of", "section_of", "versions", "view"]

BOT = "bot"
CHANGE = "change #"
"""How the reason of a redraft begins; the number of the journal entry that asked for it follows."""
_MOST_PENDING = 500
_TRIES = 3
_MOVED = "it was edited meanwhile"


class TooEarly(Exception):
    """The incident is not over."""


async def schedule(ports: Ports, resolved: IncidentResolved) -> None:
    """Plan the draft of a resolved incident, where its severity asks for one; a test gets none by itself."""
    if Severity(resolved.severity) not in ports.manage.postmortems.write_for:
        return
    at = ports.now() + ports.manage.postmortems.draft_after

    async def work(unit: UnitOfWork) -> None:
        incident = await incidents.get(unit.conn, resolved.incident)
        if incident is None or incident.open or incident.test:  # it may have been reopened meanwhile
            return
        known = await postmortems.get(unit.conn, resolved.incident, lock=True)
        await _commit(ports, unit, known, review.schedule(known, resolved.incident, at=at), BOT)

    await ports.store.transact(work)


async def begin(ports: Ports, number: int, *, by: str = BOT) -> Decision[Postmortem]:
    """Draft now: what is missing, never over what is there. Raises `UnknownIncident` and `TooEarly`."""

    async def work(unit: UnitOfWork) -> Decision[Postmortem]:
        incident = await incidents.get(unit.conn, number)
        if incident is None:
            raise UnknownIncident(f"there is no incident #{number}")
        if incident.open:
            raise TooEarly(f"incident #{number} is not resolved yet")
        known = await postmortems.get(unit.conn, number, lock=True)
        if known is None:
            await _commit(ports, unit, None, review.schedule(None, number, at=ports.now()), by)
            known = await postmortems.get(unit.conn, number, lock=True)
        if known is None:
            raise UnknownPostmortem(f"the postmortem of incident #{number} was not kept")
        if await _is_being_written(unit, known):
            return Decision(state=known, reason="it is being drafted just now")
        decision = review.start(known, now=ports.now())
        await _commit(ports, unit, known, decision, by)
        return decision

    return await ports.store.transact(work)


async def write(ports: Ports, number: int, name: str, plan: Collection[str] = sections.NAMES) -> None:
    """Write one section of the first draft, when it is not there yet; raises `UnknownPostmortem`."""
    async with ports.store.glance() as conn:
        known = await postmortems.get(conn, number)
    if known is None:
        raise UnknownPostmortem(f"there is no postmortem of incident #{number}")
    if name in {part.name for part in known.sections}:
        return
    missing = sum(1 for other in review.unwritten(known) if not sections.named(other).rendered)
    written = await drafting.first(ports, await pack_of(ports, number), sections.named(name), missing=missing)
    await _change(
        ports, number, BOT, lambda p: review.section_drafted(p, written.section, plan=plan, reason=written.remark)
    )


async def dry(ports: Ports, number: int, name: str) -> tuple[Asked, Pack]:
    """What drafting a section would send to the model, and the evidence it is made of; nothing is sent.

    Raises `UnknownIncident`, and `ModelError` when nothing would be sent.
    """
    async with ports.store.read() as conn:
        known = await postmortems.get(conn, number)
    pack = await pack_of(ports, number)
    left = review.unwritten(known) if known else sections.NAMES
    missing = sum(1 for other in left if not sections.named(other).rendered)
    return await drafting.dry(ports, pack, sections.named(name), missing=missing), pack


async def comment(ports: Ports, number: int, section: str, text: str, *, by: str) -> Decision[Postmortem]:
    """Ask for a change of one section; raises `UnknownPostmortem`."""
    return await _change(ports, number, by, lambda p: review.comment(p, section, text))


async def regenerate(ports: Ports, number: int, section: str, *, by: str) -> Decision[Postmortem]:
    """Ask for one section to be written anew from the evidence as it is now; raises `UnknownPostmortem`."""
    return await _change(ports, number, by, lambda p: review.regenerate(p, section))


async def redraft(ports: Ports, asked: ChangeRequested | RedraftRequested, *, change: int, by: str) -> str:
    """Write a section anew as journal entry `change` asks; once only, however often it is tried.

    Says why nothing has changed, "" otherwise.
    """
    number, mark = asked.incident, f"{CHANGE}{change}: "
    for left in reversed(range(_TRIES)):
        async with ports.store.read() as conn:
            known = await postmortems.get(conn, number)
            done = _has_redrafted(await journal.of_subjects(conn, [f"postmortem:{number}"]), mark)
        old = section_of(known, asked.section)
        if old is None or done:
            return ""
        written, why = await _anew(ports, asked, old, change=change, by=by)
        reason = f"{mark}{why}" + (f" ({written.remark})" if written.remark else "")
        # somebody may have edited it while it was written: then it is written again, from what they made of it
        choose = partial(_if_unmoved, old=old, new=written.section, reason=reason, exact=left > 0)
        decision = await _change(ports, number, by, choose)
        if decision.changed:
            return ""
        if decision.reason != _MOVED:
            return written.remark or decision.reason
    return _MOVED


async def _anew(
    ports: Ports, asked: ChangeRequested | RedraftRequested, old: Section, *, change: int, by: str
) -> tuple[Written, str]:
    """The new text, and what was asked for in words."""
    part, pack = sections.named(asked.section), await pack_of(ports, asked.incident)
    if isinstance(asked, ChangeRequested):
        request = sections.request(asked.text, part)
        return await drafting.again(ports, pack, part, old, request=request, change=change, by=by), cut(request, 120)
    written = await drafting.first(ports, pack, part, missing=1)
    # a failing model must not put a fact sheet in the place of what it wrote before
    failed = written.remark and written.section.author == facts.AUTHOR != old.author
    return (Written(old, written.remark) if failed else written), "written anew from the journal"


def _if_unmoved(
    postmortem: Postmortem, *, old: Section, new: Section, reason: str, exact: bool
) -> Decision[Postmortem]:
    standing = section_of(postmortem, old.name)
    if exact and standing is not None and standing.revision != old.revision:
        return Decision(state=postmortem, reason=_MOVED)
    return review.redrafted(postmortem, new, reason=reason)


async def edit(
    ports: Ports,
    number: int,
    name: str,
    text: str,
    *,
    by: str,
    revision: int | None = None,
    page: editing.Page | None = None,
) -> Decision[Postmortem]:
    """Give a section the text that a person wrote, one statement on a line.

    `revision` is the text that they had before them, `page` which statements of it they edited. What they changed is
    theirs: it is checked and marked, and stays as they wrote it. Raises `UnknownPostmortem` and `editing.TooLong`.
    """
    old = await text_of(ports, number, name, revision)
    before = old.statements if old else ()
    whole = editing.read(text, before, by=by)
    if page is not None:
        whole = (*before[: page.first - 1], *whole, *before[page.last :])
    pack = await pack_of(ports, number)
    checked = tuple(s if s in before else _marked(s, pack) for s in whole)
    return await _change(ports, number, by, lambda p: review.edited(p, name, checked, by=by, base=old))


async def text_of(ports: Ports, number: int, name: str, revision: int | None = None) -> Section | None:
    """A section as it is, or as an earlier revision had it; None when it is not written."""
    async with ports.store.read() as conn:
        now = section_of(await postmortems.get(conn, number), name)
        if now is None or revision in {None, now.revision}:
            return now
        texts = (section_of(version, name) for version in reversed(await postmortems.versions(conn, number)))
        return next((part for part in texts if part and part.revision == revision), now)


def _marked(statement: Statement, pack: Pack) -> Statement:
    """The statement as it was written, with what the check found."""
    (checked,) = grounding.check((statement,), pack)
    return replace(checked, kind=statement.kind, text=" ".join(clean(statement.text).split()))


async def meant(ports: Ports, view: View, text: str, *, by: str, quoted: str = "") -> str:
    """The section that a reply of this person is about, "" when that cannot be told."""
    async with ports.store.read() as conn:
        entries = await journal.of_subjects(conn, [view.postmortem.subject])
    recent = routing.recent(entries, by, ports.now())
    return routing.section_of(view.postmortem, text, quoted=quoted, recent=recent)


async def approve(
    ports: Ports, number: int, *, by: str, section: str = "", revision: int | None = None
) -> Decision[Postmortem]:
    """Approve the whole text as it stands, or one section of it; raises `UnknownPostmortem`."""
    if section:
        return await _change(
            ports,
            number,
            by,
            lambda p: review.approve_section(p, section, by=by, now=ports.now(), revision=revision),
        )
    return await _change(ports, number, by, lambda p: review.approve(p, by=by, now=ports.now()))


async def reopen(ports: Ports, number: int, *, by: str, section: str = "") -> Decision[Postmortem]:
    """Take approvals back, that of one section or all; raises `UnknownPostmortem`."""
    return await _change(ports, number, by, lambda p: review.reopen(p, section))


async def remark(ports: Ports, view: View, section: Section) -> str:
    """What there was to say about how this text of a section came about; a change says so in a note of its own."""
    if section.revision > 1:
        return ""
    async with ports.store.glance() as conn:
        written = await journal.of_subject(conn, view.postmortem.subject, [SectionDrafted.__name__])
    return next((str(e.payload.get("reason", "")) for e in written if e.payload["section"] == section.name), "")


async def posted(ports: Ports, number: int, channel: str, ts: str) -> None:
    """Note where the draft's message stands."""
    await _change(ports, number, BOT, lambda p: review.posted(p, channel, ts))


async def published(ports: Ports, number: int, text_version: int, file: str) -> None:
    """Note that an approved version is public; once for each version."""
    event = PostmortemPublished(incident=number, text_version=text_version, file=file)

    async def work(unit: UnitOfWork) -> None:
        entries = await journal.of_subjects(unit.conn, [event.subject])
        if any(e.kind == "PostmortemPublished" and e.payload["text_version"] == text_version for e in entries):
            return
        entry = await unit.append(
            at=ports.now(), kind="PostmortemPublished", subject=event.subject, actor=BOT, payload=payload_of(event)
        )
        await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(work)


def _has_redrafted(entries: list[Entry], mark: str) -> bool:
    return any(e.kind == "SectionDrafted" and str(e.payload.get("reason", "")).startswith(mark) for e in entries)


async def _is_being_written(unit: UnitOfWork, known: Postmortem) -> bool:
    pending = await jobs.listing(unit.conn, states=(JobState.PENDING,), limit=_MOST_PENDING)
    return any(job.subject == known.subject and job.kind == review.SECTION for job in pending)


async def _change(
    ports: Ports, number: int, actor: str, choose: Callable[[Postmortem], Decision[Postmortem]]
) -> Decision[Postmortem]:
    async def work(unit: UnitOfWork) -> Decision[Postmortem]:
        known = await postmortems.get(unit.conn, number, lock=True)
        if known is None:
            raise UnknownPostmortem(f"incident #{number} has no postmortem")
        decision = choose(known)
        await _commit(ports, unit, known, decision, actor)
        return decision

    return await ports.store.transact(work)


async def _commit(
    ports: Ports, unit: UnitOfWork, before: Postmortem | None, decision: Decision[Postmortem], actor: str
) -> None:
    now: datetime = ports.now()
    await commit(unit, decision, actor=actor, now=now, jobs_for=ports.jobs_for)
    after = decision.state
    if after.text_version > (before.text_version if before else 0):
        await postmortems.add_version(
            unit.conn,
            Version(
                incident_id=after.id,
                number=after.text_version,
                at=now,
                author=actor,
                reason=decision.reason,
                sections=after.sections,
            ),
        )
