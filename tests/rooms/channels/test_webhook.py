"""The webhook against a real server: what arrives, and what its refusals mean."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.cards.card import Card, Level
from bot.channels.webhook import WEBHOOK, WebhookOptions
from bot.ports import Receipt, Undeliverable
from storage.unit_of_work import Store
from tests.fakes.ports import T0, make_ports
from tests.servers.process import free_port

CARD = Card(title="API is down", level=Level.BAD, body=("since 12:00",))


@dataclass
class Receiver:
    """A web address that answers as told and remembers what came."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.heard.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook/{token}", made.take)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/hook/t0psecret"))
        yield made


async def deliver(
    store: Store, url: str, *, secret: str = "", key: str = "alert:1:step:0", attempt: int = 1
) -> Receipt:
    async with httpx.AsyncClient(trust_env=False) as http:
        options = WebhookOptions(url=url, secret=SecretStr(secret) if secret else None)
        delivery = WEBHOOK.connect(options, make_ports(store, http=http))
        return await delivery(CARD, target="#ops", key=key, attempt=attempt)


async def refusal(store: Store, url: str) -> Undeliverable:
    with pytest.raises(Undeliverable) as refused:
        await deliver(store, url)
    return refused.value


async def test_the_card_arrives_with_target_and_key(store: Store, receiver: Receiver) -> None:
    receipt = await deliver(store, receiver.url, attempt=2)
    [(headers, body)] = receiver.heard
    assert receipt == Receipt("HTTP 204")
    assert headers["Idempotency-Key"] == "alert:1:step:0"
    assert json.loads(body) == {
        "target": "#ops",
        "key": "alert:1:step:0",
        "attempt": 2,
        "card": {"title": "API is down", "level": "bad", "body": ["since 12:00"]},
    }


async def test_the_receiver_can_verify_the_signature(store: Store, receiver: Receiver) -> None:
    await deliver(store, receiver.url, secret="shared")
    [(headers, body)] = receiver.heard
    expected = hmac.new(b"shared", f"{headers['X-Timestamp']}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(headers["X-Signature"], f"sha256={expected}")
    assert int(headers["X-Timestamp"]) == int(T0.timestamp())


async def test_a_retry_carries_the_key_of_the_first_attempt(store: Store, receiver: Receiver) -> None:
    for attempt in (1, 2):
        await deliver(store, receiver.url, attempt=attempt)
    assert len({headers["Idempotency-Key"] for headers, _ in receiver.heard}) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 408, 425, 429])
async def test_trouble_of_the_receiver_is_tried_again(store: Store, receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert (await refusal(store, receiver.url)).retry is True


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
async def test_a_refusal_is_final(store: Store, receiver: Receiver, status: int) -> None:
    receiver.status = status
    refused = await refusal(store, receiver.url)
    assert refused.retry is False
    assert str(refused).endswith(f"answered HTTP {status}")


async def test_the_receiver_says_when_to_try_again(store: Store, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "17"}
    assert (await refusal(store, receiver.url)).after == 17.0


async def test_an_address_where_nobody_listens_is_tried_again(store: Store) -> None:
    refused = await refusal(store, f"http://127.0.0.1:{free_port()}/")
    assert refused.retry is True
    assert "cannot be reached: ClientConnectorError" in str(refused)


async def test_an_address_that_nobody_knows_is_tried_again(store: Store) -> None:
    assert (await refusal(store, "http://ops.invalid/")).retry is True


@pytest.mark.parametrize("status", [404, 500])
async def test_the_secret_in_an_address_is_not_told(store: Store, receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert "t0psecret" not in str(await refusal(store, receiver.url))
