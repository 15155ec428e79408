"""Acknowledgement: somebody has the alert for a time, and gives it back (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts import escalation
from bot.alerts.escalation import EXPIRE, REMIND, Page
from bot.config.escalation import Step
from bot.decision import Cancel, Decision, Timer
from bot.events import (
    AcknowledgementExpired,
    AcknowledgementExtended,
    AcknowledgementReminded,
    AcknowledgementWithdrawn,
    AlertAcknowledged,
)
from storage.records.alerts import Alert, AlertState


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Until when an acknowledgement holds, and when whoever gave it is reminded (None: not at all)."""

    until: datetime
    remind_at: datetime | None = None


def acknowledge(
    alert: Alert, *, by: str, now: datetime, comment: str = "", via: str = "", hold: Hold | None = None
) -> Decision[Alert]:
    """Somebody takes the alert: escalation stops, until the hold ends (None: it does not end)."""
    if alert.state is AlertState.RESOLVED:
        return Decision(state=alert, reason="it is resolved already")
    if alert.state is AlertState.ACKNOWLEDGED:
        return Decision(state=alert, reason="it is acknowledged already")
    taken = replace(
        alert,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_at=now,
        acknowledged_by=by,
        acknowledged_until=hold.until if hold else None,
        comment=comment,
        next_step_at=None,
    )
    return Decision(
        state=taken,
        events=(AlertAcknowledged(alert=alert.id, comment=comment, via=via),),
        cancels=escalation.cancels(alert),
        timers=_timers(taken, hold),
        reason=f"acknowledged by {by}",
    )


def extend(
    alert: Alert, *, by: str, now: datetime, comment: str = "", via: str = "", hold: Hold | None = None
) -> Decision[Alert]:
    """Somebody still has the alert, or takes it over: the acknowledgement holds anew; one that is open is taken."""
    if alert.state is not AlertState.ACKNOWLEDGED:
        return acknowledge(alert, by=by, now=now, comment=comment, via=via, hold=hold)
    until = hold.until if hold else None
    held = replace(alert, acknowledged_by=by, acknowledged_until=until, comment=comment or alert.comment)
    return Decision(
        state=held,
        events=(AcknowledgementExtended(alert=alert.id, expires_at=until, comment=comment, via=via),),
        cancels=ends(alert),
        timers=_timers(held, hold),
        reason=f"{by} still has it",
    )


def withdraw(
    alert: Alert, steps: Sequence[Step], owed: Sequence[Page] = (), *, by: str, now: datetime, via: str = ""
) -> Decision[Alert]:
    """Somebody gives the alert back: the next step comes at its time, or now when that has passed.

    `owed` are pages that the acknowledgement stopped on their way; they go out after all.
    """
    if alert.state is AlertState.RESOLVED:
        return Decision(state=alert, reason="it is resolved already")
    if alert.state is not AlertState.ACKNOWLEDGED:
        return Decision(state=alert, reason="nobody has acknowledged it")
    muted = bool(alert.muted_by)
    given = replace(unowned(alert), next_step_at=None if muted else escalation.due(alert, steps, now))
    return Decision(
        state=given,
        events=(AcknowledgementWithdrawn(alert=alert.id, via=via, muted_by=alert.muted_by),),
        cancels=ends(alert),
        timers=() if muted else (*escalation.pages(given, owed, now), *escalation.timers(given)),
        reason=f"given back by {by}",
    )


def remind(alert: Alert, *, until: datetime, now: datetime) -> Decision[Alert]:
    """The acknowledgement that holds `until` then is about to end."""
    if why_not := _moved(alert, until):
        return Decision(state=alert, reason=why_not)
    if now >= until:
        return Decision(state=alert, reason="it is over already")
    return Decision(state=alert, events=(AcknowledgementReminded(alert=alert.id, expires_at=until),), reason="it ends")


def expire(alert: Alert, steps: Sequence[Step], *, until: datetime, now: datetime) -> Decision[Alert]:
    """The acknowledgement that held `until` then is over: escalation begins again with the first step.

    Of an alert that is muted nobody is told until it is heard again.
    """
    if why_not := _moved(alert, until):
        return Decision(state=alert, reason=why_not)
    if now < until:
        return Decision(state=alert, reason="it holds on")
    given = unowned(alert)
    anew = given if alert.muted_by else escalation.again(given, steps, now)
    return Decision(
        state=anew,
        events=(AcknowledgementExpired(alert=alert.id, by=alert.acknowledged_by, muted_by=alert.muted_by),),
        cancels=ends(alert),
        timers=escalation.timers(anew),
        reason=f"the acknowledgement of {alert.acknowledged_by} is over",
    )


def _moved(alert: Alert, until: datetime) -> str:
    if alert.state is not AlertState.ACKNOWLEDGED:
        return "nobody has acknowledged it"
    return "" if alert.acknowledged_until == until else "it was acknowledged anew"


def ends(alert: Alert) -> tuple[Cancel, ...]:
    """What must not happen any more once the acknowledgement does not hold, or holds anew."""
    return Cancel(alert.subject, REMIND), Cancel(alert.subject, EXPIRE)


def unowned(alert: Alert) -> Alert:
    """The alert when nobody has it: it fires, or is silenced while it is muted."""
    return replace(
        alert,
        state=AlertState.SILENCED if alert.muted_by else AlertState.FIRING,
        acknowledged_at=None,
        acknowledged_by="",
        acknowledged_until=None,
        comment="",
    )


def expiry(alert: Alert) -> tuple[Timer, ...]:
    """The timer of the end of the alert's acknowledgement, another one for each time that it is planned."""
    return _timer(alert, EXPIRE, alert.acknowledged_until) if alert.acknowledged_until else ()


def _timers(alert: Alert, hold: Hold | None) -> tuple[Timer, ...]:
    return (*_timer(alert, REMIND, hold.remind_at), *expiry(alert)) if hold else ()


def _timer(alert: Alert, kind: str, at: datetime | None) -> tuple[Timer, ...]:
    if at is None or alert.acknowledged_until is None:
        return ()
    return (
        Timer(
            kind=kind,
            key=f"{alert.subject}:{kind.rpartition('.')[2]}:{alert.version}",
            at=at,
            subject=alert.subject,
            payload={"alert": alert.id, "until": alert.acknowledged_until.isoformat()},
        ),
    )
