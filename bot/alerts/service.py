"""Alerts: read, decide, commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.alerts import decide, escalation, rules
from bot.alerts.escalating import steps, upcoming
from bot.alerts.ledger import BOT, PAGES, UnknownAlert, change, facts, locked, put
from bot.alerts.looks import remuting
from bot.alerts.wording import SHOWN
from bot.decision import Decision, job_of
from bot.events import (
    CheckChanged,
    JobDied,
    PageDelivered,
    PageFailed,
)
from bot.ports import Ports
from storage.records.alerts import Alert, Instance
from storage.records.incidents import Incident
from storage.tables import alerts, incidents, instances
from storage.unit_of_work import UnitOfWork

MOST_TOLD = 100
"""So many of the latest pages of an alert are looked at to say who was told."""


@dataclass(frozen=True, kw_only=True)
class View:
    """An alert with what its card says beside it; of those who were told the latest `MOST_TOLD`."""

    alert: Alert
    told: tuple[PageDelivered | PageFailed, ...]
    steps: int
    upcoming: escalation.Upcoming | None
    incident: Incident | None
    instances: tuple[Instance, ...] = ()


async def check_changed(ports: Ports, change: CheckChanged) -> None:
    """Raise, refresh and resolve the alerts of a check whose held status changed."""
    await ports.report(rules.of_check(change, ports.manage.alerts.rules))


async def job_died(ports: Ports, event: JobDied, at: datetime) -> None:
    """Raise an alert for a job that was given up."""
    await ports.report(rules.of_dead_job(event, at, ports.manage.alerts.rules))


async def resolve(ports: Ports, number: int, *, by: str, comment: str = "") -> Decision[Alert]:
    """Resolve alert `number` and its instances by hand; raises `UnknownAlert`."""

    async def work(unit: UnitOfWork) -> Decision[Alert]:
        now = ports.now()
        alert = await locked(unit, number)
        decision = decide.resolve(alert, by=by, now=now, comment=comment)
        if decision.changed:
            await instances.close(unit.conn, number, now)
            await put(ports, unit, decision, by)
            await unit.enqueue([job_of(remuting(now))] if ports.manage.alerts.inhibit else [])
        return decision

    return await ports.store.transact(work)


async def link(ports: Ports, number: int, incident: int) -> None:
    """Note that the alert belongs to an incident, unless that is private or a test; raises `UnknownAlert`."""
    async with ports.store.glance() as conn:
        known = await incidents.get(conn, incident)
    if known is not None and not (known.private or known.test):
        await change(ports, number, BOT, lambda a: decide.link(a, incident))


async def of_incident(ports: Ports, incident: int) -> list[int]:
    """The numbers of an incident's alerts."""
    async with ports.store.read() as conn:
        return [alert.id for alert in await alerts.of_incident(conn, incident)]


async def refresh_cards(ports: Ports, numbers: Iterable[int], *, at: datetime, why: str) -> None:
    """Have the cards of these alerts brought up to date at that time, once for each `why`."""
    timers = [decide.refresh(number, at, why) for number in numbers]
    await ports.store.transact(lambda unit: unit.enqueue(job_of(timer) for timer in timers))


async def view(ports: Ports, number: int) -> View:
    """Alert `number` with who was told, what comes next and its incident; raises `UnknownAlert`."""
    async with ports.store.glance() as conn:
        alert = await alerts.get(conn, number)
        if alert is None:
            raise UnknownAlert(f"there is no alert #{number}")
        told = await facts(conn, alert.subject, PAGES, latest=MOST_TOLD)
        incident = await incidents.get(conn, alert.incident_id) if alert.incident_id else None
        firing = await instances.open_instances(conn, alert_id=number, limit=SHOWN) if alert.total > 1 else []
    return View(
        alert=alert,
        told=tuple(fact for fact in told if isinstance(fact, PageDelivered | PageFailed)),
        steps=len(steps(ports, alert.policy)),
        upcoming=await upcoming(ports, alert),
        incident=incident,
        instances=tuple(firing),
    )
