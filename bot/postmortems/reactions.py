"""What happens after facts about postmortems: drafting, posting section by section, publishing."""

from typing import Any

import structlog

from bot.bus import Fact, on, task
from bot.cards.card import Card
from bot.events import (
    ChangeRequested,
    DraftReady,
    DraftStarted,
    IncidentResolved,
    PostmortemApproved,
    PostmortemEvent,
    SectionDrafted,
)
from bot.ports import ChatError, Ports
from bot.posting import show
from bot.postmortems import cards, markdown, review, service
from storage.records.jobs import Job
from storage.records.postmortems import Section, StatementKind
from storage.records.posts import Post
from storage.tables import posts
from storage.unit_of_work import UnitOfWork

THREAD = "draft"
"""Lane in which the messages of one draft are posted: the parent first, then its sections in order."""

_log = structlog.get_logger(__name__)


@on(IncidentResolved)
async def schedule(ports: Ports, fact: Fact[IncidentResolved]) -> None:
    """Plan the draft."""
    await service.schedule(ports, fact.event)


@task(review.DRAFT)
async def begin(ports: Ports, job: Job) -> None:
    """The draft is due."""
    await service.begin(ports, job.payload["incident"])


@task(review.SECTION)
async def write(ports: Ports, job: Job) -> None:
    """Write one section."""
    await service.write(ports, job.payload["incident"], job.payload["section"])


@on(ChangeRequested, lane="write")
async def redraft(ports: Ports, fact: Fact[ChangeRequested]) -> None:
    """Write the section anew."""
    await service.redraft(ports, fact.event, change=fact.id, by=fact.actor)


@on(DraftStarted, lane=THREAD)
async def open_thread(ports: Ports, fact: Fact[DraftStarted]) -> None:
    """Post the message in whose thread the draft will stand."""
    view = await service.view(ports, fact.event.incident)
    post = await _parent(ports, view, attempt=fact.attempt, channel=_place(ports, view))
    if post is not None:
        await service.posted(ports, fact.event.incident, post.channel, post.ts)


@on(SectionDrafted, lane=THREAD)
async def post_section(ports: Ports, fact: Fact[SectionDrafted]) -> None:
    """Post a section into the thread, or show its new text in place and say below what has changed."""
    event = fact.event
    view = await service.view(ports, event.incident)
    section = view.section(event.section)
    parent = await _parent_post(ports, view)
    if parent is None or section is None or _closed(view, parent.channel):
        return
    subject = view.postmortem.subject
    await _speak(
        ports,
        cards.section(view.postmortem, section, view.sources, reason=_remark(event)),
        key=f"{subject}:section:{event.section}",
        subject=subject,
        kind=f"section:{event.section}",
        channel=parent.channel,
        thread_ts=parent.ts,
        attempt=fact.attempt,
    )
    if section.revision > 1:
        await _speak(
            ports,
            _changed(event, section, fact.actor),
            key=f"entry:{fact.id}",
            subject=subject,
            kind="note",
            channel=parent.channel,
            thread_ts=parent.ts,
            attempt=fact.attempt,
        )
    await _parent(ports, view, attempt=fact.attempt, at_once=section.revision > 1)


@on(DraftReady, PostmortemApproved, lane=THREAD)
async def refresh(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Bring the parent message up to date: Approve appears, or who approved."""
    view = await service.view(ports, fact.event.incident)
    await _parent(ports, view, attempt=fact.attempt)


@on(PostmortemApproved, lane="publish")
async def publish(ports: Ports, fact: Fact[PostmortemApproved]) -> None:
    """Publish the approved version: its file and a message, and the fact that it is public."""
    number, version = fact.event.incident, fact.event.text_version
    view = await service.view(ports, number)
    file = ""
    if ports.chat is not None:
        try:
            file = await _upload(ports, view, version)
            await _announce(ports, view, version, attached=bool(file), attempt=fact.attempt)
        except ChatError as refused:
            if refused.retry:
                raise
            # the text is approved and kept whatever Slack says; `postmortem show` has it
            _log.warning("postmortem_not_announced", incident=number, version=version, error=str(refused))
    await service.published(ports, number, version, file)


async def _upload(ports: Ports, view: service.View, version: int) -> str:
    """Attach the text once; "" when this workspace does not let the bot do so."""
    key = f"{view.postmortem.subject}:file:{version}"
    async with ports.store.read() as conn:
        known = await posts.get(conn, key)
    if known is not None or ports.chat is None:
        return known.ts if known else ""
    kept = await service.kept(ports, view.postmortem.id, version)
    text = markdown.document(view.postmortem, view.incident, kept.sections, view.sources, version=version)
    channel = _place(ports, view)
    name = markdown.name(view.incident, version)
    try:
        file = await ports.chat.upload(channel, name=name, title=f"Postmortem, version {version}", content=text)
    except ChatError as refused:
        if refused.retry:
            raise
        _log.warning("postmortem_not_attached", incident=view.incident.id, version=version, error=str(refused))
        return ""
    post = Post(key=key, subject=view.postmortem.subject, kind="file", channel=channel, ts=file, posted_at=ports.now())

    async def keep(unit: UnitOfWork) -> None:
        await posts.put(unit.conn, post)

    await ports.store.transact(keep)
    return file


async def _announce(ports: Ports, view: service.View, version: int, *, attached: bool, attempt: int) -> None:
    await _speak(
        ports,
        cards.published(view.postmortem, view.incident, version, attached=attached),
        key=f"{view.postmortem.subject}:published:{version}",
        subject=view.postmortem.subject,
        kind="note",
        channel=_place(ports, view),
        attempt=attempt,
    )


async def _parent(
    ports: Ports, view: service.View, *, attempt: int, channel: str = "", at_once: bool = True
) -> Post | None:
    known = await _parent_post(ports, view)
    if known is not None and _closed(view, known.channel):
        return known
    return await _speak(
        ports,
        cards.draft(view.postmortem, view.incident, view.sources),
        key=_parent_key(view),
        subject=view.postmortem.subject,
        kind="draft",
        channel=channel,
        attempt=attempt,
        at_once=at_once,
    )


async def _parent_post(ports: Ports, view: service.View) -> Post | None:
    async with ports.store.read() as conn:
        return await posts.get(conn, _parent_key(view))


async def _speak(ports: Ports, card: Card, **where: Any) -> Post | None:
    """Show a card, unless the channel was archived meanwhile: the text is kept anyway, and `postmortem show` has it."""
    try:
        return await show(ports, card, **where)
    except ChatError as refused:
        if refused.code != "is_archived":
            raise
        _log.warning("postmortem_not_shown", key=where["key"], error=str(refused))
        return None


def _parent_key(view: service.View) -> str:
    return f"{view.postmortem.subject}:draft"


def _place(ports: Ports, view: service.View) -> str:
    """Where to speak: the incident's channel, or that of all incidents when there is none, or it was closed."""
    own = view.incident.channel
    return own if own and not _closed(view, own) else ports.manage.channels.incidents


def _closed(view: service.View, channel: str) -> bool:
    """Nothing can be said or edited in an archived channel."""
    return view.incident.archived_at is not None and channel == view.incident.channel


def _changed(event: SectionDrafted, section: Section, by: str) -> Card:
    change, _, asked = event.reason.removeprefix(service.CHANGE).partition(": ")
    noted = any(s.kind is StatementKind.NOTE and change in map(str, s.evidence) for s in section.statements)
    return cards.changed(section, text_version=event.text_version, by=by, asked=asked, noted=noted)


def _remark(event: SectionDrafted) -> str:
    """How the section came about; a redraft says so in a note of its own."""
    return "" if event.reason.startswith(service.CHANGE) else event.reason
