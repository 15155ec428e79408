"""From a check's held status, and from dead jobs, to reports of the built-in rules (pure)."""

from collections.abc import Mapping
from datetime import datetime

from bot.config.alerts import RuleConfig
from bot.events import CheckChanged, JobDied
from bot.phrasing import number, plural
from bot.report import Report

FAILED = "health-check-failed"
DEGRADED = "health-check-degraded"
DEAD = "job-dead"
SOURCE = "bot"


def of_check(change: CheckChanged, rules: Mapping[str, RuleConfig]) -> list[Report]:
    """What the check's new status means for each rule of checks: that it is broken, or that it is over."""
    broken = {FAILED: ("down", "is down"), DEGRADED: ("degraded", "is degraded")}
    return [
        _broken(name, rules[name], change, what)
        if change.status == status and rules[name].enabled
        else _over(name, rules[name], change, switched_off=change.status == status)
        for name, (status, what) in broken.items()
    ]


def of_dead_job(event: JobDied, at: datetime, rules: Mapping[str, RuleConfig]) -> list[Report]:
    """What a given-up job means, nothing when the rule is off.

    One instance for each kind of job: should the jobs that tell of it die as well, that is no further page.
    """
    rule = rules[DEAD]
    died = Report(
        name=DEAD,
        labels={**rule.labels, "kind": event.kind},
        severity=rule.severity,
        source=SOURCE,
        summary=f"work of kind {event.kind} was given up",
        started_at=at,
        reading=f"job {event.job} was tried {plural(event.attempts, 'time')}: {event.error}",
        runbook=rule.runbook,
        policy=rule.policy,
    )
    return [died] if rule.enabled else []


def _broken(name: str, rule: RuleConfig, change: CheckChanged, what: str) -> Report:
    reading = change.detail
    if not reading and change.value is not None:
        reading = number(change.value, change.unit)
    return Report(
        name=name,
        labels=_labels(rule, change),
        severity=rule.severity,
        source=SOURCE,
        summary=f"{change.check} {what}",
        started_at=change.since,
        reading=reading,
        value=change.value,
        threshold=change.threshold,
        unit=change.unit,
        runbook=rule.runbook,
        policy=rule.policy,
    )


def _over(name: str, rule: RuleConfig, change: CheckChanged, *, switched_off: bool) -> Report:
    if switched_off:
        why = f"the rule {name} is switched off"
    else:
        why = f"{change.check} is {change.status}" + (f": {change.detail}" if change.detail else "")
    labels = _labels(rule, change)
    return Report(name=name, labels=labels, severity=rule.severity, source=SOURCE, resolved=True, reading=why)


def _labels(rule: RuleConfig, change: CheckChanged) -> dict[str, str]:
    return {**rule.labels, "check": change.check}
