"""Incidents: read, decide, commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards.card import Link
from bot.decision import Decision, Timer, commit, job_of
from bot.incidents import decide, timeline
from bot.incidents.decide import Source
from bot.ports import Ports, Posted
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem
from storage.tables import alerts, incidents, journal, postmortems, posts
from storage.unit_of_work import UnitOfWork

BOT = "bot"


class UnknownIncident(LookupError):
    """There is no such incident, or none was named."""


@dataclass(frozen=True, kw_only=True)
class View:
    """An incident with what its card says beside it."""

    incident: Incident
    alerts: tuple[Alert, ...]
    postmortem: Postmortem | None
    links: tuple[Link, ...] = ()


async def declare(
    ports: Ports,
    *,
    title: str,
    severity: Severity,
    by: str,
    description: str = "",
    alert: int | None = None,
    source: Source | None = None,
) -> Decision[Incident]:
    """Declare an incident. One that the alert's fingerprint opened before is given back instead, with the alert in it.

    Raises `UnknownIncident` when the alert does not exist.
    """

    async def work(unit: UnitOfWork) -> Decision[Incident]:
        raised = await alerts.get(unit.conn, alert) if alert is not None else None
        if alert is not None and raised is None:
            raise UnknownIncident(f"there is no alert #{alert}")
        running = await incidents.open_by_fingerprint(unit.conn, raised.fingerprint, lock=True) if raised else None
        if running is not None and raised is not None:
            decision = decide.join(running, raised)
        else:
            decision = decide.declare(
                await unit.next_id("incident"),
                title=title,
                severity=severity,
                by=by,
                now=ports.now(),
                description=description,
                alert=raised,
                source=source,
            )
        await _commit(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


async def change(
    ports: Ports, number: int, actor: str, choose: Callable[[Incident], Decision[Incident]]
) -> Decision[Incident]:
    """Read incident `number`, decide, commit; raises `UnknownIncident`."""
    return await _change(ports, number, actor, lambda incident, _: choose(incident))


async def update(
    ports: Ports, number: int, *, by: str, text: str, status: IncidentStatus | None, severity: Severity | None
) -> Decision[Incident]:
    """Tell how things stand."""
    return await change(ports, number, by, lambda i: decide.update(i, text=text, status=status, severity=severity))


async def resolve(ports: Ports, number: int, *, by: str, comment: str = "") -> Decision[Incident]:
    """Resolve an incident; its MTTR is recorded."""
    return await change(ports, number, by, lambda i: decide.resolve(i, by=by, now=ports.now(), comment=comment))


async def note(ports: Ports, number: int, source: Source, *, by: str) -> Decision[Incident]:
    """Put a message on the timeline."""
    return await _change(ports, number, by, lambda i, told: decide.note(i, source, timeline.pinned(told)))


async def unnote(ports: Ports, number: int, channel: str, ts: str, *, by: str) -> Decision[Incident]:
    """Take a message off the timeline."""
    return await _change(ports, number, by, lambda i, told: decide.unnote(i, channel, ts, timeline.pinned(told)))


async def invited(ports: Ports, number: int, users: Sequence[str]) -> Decision[Incident]:
    """Write down who came to the channel, each once."""
    return await _change(ports, number, BOT, lambda i, told: decide.invited(i, users, timeline.invited(told)))


async def plan(ports: Ports, timer: Timer) -> None:
    """Have something done later that nobody need decide."""
    await ports.store.transact(lambda unit: unit.enqueue([job_of(timer)]))


async def acknowledged(ports: Ports, alert: int, at: datetime) -> None:
    """Note on the alert's incident that somebody is at it."""
    incident = await of_alert(ports, alert)
    if incident is not None:
        await change(ports, incident.id, BOT, lambda i: decide.acknowledged(i, at))


async def raised(ports: Ports, alert: int) -> Alert | None:
    """The alert of that number."""
    async with ports.store.read() as conn:
        return await alerts.get(conn, alert)


async def of_alert(ports: Ports, alert: int) -> Incident | None:
    """The incident that an alert belongs to."""
    async with ports.store.read() as conn:
        raised = await alerts.get(conn, alert)
        return await incidents.get(conn, raised.incident_id) if raised and raised.incident_id else None


async def view(ports: Ports, number: int) -> View:
    """Incident `number` with its alerts, its postmortem and where to read more; raises `UnknownIncident`."""
    async with ports.store.read() as conn:
        incident = await incidents.get(conn, number)
        if incident is None:
            raise UnknownIncident(f"there is no incident #{number}")
        found = [await alerts.get(conn, alert) for alert in incident.alert_ids]
        raised = tuple(alert for alert in found if alert is not None)
        cards = [await posts.get(conn, f"{alert.subject}:card") for alert in raised]
        source = timeline.source(await journal.of_subjects(conn, [incident.subject]))
        postmortem = await postmortems.get(conn, number)
    places = [(f"alert #{alert.id}", Posted(p.channel, p.ts)) for alert, p in zip(raised, cards, strict=True) if p]
    if source[1]:
        places.append(("the message it was declared from", Posted(*source)))
    said = [Link(ports.chat.link(place), text) for text, place in places] if ports.chat else []
    runbooks = dict.fromkeys(alert.runbook for alert in raised if alert.runbook.startswith(("http://", "https://")))
    return View(
        incident=incident,
        alerts=raised,
        postmortem=postmortem,
        links=tuple(link for link in (*said, *(Link(url, "runbook") for url in runbooks)) if link.url),
    )


async def lines(ports: Ports, number: int) -> Sequence[timeline.Line]:
    """The timeline of incident `number`; raises `UnknownIncident`."""
    seen = await view(ports, number)
    checks = {alert.labels["check"] for alert in seen.alerts if "check" in alert.labels}
    async with ports.store.read() as conn:
        entries = await journal.of_subjects(conn, timeline.subjects(number, seen.incident.alert_ids, checks))
    end = seen.incident.resolved_at
    of_checks = [
        entry
        for entry in entries
        if not entry.subject.startswith("check:")
        or (entry.at >= seen.incident.started_at and (end is None or entry.at <= end))
    ]
    return timeline.lines(of_checks)


async def numbered(ports: Ports, number: int | None, channel: str) -> int:
    """The incident meant: the one named, else that of the channel; raises `UnknownIncident`."""
    if number is not None:
        return number
    async with ports.store.read() as conn:
        found = await incidents.by_channel(conn, channel) if channel else None
    if found is None:
        raise UnknownIncident("which incident? Name its number, or ask in its channel")
    return found.id


async def _change(
    ports: Ports, number: int, actor: str, choose: Callable[[Incident, Sequence[Entry]], Decision[Incident]]
) -> Decision[Incident]:
    async def work(unit: UnitOfWork) -> Decision[Incident]:
        incident = await incidents.get(unit.conn, number, lock=True)
        if incident is None:
            raise UnknownIncident(f"there is no incident #{number}")
        decision = choose(incident, await journal.of_subjects(unit.conn, [incident.subject]))
        await _commit(ports, unit, decision, actor)
        return decision

    return await ports.store.transact(work)


async def _commit(ports: Ports, unit: UnitOfWork, decision: Decision[Incident], actor: str) -> None:
    await commit(unit, decision, actor=actor, now=ports.now(), jobs_for=ports.jobs_for)
