"""Acknowledgement: somebody has the alert, and gives it back (pure)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.alerts import escalation
from bot.alerts.escalation import Page
from bot.config.escalation import Step
from bot.decision import Decision
from bot.events import AcknowledgementWithdrawn, AlertAcknowledged
from storage.records.alerts import Alert, AlertState


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
