"""What is said of alerts (pure)."""

from collections.abc import Sequence
from datetime import datetime

from bot.alerts.escalation import Upcoming
from bot.alerts.wording import SHOWN, sets_apart, target
from bot.cards.card import (
    Accent,
    Button,
    Card,
    CommandLine,
    Field,
    Level,
    Link,
    Mark,
    Moment,
    Person,
    Room,
    Text,
)
from bot.decision import Decision
from bot.events import (
    PageDelivered,
    PageFailed,
)
from bot.phrasing import ago, duration, number, plural
from storage.records.alerts import Alert, AlertState, Instance, Severity
from storage.records.incidents import Incident

SIGNS = {Severity.CRITICAL: "🔴", Severity.HIGH: "🟠", Severity.MEDIUM: "🟡", Severity.LOW: "🔵"}


def live(
    alert: Alert,
    told: Sequence[PageDelivered | PageFailed] = (),
    upcoming: Upcoming | None = None,
    incident: Incident | None = None,
    *,
    steps: int = 0,
    instances: Sequence[Instance] = (),
) -> Card:
    """The one card of an alert, as it stands now; `steps` is how many its escalation policy has.

    `instances` are those that are open, the first few of them are shown where there is more than one.
    """
    return Card(
        title=_title(alert),
        level=Level.OK if not alert.open else Level.BAD if alert.severity in _GRAVE else Level.WARNING,
        accent=_accent(alert),
        fields=(
            Field(label="Severity", value=alert.severity.value),
            Field(label="Status", value=_status(alert)),
            Field(label="Since", value=Moment(alert.started_at, "date")),
            *((Field(label="Reading", value=reading),) if (reading := _reading(alert)) else ()),
            *((Field(label="Instances", value=_instances(alert)),) if alert.total > 1 else ()),
            *((Field(label="Told", value=_told(told)),) if told else ()),
            *((Field(label="Next", value=_next(alert, upcoming, steps)),) if alert.open else ()),
            *((Field(label="Incident", value=_incident(incident)),) if incident else ()),
            *((Field(label="Runbook", value=_runbook(alert.runbook)),) if alert.runbook else ()),
            *((Field(label="Source", value=_runbook(alert.link)),) if alert.link else ()),
        ),
        body=(alert.description,) if alert.description else (),
        steps=_which(alert, instances) if alert.open and alert.total > 1 else (),
        buttons=_buttons(alert),
        footer=_footer(alert),
        more=("alert", "show", str(alert.id)),
        data=as_data(alert, upcoming, told, instances),
    )


def page(alert: Alert, step: int, steps: int, upcoming: Upcoming | None, card_link: str) -> Card:
    """What a person is told: all that is needed to act, wherever it arrives. `step` counts from 0."""
    return Card(
        title=_title(alert),
        level=Level.BAD,
        accent=_accent(alert),
        body=("Nobody has acknowledged this alert yet: please look at it.",),
        fields=(
            Field(label="Severity", value=alert.severity.value),
            Field(label="Since", value=Moment(alert.started_at, "date")),
            *((Field(label="Reading", value=reading),) if (reading := _reading(alert)) else ()),
            Field(label="Next", value=_next(alert, upcoming, steps)),
            *((Field(label="Runbook", value=_runbook(alert.runbook)),) if alert.runbook else ()),
            *((Field(label="Card", value=Link(card_link, "open in Slack")),) if card_link else ()),
        ),
        buttons=(_acknowledge(alert),),
        footer=f"{alert.rule} · escalation step {step + 1} of {max(steps, step + 1)}",
        hint=("Acknowledge it, so that nobody else is told: ", CommandLine(("ack", str(alert.id)))),
        data=as_data(alert, upcoming),
    )


def several_acknowledged(decisions: Sequence[Decision[Alert]]) -> Card:
    """The answer to acknowledging several at once: which were taken, and which stay as they are, and why."""
    taken = [decision.state for decision in decisions if decision.changed]
    left = [decision for decision in decisions if not decision.changed]
    return Card(
        title=f"{plural(len(taken), 'alert')} acknowledged" if decisions else "No alert fires",
        level=Level.OK if taken or not decisions else Level.INFO,
        steps=(
            *(f"#{alert.id} {alert.summary}" for alert in taken),
            *(f"#{one.state.id} stays as it is: {one.reason}" for one in left),
        ),
        data={"changed": bool(taken), "alerts": [as_data(decision.state, None) for decision in decisions]},
    )


def stays(alert: Alert, reason: str, now: datetime) -> Card:
    """The answer to a change that changes nothing: why not, and since when."""
    why: Text = f"{reason}."
    if alert.acknowledged_at and alert.state is AlertState.ACKNOWLEDGED:
        why = ("Acknowledged already by ", Person(alert.acknowledged_by), f", {ago(alert.acknowledged_at, now)}.")
    elif alert.resolved_at:
        why = ("Resolved already by ", Person(alert.resolved_by), f", {ago(alert.resolved_at, now)}.")
    return Card(
        title=f"Alert #{alert.id} stays as it is",
        level=Level.INFO,
        body=(alert.summary, why),
        data=as_data(alert, None) | {"changed": False, "reason": reason},
    )


def as_data(
    alert: Alert,
    upcoming: Upcoming | None,
    told: Sequence[PageDelivered | PageFailed] = (),
    instances: Sequence[Instance] = (),
) -> dict[str, object]:
    """The alert as JSON values."""
    moments = {
        name: at.isoformat() if (at := getattr(alert, name)) else None
        for name in ("started_at", "opened_at", "acknowledged_at", "resolved_at")
    }
    return {
        "title": _title(alert),
        "level": "ok" if not alert.open else "bad" if alert.severity in _GRAVE else "warning",
        "number": alert.id,
        "rule": alert.rule,
        "fingerprint": alert.fingerprint,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "summary": alert.summary,
        "labels": dict(alert.labels),
        "reading": alert.reading,
        "value": alert.value,
        "threshold": alert.threshold,
        "unit": alert.unit,
        "source": alert.source,
        "link": alert.link,
        "firing": alert.firing,
        "total": alert.total,
        "count": alert.count,
        "muted_by": alert.muted_by or None,
        "flapping": alert.flapping,
        "instances": [
            {"fingerprint": i.fingerprint, "labels": dict(i.labels), "state": i.state.value, "value": i.value}
            for i in instances
        ],
        "acknowledged_by": alert.acknowledged_by or None,
        "incident": alert.incident_id,
        "told": [
            {"target": p.target, "via": p.via, "step": p.step, "error": p.error if isinstance(p, PageFailed) else None}
            for p in told
        ],
        "next": {"at": upcoming.at.isoformat(), "targets": list(upcoming.targets), "via": upcoming.via}
        if upcoming
        else None,
        **moments,
    }


_GRAVE = (Severity.CRITICAL, Severity.HIGH)


def _title(alert: Alert) -> str:
    signs = {AlertState.RESOLVED: "✅", AlertState.ACKNOWLEDGED: "👀", AlertState.SILENCED: "🔕"}
    return f"{signs.get(alert.state, SIGNS[alert.severity])} #{alert.id} {alert.summary}"


def _accent(alert: Alert) -> Accent:
    states = {
        AlertState.RESOLVED: Accent.GOOD,
        AlertState.ACKNOWLEDGED: Accent.TAKEN,
        AlertState.SILENCED: Accent.CALM,
    }
    return states.get(alert.state, Accent(alert.severity.value))


def _status(alert: Alert) -> Text:
    if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledged_at:
        until = (" until ", Moment(alert.acknowledged_until)) if alert.acknowledged_until else ()
        said = (f": {alert.comment}",) if alert.comment else ()
        taken = ("acknowledged by ", Person(alert.acknowledged_by), " at ", Moment(alert.acknowledged_at))
        muted = (f"; muted: {alert.muted_by}",) if alert.muted_by else ()
        return (*taken, *until, *said, *muted)
    if alert.resolved_at:
        by: tuple[str | Mark, ...] = (" by ", Person(alert.resolved_by)) if alert.resolved_by != "bot" else ()
        return ("resolved at ", Moment(alert.resolved_at), *by)
    if alert.state is AlertState.SILENCED:
        return f"muted: {alert.muted_by}"
    return "firing, comes and goes" if alert.flapping else "firing"


def _instances(alert: Alert) -> str:
    muted = f", {alert.muted} muted" if alert.muted else ""
    return f"{alert.firing} of {alert.total} fire{muted}" if alert.open else f"{alert.total}, all over"


def _which(alert: Alert, instances: Sequence[Instance]) -> tuple[Text, ...]:
    shown = tuple(_instance(alert, instance) for instance in instances[:SHOWN])
    rest = alert.firing - len(shown)
    return (*shown, f"and {rest} more") if shown and rest > 0 else shown


def _instance(alert: Alert, instance: Instance) -> Text:
    value = f": {number(instance.value, alert.unit)}" if instance.value is not None else ""
    muted = f" ({instance.muted_by})" if instance.muted_by else ""
    return f"{sets_apart(instance, alert.labels)}{value}{muted}"


def _reading(alert: Alert) -> str:
    value = number(alert.value, alert.unit) if alert.value is not None else ""
    limit = number(alert.threshold, alert.unit) if alert.threshold is not None else ""
    told = [t for t in (alert.reading, value) if t]
    if value and value in alert.reading:
        told = [alert.reading]
    if limit and value and limit not in alert.reading:
        told[-1] += f" (threshold {limit})"
    return ": ".join(told)


def _told(told: Sequence[PageDelivered | PageFailed]) -> Text:
    parts: list[str | Mark] = []
    for one in {(p.target, p.via): p for p in told}.values():
        parts += [", " if parts else "", target(one.target), f" ({one.via}"]
        parts.append(f", failed: {one.error})" if isinstance(one, PageFailed) else ")")
    return tuple(parts)


def _next(alert: Alert, upcoming: Upcoming | None, steps: int) -> Text:
    if alert.state is AlertState.ACKNOWLEDGED:
        return "nobody, while it is acknowledged"
    if alert.state is AlertState.SILENCED:
        return "nobody, while it is muted"
    if upcoming is None:
        taken = f"all {steps} steps were taken" if steps > 1 else "its only step was taken"
        return f"nobody: the policy {alert.policy} has no steps" if steps == 0 else f"nobody: {taken}"
    whom: list[str | Mark] = []
    for one in upcoming.targets:
        whom += [", " if whom else "", target(one)]
    return (*whom, f" through {upcoming.via} at ", Moment(upcoming.at), " unless somebody acknowledges")


def _incident(incident: Incident) -> Text:
    return (f"#{incident.id} ", *((Room(incident.channel, incident.channel_name),) if incident.channel else ()))


def _runbook(address: str) -> Text:
    return Link(address, "open") if address.startswith(("http://", "https://")) else address


def _buttons(alert: Alert) -> tuple[Button, ...]:
    number = str(alert.id)
    if not alert.open:
        return ()
    words = (f"--alert={number}", f"--severity={alert.severity.value}", "--", alert.summary)
    declare = () if alert.incident_id else (Button(label="Declare incident", argv=("incident", "declare", *words)),)
    resolve = Button(
        label="Resolve",
        argv=("resolve", number),
        confirm="Resolve this alert by hand? It opens again when it is reported again.",
    )
    silence = Button(label="Silence", argv=("silence", "alert", number), form=True)
    match alert.state:
        case AlertState.ACKNOWLEDGED:
            return (Button(label="Give back", argv=("unack", number)), resolve, *declare)
        case AlertState.SILENCED:
            return (resolve, *declare)
        case _:
            return (_acknowledge(alert), silence, resolve, *declare)


def _acknowledge(alert: Alert) -> Button:
    return Button(label="Acknowledge", argv=("ack", str(alert.id)), style="primary")


def _footer(alert: Alert) -> Text:
    if alert.resolved_at:
        return f"{alert.rule} · lasted {duration(alert.resolved_at - alert.started_at)}"
    if alert.state is AlertState.SILENCED:
        return alert.rule
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"{alert.rule} · take your reaction back to give it back"
    return f"{alert.rule} · react with 👀 to acknowledge"
