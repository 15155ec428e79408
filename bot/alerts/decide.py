"""What becomes of an alert: every transition as a pure decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts import escalation
from bot.alerts.escalation import Page
from bot.alerts.fingerprints import fingerprint
from bot.config.alerts import RuleConfig
from bot.config.escalation import Step
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

CARD = "card"
"""The lane of all that edits an alert's card or answers in its thread, so that these happen one after another."""
REFRESH = "alerts.refresh"


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
        return _seen_again(alert, breach, now)
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
    )
    opened = replace(opened, next_step_at=escalation.due(opened, steps, now))
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
        timers=escalation.timers(opened),
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


def withdraw(
    alert: Alert, steps: Sequence[Step], owed: Sequence[Page] = (), *, by: str, now: datetime, via: str = ""
) -> Decision[Alert]:
    """Somebody gives the alert back: the next step comes at its time, or now when that has passed.

    `owed` are pages that the acknowledgement stopped on their way; they go out after all.
    """
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
        next_step_at=escalation.due(alert, steps, now),
    )
    return Decision(
        state=given,
        events=(AcknowledgementWithdrawn(alert=alert.id, via=via),),
        timers=(*escalation.pages(given, owed, now), *escalation.timers(given)),
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
    if why_not := escalation.needless(alert):
        return Decision(state=alert, reason=why_not)
    if index < alert.next_step:
        return Decision(state=alert, reason=f"step {index + 1} was taken already")
    if index >= len(steps):
        return Decision(state=alert, reason=f"the policy {alert.policy} has no step {index + 1} any more")
    step = steps[index]
    whom = escalation.targets(step, oncall, fallback)
    moved = replace(alert, next_step=index + 1)
    moved = replace(moved, next_step_at=escalation.due(moved, steps, now))
    fired = EscalationStepFired(alert=alert.id, step=index, via=step.via, targets=whom)
    last = (EscalationExhausted(alert=alert.id, steps=len(steps)),) if index + 1 == len(steps) else ()
    told = [Page(step=index, target=target, via=step.via) for target in whom]
    return Decision(
        state=moved,
        events=(fired, *last),
        timers=(*escalation.pages(moved, told, now), *escalation.timers(moved)),
        reason=f"step {index + 1} of {len(steps)} is due",
    )


def link(alert: Alert, incident: int) -> Decision[Alert]:
    """The alert belongs to an incident."""
    if alert.incident_id == incident:
        return Decision(state=alert, reason="it belongs to it already")
    return Decision(
        state=replace(alert, incident_id=incident),
        events=(AlertLinked(alert=alert.id, incident=incident),),
        reason=f"belongs to incident #{incident}",
    )


def refresh(number: int, at: datetime, why: str) -> Timer:
    """A timer that brings the card of alert `number` up to date, one for each `why`; it waits its turn at the card."""
    subject = f"alert:{number}"
    return Timer(
        kind=REFRESH,
        key=f"{subject}:refresh:{why}",
        at=at,
        subject=subject,
        lane=f"{CARD}:{subject}",
        payload={"alert": number},
    )


def _seen_again(alert: Alert, breach: Breach, now: datetime) -> Decision[Alert]:
    seen = replace(
        alert,
        last_seen_at=now,
        reading=breach.reading,
        value=breach.value,
        threshold=breach.threshold,
        unit=breach.unit,
    )
    news = (seen.reading, seen.value, seen.threshold) != (alert.reading, alert.value, alert.threshold)
    return Decision(
        state=seen,
        timers=(refresh(alert.id, now, f"seen:{now.isoformat()}"),) if news else (),
        silent=True,
        reason=f"alert #{alert.id} is open already",
    )
