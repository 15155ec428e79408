"""Notification through PagerDuty's Events API v2: one incident there for each alert here.

Protocol: developer.pagerduty.com/docs/events-api-v2 (limits: 512 kB a request, 1024 characters a summary).
"""

import json
import re
from typing import Any, Literal

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.cards.card import Card
from bot.cards.json import json_value
from bot.channels.addresses import http_address
from bot.channels.notice import Notice, notice
from bot.channels.retry_after import asked_wait
from bot.phrasing import cut
from bot.ports import Channel, Delivery, Options, Ports, Receipt, Settle, Undeliverable

PATIENCE = 10.0
LARGEST = 512_000
SUMMARY = 1024
_DETAIL = 500
"""Characters of one custom detail, where all of them together are too many."""
_SEVERITY = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}
_DETAILS = ("number", "rule", "labels", "reading", "value", "threshold", "unit", "started_at", "fingerprint")
_DEDUP_KEY = re.compile(r"do-manage:alert:([1-9]\d{0,17})")


class PagerDutyOptions(Options):
    """Events go to a PagerDuty service; its own escalation does the rest."""

    routing_key: SecretStr | None = Field(
        default=None, min_length=1, description="Integration key of the service (Events API v2)."
    )
    routing_keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further keys by the name that a step's `notify` gives, for other services."
    )
    url: str = Field(
        default="https://events.pagerduty.com/v2/enqueue",
        description="Address of the Events API; another for the EU service region, or for tests.",
    )
    source: str = Field(
        default="do-manage", min_length=1, max_length=255, description="What PagerDuty shows as source."
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url)


def dedup_key(alert: int) -> str:
    """The name that an alert has in PagerDuty: all events about one alert meet in one incident there."""
    return f"do-manage:alert:{alert}"


def alert_of(dedup_key: str) -> int | None:
    """The alert that a dedup key names, None for keys that are not ours."""
    ours = _DEDUP_KEY.fullmatch(dedup_key)
    return int(ours[1]) if ours else None


def connect(options: PagerDutyOptions, ports: Ports) -> Delivery:
    """Give a delivery that triggers; a repeated one changes the incident that is there instead of opening another."""

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:  # noqa: ARG001 - see above
        told = notice(card)
        name = dedup_key(told.number) if told.number else f"do-manage:{key}"[:255]
        return await send(options, ports, target, triggered(options, card, told, name))

    return deliver


def settle(options: PagerDutyOptions, ports: Ports) -> Settle:
    """Give what acknowledges or resolves the incident that the alert has in PagerDuty; saying so twice is harmless."""

    async def settled(card: Card, *, target: str, key: str, state: Literal["acknowledged", "resolved"]) -> None:
        told = notice(card)
        if told.number is None:
            raise Undeliverable(f"{key} is about no alert that PagerDuty could know", retry=False)
        action = {"acknowledged": "acknowledge", "resolved": "resolve"}[state]
        await send(options, ports, target, {"event_action": action, "dedup_key": dedup_key(told.number)})

    return settled


def triggered(options: PagerDutyOptions, card: Card, told: Notice, name: str) -> dict[str, Any]:
    """The event that opens an incident in PagerDuty, without its routing key."""
    data = card.data
    details = {detail: json_value(data[detail]) for detail in _DETAILS if data.get(detail) not in (None, "", {})}
    links = [{"href": told.runbook, "text": "Runbook"}] if told.runbook else []
    event: dict[str, Any] = {
        "event_action": "trigger",
        "dedup_key": name,
        "payload": {
            "summary": cut(told.headline, SUMMARY),
            "source": options.source,
            "severity": _SEVERITY.get(told.severity, "error"),
            "class": cut(str(data.get("rule", "")), 255),
            "custom_details": details,
        },
        "client": "do-manage",
        "links": [*links, *([{"href": told.link, "text": "Card in Slack"}] if told.link else [])],
        **({"client_url": told.link} if told.link else {}),
    }
    if len(json.dumps(event)) > LARGEST - 1000:  # a thousand bytes for the key and the envelope
        event["payload"]["custom_details"] = {n: cut(str(v), _DETAIL) for n, v in details.items()}
    return event


async def send(options: PagerDutyOptions, ports: Ports, target: str, event: dict[str, Any]) -> Receipt:
    """Send one event to the service that the target names; 429 and 5xx are tried again, other refusals are final."""
    key = options.routing_keys.get(target, options.routing_key)
    if key is None:
        known = ", ".join(options.routing_keys) or "none"
        raise Undeliverable(f"no routing key of {target} is set, nor routing_key; known: {known}", retry=False)
    body = {"routing_key": key.get_secret_value(), **event}
    try:
        answer = await ports.http.post(options.url, json=body, timeout=PATIENCE)
    except httpx.HTTPError as error:
        raise Undeliverable(f"PagerDuty cannot be reached: {type(error).__name__}", retry=True) from error
    if answer.is_success:
        return Receipt(f"{event['event_action']} {event['dedup_key']}")
    raise Undeliverable(
        f"PagerDuty answered HTTP {answer.status_code}{_why(answer)}",
        retry=answer.status_code in {408, 429} or answer.status_code >= 500,
        after=asked_wait(answer.headers.get("Retry-After", ""), ports.now()),
    )


def _why(answer: httpx.Response) -> str:
    """The reasons of a refusal, never more of the answer: it could repeat what was sent."""
    try:
        found = answer.json()
    except ValueError:
        return ""
    errors = found.get("errors") if isinstance(found, dict) else None
    said = "; ".join(e for e in errors if isinstance(e, str)) if isinstance(errors, list) else ""
    return f": {cut(' '.join(said.split()), 200)}" if said else ""


PAGERDUTY = Channel(type="pagerduty", options=PagerDutyOptions, connect=connect, settle=settle)
