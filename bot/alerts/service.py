"""Alerts: read, decide, commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.alerts import decide, escalation, rules
from bot.alerts.decide import Breach
from bot.alerts.escalating import steps
from bot.alerts.fingerprints import fingerprint
from bot.alerts.ledger import BOT, UnknownAlert, change, facts, put
from bot.decision import Decision, job_of
from bot.events import (
    CheckChanged,
    JobDied,
    PageDelivered,
    PageFailed,
)
from bot.oncall import rota
from bot.ports import Ports
from storage.records.alerts import Alert
from storage.records.incidents import Incident
from storage.tables import alerts, incidents
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class View:
    """An alert with what its card says beside it."""

    alert: Alert
    told: tuple[PageDelivered | PageFailed, ...]
    steps: int
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
                await put(ports, unit, await _observed(ports, unit, found, breach), BOT)
            elif found is not None:
                over = decide.resolve(found, by=BOT, now=ports.now(), reading=rules.recovery(name, change))
                await put(ports, unit, over, BOT)

    await ports.store.transact(work)


async def resolve(ports: Ports, number: int, *, by: str, comment: str = "") -> Decision[Alert]:
    """Resolve alert `number` by hand; raises `UnknownAlert`."""
    return await change(ports, number, by, lambda a: decide.resolve(a, by=by, now=ports.now(), comment=comment))


async def link(ports: Ports, number: int, incident: int) -> Decision[Alert]:
    """Note that the alert belongs to an incident; raises `UnknownAlert`."""
    return await change(ports, number, BOT, lambda a: decide.link(a, incident))


async def of_incident(ports: Ports, incident: int) -> list[int]:
    """The numbers of an incident's alerts."""
    async with ports.store.read() as conn:
        return [alert.id for alert in await alerts.of_incident(conn, incident)]


async def job_died(ports: Ports, event: JobDied, at: datetime) -> None:
    """Raise an alert for a job that was given up."""
    breach = rules.dead_job(event, at)
    if not ports.manage.alerts.rules[breach.rule].enabled:
        return

    async def work(unit: UnitOfWork) -> None:
        found = await alerts.open_by_fingerprint(unit.conn, breach.fingerprint, lock=True)
        await put(ports, unit, await _observed(ports, unit, found, breach), BOT)

    await ports.store.transact(work)


async def refresh_cards(ports: Ports, numbers: Iterable[int], *, at: datetime, why: str) -> None:
    """Have the cards of these alerts brought up to date at that time, once for each `why`."""
    timers = [decide.refresh(number, at, why) for number in numbers]
    await ports.store.transact(lambda unit: unit.enqueue(job_of(timer) for timer in timers))


async def view(ports: Ports, number: int) -> View:
    """Alert `number` with who was told, what comes next and its incident; raises `UnknownAlert`."""
    async with ports.store.read() as conn:
        alert = await alerts.get(conn, number)
        if alert is None:
            raise UnknownAlert(f"there is no alert #{number}")
        history = await facts(conn, alert.subject)
        incident = await incidents.get(conn, alert.incident_id) if alert.incident_id else None
    return View(
        alert=alert,
        told=tuple(fact for fact in history if isinstance(fact, PageDelivered | PageFailed)),
        steps=len(steps(ports, alert.policy)),
        upcoming=escalation.upcoming(
            alert, steps(ports, alert.policy), rota.who(ports.manage.oncall, ports.now()), ports.manage.channels.alerts
        ),
        incident=incident,
    )


async def _observed(ports: Ports, unit: UnitOfWork, found: Alert | None, breach: Breach) -> Decision[Alert]:
    rule = ports.manage.alerts.rules[breach.rule]
    number = found.id if found else await unit.next_id("alert")
    return decide.observe(found, breach, rule, steps(ports, rule.policy), number=number, now=ports.now())
