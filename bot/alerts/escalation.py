"""Escalation: a policy's steps become timers, a due step becomes pages (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.config.manage import Step
from bot.decision import Cancel, Timer
from storage.records.alerts import Alert, AlertState

STEP = "alerts.step"
PAGE = "alerts.page"


@dataclass(frozen=True, kw_only=True)
class Upcoming:
    """The next step: when, whom, through what."""

    at: datetime
    targets: tuple[str, ...]
    via: str


def timers(alert: Alert, steps: Sequence[Step], now: datetime) -> tuple[Timer, ...]:
    """A timer for each step that has not been taken; one that is overdue is due now."""
    return tuple(
        Timer(
            kind=STEP,
            key=f"{alert.subject}:step:{index}",
            at=max(alert.opened_at + step.after, now),
            subject=alert.subject,
            payload={"alert": alert.id, "step": index},
        )
        for index, step in enumerate(steps)
        if index >= alert.next_step
    )


def cancels(alert: Alert) -> tuple[Cancel, ...]:
    """All that must not happen any more once somebody has the alert, or it is over."""
    return Cancel(alert.subject, STEP), Cancel(alert.subject, PAGE)


def still_due(alert: Alert, index: int) -> str:
    """Say why step `index` must not be taken any more, "" when it is due."""
    if alert.state is AlertState.RESOLVED:
        return "the alert is resolved"
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"acknowledged by {alert.acknowledged_by}"
    if index < alert.next_step:
        return "this step was taken already"
    return ""


def step_time(alert: Alert, steps: Sequence[Step], index: int, now: datetime) -> datetime | None:
    """When step `index` is due, None when the policy has no such step."""
    return max(alert.opened_at + steps[index].after, now) if index < len(steps) else None


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
