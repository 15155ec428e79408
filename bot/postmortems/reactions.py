"""What happens after facts about postmortems: drafting, posting section by section, publishing."""

import structlog

from bot.bus import Fact, on, task
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
from bot.postmortems import place_cards, publishing, review, sections, service, thread, version_cards
from storage.records.jobs import Job

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
    if (parent := await thread.standing(ports, view)) is not None:
        await thread.speak(
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
    post = await thread.parent(ports, view, attempt=fact.attempt, channel=thread.place_of(ports, view))
    if post is not None:
        await service.posted(ports, fact.event.incident, post.channel, post.ts)


@on(SectionDrafted, lane=THREAD)
async def post_section(ports: Ports, fact: Fact[SectionDrafted]) -> None:
    """Post a section into the thread, or show its new text in place and say below what has changed."""
    event = fact.event
    view = await service.view(ports, event.incident)
    parent = await thread.standing(ports, view)
    if parent is None:
        return
    await thread.show_section(ports, view, event.section, parent, attempt=fact.attempt)
    note = await thread.change_note(ports, view, fact)
    if note is not None:
        await thread.speak(
            ports,
            note,
            key=f"entry:{fact.id}",
            subject=view.postmortem.subject,
            kind="note",
            channel=parent.channel,
            thread_ts=parent.ts,
            attempt=fact.attempt,
        )
    await thread.parent(ports, view, attempt=fact.attempt, at_once=note is not None)


@on(SectionApproved, SectionReopened, lane=THREAD)
async def show_verdict(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Show on the section, and on the parent message, who approved it or that it waits again."""
    event = fact.event
    view = await service.view(ports, event.incident)
    if isinstance(event, SectionApproved | SectionReopened) and (parent := await thread.standing(ports, view)):
        await thread.show_section(ports, view, event.section, parent, attempt=fact.attempt)
        await thread.parent(ports, view, attempt=fact.attempt)


@on(DraftReady, PostmortemApproved, lane=THREAD)
async def refresh(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Bring the parent message up to date: Approve appears, or who approved."""
    view = await service.view(ports, fact.event.incident)
    await thread.parent(ports, view, attempt=fact.attempt)


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
            file = await thread.upload(ports, view, version, attempt=fact.attempt)
            await thread.announce(ports, view, version, attempt=fact.attempt)
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
    await thread.announce(ports, view, event.text_version, attempt=fact.attempt, anew=False)
    found = await publishing.places(ports, view, event.text_version)
    place = next((one for one in found if one.name == event.place), None)
    if place is not None:
        await thread.speak(
            ports,
            place_cards.trouble(view.postmortem, place, text_version=event.text_version),
            key=f"{view.postmortem.subject}:trouble:{place.name}:{event.text_version}",
            subject=view.postmortem.subject,
            kind="note",
            # only bad news is worth a message; good news takes the place of the bad
            channel=thread.place_of(ports, view) if place.error else "",
            attempt=fact.attempt,
        )
