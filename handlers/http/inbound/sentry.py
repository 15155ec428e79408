"""Webhooks of Sentry: of an internal integration (signed), or of the old plug-in (pure).

Format: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
"""

from collections.abc import MutableMapping, Sequence

from bot.config.manage import Manage
from bot.ports import Inbound, Ports, Received, Refusal
from bot.report import Report, severity_of
from handlers.http.inbound import signature
from handlers.http.inbound.node import Node, top
from storage.records.alerts import Severity

HEADER = "Sentry-Hook-Signature"
_ENDS = frozenset({"resolved", "ignored", "archived"})
_BEGINS = frozenset({"created", "unresolved"})
_STARTS_METRIC = {"critical": Severity.CRITICAL, "warning": Severity.MEDIUM, "open": Severity.HIGH}


async def proven(received: Received, ports: Ports, _kept: MutableMapping[str, bytes]) -> bool:
    """Check Sentry's signature of the raw body, made with the integration's client secret."""
    given = received.headers.get(HEADER.lower(), "")
    return signature.check(ports.manage.webhooks.sentry.secret, received.body, [given], HEADER)


def read(received: Received, _manage: Manage) -> Sequence[Report]:
    """Read what is an alert; what else an integration may be told of (comments, installations) is none."""
    body = top(received.payload)
    data = body["data"]
    match received.headers.get("sentry-hook-resource", "") or _resource(body):
        case "event_alert":
            return (_event(data["event"], data["triggered_rule"].text()),)
        case "metric_alert":
            return _metric(body["action"].text(), data)
        case "issue":
            return _issue(body["action"].text(), data["issue"])
        case "legacy":
            return (_event(body, ""),)
        case _:
            return ()


def _resource(body: Node) -> str:
    """Tell the kind of message by its content, where a proxy has dropped the header."""
    held = set(body["data"].object())
    if "metric_alert" in held:
        return "metric_alert"
    if "event" in held:
        return "event_alert"
    if "issue" in held:
        return "issue"
    if body["project"] and body["id"]:
        return "legacy"
    raise Refusal("nothing in it says what Sentry tells", f"Send the header Sentry-Hook-Resource, and {HEADER}.")


def _named(issue: str) -> tuple[str, dict[str, str]]:
    """Name an issue by its number: titles change with the latest event, and are not the same in each message."""
    return f"Sentry issue {issue}", {"issue": issue}


def _event(event: Node, rule: str) -> Report:
    place = event["issue_id"] or event["id"]
    name, labels = _named(place.needed())
    tags = dict(_tags(event["event"]["tags"] if isinstance(event["event"].value, dict) else event["tags"]))
    notes = {"rule": rule, "culprit": event["culprit"].text(), "environment": tags.get("environment", "")}
    project = event["project_name"].text() or event["project"].text()
    return Report(
        name=name,
        labels=labels,
        severity=_severity(event),
        source="sentry",
        summary=event["title"].text() or event["message"].text() or name,
        description=event["culprit"].text(),
        annotations={key: said for key, said in {**notes, "project": project}.items() if said},
        link=event["web_url"].text() or event["url"].text(),
    )


def _issue(action: str, issue: Node) -> Sequence[Report]:
    if action not in _ENDS | _BEGINS:
        return ()
    name, labels = _named(issue["id"].needed())
    project = issue["project"]
    notes = {
        "culprit": issue["culprit"].text(),
        "project": project["slug"].text() if isinstance(project.value, dict) else project.text(),
    }
    return (
        Report(
            name=name,
            labels=labels,
            severity=_severity(issue),
            source="sentry",
            resolved=action in _ENDS,
            summary=issue["title"].text() or name,
            description=issue["culprit"].text(),
            annotations={key: said for key, said in notes.items() if said},
            link=issue["web_url"].text() or issue["permalink"].text(),
        ),
    )


def _metric(action: str, data: Node) -> Sequence[Report]:
    alert = data["metric_alert"]
    if action not in _STARTS_METRIC and action != "resolved":
        return ()
    rule = alert["alert_rule"]["name"].text(300) if isinstance(alert["alert_rule"].value, dict) else ""
    number = alert["id"].needed()
    return (
        Report(
            name=rule or f"Sentry metric alert {number}",
            labels={"metric_alert": number},
            severity=_STARTS_METRIC.get(action, Severity.HIGH),
            source="sentry",
            resolved=action == "resolved",
            started_at=alert["date_started"].moment(),
            summary=alert["title"].text() or data["description_title"].text(),
            description=data["description_text"].text(),
            link=data["web_url"].text(),
        ),
    )


def _severity(place: Node) -> Severity:
    level = place["level"].text().lower()
    return Severity.CRITICAL if level == "fatal" else severity_of(level) if level else Severity.HIGH


def _tags(tags: Node) -> Sequence[tuple[str, str]]:
    """Read pairs, or objects with key and value; those without a value are left out."""
    found: list[tuple[str, str]] = []
    for tag in tags.list() if isinstance(tags.value, list) else ():
        match tag.value:
            case [str() as key, str() as value] | {"key": str() as key, "value": str() as value}:
                found.append((key, value))
    return found


SENTRY = Inbound(name="sentry", read=read, proven=proven)
