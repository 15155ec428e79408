"""Notification by webhook: a signed JSON POST to an address of your own."""

import hashlib
import hmac
from datetime import datetime
from typing import Literal
from urllib.parse import quote

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.cards.card import Card
from bot.cards.json import encoded
from bot.channels.addresses import http_address
from bot.channels.retry_after import asked_wait
from bot.outbound import Unreachable
from bot.ports import Channel, Delivery, Options, Ports, Receipt, Settle, Undeliverable

_PATIENCE = 10.0


class WebhookOptions(Options):
    """Notices go to an address of your own."""

    url: str = Field(description="Address that takes the POST, http or https.")
    secret: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="Signs the body: `X-Signature: sha256=…` is the HMAC-SHA256 of `<X-Timestamp>.<body>`.",
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url)


def connect(options: WebhookOptions, ports: Ports) -> Delivery:
    """Give a delivery that posts `{"target", "key", "attempt", "card"}`.

    `Idempotency-Key` lets the receiver drop what it has already. 408, 425, 429 and 5xx are tried again, when the
    receiver asks for it with `Retry-After` (RFC 9110, 10.2.3), other refusals are final. The address may hold a secret,
    so only its host is told.
    """

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:
        body = encoded(card, target=target, key=key, attempt=attempt)
        return Receipt(f"HTTP {await post(options, ports, key, body)}")

    return deliver


def settle(options: WebhookOptions, ports: Ports) -> Settle:
    """Give what posts `{"target", "key", "state", "card"}` once the alert is acknowledged or resolved."""

    async def settled(card: Card, *, target: str, key: str, state: Literal["acknowledged", "resolved"]) -> None:
        await post(options, ports, key, encoded(card, target=target, key=key, state=state))

    return settled


async def post(options: WebhookOptions, ports: Ports, key: str, body: bytes) -> int:
    """Send it, signed when there is a secret; gives the status of the answer."""
    sent = headers(body, key, options.secret, ports.now())
    try:
        answer = await ports.post(options.url, body, sent, patience=_PATIENCE)
    except Unreachable as error:
        raise Undeliverable(f"{_host(options)} cannot be reached: {error}", retry=True) from error
    if 200 <= answer.status < 300:
        return answer.status
    raise Undeliverable(
        f"{_host(options)} answered HTTP {answer.status}",
        retry=answer.status in {408, 425, 429} or answer.status >= 500,
        after=asked_wait(answer.retry_after, ports.now()),
    )


def headers(body: bytes, key: str, secret: SecretStr | None, now: datetime) -> dict[str, str]:
    """Give the headers of one delivery, signed when there is a secret."""
    sent = str(int(now.timestamp()))
    plain = {"Content-Type": "application/json", "Idempotency-Key": quote(key, safe=":/@#"), "X-Timestamp": sent}
    if secret is None:
        return plain
    signed = hmac.new(secret.get_secret_value().encode(), f"{sent}.".encode() + body, hashlib.sha256)
    return plain | {"X-Signature": f"sha256={signed.hexdigest()}"}


def _host(options: WebhookOptions) -> str:
    return httpx.URL(options.url).netloc.decode("ascii", "replace")


WEBHOOK = Channel(type="webhook", options=WebhookOptions, connect=connect, settle=settle)
