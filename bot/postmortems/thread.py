"""What stands of a postmortem in Slack: its parent message, the sections in its thread, the word that it is public."""

from dataclasses import replace
from typing import Any

import structlog

from bot.bus import Fact
from bot.cards.card import Card
from bot.events import SectionDrafted
from bot.ports import ChatError, Ports
from bot.posting import show
from bot.postmortems import cards, changes, markdown, place_cards, publishing, review, service, version_cards
from storage.records.posts import Post
from storage.tables import posts
from storage.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)


async def upload(ports: Ports, view: service.View, version: int, *, attempt: int) -> str:
    """Attach the text once; "" when this workspace does not let the bot do so."""
    key = f"{view.postmortem.subject}:file:{version}"
    async with ports.store.glance() as conn:
        known = await posts.get(conn, key)
    if known is not None or ports.chat is None:
        return known.ts if known else ""
    kept = await service.kept(ports, view.postmortem.id, version)
    text = markdown.document(view.postmortem, view.incident, kept.sections, view.sources, version=version)
    channel = place_of(ports, view)
    if not channel:
        return ""
    name = markdown.name(view.incident, version)
    try:
        file = await ports.chat.upload(
            channel, name=name, title=f"Postmortem, version {version}", content=text, attempt=attempt
        )
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


async def announce(ports: Ports, view: service.View, version: int, *, attempt: int, anew: bool = True) -> None:
    """Tell of an approved version, or (`anew` False) only bring the message up to date that does."""
    subject = view.postmortem.subject
    async with ports.store.glance() as conn:
        attached = await posts.get(conn, f"{subject}:file:{version}") is not None
    if view.postmortem.approved_version != version:
        return
    found = await publishing.places(ports, view, version)
    await speak(
        ports,
        place_cards.published(view.postmortem, view.incident, version, found, attached=attached),
        key=f"{subject}:published:{version}",
        subject=subject,
        kind="note",
        channel=place_of(ports, view) if anew else "",
        attempt=attempt,
    )


async def show_section(ports: Ports, view: service.View, name: str, parent: Post, *, attempt: int) -> None:
    """Show a section as it is now, and note which of its texts the message shows: an approval is of that one."""
    section = view.section(name)
    if section is None:
        return
    subject = view.postmortem.subject
    post = await speak(
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


async def change_note(ports: Ports, view: service.View, fact: Fact[SectionDrafted]) -> Card | None:
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


async def parent(
    ports: Ports, view: service.View, *, attempt: int, channel: str = "", at_once: bool = True
) -> Post | None:
    """Show the parent message as it is now; without a `channel` it is only brought up to date."""
    known = await _parent_post(ports, view)
    if known is not None and _closed(view, known.channel):
        return known
    return await speak(
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
    async with ports.store.glance() as conn:
        return await posts.get(conn, _parent_key(view))


async def speak(ports: Ports, card: Card, **where: Any) -> Post | None:
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


async def standing(ports: Ports, view: service.View) -> Post | None:
    """The draft's message, unless nothing can be said below it any more."""
    known = await _parent_post(ports, view)
    return None if known is None or _closed(view, known.channel) else known


def place_of(ports: Ports, view: service.View) -> str:
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
