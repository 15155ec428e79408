"""Incidents: read, decide, commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards.card import Link
from bot.decision import Decision, Timer, commit, job_of
from bot.events import RespondersInvited
from bot.incidents import checks, decide, grouping, merging, particulars, runs, timeline
from bot.incidents.decide import Source
from bot.incidents.privacy import may_see
from bot.permissions import Caller, role_of
from bot.ports import Ports, Posted
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem
from storage.records.posts import Post
from storage.tables import alerts, incidents, journal, postmortems, posts
from storage.unit_of_work import UnitOfWork

BOT = "bot"
FEW = 20
"""Alerts of an incident that the event loop reads by itself; more are read beside it, which takes ten times as long."""
LONG_AGO = datetime.fromtimestamp(0, UTC)
MOST_COMMANDS = 2000
"""So many of the latest runs of commands are looked through for those that belong to an incident."""


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
    components: Sequence[str] = (),
    private: bool = False,
    test: bool = False,
) -> Decision[Incident]:
    """Declare an incident. Where one is open that the alert belongs to, it joins that, which is given back instead.

    That is the one that its fingerprint opened, or one of its labels. Private incidents and tests are always new.
    `components` are added to those that the alert's service and check affect. Raises `UnknownIncident` when the alert
    does not exist.
    """

    async def work(unit: UnitOfWork) -> Decision[Incident]:
        raised = await alerts.get(unit.conn, alert) if alert is not None else None
        if alert is not None and raised is None:
            raise UnknownIncident(f"there is no alert #{alert}")
        told = await checks.of_alerts(unit.conn, [raised]) if raised else ()
        affected = (*components, *(grouping.components(raised, told, ports.manage) if raised else ()))
        running = await _host(ports, unit, raised) if raised and not (private or test) else None
        if running is not None and raised is not None:
            decision = decide.join(running, raised, affected)
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
                labels=grouping.labels(raised, ports.manage.incidents.join_by) if raised else {},
                components=tuple(dict.fromkeys(affected)),
                private=private,
                test=test,
                every=ports.manage.incidents.update_every,
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
    ports: Ports,
    number: int,
    *,
    by: str,
    text: str,
    status: IncidentStatus | None,
    severity: Severity | None,
    due_in: timedelta | None = None,
) -> Decision[Incident]:
    """Tell how things stand; `due_in` is when the next update is due, None leaves that to the configuration."""

    def choose(incident: Incident) -> Decision[Incident]:
        every = ports.manage.incidents.update_every
        return decide.update(
            incident, now=ports.now(), text=text, status=status, severity=severity, every=every, due_in=due_in
        )

    return await change(ports, number, by, choose)


async def resolve(ports: Ports, number: int, *, by: str, comment: str = "", cause: str = "") -> Decision[Incident]:
    """Resolve an incident; its MTTR is recorded, counted from the first start among it and its duplicates."""

    async def work(unit: UnitOfWork) -> Decision[Incident]:
        incident = await _locked(unit, number)
        duplicates = await incidents.merged_into(unit.conn, [number])
        why = particulars.caused_by(incident, cause) if cause and incident.open else Decision(state=incident)
        over = decide.resolve(why.state, by=by, now=ports.now(), comment=comment, duplicates=duplicates)
        decision = replace(over, events=(*why.events, *over.events))
        await _commit(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


async def reopen(ports: Ports, number: int, *, by: str, reason: str = "") -> Decision[Incident]:
    """Open an incident again; of one that was merged this takes the merge back, and its alerts with it."""

    async def work(unit: UnitOfWork) -> Decision[Incident]:
        incident = await _locked(unit, number)
        rival = await incidents.open_by_fingerprint(unit.conn, incident.fingerprint) if incident.fingerprint else None
        every = ports.manage.incidents.update_every
        decision = decide.reopen(incident, now=ports.now(), reason=reason, every=every, rival=rival)
        await _commit(ports, unit, decision, by)
        if decision.changed and incident.merged_into is not None:
            survivor = await _locked(unit, incident.merged_into)
            moved = timeline.absorbed(await journal.of_subjects(unit.conn, [survivor.subject]), number)
            await _commit(ports, unit, merging.part(survivor, number, moved), by)
        return decision

    return await ports.store.transact(work)


async def merge(ports: Ports, number: int, *, into: int, by: str) -> Decision[Incident]:
    """Merge incident `number` into another, which goes on for both; gives what was decided of `number`."""

    async def work(unit: UnitOfWork) -> Decision[Incident]:
        held = {one: await _locked(unit, one) for one in sorted({number, into})}  # in order: no two wait for each other
        absorbed = await incidents.merged_into(unit.conn, [number])
        both = merging.merge(held[number], held[into], by=by, now=ports.now(), absorbed=absorbed)
        for decision in both:
            await _commit(ports, unit, decision, by)
        return both[0]

    return await ports.store.transact(work)


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
    async with ports.store.glance() as conn:
        return await alerts.get(conn, alert)


async def of_alert(ports: Ports, alert: int) -> Incident | None:
    """The incident that an alert belongs to."""
    async with ports.store.glance() as conn:
        raised = await alerts.get(conn, alert)
        return await incidents.get(conn, raised.incident_id) if raised and raised.incident_id else None


async def view(ports: Ports, number: int) -> View:
    """Incident `number` with all that its card shows, whoever asks (see `visible`); raises `UnknownIncident`."""
    async with ports.store.glance() as conn:
        incident = await incidents.get(conn, number)
        if incident is None:
            raise _unknown(number)
        source = timeline.source(await journal.of_subject(conn, incident.subject, ["IncidentDeclared"]))
        postmortem = await postmortems.get(conn, number)
        if few := len(incident.alert_ids) <= FEW:
            raised, cards = await _raised(conn, incident)
    if not few:
        async with ports.store.read() as conn:
            raised, cards = await _raised(conn, incident)
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


async def visible(ports: Ports, number: int, caller: Caller) -> Incident:
    """Incident `number`, where the caller may see it; raises `UnknownIncident`, as for one that does not exist."""
    async with ports.store.read() as conn:
        incident = await incidents.get(conn, number)
        if incident is None or not (await _seen_by(ports, conn, [incident], caller)):
            raise _unknown(number)
    return incident


async def hidden(ports: Ports, caller: Caller) -> frozenset[int]:
    """The numbers of the private incidents that the caller may not see."""
    async with ports.store.read() as conn:
        private = await incidents.private(conn)
        return frozenset(one.id for one in private) - await _seen_by(ports, conn, private, caller)


async def subjects(conn: AsyncConnection, incident: Incident) -> list[str]:
    """Whose journal the timeline of an incident is made of, but for checks: its own, its duplicates', its alerts'."""
    duplicates = await incidents.merged_into(conn, [incident.id])
    return [*timeline.subjects(incident.id, incident.alert_ids), *(one.subject for one in duplicates)]


async def lines(ports: Ports, number: int, *, hidden: bool = False) -> Sequence[timeline.Line]:
    """The timeline of incident `number` and of those merged into it; raises `UnknownIncident`.

    With `hidden` also what somebody took off it by hand.
    """
    seen = await view(ports, number)
    began, ended = seen.incident.started_at, seen.incident.resolved_at
    async with ports.store.read() as conn:
        told = [f"check:{name}" for name in await checks.of_alerts(conn, seen.alerts)]
        entries = await journal.of_subjects(conn, [*await subjects(conn, seen.incident), *told])
        commands = await journal.of_kind(conn, "CommandRun", began, limit=MOST_COMMANDS, until=ended)
        private = await incidents.private_channels(conn)
    within = [
        entry
        for entry in entries
        if not entry.subject.startswith("check:") or (entry.at >= began and (ended is None or entry.at <= ended))
    ]
    ran = runs.among(commands, seen.incident.channel, private)
    return timeline.lines(within, ran, hidden=hidden)


async def numbered(ports: Ports, number: int | None, channel: str, *, follow: bool = True) -> int:
    """The incident meant: the one named, else that of the channel; raises `UnknownIncident`.

    In the channel of one that was merged the one that goes on for it is meant, unless `follow` is False.
    """
    if number is not None:
        return number
    async with ports.store.read() as conn:
        found = await incidents.by_channel(conn, channel) if channel else None
    if found is None:
        raise UnknownIncident("which incident? Name its number, or ask in its channel")
    return (found.merged_into if follow else None) or found.id


async def _change(
    ports: Ports, number: int, actor: str, choose: Callable[[Incident, Sequence[Entry]], Decision[Incident]]
) -> Decision[Incident]:
    async def work(unit: UnitOfWork) -> Decision[Incident]:
        incident = await _locked(unit, number)
        decision = choose(incident, await journal.of_subjects(unit.conn, [incident.subject]))
        await _commit(ports, unit, decision, actor)
        return decision

    return await ports.store.transact(work)


async def _host(ports: Ports, unit: UnitOfWork, alert: Alert) -> Incident | None:
    """The open incident that an alert belongs to."""
    # one at a time: two alerts of one trouble must not both find nothing open
    await unit.next_id("incident-of-alert")
    running = await incidents.still_open(unit.conn)
    absorbed = await incidents.merged_into(unit.conn, [one.id for one in running])
    found = grouping.host(alert, running, absorbed, ports.manage.incidents.join_by)
    held = await incidents.get(unit.conn, found.id, lock=True) if found else None
    return held if held and held.open else None  # it may have been resolved before it was held


async def _seen_by(ports: Ports, conn: AsyncConnection, some: Sequence[Incident], caller: Caller) -> frozenset[int]:
    """The numbers of those that the caller may see."""
    roles = ports.manage.roles
    role = role_of(caller, roles.members, roles.default)
    told: dict[str, list[Entry]] = {one.subject: [] for one in some if one.private}
    if told:
        for entry in await journal.of_subjects_since(conn, list(told), RespondersInvited.__name__, LONG_AGO):
            told[entry.subject].append(entry)
    return frozenset(one.id for one in some if may_see(one, caller, role, timeline.invited(told.get(one.subject, ()))))


async def _raised(conn: AsyncConnection, incident: Incident) -> tuple[tuple[Alert, ...], list[Post | None]]:
    """Its alerts, and the card of each."""
    found = [await alerts.get(conn, alert) for alert in incident.alert_ids]
    raised = tuple(alert for alert in found if alert is not None)
    return raised, [await posts.get(conn, f"{alert.subject}:card") for alert in raised]


async def _locked(unit: UnitOfWork, number: int) -> Incident:
    incident = await incidents.get(unit.conn, number, lock=True)
    if incident is None:
        raise _unknown(number)
    return incident


def _unknown(number: int) -> UnknownIncident:
    return UnknownIncident(f"there is no incident #{number}")


async def _commit(ports: Ports, unit: UnitOfWork, decision: Decision[Incident], actor: str) -> None:
    await commit(unit, decision, actor=actor, now=ports.now(), jobs_for=ports.jobs_for)
