"""Keeps approved postmortems in further places: Slack's canvas, repositories, wikis. What each said is a fact."""

import re
import unicodedata
from collections.abc import Sequence

import structlog

from bot.decision import fact_of
from bot.engine.retry import ATTEMPTS, runs
from bot.events import Event, PostmortemStored, StoringFailed, StoringRequested
from bot.outside import Document
from bot.ports import ChatError, Ports, Undeliverable
from bot.postmortems import markdown, reading
from bot.postmortems.place_cards import Place
from storage.records.incidents import Incident
from storage.records.jobs import Job, NewJob
from storage.records.journal import Entry
from storage.tables import journal
from storage.unit_of_work import UnitOfWork

STORE = "postmortems.store"
"""Kind of the jobs that bring one approved version to one place."""
CANVAS = "Slack canvas"
"""The place that needs no configuration: the canvas of the incident's channel."""
PATIENCE = 3
"""Runs that fail before people are told; most trouble is over by then."""

_BOT = "bot"
_KINDS = frozenset({"PostmortemStored", "StoringFailed", "StoringRequested"})
_SLUG = 60
_log = structlog.get_logger(__name__)


def names(ports: Ports, incident: Incident) -> list[str]:
    """The configured places that get this incident's postmortem; a private one leaves only when that is allowed."""
    allowed = not incident.private or ports.manage.postmortems.publish_private
    return sorted(ports.publishers) if allowed else []


async def places(ports: Ports, view: reading.View, text_version: int) -> list[Place]:
    """How every place stands to that version."""
    async with ports.store.read() as conn:
        entries = await journal.of_subjects(conn, [view.postmortem.subject])
    said = {str(e.payload.get("place")): e for e in entries if _is_about(e, text_version)}
    listed = [*names(ports, view.incident), *(name for name in said if name == CANVAS)]
    return [_place(name, said.get(name)) for name in listed]


def _is_about(entry: Entry, text_version: int) -> bool:
    return entry.kind in _KINDS and entry.payload.get("text_version") == text_version


def _place(name: str, said: Entry | None) -> Place:
    if said is None or said.kind == "StoringRequested":  # asked for once more, a failure is over until it answers
        return Place(name=name)
    if said.kind == "PostmortemStored":
        return Place(name=name, stored=True, address=str(said.payload.get("address", "")))
    error, mend = str(said.payload["error"]), str(said.payload["mend"])
    return Place(name=name, error=error, mend=mend, again=name != CANVAS)


async def enqueue(ports: Ports, number: int, text_version: int, *, why: str, place: str = "") -> None:
    """One job for each place (or for the one given), each tried and retried alone; `why` makes them one of a kind."""
    view = await reading.view(ports, number)
    jobs = [
        NewJob(
            kind=STORE,
            key=f"{view.postmortem.subject}:store:{name}:{text_version}:{why}",
            due_at=ports.now(),
            subject=view.postmortem.subject,
            # two versions never race to one place
            lane=f"store:{view.postmortem.subject}:{name}",
            payload={"incident": number, "text_version": text_version, "place": name},
        )
        for name in names(ports, view.incident)
        if place in {"", name}
    ]
    await ports.store.transact(lambda unit: unit.enqueue(jobs))


async def request(ports: Ports, number: int, place: str, *, by: str) -> list[Place]:
    """Ask to store the published version once more; gives the places that will be tried."""
    view = await reading.view(ports, number)
    version = view.postmortem.approved_version
    if version is None:
        return []
    found = [Place(name=name) for name in names(ports, view.incident) if place in {"", name}]
    asked = [StoringRequested(incident=number, text_version=version, place=one.name) for one in found]
    await _tell(ports, asked, by=by)
    return found


async def store(ports: Ports, job: Job) -> None:
    """Bring an approved version to a place. Raises `Undeliverable` where trying again can help."""
    number, version, place = job.payload["incident"], job.payload["text_version"], job.payload["place"]
    view = await reading.view(ports, number)
    publish = ports.publishers.get(place)
    if publish is None or view.postmortem.approved_version != version:
        return  # it was taken out of the configuration, or a later version is on its way
    document = await _document(ports, view, version, place)
    try:
        address = await publish(document)
    except Undeliverable as failed:
        _log.warning("postmortem_not_stored", incident=number, place=place, error=str(failed))
        if not failed.retry or runs(job) in {PATIENCE, ATTEMPTS}:
            again = " It is tried again by itself." if failed.retry and runs(job) < ATTEMPTS else ""
            mend = f"{failed.mend}{again}".strip()
            said = StoringFailed(incident=number, place=place, text_version=version, error=str(failed), mend=mend)
            await _tell(ports, [said], by=_BOT)
        if failed.retry:
            raise
        return
    stored = PostmortemStored(incident=number, place=place, text_version=version, address=address)
    await _tell(ports, [stored], by=_BOT)


async def canvas(ports: Ports, number: int, version: int, *, attempt: int) -> None:
    """Write the text into the canvas of the incident's channel, where the plan has such.

    What Slack refuses for good is said once with its mend, not for every postmortem.
    """
    view = await reading.view(ports, number)
    channel = view.incident.channel
    if ports.chat is None or not channel or view.incident.archived_at is not None:
        return
    text = (await _document(ports, view, version, CANVAS)).markdown
    try:
        address = await ports.chat.canvas(channel, title=f"Postmortem of incident #{number}", markdown=text)
    except ChatError as refused:
        if refused.retry and attempt < PATIENCE:
            raise
        _log.warning("postmortem_not_in_canvas", incident=number, error=str(refused))
        if not await _was_said(ports, refused.code):
            mend = "This is said once; the text is attached as a file in any case."
            why = f"{refused} ({refused.code})"
            said = StoringFailed(incident=number, place=CANVAS, text_version=version, error=why, mend=mend)
            await _tell(ports, [said], by=_BOT)
        return
    stored = PostmortemStored(incident=number, place=CANVAS, text_version=version, address=address)
    await _tell(ports, [stored], by=_BOT)


async def _was_said(ports: Ports, code: str) -> bool:
    async with ports.store.read() as conn:
        before = await journal.of_kind(conn, "StoringFailed")
    return any(e.payload.get("place") == CANVAS and f"({code})" in str(e.payload.get("error")) for e in before)


async def _document(ports: Ports, view: reading.View, version: int, place: str) -> Document:
    kept = await reading.kept(ports, view.postmortem.id, version)
    async with ports.store.read() as conn:
        entries = await journal.of_subjects(conn, [view.postmortem.subject])
    before = [e for e in entries if e.kind == "PostmortemStored" and e.payload.get("place") == place]
    return Document(
        incident=view.incident.id,
        version=version,
        title=f"Postmortem of incident {view.incident.id}: {view.incident.title}",
        name=file_name(view.incident),
        markdown=markdown.document(view.postmortem, view.incident, kept.sections, view.sources, version=version),
        approved_by=await _name(ports, view.postmortem.approved_by),
        address=str(before[-1].payload.get("address", "")) if before else "",
    )


def file_name(incident: Incident) -> str:
    """The name of its file in a collection: "0042-checkout-is-down.md"."""
    plain = unicodedata.normalize("NFKD", incident.title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG].strip("-")
    return f"{incident.id:04}-{slug}.md" if slug else f"{incident.id:04}.md"


async def _name(ports: Ports, person: str) -> str:
    if ports.chat is None:
        return ""
    try:
        return (await ports.chat.profile(person)).name
    except ChatError:
        return ""  # a trailer is not worth a failure


async def _tell(ports: Ports, events: Sequence[Event], *, by: str) -> None:
    """Write facts with what follows from them; one that says the same as the last of its place is left out."""

    async def work(unit: UnitOfWork) -> None:
        for event in events:
            fact = fact_of(event, actor=by, now=ports.now())
            known = await journal.of_subjects(unit.conn, [event.subject])
            last = [e for e in known if e.payload.get("place") == fact["payload"]["place"]]
            if last and (last[-1].kind, dict(last[-1].payload)) == (fact["kind"], dict(fact["payload"])):
                continue
            entry = await unit.append(**fact)
            await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(work)
