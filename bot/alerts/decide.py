"""What becomes of an alert: every transition as a pure decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts import escalation
from bot.alerts.fingerprints import fingerprint
from bot.config.manage import RuleConfig, Step
from bot.decision import Decision, Timer
from bot.events import (
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertLinked,
    AlertOpened,
    AlertResolved,
    EscalationExhausted,
    EscalationStepFired,
)
from storage.records.alerts import Alert, AlertState


@dataclass(frozen=True, kw_only=True)
class Breach:
    """What a rule saw: since when, in words and in numbers."""

    rule: str
    summary: str
    started_at: datetime
    labels: dict[str, str]
    reading: str = ""
    value: float | None = None
    threshold: float | None = None
    unit: str = ""

    @property
    def fingerprint(self) -> str:
        """What makes it the same alert as another breach."""
        return fingerprint(self.rule, self.labels)


def observe(
    alert: Alert | None, breach: Breach, rule: RuleConfig, steps: Sequence[Step], *, number: int, now: datetime
) -> Decision[Alert]:
    """Open an alert numbered `number`, or bring the open one of the same fingerprint up to date."""
    if alert is not None:
        seen = replace(alert, last_seen_at=now, reading=breach.reading, value=breach.value, threshold=breach.threshold)
        return Decision(state=seen, silent=True, reason=f"alert #{alert.id} is open already")
    opened = Alert(
        id=number,
        fingerprint=breach.fingerprint,
        rule=breach.rule,
        severity=rule.severity,
        summary=breach.summary,
        started_at=min(breach.started_at, now),
        opened_at=now,
        last_seen_at=now,
        labels=breach.labels,
        value=breach.value,
        threshold=breach.threshold,
        unit=breach.unit,
        reading=breach.reading,
        runbook=rule.runbook,
        policy=rule.policy,
        next_step_at=now + steps[0].after if steps else None,
    )
    return Decision(
        state=opened,
        events=(
            AlertOpened(
                alert=opened.id,
                rule=opened.rule,
                severity=opened.severity.value,
                summary=opened.summary,
                started_at=opened.started_at,
                reading=opened.reading,
                value=opened.value,
                threshold=opened.threshold,
                unit=opened.unit,
            ),
        ),
        timers=escalation.timers(opened, steps, now),
        reason=f"{breach.rule}: {breach.summary}",
    )


def acknowledge(alert: Alert, *, by: str, now: datetime, comment: str = "", via: str = "") -> Decision[Alert]:
    """Somebody takes the alert: escalation stops."""
    if alert.state is AlertState.RESOLVED:
        return Decision(state=alert, reason="it is resolved already")
    if alert.state is AlertState.ACKNOWLEDGED:
        return Decision(state=alert, reason="it is acknowledged already")
    taken = replace(
        alert,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_at=now,
        acknowledged_by=by,
        comment=comment,
        next_step_at=None,
    )
    return Decision(
        state=taken,
        events=(AlertAcknowledged(alert=alert.id, comment=comment, via=via),),
        cancels=escalation.cancels(alert),
        reason=f"acknowledged by {by}",
    )


def withdraw(alert: Alert, steps: Sequence[Step], *, by: str, now: datetime, via: str = "") -> Decision[Alert]:
    """Somebody gives the alert back: the steps that were not taken come due at their time, overdue ones now."""
    if alert.state is AlertState.RESOLVED:
        return Decision(state=alert, reason="it is resolved already")
    if alert.state is AlertState.FIRING:
        return Decision(state=alert, reason="nobody has acknowledged it")
    given = replace(
        alert,
        state=AlertState.FIRING,
        acknowledged_at=None,
        acknowledged_by="",
        comment="",
        next_step_at=escalation.step_time(alert, steps, alert.next_step, now),
    )
    return Decision(
        state=given,
        events=(AcknowledgementWithdrawn(alert=alert.id, via=via),),
        timers=escalation.timers(given, steps, now),
        reason=f"given back by {by}",
    )


def resolve(alert: Alert, *, by: str, now: datetime, reading: str = "", comment: str = "") -> Decision[Alert]:
    """The breach ended, or somebody says so: nothing more is sent."""
    if alert.state is AlertState.RESOLVED:
        return Decision(state=alert, reason="it is resolved already")
    done = replace(alert, state=AlertState.RESOLVED, resolved_at=now, resolved_by=by, next_step_at=None)
    return Decision(
        state=done,
        events=(AlertResolved(alert=alert.id, reading=reading, comment=comment),),
        cancels=escalation.cancels(alert),
        reason=f"resolved by {by}",
    )


def take_step(
    alert: Alert, steps: Sequence[Step], index: int, *, oncall: str, fallback: str, now: datetime
) -> Decision[Alert]:
    """Step `index` came due: tell its targets, unless there is no need any more (the reason says why not)."""
    if why_not := escalation.still_due(alert, index):
        return Decision(state=alert, reason=why_not)
    if index >= len(steps):
        return Decision(state=alert, reason=f"the policy {alert.policy} has no step {index + 1} any more")
    step, following = steps[index], index + 1
    whom = escalation.targets(step, oncall, fallback)
    moved = replace(alert, next_step=following, next_step_at=escalation.step_time(alert, steps, following, now))
    pages = tuple(
        Timer(
            kind=escalation.PAGE,
            key=f"{alert.subject}:page:{index}:{target}",
            at=now,
            subject=alert.subject,
            payload={"alert": alert.id, "step": index, "target": target, "via": step.via},
        )
        for target in whom
    )
    fired = EscalationStepFired(alert=alert.id, step=index, via=step.via, targets=whom)
    last = (EscalationExhausted(alert=alert.id, steps=len(steps)),) if following == len(steps) else ()
    return Decision(state=moved, events=(fired, *last), timers=pages, reason=f"step {following} of {len(steps)} is due")


def link(alert: Alert, incident: int) -> Decision[Alert]:
    """The alert belongs to an incident."""
    if alert.incident_id == incident:
        return Decision(state=alert, reason="it belongs to it already")
    return Decision(
        state=replace(alert, incident_id=incident),
        events=(AlertLinked(alert=alert.id, incident=incident),),
        reason=f"belongs to incident #{incident}",
    )
