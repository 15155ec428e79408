"""What happens after facts about incidents: the channel, the people, the pinned card, the closing."""

from functools import partial

from bot.bus import Fact, on
from bot.events import (
    AlertAcknowledged,
    AlertJoinedIncident,
    AlertOpened,
    AlertResolved,
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
from bot.oncall import rota
from bot.ports import ChatError, Ports, Posted
from bot.posting import show
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from storage.records.posts import Post

LANE = "incident"


@on(AlertOpened, lane="incident-of-alert")
async def declare(ports: Ports, fact: Fact[AlertOpened]) -> None:
    """Open an incident for a grave alert, or let the alert join the one that is open for the same trouble."""
    severity = Severity(fact.event.severity)
    if severity in ports.manage.incidents.open_for:
        reading = f"{fact.event.summary}: {fact.event.reading}" if fact.event.reading else fact.event.summary
        await service.declare(
            ports,
            title=fact.event.summary,
            severity=severity,
            by=service.BOT,
            description=reading,
            alert=fact.event.alert,
        )


@on(AlertAcknowledged, lane="incident-of-alert")
async def note_acknowledgement(ports: Ports, fact: Fact[AlertAcknowledged]) -> None:
    """Remember when somebody was first at it."""
    await service.acknowledged(ports, fact.event.alert, fact.at)


@on(IncidentDeclared, lane=LANE)
async def open_channel(ports: Ports, fact: Fact[IncidentDeclared]) -> None:
    """Announce the incident and make its channel; what cannot be made is said on the card."""
    number = fact.event.incident
    await _digest(ports, number, attempt=fact.attempt)
    if ports.chat is None:
        return
    try:
        channel, name = await ports.chat.open_channel(f"{ports.manage.incidents.channel_prefix}{number}")
    except ChatError as refused:
        if refused.retry:
            raise
        await _trouble(ports, number, "No channel could be opened", refused)
        return
    await service.change(ports, number, service.BOT, lambda i: decide.open_channel(i, channel, name))


@on(ChannelOpened, lane=LANE)
async def furnish(ports: Ports, fact: Fact[ChannelOpened]) -> None:
    """Pin the summary card, set the topic, invite who is on call and who declared it."""
    number, chat = fact.event.incident, ports.chat
    post = await _summary(ports, number, attempt=fact.attempt)
    if chat is None or post is None:
        return
    seen = await service.view(ports, number)
    try:
        await chat.pin(Posted(post.channel, post.ts))
        await chat.topic(fact.event.channel, f"{seen.incident.severity.value} · {seen.incident.title}")
    except ChatError as refused:
        if refused.retry:
            raise
        await _trouble(ports, number, "The channel could not be set up", refused)
    await _invite(ports, seen.incident)
    await _digest(ports, number, attempt=fact.attempt)


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
    await _say(ports, fact)
    await _summary(ports, fact.event.incident, attempt=fact.attempt)
    await _digest(ports, fact.event.incident, attempt=fact.attempt)


@on(IncidentResolved, lane=LANE)
async def close(ports: Ports, fact: Fact[IncidentResolved]) -> None:
    """Say how long it took, and archive the channel where no postmortem holds it open."""
    await follow.run(ports, fact)
    seen = await service.view(ports, fact.event.incident)
    manage = ports.manage
    if decide.archives_on_resolve(seen.incident, manage.incidents.archive, manage.postmortems.write_for):
        await _archive(ports, seen.incident)


@on(PostmortemPublished, lane=LANE)
async def close_after_postmortem(ports: Ports, fact: Fact[PostmortemPublished]) -> None:
    """Archive the channel now that the postmortem is done."""
    seen = await service.view(ports, fact.event.incident)
    await _refresh(ports, fact.event.incident, fact.attempt)
    if ports.manage.incidents.archive == "after_postmortem":
        await _archive(ports, seen.incident)


@on(PostmortemScheduled, PostmortemApproved, lane=LANE)
async def show_postmortem(ports: Ports, fact: Fact[PostmortemEvent]) -> None:
    """Keep the postmortem's state on the cards."""
    await _refresh(ports, fact.event.incident, fact.attempt)


@on(ChannelArchived, lane=LANE)
async def show_archived(ports: Ports, fact: Fact[ChannelArchived]) -> None:
    """Bring the digest up to date; the channel itself takes no more edits."""
    await _digest(ports, fact.event.incident, attempt=fact.attempt)


@on(AlertResolved, lane="incident-of-alert")
async def offer_resolution(ports: Ports, fact: Fact[AlertResolved]) -> None:
    """Ask in the channel whether the incident is over, once its alert is."""
    incident = await service.of_alert(ports, fact.event.alert)
    if incident is None or not incident.open or not incident.channel:
        return
    await show(
        ports,
        cards.alert_over(incident, fact.event.alert, fact.at),
        key=f"offer:{fact.id}",
        subject=incident.subject,
        kind="note",
        channel=incident.channel,
        attempt=fact.attempt,
    )
    await _summary(ports, incident.id, attempt=fact.attempt)


@on(NoteAdded, NoteRemoved, lane="notes")
async def confirm_note(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Answer below the message that it stands on the timeline, or no longer does."""
    event = fact.event
    if not isinstance(event, NoteAdded | NoteRemoved) or not event.ts:
        return
    try:
        await show(
            ports,
            cards.pinned(fact.actor, removed=isinstance(event, NoteRemoved)),
            key=f"note:{event.incident}:{event.channel}:{event.ts}",
            subject=event.subject,
            kind="note",
            channel=event.channel,
            thread_ts=event.ts,
            attempt=fact.attempt,
        )
    except ChatError as refused:
        if refused.retry:
            raise
        await _trouble(ports, event.incident, "A pinned message could not be answered", refused)


async def _say(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    seen = await service.view(ports, fact.event.incident)
    said = cards.happened(fact.event, fact.actor, fact.at)
    place = seen.incident.channel or ports.manage.channels.incidents
    if said is not None and seen.incident.archived_at is None:
        await show(
            ports,
            said,
            key=f"entry:{fact.id}",
            subject=fact.subject,
            kind="note",
            channel=place,
            attempt=fact.attempt,
        )


async def _refresh(ports: Ports, number: int, attempt: int) -> None:
    await _summary(ports, number, attempt=attempt)
    await _digest(ports, number, attempt=attempt)


async def _summary(ports: Ports, number: int, *, attempt: int) -> Post | None:
    seen = await service.view(ports, number)
    if not seen.incident.channel or seen.incident.archived_at is not None:
        return None
    return await _card(ports, seen, f"{seen.incident.subject}:card", seen.incident.channel, attempt)


async def _digest(ports: Ports, number: int, *, attempt: int) -> None:
    seen = await service.view(ports, number)
    await _card(ports, seen, f"{seen.incident.subject}:digest", ports.manage.channels.incidents, attempt)


async def _card(ports: Ports, seen: service.View, key: str, channel: str, attempt: int) -> Post | None:
    return await show(
        ports,
        cards.live(seen.incident, seen.alerts, seen.postmortem),
        key=key,
        subject=seen.incident.subject,
        kind="card",
        channel=channel,
        attempt=attempt,
    )


async def _invite(ports: Ports, incident: Incident) -> None:
    oncall = rota.who(ports.manage.oncall, ports.now())
    people = tuple(dict.fromkeys(user for user in (oncall, incident.declared_by) if user[:1] in {"U", "W"}))
    if ports.chat is None or not people:
        return
    refused = await ports.chat.invite(incident.channel, people)
    if came := tuple(user for user in people if user not in refused):
        await service.change(ports, incident.id, service.BOT, lambda i: decide.invited(i, came))
    for user, error in refused.items():
        mend = f"Slack says {error}; invite somebody else by hand."
        await service.change(
            ports,
            incident.id,
            service.BOT,
            partial(decide.troubled, what=f"{user} could not be invited", error=error, mend=mend),
        )


async def _archive(ports: Ports, incident: Incident) -> None:
    if ports.chat is None or not incident.channel or incident.archived_at is not None:
        return
    try:
        await ports.chat.archive(incident.channel)
    except ChatError as refused:
        if refused.retry:
            raise
        await _trouble(ports, incident.id, "The channel could not be archived", refused)
        return
    await service.change(ports, incident.id, service.BOT, lambda i: decide.archived(i, ports.now()))


async def _trouble(ports: Ports, number: int, what: str, refused: ChatError) -> None:
    await service.change(
        ports,
        number,
        service.BOT,
        lambda i: decide.troubled(i, what=what, error=refused.code, mend=str(refused)),
    )
