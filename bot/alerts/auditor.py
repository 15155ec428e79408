"""The auditor: proves that escalation of every open alert goes on or has a stated end, and mends what does not."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.alerts import acknowledgement, escalation, sweeping
from bot.alerts.escalation import EXPIRE, STEP
from bot.alerts.ledger import BOT, locked, put
from bot.config.alerts import RuleConfig
from bot.config.escalation import Policy
from bot.decision import Decision
from bot.events import EscalationExhausted
from bot.phrasing import duration, plural
from bot.ports import Ports
from bot.report import Report
from storage.records.alerts import Alert, AlertState
from storage.tables import escalations, silences
from storage.tables.escalations import Wanted
from storage.unit_of_work import UnitOfWork

RULE = "escalation-broken"
LATE = timedelta(seconds=60)
"""How long a job may be due before it is said that escalation is late."""
AT_ONCE = 100
"""Alerts that are mended in one round; the next round takes the next ones."""

_HOLDS = timedelta(minutes=5)
_log = structlog.get_logger(__name__)


async def audit(ports: Ports) -> tuple[Report, ...]:
    """Look at every open alert, mend what is broken, and report it; gives what was reported.

    An alert that fires must have its next step in the queue, or have none left. One that is acknowledged must have the
    end of that in the queue, unless it has none. One that a silence mutes must have one that is in force.
    """
    now, rule = ports.now(), ports.manage.alerts.rules[RULE]
    async with ports.store.read() as conn:
        broken = await escalations.unplanned(conn, _wanted(ports), limit=AT_ONCE)
        since = await escalations.waiting_since(conn, now)
    lost = [number for number in (alert.id for alert in broken) if await _mend(ports, number)]
    late = now - since if since else timedelta(0)
    found: list[Report] = []
    if lost:
        found.append(_report(rule, "lost step", f"{plural(len(lost), 'alert')} had no next step: {_named(lost)}", now))
    if late > LATE:
        found.append(_report(rule, "late jobs", f"what is due waits for {duration(late)} already", now))
    if over := await _mutes_that_are_over(ports, now):
        await sweeping.remute(ports)
        found.append(_report(rule, "silence over", f"alerts were still muted by {', '.join(over)}", now))
    if found:
        _log.error("escalation_broken", found=[report.summary for report in found])
        await ports.report(found if rule.enabled else [])
    return tuple(found) if rule.enabled else ()


def mended(alert: Alert, policy: Policy | None, now: datetime) -> Decision[Alert]:
    """The alert with the timer that was lost: of its next step, or of the end of its acknowledgement (pure)."""
    if alert.state is AlertState.ACKNOWLEDGED:
        return Decision(state=alert, timers=acknowledgement.expiry(alert), silent=True, reason="its end was lost")
    at = escalation.due(alert, policy.steps if policy else (), now)
    waiting = replace(alert, next_step_at=at)
    return Decision(state=waiting, timers=escalation.timers(waiting), silent=True, reason="its next step was lost")


async def _mend(ports: Ports, number: int) -> bool:
    async def work(unit: UnitOfWork) -> bool:
        alert = await locked(unit, number)
        if not await escalations.unplanned(unit.conn, _wanted(ports), only=[number]):
            return False
        decision = mended(alert, ports.manage.escalation.get(alert.policy), ports.now())
        await put(ports, unit, decision, BOT)
        return True

    return await ports.store.transact(work)


async def _mutes_that_are_over(ports: Ports, now: datetime) -> list[str]:
    async with ports.store.read() as conn:
        mutes = await escalations.muted_by(conn)
        if not mutes:
            return []
        live = {f"silence {silence.id}" for silence in await silences.not_over(conn, now - LATE)}
    return [mute for mute in mutes if mute.startswith("silence ") and mute not in live]


def _wanted(ports: Ports) -> Wanted:
    policies = {name: len(policy.steps) for name, policy in ports.manage.escalation.items()}
    return Wanted(step=STEP, end=EXPIRE, over=EscalationExhausted.__name__, policies=policies)


def _named(numbers: list[int]) -> str:
    shown = ", ".join(f"#{number}" for number in numbers[:5])
    return f"{shown} and {len(numbers) - 5} more" if len(numbers) > 5 else shown


def _report(rule: RuleConfig, fault: str, summary: str, now: datetime) -> Report:
    return Report(
        name=RULE,
        labels={**rule.labels, "fault": fault},
        severity=rule.severity,
        source="bot",
        started_at=now,
        ends_at=now + _HOLDS,
        summary=f"escalation: {summary}",
        reading="it was planned anew" if fault != "late jobs" else "is the bot overloaded, or its database slow?",
        runbook=rule.runbook,
        policy=rule.policy,
    )
