"""From a check's held status to breaches of the built-in rules (pure)."""

from datetime import datetime

from bot.alerts.decide import Breach
from bot.events import CheckChanged, JobDied
from bot.phrasing import number, plural

FAILED = "health-check-failed"
DEGRADED = "health-check-degraded"
DEAD = "job-dead"


def breaches(change: CheckChanged) -> dict[str, Breach | None]:
    """For each rule the breach that the check's new status is, None where the status does not break the rule."""
    return {
        FAILED: _breach(FAILED, change, "is down") if change.status == "down" else None,
        DEGRADED: _breach(DEGRADED, change, "is degraded") if change.status == "degraded" else None,
    }


def recovery(rule: str, change: CheckChanged) -> str:
    """Why the check's alert of `rule` is over: what the check is now."""
    if breaches(change)[rule] is not None:
        return f"the rule {rule} is switched off"
    return f"{change.check} is {change.status}" + (f": {change.detail}" if change.detail else "")


def dead_job(event: JobDied, at: datetime) -> Breach:
    """The breach that a given-up job is.

    One alert for each kind of job: should the jobs that tell of it die as well, that is no further alert.
    """
    return Breach(
        rule=DEAD,
        summary=f"work of kind {event.kind} was given up",
        started_at=at,
        labels={"kind": event.kind},
        reading=f"job {event.job} was tried {plural(event.attempts, 'time')}: {event.error}",
    )


def labels(check: str) -> dict[str, str]:
    """The labels of a check's alerts."""
    return {"check": check}


def _breach(rule: str, change: CheckChanged, what: str) -> Breach:
    reading = change.detail
    if not reading and change.value is not None:
        reading = number(change.value, change.unit)
    return Breach(
        rule=rule,
        summary=f"{change.check} {what}",
        started_at=change.since,
        labels=labels(change.check),
        reading=reading,
        value=change.value,
        threshold=change.threshold,
        unit=change.unit,
    )
