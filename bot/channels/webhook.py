"""Notification by webhook: a signed JSON POST to an address of your own."""

import hashlib
import hmac
import json
import time

import httpx
from pydantic import Field, SecretStr

from bot.cards.card import Card
from bot.cards.json import to_json
from bot.ports import Channel, Delivery, Options, Ports, Receipt, Undeliverable

_PATIENCE = 10.0


class WebhookOptions(Options):
    """Options of a webhook."""

    url: str = Field(pattern=r"^https?://\S+$", description="Address that takes the POST.")
    secret: SecretStr | None = Field(
        default=None,
        description="Signs the body: `X-Signature: sha256=…` is the HMAC-SHA256 of `<X-Timestamp>.<body>`.",
    )


def connect(options: WebhookOptions, ports: Ports) -> Delivery:
    """Give a delivery that posts `{"target", "key", "card"}`; `Idempotency-Key` lets the receiver drop repeats."""

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:
        body = json.dumps({"target": target, "key": key, "attempt": attempt, "card": to_json(card)}).encode()
        try:
            answer = await ports.http.post(
                options.url, content=body, headers=headers(body, key, options.secret), timeout=_PATIENCE
            )
        except httpx.HTTPError as error:
            raise Undeliverable(f"{options.url} cannot be reached: {type(error).__name__}", retry=True) from error
        if answer.is_success:
            return Receipt(f"HTTP {answer.status_code}")
        asked = answer.headers.get("Retry-After", "")
        raise Undeliverable(
            f"{options.url} answered HTTP {answer.status_code}",
            retry=answer.status_code in {408, 425, 429} or answer.status_code >= 500,
            after=float(asked) if asked.isdigit() else None,
        )

    return deliver


def headers(body: bytes, key: str, secret: SecretStr | None) -> dict[str, str]:
    """Give the headers of one delivery, signed when there is a secret."""
    sent = str(int(time.time()))
    plain = {"Content-Type": "application/json", "Idempotency-Key": key, "X-Timestamp": sent}
    if secret is None:
        return plain
    signed = hmac.new(secret.get_secret_value().encode(), f"{sent}.".encode() + body, hashlib.sha256)
    return plain | {"X-Signature": f"sha256={signed.hexdigest()}"}


WEBHOOK = Channel(type="webhook", options=WebhookOptions, connect=connect)
