"""Webhooks of Grafana: its unified alerting, and the alerting that it had before version 9 (pure).

Format: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.config.manage import Manage
from bot.ports import Inbound, Received, Refusal
from bot.report import Report
from handlers.http.inbound import no_data
from handlers.http.inbound.alertmanager import one
from handlers.http.inbound.node import Node, top
from storage.records.alerts import Severity

SOURCE = "grafana"
_STATES = ("alerting", "ok", "no_data", "pending", "paused", "unknown")


def read(received: Received, _manage: Manage) -> Sequence[Report]:
    """Read the alerts of either form."""
    body = top(received.payload)
    if body["alerts"] or not body["ruleName"]:
        if not isinstance(body["alerts"].value, list):
            raise body["alerts"].wrong("a list of alerts")
        return [_unified(alert) for alert in body["alerts"].list()]
    return _legacy(body)


def _unified(alert: Node) -> Report:
    """Read one alert. Grafana itself gives missing data a name of its own, `DatasourceNoData`: another alert."""
    report = one(alert, SOURCE)
    values = {name: number for name in _values(alert) if (number := alert["values"][name].number()) is not None}
    lacks = report.name in {"DatasourceNoData", "DatasourceError"} and not report.summary
    rule = report.labels.get("rulename", "a rule")
    return replace(
        report,
        summary=f"{report.name} of {rule}" if lacks else report.summary,
        reading=", ".join(f"{name} = {number:g}" for name, number in values.items())[:300],
        value=next(iter(values.values())) if len(values) == 1 else None,
        link=report.link or alert["panelURL"].text() or alert["dashboardURL"].text(),
    )


def _values(alert: Node) -> Sequence[str]:
    return tuple(alert["values"].object()) if isinstance(alert["values"].value, dict) else ()


def _legacy(body: Node) -> Sequence[Report]:
    """Read one rule. Series are not part of its identity: when it is over, Grafana no longer names them."""
    state = body["state"].text().lower()
    if state not in _STATES:
        raise Refusal(
            f"state must be one of {', '.join(_STATES)}, not {state[:40] or 'empty'}", "See docs/webhooks.md."
        )
    matches = [(match["metric"].text(100), match["value"].number()) for match in body["evalMatches"].list()]
    told = [(metric, value) for metric, value in matches if value is not None]
    report = Report(
        name=body["ruleName"].needed(),
        labels={"rule_id": rule} if (rule := body["ruleId"].text(100)) else {},
        severity=Severity.HIGH,
        source=SOURCE,
        resolved=state == "ok",
        summary=body["message"].text() or body["ruleName"].text(),
        annotations=body["tags"].words() if isinstance(body["tags"].value, dict) else {},
        link=body["ruleUrl"].text(),
        reading=", ".join(f"{metric} = {value:g}" for metric, value in told)[:300],
        value=told[0][1] if len(told) == 1 else None,
    )
    match state:
        case "alerting" | "ok":
            return no_data.present(report)
        case "no_data":
            return no_data.absent(report)
        case _:  # not broken yet, or nobody looks: nothing begins and nothing ends
            return ()


GRAFANA = Inbound(name="grafana", read=read)
