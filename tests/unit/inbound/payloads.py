"""Payloads of each format as they go over the wire, and what they are read with."""

import json
from pathlib import Path
from typing import Any

from bot.config.inbound import Mapped
from bot.config.manage import Manage
from bot.ports import Inbound, Order, Received
from bot.report import Report

DATA = Path(__file__).parents[2] / "data/webhooks"


def sample(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["payload"]


def grafana(status: str, **labels: str) -> dict[str, Any]:
    """Grafana's unified alerting; values and times differ from one message to the next."""
    over = status == "resolved"
    return {
        "receiver": "bot",
        "status": status,
        "orgId": 1,
        "title": f"[{status.upper()}:1] cpu",
        "state": "ok" if over else "alerting",
        "version": "1",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "alerts": [
            {
                "status": status,
                "labels": {"alertname": "cpu", "grafana_folder": "hosts", "severity": "critical", **labels},
                "annotations": {"summary": "CPU is busy"},
                "startsAt": "2026-11-23T12:00:00Z",
                "endsAt": "2026-11-23T12:10:00Z" if over else "0001-01-01T00:00:00Z",
                "generatorURL": "https://grafana.example/alerting/grafana/u1/view",
                "fingerprint": "57c6d9296de2ad39",
                "values": None if over else {"B": 97.5},
                "valueString": "[ var='B' value=97.5 ]",
                "panelURL": "https://grafana.example/d/1?viewPanel=2",
            }
        ],
    }


def datadog(transition: str, **changes: Any) -> dict[str, Any]:
    """The template of docs/webhooks.md as Datadog fills it."""
    kind = "success" if transition == "Recovered" else "error"
    return {
        "alert_transition": transition,
        "alert_type": kind,
        "alert_priority": "P2",
        "alert_title": f"[P2] [{transition} on {{host:web-1}}] Disk is full",
        "alert_status": f"disk in use was > 0.9 ({transition})",
        "alert_scope": "env:prod,host:web-1",
        "alert_query": "avg(last_5m):avg:system.disk.in_use{*} by {host} > 0.9",
        "monitor_id": "1234567",
        "cycle_key": "8a1d6e",
        "aggreg_key": "8a1d6e",
        "title": f"[{transition} on {{host:web-1}}] Disk is full",
        "body": "@webhook-bot",
        "tags": "env:prod,host:web-1,monitor" if kind == "error" else "host:web-1,env:prod,team:infra",
        "url": "https://app.datadoghq.com/monitors/1234567",
        **changes,
    }


def sentry_event() -> dict[str, Any]:
    return {
        "action": "triggered",
        "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
        "data": {
            "event": {
                "event_id": "e4874d664c3540c1a32eab185f12c5ab",
                "issue_id": "1170820242",
                "project": 1,
                "title": "ReferenceError: heck is not defined",
                "level": "error",
                "culprit": "?(<anonymous>)",
                "tags": [["browser", "Chrome 75"], ["release", None], ["environment", "prod"]],
                "web_url": "https://sentry.io/organizations/o/issues/1170820242/events/e4874d664c3540c1a32eab185f12c5ab/",
            },
            "triggered_rule": "Very Important Alert Rule!",
        },
        "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
    }


def sentry_issue(action: str) -> dict[str, Any]:
    issue = {
        "id": "1170820242",
        "title": "ReferenceError: heck is not yet defined",
        "level": "error",
        "status": "resolved" if action == "resolved" else "unresolved",
        "culprit": "?(<anonymous>)",
        "project": {"id": "1", "name": "front-end", "slug": "front-end"},
        "permalink": None,
        "count": "3" if action == "resolved" else "1",
        "lastSeen": "2026-11-23T12:00:00Z",
    }
    return {"action": action, "data": {"issue": issue}, "installation": {"uuid": "u"}, "actor": {"type": "user"}}


def sentry_metric(action: str) -> dict[str, Any]:
    return {
        "action": action,
        "data": {
            "description_text": f"{len(action)} events in the last 10 minutes",
            "description_title": f"{action.capitalize()}: Too many errors",
            "metric_alert": {
                "id": "4",
                "title": "Too many errors",
                "status": 20,
                "alert_rule": {"id": "7", "name": "Too many errors", "triggers": []},
                "date_started": "2026-11-23T12:00:00.000Z",
                "date_closed": "2026-11-23T12:10:00.000Z" if action == "resolved" else None,
            },
            "web_url": "https://sentry.io/organizations/o/alerts/4/",
        },
        "installation": {"uuid": "u"},
    }


def alarm(state: str, **changes: Any) -> dict[str, Any]:
    """An alarm as it stands in the Message of SNS."""
    kept = json.loads(sample("alerta_cloudwatch_notification")["Message"])
    reason = {"OK": "Threshold Crossed: no", "ALARM": "Threshold Crossed: yes"}.get(state, "Insufficient Data")
    moved = {
        "NewStateValue": state,
        "NewStateReason": reason,
        "StateChangeTime": f"2019-02-{len(state) + 10}T23:53:45.093+0000",
    }
    return {**kept, **moved, **changes}


def notification(state: str, **changes: Any) -> dict[str, Any]:
    sent = {**sample("alerta_cloudwatch_notification"), "Subject": f'{state}: "bucketbytesAlarm" in EU (Ireland)'}
    return {**sent, "Message": json.dumps(alarm(state, **changes))}


def event_v2(action: str, **changes: Any) -> dict[str, Any]:
    """An event of PagerDuty's Events API v2; all but the trigger have nothing but their key."""
    told = {
        "payload": {
            "summary": "disk is full",
            "source": "web-1",
            "severity": "critical",
            "custom_details": {"free": 1},
        },
        "links": [{"href": "https://example.com/disk", "text": "disk"}],
    }
    return {
        "routing_key": "R" * 32,
        "event_action": action,
        "dedup_key": "disk/web-1",
        **(told if action == "trigger" else {}),
        **changes,
    }


def incident(kind: str, key: str = "d3640fbd41094207a1c11e58e46b1662") -> dict[str, Any]:
    """An event of PagerDuty's webhooks version 3."""
    return {
        "event": {
            "id": f"5ac64822-4adc-4fda-ade0-{kind}",
            "event_type": f"incident.{kind}",
            "resource_type": "incident",
            "occurred_at": "2026-11-23T12:00:00.000Z",
            "agent": {"id": "PLH1HKV", "type": "user_reference", "summary": "on-call engineer"},
            "client": None,
            "data": {
                "id": "PGR0VU2",
                "type": "incident",
                "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
                "number": 2,
                "status": kind,
                "incident_key": key,
                "created_at": "2026-11-23T11:59:00Z",
                "title": "A little bump in the road" if kind == "triggered" else "A big bump in the road",
                "service": {"id": "PF9KMXH", "summary": "API Service", "type": "service_reference"},
                "urgency": "high",
                "priority": {"id": "PSO75BM", "summary": "P1"},
            },
        }
    }


PINGDOM = Mapped(
    name="check_name",
    labels={"check": "check_id", "host": "check_params.hostname"},
    status="current_state",
    severity="importance_level",
    summary="description",
    description="long_description",
)
STACKDRIVER = Mapped(
    alerts=None,
    name="/incident/policy_name",
    labels={"incident": "incident.incident_id", "resource": "incident.resource_name?"},
    status="incident.state",
    summary="incident.summary",
    link="incident.url",
    annotations={"condition": "incident.condition_name"},
)
MAPPED = Manage.model_validate(
    {
        "webhooks": {
            "generic": {"pingdom": PINGDOM, "stackdriver": STACKDRIVER},
            "cloudwatch": {"topics": ["arn:aws:sns:eu-west-1:1234567890:alerta-test"]},
        }
    }
)


def said(format_: Inbound, payload: Any, name: str = "", **headers: str) -> list[Any]:
    received = Received(body=json.dumps(payload).encode(), headers=headers, payload=payload, name=name)
    return list(format_.read(received, MAPPED))


def identity(report: Any) -> tuple[str, dict[str, str]]:
    """What an alert is known by."""
    meant = report.alert if isinstance(report, Order) else report
    assert isinstance(meant, Report)
    return meant.name, dict(meant.labels)
