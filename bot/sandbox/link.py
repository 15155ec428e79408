"""The road from the workspace to the app: what one delivery is, and the signed HTTP form of it."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.state import Json

Kind = Literal["events_api", "slash_commands", "interactive"]


@dataclass(frozen=True)
class Payload:
    """One thing that the app is told. ``accepts_response`` lets its acknowledgement carry an answer."""

    kind: Kind
    body: Json
    accepts_response: bool = False
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a delivery; ``reason`` is Slack's word for why there was no acknowledgement."""

    acked: bool
    seconds: float
    body: Json = field(default_factory=dict)
    reason: str = ""
    final: bool = False


class Link(Protocol):
    """A connection to the app."""

    @property
    def online(self) -> bool:
        """Whether anything that is sent now could arrive."""
        ...

    async def send(self, payload: Payload) -> Answer:
        """Deliver once and wait for the acknowledgement as long as Slack does."""
        ...


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Give the ``X-Slack-Signature`` of a request body: version 0, HMAC-SHA256 over ``v0:timestamp:body``."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


@dataclass
class HttpLink:
    """Signed requests to the app's request URL: JSON for events, a form for commands and interactivity."""

    url: str
    secret: str
    session: aiohttp.ClientSession
    ack_within: float
    answered: bool = True

    @property
    def online(self) -> bool:
        """Whether the app took the last request."""
        return self.answered

    async def send(self, payload: Payload) -> Answer:
        """POST one payload; anything but 2xx within the time is unanswered."""
        started = time.perf_counter()
        body, kind = encode(payload)
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self.secret, timestamp, body),
            **retry_headers(payload),
        }
        try:
            async with asyncio.timeout(self.ack_within), self.session.post(self.url, data=body, headers=headers) as got:
                answer = parse_answer(got.status, got.headers, await got.read(), started)
        except TimeoutError:
            answer = Answer(acked=False, seconds=time.perf_counter() - started, reason="http_timeout")
        except aiohttp.ClientError:
            answer = Answer(acked=False, seconds=time.perf_counter() - started, reason="connection_failed")
        self.answered = answer.reason != "connection_failed"
        return answer

    async def verify_url(self) -> bool:
        """Send Slack's ``url_verification`` and hold the answer against the challenge."""
        body = {
            "type": "url_verification",
            "token": "sandbox",
            "challenge": hashlib.sha256(self.url.encode()).hexdigest(),
        }
        answer = await self.send(Payload("events_api", body))
        return answer.acked and body["challenge"] in (answer.body.get("challenge"), answer.body.get("text"))


def encode(payload: Payload) -> tuple[bytes, str]:
    """Give the body of a request and its media type."""
    if payload.kind == "events_api":
        return json.dumps(payload.body).encode(), "application/json"
    fields = payload.body if payload.kind == "slash_commands" else {"payload": json.dumps(payload.body)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def retry_headers(payload: Payload) -> Mapping[str, str]:
    """Give the headers that tell a repeated event from its first delivery."""
    if not payload.attempt:
        return {}
    return {"X-Slack-Retry-Num": str(payload.attempt), "X-Slack-Retry-Reason": payload.reason}


def parse_answer(status: int, headers: Mapping[str, str], body: bytes, started: float) -> Answer:
    """Read an app's HTTP answer: JSON, plain text (a message) or nothing."""
    seconds = time.perf_counter() - started
    if not 200 <= status < 300:
        return Answer(acked=False, seconds=seconds, reason="http_error", final=headers.get("X-Slack-No-Retry") == "1")
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return Answer(acked=True, seconds=seconds)
    if headers.get("Content-Type", "").startswith("application/json"):
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = text
        return Answer(acked=True, seconds=seconds, body=parsed if isinstance(parsed, dict) else {"text": text})
    return Answer(acked=True, seconds=seconds, body={"text": text})
