"""Alerts: read, decide, commit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.alerts import decide, escalation, rules
from bot.alerts.decide import Breach
from bot.alerts.fingerprints import fingerprint
from bot.config.manage import Step
from bot.decision import Decision, commit
from bot.events import CheckChanged, Event, JobDied, PageDelivered, PageFailed, payload_of
from bot.oncall import rota
from bot.ports import Ports
from storage.records.alerts import Alert
from storage.records.incidents import Incident
from storage.records.journal import Entry
from storage.tables import alerts, incidents, journal
from storage.unit_of_work import UnitOfWork

BOT = "bot"


class UnknownAlert(LookupError):
    """There is no alert of that number."""


@dataclass(frozen=True, kw_only=True)
class View:
    """An alert with what its card says beside it."""

    alert: Alert
    told: tuple[PageDelivered | PageFailed, ...]
    upcoming: escalation.Upcoming | None
    incident: Incident | None


async def check_changed(ports: Ports, change: CheckChanged) -> None:
    """Raise, refresh and resolve the alerts of a check whose held status changed."""

    async def work(unit: UnitOfWork) -> None:
        for name, breach in rules.breaches(change).items():
            rule = ports.manage.alerts.rules[name]
            found = await alerts.open_by_fingerprint(
                unit.conn, fingerprint(name, rules.labels(change.check)), lock=True
            )
            if breach is not None and rule.enabled:
                await _commit(ports, unit, await _observed(ports, unit, found, breach), BOT)
            elif found is not None:
                reading = change.detail or f"{change.check} is {change.status}"
                await _commit(ports, unit, decide.resolve(found, by=BOT, now=ports.now(), reading=reading), BOT)

    await ports.store.transact(work)


async def acknowledge(ports: Ports, number: int, *, by: str, comment: str = "", via: str = "") -> Decision[Alert]:
    """Acknowledge alert `number`; raises `UnknownAlert`."""
    return await _change(
        ports, number, by, lambda a: decide.acknowledge(a, by=by, now=ports.now(), comment=comment, via=via)
    )


async def withdraw(ports: Ports, number: int, *, by: str, via: str = "") -> Decision[Alert]:
    """Take an acknowledgement back; raises `UnknownAlert`."""
    return await _change(
        ports, number, by, lambda a: decide.withdraw(a, steps(ports, a), by=by, now=ports.now(), via=via)
    )


async def resolve(ports: Ports, number: int, *, by: str, comment: str = "") -> Decision[Alert]:
    """Resolve alert `number` by hand; raises `UnknownAlert`."""
    return await _change(ports, number, by, lambda a: decide.resolve(a, by=by, now=ports.now(), comment=comment))


async def link(ports: Ports, number: int, incident: int) -> Decision[Alert]:
    """Note that the alert belongs to an incident; raises `UnknownAlert`."""
    return await _change(ports, number, BOT, lambda a: decide.link(a, incident))


async def take_step(ports: Ports, number: int, index: int) -> Decision[Alert]:
    """Take an escalation step that came due, unless somebody has the alert; raises `UnknownAlert`."""
    now = ports.now()
    oncall, fallback = rota.who(ports.manage.oncall, now), ports.manage.channels.alerts
    return await _change(
        ports,
        number,
        BOT,
        lambda a: decide.take_step(a, steps(ports, a), index, oncall=oncall, fallback=fallback, now=now),
    )


async def of_incident(ports: Ports, incident: int) -> list[int]:
    """The numbers of an incident's alerts."""
    async with ports.store.read() as conn:
        return [alert.id for alert in await alerts.of_incident(conn, incident)]


async def job_died(ports: Ports, event: JobDied, at: datetime) -> None:
    """Raise an alert for a job that was given up. A job that tells of alerts raises none: it would tell of itself."""
    breach = rules.dead_job(event, at)
    if breach is None:
        return

    async def work(unit: UnitOfWork) -> None:
        found = await alerts.open_by_fingerprint(unit.conn, breach.fingerprint, lock=True)
        await _commit(ports, unit, await _observed(ports, unit, found, breach), BOT)

    await ports.store.transact(work)


async def record(ports: Ports, event: Event) -> None:
    """Write one fact that changes no record (a page was delivered), with its reactions."""

    async def work(unit: UnitOfWork) -> None:
        entry = await unit.append(
            at=ports.now(),
            kind=type(event).__name__,
            subject=event.subject,
            actor=BOT,
            payload=payload_of(event),
        )
        await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(work)


async def view(ports: Ports, number: int) -> View:
    """Alert `number` with who was told, what comes next and its incident; raises `UnknownAlert`."""
    async with ports.store.read() as conn:
        alert = await alerts.get(conn, number)
        if alert is None:
            raise UnknownAlert(f"there is no alert #{number}")
        told = [_page(entry) for entry in await journal.of_subjects(conn, [alert.subject])]
        incident = await incidents.get(conn, alert.incident_id) if alert.incident_id else None
    return View(
        alert=alert,
        told=tuple(page for page in told if page is not None),
        upcoming=escalation.upcoming(
            alert, steps(ports, alert), rota.who(ports.manage.oncall, ports.now()), ports.manage.channels.alerts
        ),
        incident=incident,
    )


def steps(ports: Ports, alert: Alert) -> tuple[Step, ...]:
    """The steps of the alert's policy; none when the policy was removed since."""
    return ports.manage.escalation.get(alert.policy, ())


async def _observed(ports: Ports, unit: UnitOfWork, found: Alert | None, breach: Breach) -> Decision[Alert]:
    rule = ports.manage.alerts.rules[breach.rule]
    number = found.id if found else await unit.next_id("alert")
    return decide.observe(
        found, breach, rule, ports.manage.escalation.get(rule.policy, ()), number=number, now=ports.now()
    )


async def _change(ports: Ports, number: int, actor: str, choose: Callable[[Alert], Decision[Alert]]) -> Decision[Alert]:
    async def work(unit: UnitOfWork) -> Decision[Alert]:
        alert = await alerts.get(unit.conn, number, lock=True)
        if alert is None:
            raise UnknownAlert(f"there is no alert #{number}")
        decision = choose(alert)
        await _commit(ports, unit, decision, actor)
        return decision

    return await ports.store.transact(work)


async def _commit(ports: Ports, unit: UnitOfWork, decision: Decision[Alert], actor: str) -> None:
    await commit(unit, decision, actor=actor, now=ports.now(), jobs_for=ports.jobs_for)


def _page(entry: Entry) -> PageDelivered | PageFailed | None:
    if entry.kind == "PageDelivered":
        return PageDelivered(**entry.payload)
    return PageFailed(**entry.payload) if entry.kind == "PageFailed" else None
