"""Escalation: a policy's next step is one timer, a due step becomes pages (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.config.escalation import Step
from bot.decision import Cancel, Decision, Timer
from bot.events import EscalationExhausted, EscalationStepFired, Event, PageDelivered, PageFailed
from storage.records.alerts import Alert, AlertState

STEP = "alerts.step"
PAGE = "alerts.page"


@dataclass(frozen=True, kw_only=True)
class Upcoming:
    """The next step: when, whom, through what."""

    at: datetime
    targets: tuple[str, ...]
    via: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """One target that step `step` tells through `via`."""

    step: int
    target: str
    via: str


def due(alert: Alert, steps: Sequence[Step], now: datetime) -> datetime | None:
    """When the alert's next step is due, at once when its time has passed; None when the policy has no further one."""
    return max(alert.opened_at + steps[alert.next_step].after, now) if alert.next_step < len(steps) else None


def timers(alert: Alert) -> tuple[Timer, ...]:
    """The timer of the alert's next step. Each step plans the one after it, so that none overtakes another."""
    if alert.next_step_at is None:
        return ()
    return (
        Timer(
            kind=STEP,
            key=f"{alert.subject}:step:{alert.next_step}",
            at=alert.next_step_at,
            subject=alert.subject,
            payload={"alert": alert.id, "step": alert.next_step},
        ),
    )


def pages(alert: Alert, told: Iterable[Page], now: datetime) -> tuple[Timer, ...]:
    """A job for each page, so that each is retried alone."""
    return tuple(
        Timer(
            kind=PAGE,
            key=f"{alert.subject}:page:{page.step}:{page.via}:{page.target}",
            at=now,
            subject=alert.subject,
            payload={"alert": alert.id, "step": page.step, "target": page.target, "via": page.via},
        )
        for page in told
    )


def owed(facts: Iterable[Event]) -> tuple[Page, ...]:
    """Pages of steps taken that reached nobody and did not fail either: an acknowledgement came first."""
    wanted: dict[Page, None] = {}
    for fact in facts:
        match fact:
            case EscalationStepFired():
                wanted |= {Page(step=fact.step, target=target, via=fact.via): None for target in fact.targets}
            case PageDelivered() | PageFailed():
                wanted.pop(Page(step=fact.step, target=fact.target, via=fact.via), None)
            case _:
                pass
    return tuple(wanted)


def cancels(alert: Alert) -> tuple[Cancel, ...]:
    """All that must not happen any more once somebody has the alert, or it is over."""
    return Cancel(alert.subject, STEP), Cancel(alert.subject, PAGE)


def needless(alert: Alert) -> str:
    """Say why nobody need be told of the alert now, "" when somebody must be."""
    if alert.state is AlertState.RESOLVED:
        return "the alert is resolved"
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"acknowledged by {alert.acknowledged_by}"
    return ""


def targets(step: Step, oncall: str, fallback: str) -> tuple[str, ...]:
    """Whom a step tells: "oncall" becomes who is on call, or the `fallback` channel while nobody is."""
    named = tuple(((f"@{oncall}" if oncall else fallback) if t == "oncall" else t) for t in step.notify)
    return tuple(dict.fromkeys(named))


def upcoming(alert: Alert, steps: Sequence[Step], oncall: str, fallback: str) -> Upcoming | None:
    """What comes next unless somebody acknowledges; None when nothing will."""
    if alert.state is not AlertState.FIRING or alert.next_step_at is None or alert.next_step >= len(steps):
        return None
    step = steps[alert.next_step]
    return Upcoming(at=alert.next_step_at, targets=targets(step, oncall, fallback), via=step.via)


def take_step(
    alert: Alert, steps: Sequence[Step], index: int, *, oncall: str, fallback: str, now: datetime
) -> Decision[Alert]:
    """Step `index` came due: tell its targets, unless there is no need any more (the reason says why not)."""
    if why_not := needless(alert):
        return Decision(state=alert, reason=why_not)
    if index < alert.next_step:
        return Decision(state=alert, reason=f"step {index + 1} was taken already")
    if index >= len(steps):
        return Decision(state=alert, reason=f"the policy {alert.policy} has no step {index + 1} any more")
    step = steps[index]
    whom = targets(step, oncall, fallback)
    moved = replace(alert, next_step=index + 1)
    moved = replace(moved, next_step_at=due(moved, steps, now))
    fired = EscalationStepFired(alert=alert.id, step=index, via=step.via, targets=whom)
    last = (EscalationExhausted(alert=alert.id, steps=len(steps)),) if index + 1 == len(steps) else ()
    told = [Page(step=index, target=target, via=step.via) for target in whom]
    return Decision(
        state=moved,
        events=(fired, *last),
        timers=(*pages(moved, told, now), *timers(moved)),
        reason=f"step {index + 1} of {len(steps)} is due",
    )
