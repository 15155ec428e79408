"""PagerDuty's Events API v2 against a double that refuses what its documentation does not allow."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.cards.card import Card
from bot.channels.pagerduty import PAGERDUTY, PagerDutyOptions, alert_of, dedup_key
from bot.ports import Ports, Undeliverable
from storage.unit_of_work import Store
from tests.contracts.test_channel import HOSTILE, alert_card
from tests.fakes import providers
from tests.fakes.ports import make_ports
from tests.fakes.providers import ROUTING_KEY, PagerDuty
from tests.servers.process import free_port

OTHER_KEY = "R1" + "8" * 30


@pytest.fixture
async def there() -> AsyncIterator[PagerDuty]:
    async with providers.pagerduty(ROUTING_KEY, OTHER_KEY) as made:
        yield made


@pytest.fixture
async def ports(store: Store) -> AsyncIterator[Ports]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield make_ports(store, http=http)


def options(there: PagerDuty, **more: Any) -> PagerDutyOptions:
    return PagerDutyOptions.model_validate({"url": there.url, "routing_key": ROUTING_KEY, **more})


async def trigger(ports: Ports, given: PagerDutyOptions, card: Card | None = None, target: str = "primary") -> None:
    deliver = PAGERDUTY.connect(given, ports)
    await deliver(card or alert_card("redis is down"), target=target, key="alert:42:page:0:0:pd:x", attempt=1)


async def settle(ports: Ports, given: PagerDutyOptions, state: Any) -> None:
    assert PAGERDUTY.settle is not None
    card = alert_card("redis is down", state)
    await PAGERDUTY.settle(given, ports)(card, target="primary", key=f"alert:42:{state}", state=state)


async def test_an_alert_is_one_incident_from_trigger_to_resolve(ports: Ports, there: PagerDuty) -> None:
    for step in range(2):
        await trigger(ports, options(there), alert_card(f"redis is down, step {step}"))
    assert there.incidents == {"do-manage:alert:42": "trigger"}
    await settle(ports, options(there), "acknowledged")
    assert there.incidents == {"do-manage:alert:42": "acknowledge"}
    await settle(ports, options(there), "resolved")
    assert there.incidents == {"do-manage:alert:42": "resolve"}


async def test_what_is_needed_to_act_is_in_the_event(ports: Ports, there: PagerDuty) -> None:
    await trigger(ports, options(there))
    (event,) = there.events
    payload = event["payload"]
    assert payload["summary"] == "CRITICAL #42: redis is down"
    assert (payload["severity"], payload["source"], payload["class"]) == ("critical", "do-manage", "redis-down")
    assert payload["custom_details"]["labels"] == {"service": "redis is down"}
    assert event["links"] == [{"href": "https://example.com/runbook", "text": "Runbook"}]


@pytest.mark.parametrize(
    ("ours", "theirs"), [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info")]
)
async def test_severities_are_those_of_pagerduty(ports: Ports, there: PagerDuty, ours: str, theirs: str) -> None:
    card = alert_card("x")
    await trigger(ports, options(there), Card(title=card.title, data={**card.data, "severity": ours}))
    assert there.events[0]["payload"]["severity"] == theirs


async def test_an_enormous_alert_still_gets_through(ports: Ports, there: PagerDuty) -> None:
    card = alert_card(HOSTILE)
    labels = {f"label{number}": "x" * 1000 for number in range(2000)}
    await trigger(ports, options(there), Card(title=card.title, data={**card.data, "labels": labels}))
    assert len(json.dumps(there.events[0])) <= 512_000
    assert len(there.events[0]["payload"]["summary"]) <= 1024


async def test_a_target_has_its_own_routing_key(ports: Ports, there: PagerDuty) -> None:
    await trigger(ports, options(there, routing_keys={"database-team": OTHER_KEY}), target="database-team")
    assert there.events[0]["routing_key"] == OTHER_KEY


async def test_a_target_without_any_key_is_refused_with_those_known(ports: Ports, there: PagerDuty) -> None:
    given = options(there, routing_key=None, routing_keys={"database-team": OTHER_KEY})
    with pytest.raises(Undeliverable, match="database-team") as refused:
        await trigger(ports, given, target="web-team")
    assert not refused.value.retry


@pytest.mark.parametrize(
    ("status", "retry"),
    [(400, False), (401, False), (403, False), (404, False), (408, True), (429, True), (500, True), (503, True)],
)
async def test_refusals(ports: Ports, there: PagerDuty, status: int, retry: bool) -> None:
    there.refusals.fail(status, body={"status": "x", "message": "y", "errors": ["'routing_key' is invalid"]})
    with pytest.raises(Undeliverable, match=str(status)) as refused:
        await trigger(ports, options(there))
    assert refused.value.retry is retry


async def test_it_waits_as_long_as_pagerduty_asks(ports: Ports, there: PagerDuty) -> None:
    there.refusals.fail(429, {"Retry-After": "37"})
    with pytest.raises(Undeliverable) as refused:
        await trigger(ports, options(there))
    assert refused.value.after == 37.0


async def test_being_away_is_tried_again(ports: Ports, there: PagerDuty) -> None:
    away = options(there, url=f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(Undeliverable, match="cannot be reached") as refused:
        await trigger(ports, away)
    assert refused.value.retry


@pytest.mark.parametrize(
    ("key", "number"),
    [("do-manage:alert:42", 42), ("do-manage:alert:0", None), ("do-manage:alert:42x", None), ("alert:42", None)],
)
def test_a_dedup_key_names_its_alert(key: str, number: int | None) -> None:
    assert alert_of(key) == number


def test_dedup_keys_are_read_back() -> None:
    assert alert_of(dedup_key(7)) == 7
