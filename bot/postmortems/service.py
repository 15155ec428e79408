"""Postmortems: read, decide, commit. Each change of the text is kept as a version of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.decision import Decision, commit
from bot.events import ChangeRequested, IncidentResolved, PostmortemPublished, payload_of
from bot.incidents import timeline
from bot.phrasing import cut
from bot.ports import Ports, Posted
from bot.postmortems import drafting, evidence, review, sections
from bot.postmortems.cards import Sources
from bot.postmortems.evidence import Evidence, Pack
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident
from storage.records.jobs import JobState
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem, Section, Version
from storage.records.posts import Post
from storage.tables import alerts, incidents, jobs, journal, postmortems, posts
from storage.unit_of_work import UnitOfWork

BOT = "bot"
CHANGE = "change #"
"""How the reason of a redraft begins; the number of the journal entry that asked for it follows."""
_MOST_COMMANDS = 200
_MOST_PENDING = 500


class UnknownIncident(LookupError):
    """There is no incident of that number."""


class UnknownPostmortem(LookupError):
    """The incident has no postmortem, or that has no such version; the text says which."""


class TooEarly(Exception):
    """The incident is not over."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A postmortem with its incident and what stands behind its text."""

    postmortem: Postmortem
    incident: Incident
    sources: Sources

    def section(self, name: str) -> Section | None:
        """The section of that name, when it is written."""
        return next((part for part in self.postmortem.sections if part.name == name), None)


async def schedule(ports: Ports, resolved: IncidentResolved) -> None:
    """Plan the draft of a resolved incident, where its severity asks for one."""
    if Severity(resolved.severity) not in ports.manage.postmortems.write_for:
        return
    at = ports.now() + ports.manage.postmortems.draft_after

    async def work(unit: UnitOfWork) -> None:
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


async def write(ports: Ports, number: int, name: str) -> None:
    """Write one section of the first draft, when it is not there yet; raises `UnknownPostmortem`."""
    async with ports.store.read() as conn:
        known = await postmortems.get(conn, number)
    if known is None:
        raise UnknownPostmortem(f"there is no postmortem of incident #{number}")
    if name in {part.name for part in known.sections}:
        return
    missing = sum(1 for other in review.unwritten(known) if not sections.named(other).rendered)
    written = await drafting.first(ports, await pack_of(ports, number), sections.named(name), missing=missing)
    await _change(ports, number, BOT, lambda p: review.section_drafted(p, written.section, reason=written.remark))


async def comment(ports: Ports, number: int, section: str, text: str, *, by: str) -> Decision[Postmortem]:
    """Ask for a change of one section; raises `UnknownPostmortem`."""
    return await _change(ports, number, by, lambda p: review.comment(p, section, text))


async def redraft(ports: Ports, asked: ChangeRequested, *, change: int, by: str) -> None:
    """Write a section anew as journal entry `change` asks; once only, however often it is tried."""
    number = asked.incident
    mark = f"{CHANGE}{change}: "
    async with ports.store.read() as conn:
        known = await postmortems.get(conn, number)
        done = _has_redrafted(await journal.of_subjects(conn, [f"postmortem:{number}"]), mark)
    old = next((part for part in known.sections if part.name == asked.section), None) if known else None
    if old is None or done:
        return
    part = sections.named(asked.section)
    request = sections.request(asked.text, part)
    pack = await pack_of(ports, number)
    written = await drafting.again(ports, pack, part, old, request=request, change=change, by=by)
    reason = f"{mark}{cut(request, 120)}" + (f" ({written.remark})" if written.remark else "")
    await _change(ports, number, by, lambda p: review.redrafted(p, written.section, reason=reason))


async def approve(ports: Ports, number: int, *, by: str) -> Decision[Postmortem]:
    """Approve the text as it stands; raises `UnknownPostmortem`."""
    return await _change(ports, number, by, lambda p: review.approve(p, by=by, now=ports.now()))


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


async def view(ports: Ports, number: int) -> View:
    """The postmortem of incident `number`; raises `UnknownIncident` or `UnknownPostmortem`."""
    async with ports.store.read() as conn:
        known, incident = await postmortems.get(conn, number), await incidents.get(conn, number)
    if incident is None:
        raise UnknownIncident(f"there is no incident #{number}")
    if known is None:
        raise UnknownPostmortem(f"incident #{number} has no postmortem")
    pack = await pack_of(ports, number)
    links = await _links(ports, pack)
    return View(
        postmortem=known,
        incident=incident,
        sources=Sources(links=links, people=pack.people, redacted=pack.redacted),
    )


async def kept(ports: Ports, number: int, version: int) -> Version:
    """One kept version; raises `UnknownPostmortem`."""
    async with ports.store.read() as conn:
        found = await postmortems.version(conn, number, version)
    if found is None:
        raise UnknownPostmortem(f"the postmortem of incident #{number} has no version {version}")
    return found


async def versions(ports: Ports, number: int) -> list[Version]:
    """All kept versions, oldest first."""
    async with ports.store.read() as conn:
        return await postmortems.versions(conn, number)


async def pack_of(ports: Ports, number: int) -> Pack:
    """The evidence of an incident as the journal has it now; raises `UnknownIncident`."""
    async with ports.store.read() as conn:
        incident = await incidents.get(conn, number)
        if incident is None:
            raise UnknownIncident(f"there is no incident #{number}")
        raised = [alert for id_ in incident.alert_ids if (alert := await alerts.get(conn, id_))]
        subjects = timeline.subjects(number, incident.alert_ids, _checks(raised))
        entries = await journal.of_subjects(conn, subjects)
        entries += await journal.of_kind(conn, "CommandRun", since=incident.started_at, limit=_MOST_COMMANDS)
    return evidence.collect(incident, entries)


def _checks(raised: list[Alert]) -> list[str]:
    return sorted({alert.labels["check"] for alert in raised if "check" in alert.labels})


async def _links(ports: Ports, pack: Pack) -> dict[int, str]:
    if ports.chat is None:
        return {}
    links: dict[int, str] = {}
    async with ports.store.read() as conn:
        for item in pack.items:
            place = Posted(item.channel, item.ts) if item.channel and item.ts else None
            if place is None and (post := await _said(conn, item, pack.incident)):
                place = Posted(post.channel, post.ts)
            if place and (address := ports.chat.link(place)):
                links[item.id] = address
    return links


async def _said(conn: AsyncConnection, item: Evidence, incident: int) -> Post | None:
    """The message that said it: its own, else the card that shows it, else the incident's card."""
    for key in (f"entry:{item.id}", f"{item.subject}:card", f"incident:{incident}:card"):
        if post := await posts.get(conn, key):
            return post
    return None


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
