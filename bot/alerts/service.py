"""Alerts: read, decide, commit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts import decide, escalation, rules
from bot.alerts.decide import Breach
from bot.alerts.fingerprints import fingerprint
from bot.config.escalation import Step
from bot.decision import Decision, commit, job_of
from bot.events import (
    CheckChanged,
    EscalationStepFired,
    Event,
    JobDied,
    PageDelivered,
    PageFailed,
    event_of,
    payload_of,
)
from bot.oncall import rota
from bot.ports import Ports
from storage.records.alerts import Alert
from storage.records.incidents import Incident
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
                await _commit(ports, unit, await _observed(ports, unit, found, breach), BOT)
            elif found is not None:
                over = decide.resolve(found, by=BOT, now=ports.now(), reading=rules.recovery(name, change))
                await _commit(ports, unit, over, BOT)

    await ports.store.transact(work)


async def acknowledge(ports: Ports, number: int, *, by: str, comment: str = "", via: str = "") -> Decision[Alert]:
    """Acknowledge alert `number`; raises `UnknownAlert`."""
    return await _change(
        ports, number, by, lambda a: decide.acknowledge(a, by=by, now=ports.now(), comment=comment, via=via)
    )


async def withdraw(ports: Ports, number: int, *, by: str, via: str = "") -> Decision[Alert]:
    """Take an acknowledgement back; raises `UnknownAlert`."""

    async def work(unit: UnitOfWork) -> Decision[Alert]:
        alert = await _locked(unit, number)
        owed = escalation.owed(await _facts(unit.conn, alert.subject))
        decision = decide.withdraw(alert, steps(ports, alert.policy), owed, by=by, now=ports.now(), via=via)
        await _commit(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


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
        lambda a: decide.take_step(a, steps(ports, a.policy), index, oncall=oncall, fallback=fallback, now=now),
    )


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
        await _commit(ports, unit, await _observed(ports, unit, found, breach), BOT)

    await ports.store.transact(work)


async def told(ports: Ports, page: PageDelivered | PageFailed) -> None:
    """Write down once what became of a page, with its reactions; the job that sent it may run again after a crash."""

    async def work(unit: UnitOfWork) -> None:
        await _locked(unit, page.alert)
        before = (f for f in await _facts(unit.conn, page.subject) if isinstance(f, PageDelivered | PageFailed))
        if (page.step, page.target, page.via) in {(f.step, f.target, f.via) for f in before}:
            return
        entry = await unit.append(
            at=ports.now(), kind=type(page).__name__, subject=page.subject, actor=BOT, payload=payload_of(page)
        )
        await unit.enqueue(ports.jobs_for(entry))

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
        facts = await _facts(conn, alert.subject)
        incident = await incidents.get(conn, alert.incident_id) if alert.incident_id else None
    return View(
        alert=alert,
        told=tuple(fact for fact in facts if isinstance(fact, PageDelivered | PageFailed)),
        steps=len(steps(ports, alert.policy)),
        upcoming=escalation.upcoming(
            alert, steps(ports, alert.policy), rota.who(ports.manage.oncall, ports.now()), ports.manage.channels.alerts
        ),
        incident=incident,
    )


def steps(ports: Ports, name: str) -> tuple[Step, ...]:
    """The steps of the policy; none when it was removed since."""
    policy = ports.manage.escalation.get(name)
    return policy.steps if policy else ()


async def _observed(ports: Ports, unit: UnitOfWork, found: Alert | None, breach: Breach) -> Decision[Alert]:
    rule = ports.manage.alerts.rules[breach.rule]
    number = found.id if found else await unit.next_id("alert")
    return decide.observe(found, breach, rule, steps(ports, rule.policy), number=number, now=ports.now())


async def _change(ports: Ports, number: int, actor: str, choose: Callable[[Alert], Decision[Alert]]) -> Decision[Alert]:
    async def work(unit: UnitOfWork) -> Decision[Alert]:
        decision = choose(await _locked(unit, number))
        await _commit(ports, unit, decision, actor)
        return decision

    return await ports.store.transact(work)


async def _commit(ports: Ports, unit: UnitOfWork, decision: Decision[Alert], actor: str) -> None:
    await commit(unit, decision, actor=actor, now=ports.now(), jobs_for=ports.jobs_for)


async def _locked(unit: UnitOfWork, number: int) -> Alert:
    alert = await alerts.get(unit.conn, number, lock=True)
    if alert is None:
        raise UnknownAlert(f"there is no alert #{number}")
    return alert


async def _facts(conn: AsyncConnection, subject: str) -> list[Event]:
    """What the journal holds about the escalation of an alert, oldest first."""
    entries = await journal.of_subjects(conn, [subject])
    return [event_of(entry.kind, entry.payload) for entry in entries if entry.kind in _ESCALATION]


_ESCALATION = frozenset(event.__name__ for event in (EscalationStepFired, PageDelivered, PageFailed))
