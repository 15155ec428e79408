"""What is said of alerts (pure)."""

from collections.abc import Sequence
from datetime import datetime

from bot.alerts.escalation import Upcoming
from bot.cards.card import (
    Accent,
    Button,
    Card,
    Code,
    CommandLine,
    Field,
    Level,
    Link,
    Mark,
    Moment,
    Person,
    Room,
    Table,
    Text,
)
from bot.events import (
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertEvent,
    AlertLinked,
    AlertResolved,
    EscalationExhausted,
    PageDelivered,
    PageFailed,
)
from bot.phrasing import ago, duration, number, plural
from storage.records.alerts import Alert, AlertState, Severity
from storage.records.incidents import Incident

SIGNS = {Severity.CRITICAL: "🔴", Severity.HIGH: "🟠", Severity.MEDIUM: "🟡", Severity.LOW: "🔵"}


def live(
    alert: Alert,
    told: Sequence[PageDelivered | PageFailed] = (),
    upcoming: Upcoming | None = None,
    incident: Incident | None = None,
    *,
    steps: int = 0,
) -> Card:
    """The one card of an alert, as it stands now; `steps` is how many its escalation policy has."""
    return Card(
        title=_title(alert),
        level=Level.OK if not alert.open else Level.BAD if alert.severity in _GRAVE else Level.WARNING,
        accent=_accent(alert),
        fields=(
            Field(label="Severity", value=alert.severity.value),
            Field(label="Status", value=_status(alert)),
            Field(label="Since", value=Moment(alert.started_at, "date")),
            Field(label="Reading", value=_reading(alert)),
            *((Field(label="Told", value=_told(told)),) if told else ()),
            *((Field(label="Next", value=_next(alert, upcoming, steps)),) if alert.open else ()),
            *((Field(label="Incident", value=_incident(incident)),) if incident else ()),
            *((Field(label="Runbook", value=_runbook(alert.runbook)),) if alert.runbook else ()),
        ),
        buttons=_buttons(alert),
        footer=_footer(alert),
        data=as_data(alert, upcoming, told),
    )


def note(event: AlertEvent, actor: str, at: datetime) -> Card | None:  # noqa: PLR0911 - one for each fact
    """The line in the alert's thread that says what happened; None for what the card says well enough."""
    by, when = Person(actor), Moment(at)
    match event:
        case AlertAcknowledged(comment=comment):
            said: Text = ("👀 ", by, " acknowledged this at ", when, ". Nobody else will be told.")
            return Card(title="", body=(said, *((comment,) if comment else ())))
        case AcknowledgementWithdrawn():
            return Card(title="", body=(("↩️ ", by, " gave this back at ", when, ". Escalation goes on."),))
        case AlertResolved(reading=reading, comment=comment):
            ended: Text = ("✅ Resolved at ", when, *((" by ", by) if actor != "bot" else ()), ".")
            return Card(title="", body=(ended, *(t for t in (reading, comment) if t)))
        case PageDelivered(target=target, via=via):
            return Card(title="", body=(("📣 Told ", _target(target), f" through {via} at ", when, "."),))
        case PageFailed(target=target, via=via, error=error):
            return Card(title="", body=(("⚠️ Could not tell ", _target(target), f" through {via}: {error}"),))
        case EscalationExhausted(steps=steps) if steps > 1:  # where nothing escalated, the card alone says it
            last = f"⏭️ That was the last of {steps} escalation steps: nobody else will be told by itself."
            return Card(title="", body=(last,))
        case AlertLinked(incident=incident):
            return Card(title="", body=(f"🚨 This belongs to incident #{incident}.",))
        case _:
            return None


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
            Field(label="Reading", value=_reading(alert)),
            Field(label="Next", value=_next(alert, upcoming, steps)),
            *((Field(label="Runbook", value=_runbook(alert.runbook)),) if alert.runbook else ()),
            *((Field(label="Card", value=Link(card_link, "open in Slack")),) if card_link else ()),
        ),
        buttons=_buttons(alert)[:1],
        footer=f"{alert.rule} · escalation step {step + 1} of {max(steps, step + 1)}",
        hint=("Acknowledge it, so that nobody else is told: ", CommandLine(("ack", str(alert.id)))),
        data=as_data(alert, upcoming),
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


def listing(found: Sequence[Alert], *, total: int, page: int, size: int, state: str) -> Card:
    """Alerts, newest first, with the way to the next page."""
    if not found:
        empty = "No open alerts" if state == "open" else "No alerts"
        return Card(
            title=empty, level=Level.OK, body=("All quiet.",), data={"title": empty, "level": "ok", "alerts": []}
        )
    rows = tuple((f"#{a.id}", a.severity.value, a.state.value, a.summary, Moment(a.opened_at, "date")) for a in found)
    last = -(-total // size)
    more = ("alerts", f"--state={state}", f"--page={page + 1}")
    return Card(
        title=plural(total, "open alert" if state == "open" else "alert"),
        level=Level.WARNING if any(a.open for a in found) else Level.OK,
        table=Table(columns=("#", "Severity", "State", "What", "Opened"), rows=rows),
        buttons=(Button(label="More", argv=more),) if page < last else (),
        footer=f"Page {page} of {last}" if last > 1 else "",
        hint=("Type ", Code("ack NUMBER"), " to take one, ", Code("alert show NUMBER"), " for its card."),
        data={
            "title": plural(total, "alert"),
            "level": "warning" if any(a.open for a in found) else "ok",
            "total": total,
            "page": page,
            "alerts": [as_data(a, None) for a in found],
        },
    )


def as_data(
    alert: Alert, upcoming: Upcoming | None, told: Sequence[PageDelivered | PageFailed] = ()
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
    sign = "✅" if not alert.open else "👀" if alert.state is AlertState.ACKNOWLEDGED else SIGNS[alert.severity]
    return f"{sign} #{alert.id} {alert.summary}"


def _accent(alert: Alert) -> Accent:
    if not alert.open:
        return Accent.GOOD
    return Accent.CALM if alert.state is AlertState.ACKNOWLEDGED else Accent(alert.severity.value)


def _status(alert: Alert) -> Text:
    if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledged_at:
        return ("acknowledged by ", Person(alert.acknowledged_by), " at ", Moment(alert.acknowledged_at))
    if alert.resolved_at:
        by: tuple[str | Mark, ...] = (" by ", Person(alert.resolved_by)) if alert.resolved_by != "bot" else ()
        return ("resolved at ", Moment(alert.resolved_at), *by)
    return "firing"


def _reading(alert: Alert) -> str:
    value = number(alert.value, alert.unit) if alert.value is not None else ""
    limit = number(alert.threshold, alert.unit) if alert.threshold is not None else ""
    told = [t for t in (alert.reading, value) if t]
    if value and value in alert.reading:
        told = [alert.reading]
    if limit and value and limit not in alert.reading:
        told[-1] += f" (threshold {limit})"
    return ": ".join(told) or "no reading"


def _told(told: Sequence[PageDelivered | PageFailed]) -> Text:
    parts: list[str | Mark] = []
    for one in {(p.target, p.via): p for p in told}.values():
        parts += [", " if parts else "", _target(one.target), f" ({one.via}"]
        parts.append(f", failed: {one.error})" if isinstance(one, PageFailed) else ")")
    return tuple(parts)


def _next(alert: Alert, upcoming: Upcoming | None, steps: int) -> Text:
    if alert.state is AlertState.ACKNOWLEDGED:
        return "nobody, while it is acknowledged"
    if upcoming is None:
        taken = f"all {steps} steps were taken" if steps > 1 else "its only step was taken"
        return f"nobody: the policy {alert.policy} has no steps" if steps == 0 else f"nobody: {taken}"
    whom: list[str | Mark] = []
    for target in upcoming.targets:
        whom += [", " if whom else "", _target(target)]
    return (*whom, f" through {upcoming.via} at ", Moment(upcoming.at), " unless somebody acknowledges")


def _target(target: str) -> str | Mark:
    return Person(target[1:]) if target.startswith("@") else target


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
        confirm="Resolve this alert by hand? It opens again when the check fails again.",
    )
    if alert.state is AlertState.ACKNOWLEDGED:
        return (Button(label="Give back", argv=("unack", number)), resolve, *declare)
    return (Button(label="Acknowledge", argv=("ack", number), style="primary"), resolve, *declare)


def _footer(alert: Alert) -> Text:
    if alert.resolved_at:
        return f"{alert.rule} · lasted {duration(alert.resolved_at - alert.started_at)}"
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"{alert.rule} · take your reaction back to give it back"
    return f"{alert.rule} · react with 👀 to acknowledge"
