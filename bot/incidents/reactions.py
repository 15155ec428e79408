"""What happens after facts about incidents: the channel, the people, the pinned card, the closing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.bus import Fact, on, task
from bot.config.manage import Manage
from bot.events import (
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertEvent,
    AlertJoinedIncident,
    AlertOpened,
    AlertResolved,
    AlertUnsilenced,
    AlertWorsened,
    CauseNamed,
    ChannelArchived,
    ChannelTroubled,
    ComponentsAffected,
    IncidentAbsorbed,
    IncidentDeclared,
    IncidentEvent,
    IncidentParted,
    IncidentResolved,
    NoteAdded,
    NoteRemoved,
    PostmortemApproved,
    PostmortemEvent,
    PostmortemPublished,
    PostmortemScheduled,
    RespondersInvited,
    RoleAssigned,
    RoleReleased,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
    UpdateSnoozed,
)
from bot.incidents import cards, decide, furniture, service, talk
from bot.incidents.decide import LANE
from bot.ports import Chat, Ports, Posted
from bot.posting import show
from storage.records.alerts import Severity
from storage.records.jobs import Job

TICK = "white_check_mark"


def _grave(manage: Manage, opened: Mapping[str, Any]) -> bool:
    """Whether an alert that opened so opens an incident too, or may join one."""
    return not opened["muted_by"] and Severity(opened["severity"]) in manage.incidents.open_for


@on(AlertOpened, lane="incident-of-alert", when=_grave)
async def declare(ports: Ports, fact: Fact[AlertOpened]) -> None:
    """Open an incident for a grave alert, or let the alert join the one that is open for the same trouble."""
    event = fact.event
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
    await talk.speak(
        ports, number, cards.alert_over(seen.incident, alert, at, firing), key=job.key, attempt=job.attempts
    )
    await talk.refresh(ports, number, job.attempts)


@on(IncidentDeclared, lane=LANE)
async def announce(ports: Ports, fact: Fact[IncidentDeclared]) -> None:
    """Tell the channel of all incidents."""
    await talk.digest(ports, fact.event.incident, attempt=fact.attempt)


@on(IncidentDeclared, lane=LANE)
async def open_channel(ports: Ports, fact: Fact[IncidentDeclared]) -> None:
    """Make the incident's channel; what cannot be made is said on the card."""
    await _open_channel(ports, fact.event.incident)


@task(furniture.OPEN_CHANNEL)
async def open_channel_again(ports: Ports, job: Job) -> None:
    """Make the channel that could not be made before."""
    await _open_channel(ports, job.payload["incident"])


async def _open_channel(ports: Ports, number: int) -> None:
    chat, setting = ports.chat, ports.manage.incidents
    incident = (await service.view(ports, number)).incident
    if chat is None or incident.channel:
        return
    name = furniture.channel_name(incident, setting.channel_prefix, slug=setting.channel_slug)
    opening = chat.open_channel(name, private=incident.private)
    made = await talk.tried(ports, number, furniture.NO_CHANNEL, opening)
    if made is not None:
        await service.change(ports, number, service.BOT, lambda i: decide.open_channel(i, *made))


@on(
    AlertJoinedIncident,
    CauseNamed,
    ChannelTroubled,
    ComponentsAffected,
    IncidentAbsorbed,
    IncidentParted,
    RespondersInvited,
    RoleAssigned,
    RoleReleased,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
    UpdateSnoozed,
    lane=LANE,
)
async def follow(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Say in the channel what happened, and bring all that stands there up to date."""
    await talk.tell(ports, fact)


@on(IncidentResolved, lane=LANE)
async def close(ports: Ports, fact: Fact[IncidentResolved]) -> None:
    """Say how long it took, and archive the channel where no postmortem holds it open."""
    await follow.run(ports, fact)
    seen = await service.view(ports, fact.event.incident)
    manage = ports.manage
    if decide.archives_on_resolve(seen.incident, manage.incidents.archive, manage.postmortems.write_for):
        await talk.archive(ports, seen.incident)


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
    await talk.refresh(ports, job.payload["incident"], job.attempts)


@task(decide.ARCHIVE)
async def archive(ports: Ports, job: Job) -> None:
    """Archive the channel now that the postmortem is done."""
    await talk.archive(ports, (await service.view(ports, job.payload["incident"])).incident)


@on(ChannelArchived, lane=LANE)
async def show_archived(ports: Ports, fact: Fact[ChannelArchived]) -> None:
    """Bring the digest up to date; the channel itself takes no more edits."""
    await talk.digest(ports, fact.event.incident, attempt=fact.attempt)


@on(NoteAdded, NoteRemoved, lane="notes")
async def confirm_note(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Answer in the message's thread that it stands on the timeline, or no longer does."""
    event, chat = fact.event, ports.chat
    if chat is None or not isinstance(event, NoteAdded | NoteRemoved) or not event.ts:
        return
    answer = _confirm(ports, chat, fact, event)
    await talk.tried(ports, event.incident, "A message on the timeline could not be answered", answer)


async def _confirm(ports: Ports, chat: Chat, fact: Fact[IncidentEvent], event: NoteAdded | NoteRemoved) -> None:
    message = await chat.message(event.channel, event.ts)
    if message is None:  # deleted meanwhile: the timeline keeps its words
        return
    place, off = Posted(event.channel, event.ts), isinstance(event, NoteRemoved)
    await (chat.unreact(place, TICK) if off else chat.react(place, TICK))
    await show(
        ports,
        cards.pinned(fact.actor, removed=off),
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
