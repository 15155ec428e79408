"""What becomes of an alert when its instances change: every transition as a pure decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts import acknowledgement, escalation
from bot.alerts.grouping import Group
from bot.alerts.instances import RANK
from bot.config.alerts import RuleConfig
from bot.config.escalation import Policy, Step, by_severity
from bot.decision import Cancel, Decision, Timer
from bot.events import (
    AlertLinked,
    AlertOpened,
    AlertResolved,
    AlertSilenced,
    AlertUnsilenced,
    AlertWorsened,
    Event,
    FlappingStarted,
    FlappingStopped,
    InstancesOpened,
    InstancesResolved,
)
from bot.report import Report
from storage.records.alerts import Alert, AlertState, Instance, Severity

CARD = "card"
"""The lane of all that edits an alert's card or answers in its thread, so that these happen one after another."""
REFRESH = "alerts.refresh"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What changed about the instances of one alert, each as it is now.

    `muted` is how many more of those that still fire are muted than before, `reports` how many told of it, `last` what
    was said last. `flapping` is how often the instance began that flaps, 0 when none does.
    """

    opened: tuple[Instance, ...] = ()
    seen: tuple[Instance, ...] = ()
    resolved: tuple[Instance, ...] = ()
    muted: int = 0
    reports: int = 0
    last: Report | None = None
    flapping: int = 0
    reading: str = ""

    @property
    def worst(self) -> Severity | None:
        """The worst severity among those that fire and are not muted."""
        loud = [i.severity for i in (*self.opened, *self.seen) if not i.muted_by]
        return min(loud, key=RANK.__getitem__, default=None)


def policy(report: Report, severity: Severity, rules: Mapping[str, RuleConfig], policies: Mapping[str, Policy]) -> str:
    """The escalation policy: the report's, the rule's, manage.yml's own for the severity, or the default."""
    named = report.policy or (rules[report.name].policy if report.name in rules else "")
    return named or by_severity(policies, severity.value)


def worse(alert: Alert, change: Change) -> Severity | None:
    """The severity that the change lifts the alert to, None when it is not worse."""
    worst = change.worst
    return worst if worst is not None and RANK[worst] < RANK[alert.severity] else None


def raised(
    change: Change, group: Group, *, number: int, policy: str, runbook: str, steps: Sequence[Step], now: datetime
) -> Decision[Alert]:
    """Open alert `number` for its first instances; while all of them are muted nobody is told."""
    first, said = change.opened[0], change.last
    worst = min((i.severity for i in change.opened), key=RANK.__getitem__)
    by = first.muted_by if change.muted == len(change.opened) else ""
    opened = Alert(
        id=number,
        fingerprint=group.fingerprint,
        rule=first.name,
        severity=worst,
        summary=first.summary or title(first.name, group.labels),
        started_at=min(i.started_at for i in change.opened),
        opened_at=now,
        last_seen_at=now,
        state=AlertState.SILENCED if by else AlertState.FIRING,
        labels=group.labels,
        value=first.value,
        threshold=said.threshold if said else None,
        unit=said.unit if said else "",
        reading=first.reading,
        runbook=runbook,
        policy=policy,
        description=said.description if said else "",
        source=first.source,
        link=first.link,
        firing=len(change.opened),
        total=len(change.opened),
        count=change.reports,
        muted=change.muted,
        muted_by=by,
        flapping=change.flapping > 0,
        next_step_at=None if by else escalation.first_due(now, steps, now),
    )
    told: tuple[Event, ...] = (
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
            muted_by=by,
        ),
    )
    if change.flapping:
        told = (*told, FlappingStarted(alert=number, openings=change.flapping))
    return Decision(
        state=opened, events=told, timers=escalation.timers(opened), reason=f"{opened.rule}: {opened.summary}"
    )


def changed(
    alert: Alert, change: Change, steps: Sequence[Step], *, every: timedelta, now: datetime, policy: str = ""
) -> Decision[Alert]:
    """Bring the open alert up to date: worse, muted, unmuted, over. `every` is the least time between card edits.

    `steps` are those of `policy`, which it has from now on (default: as before) when it is worse.
    """
    firing = alert.firing + len(change.opened) - len(change.resolved)
    moved = replace(_told(alert, change, now), firing=firing, total=alert.total + len(change.opened))
    moved = replace(moved, muted=max(0, min(alert.muted + change.muted, firing)), policy=policy or alert.policy)
    if firing <= 0:
        return resolve(replace(moved, firing=0), by="bot", now=now, reading=change.reading)
    events: list[Event] = []
    if change.opened:
        events.append(InstancesOpened(alert=alert.id, fingerprints=_prints(change.opened)))
    if change.resolved:
        events.append(InstancesResolved(alert=alert.id, fingerprints=_prints(change.resolved), reading=change.reading))
    if change.flapping and not alert.flapping:
        moved = replace(moved, flapping=True)
        events.append(FlappingStarted(alert=alert.id, openings=change.flapping))
    decision = _graver(alert, moved, change, steps, now)
    events += decision.events
    timers = decision.timers
    if events or _news(alert, decision.state):
        timers = (*timers, refresh_soon(alert.id, every, now))
    return replace(decision, events=tuple(events), timers=timers, silent=True)


def resolve(alert: Alert, *, by: str, now: datetime, reading: str = "", comment: str = "") -> Decision[Alert]:
    """The breach ended, or somebody says so: nothing more is sent."""
    if alert.state is AlertState.RESOLVED:
        return Decision(state=alert, reason="it is resolved already")
    steady: tuple[Event, ...] = (FlappingStopped(alert=alert.id),) if alert.flapping else ()
    done = replace(
        alert,
        state=AlertState.RESOLVED,
        resolved_at=now,
        resolved_by=by,
        next_step_at=None,
        firing=0,
        muted=0,
        flapping=False,
    )
    return Decision(
        state=done,
        events=(*steady, AlertResolved(alert=alert.id, reading=reading, comment=comment)),
        cancels=escalation.cancels(alert),
        reason=f"resolved by {by}",
    )


def steady(alert: Alert) -> Decision[Alert]:
    """None of the alert's instances flaps any more."""
    if not alert.flapping or not alert.open:
        return Decision(state=alert, reason="it does not flap")
    return Decision(
        state=replace(alert, flapping=False),
        events=(FlappingStopped(alert=alert.id),),
        reason="it has been steady for long enough",
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


def refresh_soon(number: int, every: timedelta, now: datetime) -> Timer:
    """The same for the machine's edits: one for each stretch of length `every`, at its end."""
    seconds = every.total_seconds()
    if not seconds:
        return refresh(number, now, f"at:{now.isoformat()}")
    at = now + timedelta(seconds=seconds - now.timestamp() % seconds)
    return refresh(number, at, f"until:{at.timestamp():.0f}")


def title(name: str, labels: Mapping[str, str]) -> str:
    """What an alert is called whose source gives no summary: the rule and the labels that its instances share."""
    shared = ", ".join(f"{label} {value}" for label, value in labels.items())
    return f"{name} ({shared})" if shared else name


def _graver(before: Alert, moved: Alert, change: Change, steps: Sequence[Step], now: datetime) -> Decision[Alert]:
    """Whether it is told of from now on, no longer, or anew: muted, unmuted, worse than what was acknowledged."""
    if moved.muted == moved.firing:
        return _muted(before, moved, change)
    moved = replace(moved, muted_by="")
    worst = worse(before, change)
    moved = replace(moved, severity=worst or before.severity)
    rose: tuple[Event, ...] = (
        (AlertWorsened(alert=moved.id, severity=moved.severity.value, previous=before.severity.value),) if worst else ()
    )
    owner = before.acknowledged_by if before.state is AlertState.ACKNOWLEDGED and not worst else ""
    heard = (AlertUnsilenced(alert=moved.id, held_by=owner),) if before.muted_by else ()
    uncovered = before.state is AlertState.ACKNOWLEDGED and worst is not None
    if before.state is AlertState.SILENCED or uncovered or moved.policy != before.policy:
        loud = _again(moved, steps, now)
        ended = (Cancel(moved.subject, escalation.STEP), *acknowledgement.ends(before))
        return Decision(state=loud, events=(*heard, *rose), cancels=ended, timers=escalation.timers(loud))
    return Decision(state=moved, events=(*heard, *rose))


def _muted(before: Alert, moved: Alert, change: Change) -> Decision[Alert]:
    """All that fires is muted: escalation stops. Who has acknowledged it has it on, for when it is heard again."""
    by = next((i.muted_by for i in (*change.opened, *change.seen) if i.muted_by), before.muted_by)
    if before.muted_by:
        return Decision(state=replace(moved, muted_by=by))
    silenced: tuple[Event, ...] = (AlertSilenced(alert=moved.id, by=by),)
    if before.state is AlertState.ACKNOWLEDGED:
        return Decision(state=replace(moved, muted_by=by), events=silenced)
    quiet = replace(moved, state=AlertState.SILENCED, muted_by=by, next_step_at=None)
    return Decision(state=quiet, events=silenced, cancels=escalation.cancels(before))


def _again(alert: Alert, steps: Sequence[Step], now: datetime) -> Alert:
    """The alert, firing and told of from the first step on."""
    return escalation.again(acknowledgement.unowned(alert), steps, now)


def _told(alert: Alert, change: Change, now: datetime) -> Alert:
    """The alert with what was said last."""
    said = change.last
    if said is None or said.resolved:
        return replace(alert, count=alert.count + change.reports)
    return replace(
        alert,
        last_seen_at=now,
        reading=said.reading,
        value=said.value,
        threshold=said.threshold,
        unit=said.unit,
        count=alert.count + change.reports,
    )


def _news(before: Alert, after: Alert) -> bool:
    """Whether the card must be edited though nothing happened."""
    return (before.reading, before.value, before.threshold) != (after.reading, after.value, after.threshold)


def _prints(instances: Sequence[Instance]) -> tuple[str, ...]:
    return tuple(i.fingerprint for i in instances)
