"""PagerDuty and Twilio as strict doubles on loopback: what their documentation does not allow, they refuse.

PagerDuty: developer.pagerduty.com/docs/events-api-v2. Twilio: www.twilio.com/docs/messaging/api/message-resource and
www.twilio.com/docs/voice/api/call-resource; where the emulator is too lenient (TwiML, lengths), this is not.
"""

import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from aiohttp import web

ROUTING_KEY = "R0" + "7" * 30
ACCOUNT, TOKEN = "AC" + "a" * 32, "twilio-double-auth-token"
E164 = re.compile(r"\+[1-9]\d{6,14}")
TWIML = {
    "Response": set(),
    "Gather": {"numDigits", "timeout", "method", "action"},
    "Say": {"language"},
    "Pause": {"length"},
    "Hangup": set(),
}


@dataclass
class Refusals:
    """Answers to give instead of taking what comes, the next one last."""

    next: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)

    def fail(self, status: int, headers: dict[str, str] | None = None, body: Any = None) -> None:
        self.next.append((status, headers or {}, body))

    def due(self) -> web.Response | None:
        if not self.next:
            return None
        status, headers, body = self.next.pop()
        return web.json_response(body, status=status, headers=headers)


@dataclass
class PagerDuty:
    """One service. `incidents` are dedup key -> state, `events` all that was taken."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    incidents: dict[str, str] = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)
    keys: tuple[str, ...] = (ROUTING_KEY,)

    async def enqueue(self, request: web.Request) -> web.Response:
        if refusal := self.refusals.due():
            return refusal
        body = await request.read()
        event = json.loads(body)
        if errors := self.wrong(event, len(body)):
            said = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            return web.json_response(said, status=400)
        self.events.append(event)
        key, action = event["dedup_key"], event["event_action"]
        if action == "trigger" or key in self.incidents:
            self.incidents[key] = action
        return web.json_response({"status": "success", "message": "Event processed", "dedup_key": key}, status=202)

    def wrong(self, event: Any, size: int) -> list[str]:
        known = {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"}
        errors = [f"'{name}' is not known" for name in set(event) - known]
        if size > 512_000:
            errors.append("the event is larger than 512 kB")
        if event.get("routing_key") not in self.keys:
            errors.append("'routing_key' is invalid")
        if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            errors.append("'event_action' is invalid")
        if not 0 < len(event.get("dedup_key", "")) <= 255:
            errors.append("'dedup_key' must be 1 to 255 characters")
        if event.get("event_action") == "trigger":
            payload = event.get("payload", {})
            if not 0 < len(payload.get("summary", "")) <= 1024:
                errors.append("'payload.summary' must be 1 to 1024 characters")
            if payload.get("severity") not in {"critical", "error", "warning", "info"} or not payload.get("source"):
                errors.append("'payload.severity' or 'payload.source' is invalid")
            if not isinstance(payload.get("custom_details", {}), dict):
                errors.append("'payload.custom_details' is no object")
            errors += ["a link needs href" for link in event.get("links", []) if not link.get("href")]
        return errors


@asynccontextmanager
async def pagerduty(*keys: str) -> AsyncIterator[PagerDuty]:
    made = PagerDuty(keys=keys or (ROUTING_KEY,))
    application = web.Application(client_max_size=2_000_000)
    application.router.add_post("/v2/enqueue", made.enqueue)
    async with _served(application) as port:
        made.url = f"http://127.0.0.1:{port}/v2/enqueue"
        yield made


@dataclass
class Twilio:
    """One account. What was taken stands in `messages` and `calls`, newest first, as the API lists it."""

    url: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)

    async def create(self, request: web.Request) -> web.Response:
        kept = self.messages if request.match_info["resource"] == "Messages" else self.calls
        if refusal := self.refusals.due() or self._stranger(request):
            return refusal
        form = await request.post()
        wrong = (_message_wrong if kept is self.messages else _call_wrong)(form)
        if wrong:
            return web.json_response({"code": wrong[0], "message": wrong[1], "status": 400}, status=400)
        sid = f"{'SM' if kept is self.messages else 'CA'}{len(kept):032x}"
        said = {name.lower(): str(value) for name, value in form.items()}
        kept.insert(0, {"sid": sid, "status": "queued", **said})
        return web.json_response({"sid": sid, "status": "queued"}, status=201)

    async def listed(self, request: web.Request) -> web.Response:
        if refusal := self._stranger(request):
            return refusal
        to, size = request.query.get("To"), int(request.query.get("PageSize", "50"))
        return web.json_response({"messages": [m for m in self.messages if m["to"] == to][:size]})

    def _stranger(self, request: web.Request) -> web.Response | None:
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") == expected and request.match_info["account"] == ACCOUNT:
            return None
        return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)


def _message_wrong(form: Any) -> tuple[int, str] | None:
    known = {"To", "From", "Body", "MessagingServiceSid", "StatusCallback"}
    if not E164.fullmatch(form.get("To", "")):
        return 21211, "The 'To' number is not a valid phone number."
    if ("From" in form) == ("MessagingServiceSid" in form):
        return 21603, "A 'From' or 'MessagingServiceSid' is required."
    if not 0 < len(form.get("Body", "")) <= 1600:
        return 21617, "The concatenated message body exceeds the 1600 character limit."
    return (20001, "unknown parameter") if set(form) - known else None


def _call_wrong(form: Any) -> tuple[int, str] | None:
    known = {"To", "From", "Twiml", "Timeout", "StatusCallback", "StatusCallbackEvent"}
    if not E164.fullmatch(form.get("To", "")) or not E164.fullmatch(form.get("From", "")):
        return 21211, "Invalid 'To' or 'From' phone number."
    if set(form) - known or not 0 < len(form.get("Twiml", "")) <= 4000:
        return 21205, "unknown parameter, or TwiML longer than 4000 characters"
    return None if _is_twiml(form["Twiml"]) else (12100, "Document parse failure")


def _is_twiml(text: str) -> bool:
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        return False
    return root.tag == "Response" and all(e.tag in TWIML and set(e.attrib) <= TWIML[e.tag] for e in root.iter())


@asynccontextmanager
async def twilio() -> AsyncIterator[Twilio]:
    made = Twilio()
    application = web.Application()
    address = "/2010-04-01/Accounts/{account}/{resource:Messages|Calls}.json"
    application.router.add_post(address, made.create)
    application.router.add_get(address, made.listed)
    async with _served(application) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


@asynccontextmanager
async def _served(application: web.Application) -> AsyncIterator[int]:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
