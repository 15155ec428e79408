"""What happens after facts about incidents: the channel, the people, the pinned card, the closing."""

from collections.abc import Awaitable
from datetime import datetime
from functools import partial
from typing import TypeVar

from bot.bus import Fact, on, task
from bot.cards.card import Card
from bot.events import (
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertEvent,
    AlertJoinedIncident,
    AlertOpened,
    AlertResolved,
    AlertUnsilenced,
    AlertWorsened,
    ChannelArchived,
    ChannelOpened,
    ChannelTroubled,
    IncidentDeclared,
    IncidentEvent,
    IncidentResolved,
    NoteAdded,
    NoteRemoved,
    PostmortemApproved,
    PostmortemEvent,
    PostmortemPublished,
    PostmortemScheduled,
    RespondersInvited,
    RoleAssigned,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
)
from bot.incidents import cards, decide, service
from bot.incidents.decide import LANE
from bot.oncall.service import everyone
from bot.ports import Chat, ChatError, Ports, Posted
from bot.posting import CLOSED, NO_THREAD, distrust, find, show
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from storage.records.jobs import Job
from storage.records.posts import Post

T = TypeVar("T")


@on(AlertOpened, lane="incident-of-alert")
async def declare(ports: Ports, fact: Fact[AlertOpened]) -> None:
    """Open an incident for a grave alert, or let the alert join the one that is open for the same trouble."""
    event = fact.event
    if not event.muted_by:
        await _declare(ports, event.alert, Severity(event.severity), event.summary, event.reading)


@on(AlertUnsilenced, AlertWorsened, lane="incident-of-alert")
async def declare_late(ports: Ports, fact: Fact[AlertEvent]) -> None:
    """The same for one that opened muted and is heard now, or that has become grave since."""
    alert = await service.raised(ports, fact.event.alert)
    if alert is not None and alert.open and not alert.muted_by and alert.incident_id is None:
        await _declare(ports, alert.id, alert.severity, alert.summary, alert.reading)


@on(AlertAcknowledged, AcknowledgementWithdrawn, lane="incident-of-alert")
async def follow_alert(ports: Ports, fact: Fact[AlertEvent]) -> None:
    """Remember when somebody was first at it, and show on the incident's cards how its alert stands."""
    if isinstance(fact.event, AlertAcknowledged):
        await service.acknowledged(ports, fact.event.alert, fact.at)
    incident = await service.of_alert(ports, fact.event.alert)
    if incident is not None:
        await service.plan(ports, decide.in_turn(decide.REFRESH, incident.id, ports.now(), f"fact:{fact.id}"))


@on(AlertResolved, lane="incident-of-alert")
async def offer_resolution(ports: Ports, fact: Fact[AlertResolved]) -> None:
    """Ask in the channel whether the incident is over, once its alert is."""
    incident, alert = await service.of_alert(ports, fact.event.alert), fact.event.alert
    if incident is not None and incident.open:
        when = fact.at.isoformat()
        offer = decide.in_turn(decide.OFFER, incident.id, ports.now(), f"fact:{fact.id}", alert=alert, over=when)
        await service.plan(ports, offer)


@task(decide.OFFER)
async def offer(ports: Ports, job: Job) -> None:
    """Say that an alert is over, and offer to resolve the incident when none of its alerts is open any more."""
    number, alert, at = job.payload["incident"], job.payload["alert"], datetime.fromisoformat(job.payload["over"])
    seen = await service.view(ports, number)
    if not seen.incident.open:
        return
    firing = [a for a in seen.alerts if a.open and a.id != alert]
    await _speak(ports, number, cards.alert_over(seen.incident, alert, at, firing), key=job.key, attempt=job.attempts)
    await _refresh(ports, number, job.attempts)


@on(IncidentDeclared, lane=LANE)
async def announce(ports: Ports, fact: Fact[IncidentDeclared]) -> None:
    """Tell the channel of all incidents."""
    await _digest(ports, fact.event.incident, attempt=fact.attempt)


@on(IncidentDeclared, lane=LANE)
async def open_channel(ports: Ports, fact: Fact[IncidentDeclared]) -> None:
    """Make the incident's channel; what cannot be made is said on the card."""
    number, chat = fact.event.incident, ports.chat
    seen = await service.view(ports, number)
    if chat is None or seen.incident.channel:
        return
    opening = chat.open_channel(f"{ports.manage.incidents.channel_prefix}{number}")
    made = await _tried(ports, number, "No channel could be opened", opening)
    if made is not None:
        await service.change(ports, number, service.BOT, lambda i: decide.open_channel(i, *made))


@on(ChannelOpened, lane=LANE)
async def furnish(ports: Ports, fact: Fact[ChannelOpened]) -> None:
    """Pin the summary card, set the topic, invite who is on call and who declared it; none depends on another."""
    number, chat, attempt = fact.event.incident, ports.chat, fact.attempt
    if chat is None:
        return
    post = await _tried(ports, number, "The summary could not be posted", _summary(ports, number, attempt=attempt))
    if post is not None:
        await _tried(ports, number, "The summary could not be pinned", chat.pin(Posted(post.channel, post.ts)))
    incident = (await service.view(ports, number)).incident
    topic = chat.topic(fact.event.channel, f"{incident.severity.value} · {incident.title}")
    await _tried(ports, number, "The channel's topic could not be set", topic)
    await _tried(ports, number, "Nobody could be invited", _invite(ports, incident))
    await _digest(ports, number, attempt=attempt)


@on(
    AlertJoinedIncident,
    ChannelTroubled,
    RespondersInvited,
    RoleAssigned,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
    lane=LANE,
)
async def follow(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Say in the channel what happened, and bring both cards up to date."""
    said = cards.happened(fact.event, fact.actor, fact.at)
    if said is not None:
        await _speak(ports, fact.event.incident, said, key=f"entry:{fact.id}", attempt=fact.attempt)
    await _refresh(ports, fact.event.incident, fact.attempt)


@on(IncidentResolved, lane=LANE)
async def close(ports: Ports, fact: Fact[IncidentResolved]) -> None:
    """Say how long it took, and archive the channel where no postmortem holds it open."""
    await follow.run(ports, fact)
    seen = await service.view(ports, fact.event.incident)
    manage = ports.manage
    if decide.archives_on_resolve(seen.incident, manage.incidents.archive, manage.postmortems.write_for):
        await _archive(ports, seen.incident)


@on(PostmortemScheduled, PostmortemApproved, PostmortemPublished)
async def show_postmortem(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Keep the postmortem's state on the cards, and close the channel once it is published."""
    number, why, now = fact.event.incident, f"fact:{fact.id}", ports.now()
    await service.plan(ports, decide.in_turn(decide.REFRESH, number, now, why))
    if isinstance(fact.event, PostmortemPublished) and ports.manage.incidents.archive == "after_postmortem":
        await service.plan(ports, decide.in_turn(decide.ARCHIVE, number, now, why))


@task(decide.REFRESH)
async def refresh(ports: Ports, job: Job) -> None:
    """Bring both cards up to date."""
    await _refresh(ports, job.payload["incident"], job.attempts)


@task(decide.ARCHIVE)
async def archive(ports: Ports, job: Job) -> None:
    """Archive the channel now that the postmortem is done."""
    await _archive(ports, (await service.view(ports, job.payload["incident"])).incident)


@on(ChannelArchived, lane=LANE)
async def show_archived(ports: Ports, fact: Fact[ChannelArchived]) -> None:
    """Bring the digest up to date; the channel itself takes no more edits."""
    await _digest(ports, fact.event.incident, attempt=fact.attempt)


@on(NoteAdded, NoteRemoved, lane="notes")
async def confirm_note(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Answer in the message's thread that it stands on the timeline, or no longer does."""
    event, chat = fact.event, ports.chat
    if chat is None or not isinstance(event, NoteAdded | NoteRemoved) or not event.ts:
        return
    answer = _confirm(ports, chat, fact, event)
    await _tried(ports, event.incident, "A message on the timeline could not be answered", answer)


async def _confirm(ports: Ports, chat: Chat, fact: Fact[IncidentEvent], event: NoteAdded | NoteRemoved) -> None:
    message = await chat.message(event.channel, event.ts)
    if message is None:  # deleted meanwhile: the timeline keeps its words
        return
    await show(
        ports,
        cards.pinned(fact.actor, removed=isinstance(event, NoteRemoved)),
        key=f"note:{event.incident}:{event.channel}:{event.ts}",
        subject=event.subject,
        kind="note",
        channel=event.channel,
        thread_ts=str(message.get("thread_ts") or event.ts),
        attempt=fact.attempt,
    )


async def _declare(ports: Ports, alert: int, severity: Severity, summary: str, reading: str) -> None:
    if severity in ports.manage.incidents.open_for:
        said = f"{summary}: {reading}" if reading else summary
        await service.declare(ports, title=summary, severity=severity, by=service.BOT, description=said, alert=alert)


async def _speak(ports: Ports, number: int, card: Card, *, key: str, attempt: int) -> None:
    """Say something in the incident's channel; while it has none, in the thread of its announcement."""
    incident = (await service.view(ports, number)).incident
    say = partial(show, ports, card, key=key, subject=incident.subject, kind="note", attempt=attempt)
    if incident.channel and incident.archived_at is None:
        try:
            await say(channel=incident.channel)
        except ChatError as refused:
            if refused.code not in CLOSED:
                raise
            await _closed(ports, number)
        else:
            return
    announcement = f"{incident.subject}:digest"
    try:
        below = await find(ports, announcement)
        await say(channel=below.channel if below else "", thread_ts=below.ts if below else "")
    except ChatError as refused:
        if refused.code not in NO_THREAD:
            raise
        await distrust(ports, announcement)
        await _digest(ports, number, attempt=attempt)
        below = await find(ports, announcement)
        await say(channel=below.channel if below else "", thread_ts=below.ts if below else "")


async def _refresh(ports: Ports, number: int, attempt: int) -> None:
    await _summary(ports, number, attempt=attempt)
    await _digest(ports, number, attempt=attempt)


async def _summary(ports: Ports, number: int, *, attempt: int) -> Post | None:
    seen = await service.view(ports, number)
    if ports.chat is None or not seen.incident.channel or seen.incident.archived_at is not None:
        return None
    try:
        post = await _card(ports, seen, f"{seen.incident.subject}:card", seen.incident.channel, attempt)
    except ChatError as refused:
        if refused.code not in CLOSED:
            raise
        post = None
    if post is None:
        await _closed(ports, number)
    return post


async def _digest(ports: Ports, number: int, *, attempt: int) -> None:
    seen, place = await service.view(ports, number), ports.manage.channels.incidents
    digest = _card(ports, seen, f"{seen.incident.subject}:digest", place, attempt)
    await _tried(ports, number, f"It could not be announced in {place}", digest)


async def _card(ports: Ports, seen: service.View, key: str, channel: str, attempt: int) -> Post | None:
    return await show(
        ports,
        cards.live(seen.incident, seen.alerts, seen.postmortem, seen.links),
        key=key,
        subject=seen.incident.subject,
        kind="card",
        channel=channel,
        attempt=attempt,
    )


async def _invite(ports: Ports, incident: Incident) -> None:
    oncall = await everyone(ports)
    people = tuple(dict.fromkeys(user for user in (*oncall, incident.declared_by) if user[:1] in {"U", "W"}))
    if ports.chat is None or not people:
        return
    refused = await ports.chat.invite(incident.channel, people)
    await service.invited(ports, incident.id, [user for user in people if user not in refused])
    for user, error in refused.items():
        mend = f"Slack says {error}; invite somebody else by hand."
        await _say_trouble(ports, incident.id, f"@{user} could not be invited", error, mend)


async def _archive(ports: Ports, incident: Incident) -> None:
    if ports.chat is None or not incident.channel or incident.archived_at is not None:
        return
    what = "The channel could not be archived"
    if await _tried(ports, incident.id, what, _done(ports.chat.archive(incident.channel))):
        await _closed(ports, incident.id)


async def _closed(ports: Ports, number: int) -> None:
    """Write down that the channel takes nothing more, whoever archived it."""
    await service.change(ports, number, service.BOT, lambda i: decide.archived(i, ports.now()))


async def _done(work: Awaitable[None]) -> bool:
    await work
    return True


async def _tried(ports: Ports, number: int, what: str, work: Awaitable[T]) -> T | None:
    """Give what comes of `work` in Slack; what Slack refuses for good is said on the card, and gives None."""
    try:
        return await work
    except ChatError as refused:
        if refused.retry:
            raise
        await _say_trouble(ports, number, what, refused.code, str(refused))
        return None


async def _say_trouble(ports: Ports, number: int, what: str, error: str, mend: str) -> None:
    await service.change(ports, number, service.BOT, lambda i: decide.troubled(i, what=what, error=error, mend=mend))
