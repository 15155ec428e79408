"""Webhooks of Prometheus's Alertmanager, versions 3 and 4 (pure).

Format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from collections.abc import Sequence

from bot.config.manage import Manage
from bot.ports import Inbound, Received, Refusal
from bot.report import Report, severity_of
from handlers.http.inbound.node import Node, top
from storage.records.alerts import Severity

NAMELESS = "alert"


def read(received: Received, _manage: Manage) -> Sequence[Report]:
    """Read each alert by its own status: the group's says `firing` as long as one of them does."""
    return prometheus_alerts(top(received.payload), "alertmanager")


def prometheus_alerts(body: Node, source: str) -> Sequence[Report]:
    """Reports of `alerts`, as Alertmanager and all that took over its format send them."""
    if not isinstance(body["alerts"].value, list):
        raise body["alerts"].wrong("a list of alerts")
    return [one(alert, source) for alert in body["alerts"].list()]


def one(alert: Node, source: str) -> Report:
    """Report one alert of the list."""
    labels, notes = alert["labels"].labels(), alert["annotations"].words()
    status = alert["status"].text().lower()
    if status not in {"firing", "resolved"}:
        raise Refusal(
            f"{alert['status'].at} must be firing or resolved, not {status[:40] or 'empty'}", "See docs/webhooks.md."
        )
    over = status == "resolved"
    ended = alert["endsAt"].moment()
    return Report(
        name=labels.pop("alertname", NAMELESS),
        labels=labels,
        severity=severity_of(labels["severity"]) if "severity" in labels else Severity.MEDIUM,
        source=source,
        resolved=over,
        started_at=alert["startsAt"].moment(),
        ends_at=ended if over else None,
        summary=notes.get("summary") or notes.get("message", ""),
        description=notes.get("description", ""),
        annotations=notes,
        runbook=notes.get("runbook_url") or notes.get("runbook", ""),
        link=alert["generatorURL"].text(),
    )


ALERTMANAGER = Inbound(name="alertmanager", read=read)
