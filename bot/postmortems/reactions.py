"""What happens after facts about postmortems: drafting, posting section by section, publishing."""

from dataclasses import replace
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
    PostmortemStored,
    RedraftRequested,
    SectionApproved,
    SectionDrafted,
    SectionReopened,
    StoringFailed,
    StoringRequested,
)
from bot.ports import ChatError, Ports
from bot.posting import show
from bot.postmortems import (
    cards,
    changes,
    markdown,
    place_cards,
    publishing,
    review,
    sections,
    service,
    version_cards,
)
from storage.records.jobs import Job
from storage.records.posts import Post
from storage.tables import posts
from storage.unit_of_work import UnitOfWork

THREAD = "draft"
"""Lane in which the messages of one draft are posted: the parent first, then its sections in order."""
PUBLISH = "publish"
"""Lane in which an approved version becomes public, and in which is shown where it is kept."""

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
    await service.write(ports, job.payload["incident"], job.payload["section"], job.payload.get("plan", sections.NAMES))


@on(ChangeRequested, RedraftRequested, lane="write")
async def redraft(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Write the section anew, and say so when nothing comes of it."""
    event = fact.event
    if not isinstance(event, ChangeRequested | RedraftRequested):
        raise TypeError(f"{type(event).__name__} asks for no text")
    why = await service.redraft(ports, event, change=fact.id, by=fact.actor)
    if not why:
        return
    view = await service.view(ports, event.incident)
    if (parent := await _open_parent(ports, view)) is not None:
        await _speak(
            ports,
            version_cards.unchanged(event.section, why=why),
            key=f"entry:{fact.id}",
            subject=view.postmortem.subject,
            kind="note",
            channel=parent.channel,
            thread_ts=parent.ts,
            attempt=fact.attempt,
        )


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
    parent = await _open_parent(ports, view)
    if parent is None:
        return
    await _show_section(ports, view, event.section, parent, attempt=fact.attempt)
    note = await _changed(ports, view, fact)
    if note is not None:
        await _speak(
            ports,
            note,
            key=f"entry:{fact.id}",
            subject=view.postmortem.subject,
            kind="note",
            channel=parent.channel,
            thread_ts=parent.ts,
            attempt=fact.attempt,
        )
    await _parent(ports, view, attempt=fact.attempt, at_once=note is not None)


@on(SectionApproved, SectionReopened, lane=THREAD)
async def show_verdict(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Show on the section, and on the parent message, who approved it or that it waits again."""
    event = fact.event
    view = await service.view(ports, event.incident)
    if isinstance(event, SectionApproved | SectionReopened) and (parent := await _open_parent(ports, view)):
        await _show_section(ports, view, event.section, parent, attempt=fact.attempt)
        await _parent(ports, view, attempt=fact.attempt)


@on(DraftReady, PostmortemApproved, lane=THREAD)
async def refresh(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Bring the parent message up to date: Approve appears, or who approved."""
    view = await service.view(ports, fact.event.incident)
    await _parent(ports, view, attempt=fact.attempt)


@on(PostmortemApproved, lane=PUBLISH)
async def canvas(ports: Ports, fact: Fact[PostmortemApproved]) -> None:
    """Write the canvas. It comes before `publish` in their lane: that one leads to the channel being archived."""
    await publishing.canvas(ports, fact.event.incident, fact.event.text_version, attempt=fact.attempt)


@on(PostmortemApproved, lane=PUBLISH)
async def publish(ports: Ports, fact: Fact[PostmortemApproved]) -> None:
    """Publish the approved version: its file and a message, and the fact that it is public."""
    number, version = fact.event.incident, fact.event.text_version
    view = await service.view(ports, number)
    file = ""
    if ports.chat is not None:
        try:
            file = await _upload(ports, view, version)
            await _announce(ports, view, version, attempt=fact.attempt)
        except ChatError as refused:
            if refused.retry:
                raise
            # the text is approved and kept whatever Slack says; `postmortem show` has it
            _log.warning("postmortem_not_announced", incident=number, version=version, error=str(refused))
    await service.published(ports, number, version, file)


@on(PostmortemApproved, StoringRequested)
async def keep(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Bring the approved version to every further place, or to the one that was asked for."""
    event = fact.event
    if not isinstance(event, PostmortemApproved | StoringRequested):
        raise TypeError(f"{type(event).__name__} is of no text to store")
    place = event.place if isinstance(event, StoringRequested) else ""
    await publishing.enqueue(ports, event.incident, event.text_version, why=str(fact.id), place=place)


@task(publishing.STORE)
async def store(ports: Ports, job: Job) -> None:
    """Bring an approved version to one place."""
    await publishing.store(ports, job)


@on(PostmortemStored, StoringFailed, StoringRequested, lane=PUBLISH)
async def show_place(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Show where the text is kept; a place that does not take it has a message of its own, edited when it does."""
    event = fact.event
    if not isinstance(event, PostmortemStored | StoringFailed | StoringRequested):
        raise TypeError(f"{type(event).__name__} is of no place")
    view = await service.view(ports, event.incident)
    await _announce(ports, view, event.text_version, attempt=fact.attempt, anew=False)
    found = await publishing.places(ports, view, event.text_version)
    place = next((one for one in found if one.name == event.place), None)
    if place is not None:
        await _speak(
            ports,
            place_cards.trouble(view.postmortem, place, text_version=event.text_version),
            key=f"{view.postmortem.subject}:trouble:{place.name}:{event.text_version}",
            subject=view.postmortem.subject,
            kind="note",
            # only bad news is worth a message; good news takes the place of the bad
            channel=_place(ports, view) if place.error else "",
            attempt=fact.attempt,
        )


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
    if not channel:
        return ""
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


async def _announce(ports: Ports, view: service.View, version: int, *, attempt: int, anew: bool = True) -> None:
    """Tell of an approved version, or (`anew` False) only bring the message up to date that does."""
    subject = view.postmortem.subject
    async with ports.store.read() as conn:
        attached = await posts.get(conn, f"{subject}:file:{version}") is not None
    if view.postmortem.approved_version != version:
        return
    found = await publishing.places(ports, view, version)
    await _speak(
        ports,
        place_cards.published(view.postmortem, view.incident, version, found, attached=attached),
        key=f"{subject}:published:{version}",
        subject=subject,
        kind="note",
        channel=_place(ports, view) if anew else "",
        attempt=attempt,
    )


async def _show_section(ports: Ports, view: service.View, name: str, parent: Post, *, attempt: int) -> None:
    """Show a section as it is now, and note which of its texts the message shows: an approval is of that one."""
    section = view.section(name)
    if section is None:
        return
    subject = view.postmortem.subject
    post = await _speak(
        ports,
        cards.section(view.postmortem, section, view.sources, reason=await service.remark(ports, view, section)),
        key=f"{subject}:section:{name}",
        subject=subject,
        kind=review.shown(section),
        channel=parent.channel,
        thread_ts=parent.ts,
        attempt=attempt,
    )
    if post is not None and post.kind != review.shown(section):
        known = replace(post, kind=review.shown(section))
        await ports.store.transact(lambda unit: posts.put(unit.conn, known))


async def _changed(ports: Ports, view: service.View, fact: Fact[SectionDrafted]) -> Card | None:
    """What a change has changed; None for the first text of a section."""
    event = fact.event
    now = service.section_of(await service.kept(ports, event.incident, event.text_version), event.section)
    if now is None or now.revision == 1:
        return None
    before = service.section_of(await service.kept(ports, event.incident, event.text_version - 1), event.section)
    found = changes.between(before.statements if before else (), now.statements)
    _, _, why = event.reason.removeprefix(service.CHANGE).partition(": ")
    return version_cards.changed(
        now,
        found,
        view.sources,
        text_version=event.text_version,
        by=fact.actor,
        why=why,
        taken_back=event.taken_back,
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


async def _open_parent(ports: Ports, view: service.View) -> Post | None:
    """The draft's message, unless nothing can be said below it any more."""
    known = await _parent_post(ports, view)
    return None if known is None or _closed(view, known.channel) else known


def _place(ports: Ports, view: service.View) -> str:
    """Where to speak: the incident's channel, or that of all incidents when there is none, or it was closed.

    Of a private incident nothing is said where everybody reads.
    """
    own = view.incident.channel
    if own and not _closed(view, own):
        return own
    return "" if view.incident.private else ports.manage.channels.incidents


def _closed(view: service.View, channel: str) -> bool:
    """Nothing can be said or edited in an archived channel."""
    return view.incident.archived_at is not None and channel == view.incident.channel
