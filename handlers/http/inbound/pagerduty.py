"""PagerDuty: its webhooks (version 3), and events in the form of its Events API v2 from senders that know that (pure).

Formats: https://developer.pagerduty.com/docs/webhooks-overview, https://developer.pagerduty.com/docs/events-api-v2-overview
"""

import hmac
import json
from collections.abc import Mapping, MutableMapping, Sequence
from hashlib import blake2b
from typing import Any

from pydantic import SecretStr

from bot.channels.pagerduty import alert_of
from bot.config.manage import Manage
from bot.ports import Inbound, Order, Ports, Received, Refusal, Said
from bot.report import WORDS, Report, severity_of
from handlers.http.inbound import signature
from handlers.http.inbound.json_body import parsed
from handlers.http.inbound.node import Node, top
from storage.records.alerts import Severity

HEADER = "X-PagerDuty-Signature"
SOURCE = "pagerduty"
MOST_KEY = 255
_ORDERS: Mapping[str, str] = {
    "incident.acknowledged": "ack",
    "incident.unacknowledged": "unack",
    "incident.resolved": "resolve",
}
_FIRING = frozenset({"incident.triggered", "incident.reopened"})


async def proven(received: Received, ports: Ports, _kept: MutableMapping[str, bytes]) -> bool:
    """Check PagerDuty's signature; an event for its API has a routing key instead."""
    config = ports.manage.webhooks.pagerduty
    if config.routing_key is not None and _is_event(payload := parsed(received.body)):
        _check(config.routing_key, payload["routing_key"])
        return True
    given = [one.strip() for one in received.headers.get(HEADER.lower(), "").split(",")]
    versions = [one.removeprefix("v1=") for one in given if one.startswith("v1=")]
    return signature.check(config.secret, received.body, versions, HEADER)


def _is_event(payload: Any) -> bool:
    return isinstance(payload, dict) and "routing_key" in payload


def _check(key: SecretStr, given: Any) -> None:
    sent = given.encode(errors="replace") if isinstance(given, str) else b""
    if not hmac.compare_digest(sent, key.get_secret_value().encode()):
        raise Refusal(
            "the routing_key is wrong", "It must be webhooks.pagerduty.routing_key of manage.yml.", status=401
        )


def read(received: Received, _manage: Manage) -> Sequence[Said]:
    """Read either form."""
    body = top(received.payload)
    return _event(body) if "event_action" in body.object() else _webhook(body["event"])


def _event(body: Node) -> Sequence[Said]:
    """Read an event of the API. An end has nothing but its key, so the key alone is the alert's identity."""
    action, key = body["event_action"].text(), key_of(body)
    told = body["payload"]
    if action == "trigger":
        told["summary"].needed("An event of the kind trigger needs payload.summary.")
    elif action not in {"acknowledge", "resolve"}:
        raise Refusal(f"event_action must be trigger, acknowledge or resolve, not {action[:40] or 'empty'}")
    details = told["custom_details"]
    notes = {name: told[name].text(300) for name in ("source", "component", "group", "class")}
    link = next(body["links"].list(), Node(None))
    report = Report(
        name=key,
        labels={"dedup_key": key},
        severity=severity_of(told["severity"].text()) if told["severity"] else Severity.HIGH,
        source=SOURCE,
        resolved=action == "resolve",
        started_at=told["timestamp"].moment() if action == "trigger" else None,
        summary=told["summary"].text(),
        description=json.dumps(details.value)[:2000] if details else "",
        annotations={name: said for name, said in notes.items() if said},
        link=body["client_url"].text() or link["href"].text(),
    )
    return (Order(command="ack", alert=report),) if action == "acknowledge" else (report,)


def key_of(body: Node) -> str:
    """Give the event's key. One that has none gets it from what it says, so that sent twice it is the same."""
    key = body["dedup_key"].text(MOST_KEY)
    if key:
        return key
    if body["event_action"].text() != "trigger":
        raise Refusal(
            "dedup_key is missing", "It names the alert that is meant: the one that the trigger was sent with."
        )
    said = [body["payload"][name].text() for name in ("summary", "source", "component", "group", "class")]
    return blake2b("\x1f".join(said).encode(), digest_size=16).hexdigest()


def _webhook(event: Node) -> Sequence[Said]:
    """Read what happened to an incident there: to one that we sent, or to one from elsewhere."""
    kind = event["event_type"].needed("Send events of PagerDuty's webhooks version 3, or of its Events API v2.")
    incident = event["data"]
    if kind not in _FIRING | _ORDERS.keys():
        return ()
    ours = alert_of(incident["incident_key"].text())
    by = _summary(event["agent"])
    if ours is not None:
        return (Order(command=_ORDERS[kind], alert=ours, by=by),) if kind in _ORDERS else ()
    report = _foreign(incident, resolved=kind == "incident.resolved")
    return (report,) if kind in _FIRING or report.resolved else (Order(command=_ORDERS[kind], alert=report, by=by),)


def _foreign(incident: Node, *, resolved: bool) -> Report:
    number = incident["id"].needed()
    priority = _summary(incident["priority"]).lower()
    urgent = incident["urgency"].text() != "low"
    return Report(
        name=f"PagerDuty incident {number}",
        labels={"incident": number},
        severity=severity_of(priority) if priority in WORDS else Severity.HIGH if urgent else Severity.LOW,
        source=SOURCE,
        resolved=resolved,
        started_at=incident["created_at"].moment(),
        summary=incident["title"].text(),
        annotations={"service": service} if (service := _summary(incident["service"])) else {},
        link=incident["html_url"].text(),
    )


def _summary(place: Node) -> str:
    return place["summary"].text(300) if isinstance(place.value, dict) else ""


def _delivery(received: Received) -> str:
    event = received.payload.get("event") if isinstance(received.payload, dict) else None
    number = event.get("id") if isinstance(event, dict) else None
    return number if isinstance(number, str) else ""


def _answer(received: Received) -> Mapping[str, Any]:
    """Answer an event as PagerDuty does: its clients keep the key."""
    body = top(received.payload)
    if "event_action" not in body.object():
        return {}
    return {"status": "success", "message": "Event processed", "dedup_key": key_of(body)}


PAGERDUTY = Inbound(name="pagerduty", read=read, proven=proven, delivery=_delivery, answer=_answer)
