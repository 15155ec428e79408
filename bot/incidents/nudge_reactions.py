"""Reminders: who leads, how things stand, whether it is over. Each is one durable timer, gone once it has no point."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.bus import Fact, on, task
from bot.decision import Decision
from bot.engine.retry import Later
from bot.events import (
    IncidentDeclared,
    IncidentEvent,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    LeadAsked,
    OverAsked,
    RoleAssigned,
    RoleReleased,
    SeverityChanged,
    StatusChanged,
    UpdateAsked,
    UpdatePosted,
    UpdateSnoozed,
    event_of,
)
from bot.incidents import furniture, nudges, service, talk
from bot.incidents.decide import LANE
from bot.incidents.nudges import Candidate
from bot.oncall.service import UnknownSchedule, everyone
from bot.ports import ChatError, Ports
from bot.posting import show
from storage.records.incidents import Incident
from storage.records.jobs import Job
from storage.records.journal import Entry
from storage.tables import journal

PLANS = "incident-nudges"
"""A lane of its own: that Slack is away must not keep a reminder from being planned or called off."""


@on(IncidentDeclared, IncidentReopened, SeverityChanged, StatusChanged, UpdatePosted, UpdateSnoozed, lane=PLANS)
async def plan_update(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Have somebody reminded when the next update is due, whoever decided when that is."""
    await service.change(ports, fact.event.incident, service.BOT, nudges.arm)


@on(IncidentDeclared, IncidentReopened, RoleAssigned, RoleReleased, lane=PLANS)
async def plan_lead(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Have the lead asked for after some minutes, and no longer once there is one."""
    at = fact.at + ports.manage.incidents.ask_for_lead_after
    await service.change(ports, fact.event.incident, service.BOT, lambda i: nudges.look_for_lead(i, at))


@on(IncidentDeclared, IncidentReopened, lane=PLANS)
async def plan_question(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Have it asked whether the incident is over, once nothing has happened for long."""
    at = fact.at + ports.manage.incidents.ask_if_over_after
    await service.change(ports, fact.event.incident, service.BOT, lambda i: nudges.look_if_over(i, at))


@on(IncidentMerged, IncidentResolved, lane=PLANS)
async def call_off(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Remind nobody any more; one that was reopened meanwhile is left alone."""
    await service.change(
        ports, fact.event.incident, service.BOT, lambda i: Decision(state=i) if i.open else nudges.rest(i)
    )


@task(nudges.ASK_UPDATE)
async def ask_for_update(ports: Ports, job: Job) -> None:
    """Remind somebody that an update is due."""
    number, due = job.payload["incident"], datetime.fromisoformat(job.payload["due"])
    incident, told = await _known(ports, number)
    if not incident.open or incident.update_due_at != due:
        return
    user = await _asked(ports, incident)
    every = ports.manage.incidents.update_every.get(incident.severity, timedelta(hours=1))
    again = ports.now() + nudges.pause(every, nudges.unanswered(told) + 1)
    await _decided(ports, number, lambda i: nudges.ask_for_update(i, due=due, user=user, again=again))


@task(nudges.ASK_LEAD)
async def ask_for_lead(ports: Ports, job: Job) -> None:
    """Ask who leads."""
    incident, told = await _known(ports, job.payload["incident"])
    due = datetime.fromisoformat(job.payload["due"])
    repeated = any(entry.kind == "LeadAsked" and entry.at >= due for entry in told)
    if incident.open and furniture.COMMANDER not in incident.roles and not repeated:
        user = await _asked(ports, incident)
        await _decided(ports, incident.id, lambda i: nudges.ask_for_lead(i, user))


@task(nudges.ASK_OVER)
async def ask_if_over(ports: Ports, job: Job) -> None:
    """Ask whether it is over, or look again when it has been quiet for long enough."""
    incident, told = await _known(ports, job.payload["incident"])
    quiet, since = ports.manage.incidents.ask_if_over_after, nudges.last_deed(told, incident.declared_at)
    if not incident.open:
        return
    if since + quiet > ports.now():
        raise Later(since + quiet)
    if any(entry.kind == "OverAsked" and entry.at > ports.now() - quiet for entry in told):
        return  # this run is a repetition
    user = await _asked(ports, incident)
    again = ports.now() + quiet
    await _decided(ports, incident.id, lambda i: nudges.ask_if_over(i, since=since, user=user, again=again))


@on(LeadAsked, OverAsked, UpdateAsked, lane=LANE)
async def say_nudge(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Say it in the channel, to whoever was chosen above all; an older one of its kind waits no longer."""
    event, number = fact.event, fact.event.incident
    if isinstance(event, LeadAsked | OverAsked | UpdateAsked):
        await talk.speak(ports, number, nudges.asks(event, fact.at), key=f"entry:{fact.id}", attempt=fact.attempt)
        await _tidy(ports, number)
        await talk.refresh(ports, number, fact.attempt)


@on(IncidentResolved, RoleAssigned, SeverityChanged, StatusChanged, UpdatePosted, UpdateSnoozed, lane=LANE)
async def put_away(ports: Ports, fact: Fact[IncidentEvent]) -> None:
    """Take the buttons off reminders that were answered."""
    await _tidy(ports, fact.event.incident)


async def _tidy(ports: Ports, number: int) -> None:
    incident, told = await _known(ports, number)
    if not furniture.reachable(incident):
        return
    for entry, waits in nudges.standing(incident, told):
        event = event_of(entry.kind, entry.payload)
        if isinstance(event, LeadAsked | OverAsked | UpdateAsked):
            card = nudges.asks(event, entry.at, waits=waits)
            await show(ports, card, key=f"entry:{entry.id}", subject=incident.subject, kind="note")


async def _asked(ports: Ports, incident: Incident) -> str:
    """Who is asked now; raises `Later` when all sleep who could be."""
    user, at = nudges.whom(await _candidates(ports, incident), ports.manage.incidents.awake, ports.now())
    if at > ports.now():
        raise Later(at)
    return user


async def _candidates(ports: Ports, incident: Incident) -> list[Candidate]:
    """Whoever leads, then whoever has another role, declared it or is on call for it."""
    called = () if incident.private or incident.test else await _on_call(ports, incident)
    lead = incident.roles.get(furniture.COMMANDER, "")
    people = dict.fromkeys(user for user in (lead, *furniture.belonging(incident), *called) if furniture.is_user(user))
    return [Candidate(user=u, timezone=await _zone(ports, u), on_call=u in called) for u in people]


async def _on_call(ports: Ports, incident: Incident) -> tuple[str, ...]:
    """Who is on call in general, and in the schedules that own its services."""
    seen = await service.view(ports, incident.id)
    people = list(await everyone(ports))
    for owner in furniture.owners(ports.manage, furniture.services(incident, seen.alerts)):
        if not (furniture.is_user(owner) or furniture.is_group(owner)):
            try:
                people += await everyone(ports, owner)
            except UnknownSchedule:  # said on the card when they were to be invited
                continue
    return tuple(dict.fromkeys(people))


async def _zone(ports: Ports, user: str) -> str:
    if ports.chat is None:
        return ""
    try:
        return (await ports.chat.profile(user)).timezone
    except ChatError:
        return ""


async def _known(ports: Ports, number: int) -> tuple[Incident, list[Entry]]:
    incident = (await service.view(ports, number)).incident
    async with ports.store.read() as conn:
        return incident, list(await journal.of_subjects(conn, [incident.subject]))


async def _decided(ports: Ports, number: int, choose: Callable[[Incident], Decision[Incident]]) -> None:
    await service.change(ports, number, service.BOT, choose)
