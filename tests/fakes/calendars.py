"""Google Calendar and Microsoft Graph as strict doubles on loopback: what their documentation does not allow is refused.

Google: developers.google.com/calendar/api/v3/reference/events (ids, 409 for a known one, deleted ones stay known) and
developers.google.com/identity/protocols/oauth2/service-account (what is signed, and how long it lasts).
Microsoft: learn.microsoft.com/graph/api/user-post-events, event-get, -update, -delete (transactionId makes one event,
whoever asks for it again is answered 201), filters on extended properties, and the client credentials flow.
"""

import base64
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

TOKEN = "calendar-test-token-5b1e"
SUBJECT = "incidents@example.com"
ACCOUNT = "do-manage@project.iam.gserviceaccount.com"
TENANT, CLIENT, SECRET = "example.onmicrosoft.com", "client-1", "graph-test-secret-9d2f"


@cache
def a_key(_name: str) -> RSAPrivateKey:
    """A key of that name; to make one takes a while."""
    return generate_private_key(65537, 2048)


@dataclass
class Remote:
    """What both have in common: events by id, what attendees were mailed, and the address."""

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    url: str = ""
    refuse: tuple[int, str] | None = None
    """What everything but tokens is answered, while it is set: status and reason."""

    def entitled(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {TOKEN}"


@dataclass
class Google(Remote):
    """Calendar API v3 under `/calendar/v3`, tokens at `/token`."""

    key: RSAPrivateKey = field(default_factory=lambda: a_key("its own"))
    FIELDS = frozenset({"id", "summary", "description", "start", "end", "attendees", "status"})

    def key_file(self) -> str:
        """The file that Google gives for a key."""
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "client_email": ACCOUNT, "private_key_id": "k1", "private_key": pem}
        return json.dumps({**account, "token_uri": f"{self.url}/token"})

    def routes(self) -> list[web.RouteDef]:
        events = "/calendar/v3/calendars/{calendar}/events"
        return [
            web.post("/token", self.token),
            web.post(events, self.insert),
            web.get(f"{events}/{{id}}", self.get),
            web.patch(f"{events}/{{id}}", self.patch),
            web.delete(f"{events}/{{id}}", self.delete),
        ]

    def error(self, status: int, reason: str, message: str) -> web.Response:
        errors = [{"domain": "global", "reason": reason, "message": message}]
        return web.json_response({"error": {"errors": errors, "code": status, "message": message}}, status=status)

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" or not self._proven(form):
            return web.json_response(
                {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, status=400
            )
        return web.json_response({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def _proven(self, form: Mapping[str, Any]) -> bool:
        signed, _, signature = str(form.get("assertion")).rpartition(".")
        head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        try:
            self.key.public_key().verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        wanted = {"iss": ACCOUNT, "sub": SUBJECT, "aud": f"{self.url}/token"}
        lasts = claims["exp"] - claims["iat"]
        scope = claims["scope"] == "https://www.googleapis.com/auth/calendar.events"
        return head["alg"] == "RS256" and wanted.items() <= claims.items() and 0 < lasts <= 3600 and scope

    def refusal(self, request: web.Request) -> web.Response | None:
        if self.refuse:
            return self.error(*self.refuse, "as planned")
        if not self.entitled(request):
            return self.error(401, "authError", "Invalid Credentials")
        if request.match_info["calendar"] != "primary":
            return self.error(404, "notFound", "Not Found")
        if (id_ := request.match_info.get("id")) is not None and id_ not in self.events:
            return self.error(404, "notFound", "Not Found")
        return None

    def wrong(self, given: dict[str, Any]) -> str:
        if unknown := set(given) - self.FIELDS:
            return f"unknown fields {unknown}"
        for edge in ("start", "end"):
            if edge in given and datetime.fromisoformat(given[edge]["dateTime"]).tzinfo is None:
                return "times need an offset"
        return ""

    def tell(self, request: web.Request, event: Mapping[str, Any], what: str) -> None:
        if request.query.get("sendUpdates") == "all":
            self.mails += [f"{what} {one['email']}" for one in event.get("attendees", ())]

    async def insert(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = await request.json()
        if wrong := self.wrong(given):
            return self.error(400, "invalid", wrong)
        if "start" not in given or "end" not in given:
            return self.error(400, "required", "Missing end time.")
        if not re.fullmatch(r"[a-v0-9]{5,1024}", given["id"]):
            return self.error(400, "invalid", "Invalid resource id value.")
        if given["id"] in self.events:
            return self.error(409, "duplicate", "The requested identifier already exists.")
        self.events[given["id"]] = given
        self.tell(request, given, "invited")
        return web.json_response(given)

    async def get(self, request: web.Request) -> web.Response:
        return self.refusal(request) or web.json_response(self.events[request.match_info["id"]])

    async def patch(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        event, given = self.events[request.match_info["id"]], await request.json()
        if wrong := self.wrong(given):
            return self.error(400, "invalid", wrong)
        if event["status"] == "cancelled":
            return self.error(403, "forbidden", "Forbidden")
        event.update(given)
        self.tell(request, event, "updated")
        return web.json_response(event)

    async def delete(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        event = self.events[request.match_info["id"]]
        if event["status"] == "cancelled":
            return self.error(410, "deleted", "Resource has been deleted")
        event["status"] = "cancelled"
        self.tell(request, event, "cancelled")
        return web.Response(status=204)

    def standing(self) -> list[dict[str, Any]]:
        return [
            {
                "title": one["summary"],
                "starts_at": datetime.fromisoformat(one["start"]["dateTime"]),
                "attendees": [a["email"] for a in one["attendees"]],
            }
            for one in self.events.values()
            if one["status"] != "cancelled"
        ]

    def clear(self) -> None:
        """A person deletes every event."""
        for one in self.events.values():
            one["status"] = "cancelled"


@dataclass
class Graph(Remote):
    """Microsoft Graph under `/v1.0`, tokens at `/{tenant}/oauth2/v2.0/token`."""

    FIELDS = frozenset({"subject", "body", "start", "end", "attendees", "responseRequested"})
    MADE = frozenset({"transactionId", "singleValueExtendedProperties"})
    PREFER = 'IdType="ImmutableId"'

    def routes(self) -> list[web.RouteDef]:
        events = "/v1.0/users/{user}/events"
        return [
            web.post("/{tenant}/oauth2/v2.0/token", self.token),
            web.post(events, self.insert),
            web.get(events, self.listed),
            web.get(f"{events}/{{id}}", self.get),
            web.patch(f"{events}/{{id}}", self.patch),
            web.delete(f"{events}/{{id}}", self.delete),
        ]

    def error(self, status: int, code: str, message: str) -> web.Response:
        return web.json_response({"error": {"code": code, "message": message}}, status=status)

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        right = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        if request.match_info["tenant"] != TENANT:
            return web.json_response(
                {"error": "invalid_request", "error_description": "AADSTS90002: no tenant"}, status=400
            )
        if not right.items() <= dict(form).items() or form.get("scope") != f"{self.url}/.default":
            said = "AADSTS7000215: Invalid client secret provided."
            return web.json_response({"error": "invalid_client", "error_description": said}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})

    def refusal(self, request: web.Request) -> web.Response | None:
        if self.refuse:
            return self.error(*self.refuse, "as planned")
        if not self.entitled(request):
            return self.error(401, "InvalidAuthenticationToken", "Access token is empty.")
        if request.match_info["user"] != SUBJECT:
            return self.error(404, "ErrorInvalidUser", "The requested user is invalid.")
        if self.PREFER not in request.headers.get("Prefer", ""):
            return self.error(400, "TestWants", "ids that stay the same")
        if (id_ := request.match_info.get("id")) is not None and id_ not in self.events:
            return self.error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return None

    def wrong(self, given: dict[str, Any], allowed: frozenset[str]) -> str:
        if unknown := set(given) - allowed:
            return f"The property {unknown} does not exist or cannot be changed"
        zones = {given[edge].get("timeZone") for edge in ("start", "end") if edge in given}
        return "" if zones <= {"UTC"} else "TimeZoneNotSupportedException"

    async def insert(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = await request.json()
        if wrong := self.wrong(given, self.FIELDS | self.MADE):
            return self.error(400, "RequestBodyRead", wrong)
        for event in self.events.values():
            if event["transactionId"] == given["transactionId"]:
                return web.json_response(self.shown(event), status=201)
        given["id"] = f"AAMk{len(self.mails)}{len(self.events)}="
        self.events[given["id"]] = given
        self.tell(given, "invited")
        return web.json_response(self.shown(given), status=201)

    def tell(self, event: dict[str, Any], what: str) -> None:
        self.mails += [f"{what} {one['emailAddress']['address']}" for one in event["attendees"]]

    def shown(self, event: dict[str, Any]) -> dict[str, Any]:
        """Graph tells tenths of microseconds, and extended properties to nobody who does not ask for them."""
        edges = {edge: {**event[edge], "dateTime": f"{event[edge]['dateTime']}.0000000"} for edge in ("start", "end")}
        return {**event, **edges, "singleValueExtendedProperties": None}

    async def listed(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        asked = r"singleValueExtendedProperties/Any\(ep: ep/id eq '(String {[0-9a-f-]{36}} Name [\w-]+)' and ep/value eq '(.*)'\)"
        wanted = re.fullmatch(asked, request.query["$filter"])
        if wanted is None:
            return self.error(400, "ErrorInvalidUrlQuery", "The query filter contains one or more invalid nodes.")
        mark = {"id": wanted[1], "value": wanted[2]}
        found = [self.shown(one) for one in self.events.values() if mark in one["singleValueExtendedProperties"]]
        return web.json_response({"value": found})

    async def get(self, request: web.Request) -> web.Response:
        return self.refusal(request) or web.json_response(self.shown(self.events[request.match_info["id"]]))

    async def patch(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        event, given = self.events[request.match_info["id"]], await request.json()
        if wrong := self.wrong(given, self.FIELDS):
            return self.error(400, "RequestBodyRead", wrong)
        event.update(given)
        self.tell(event, "updated")
        return web.json_response(self.shown(event))

    async def delete(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        self.tell(self.events.pop(request.match_info["id"]), "cancelled")
        return web.Response(status=204)

    def standing(self) -> list[dict[str, Any]]:
        return [
            {
                "title": one["subject"],
                "starts_at": datetime.fromisoformat(f"{one['start']['dateTime']}+00:00"),
                "attendees": [a["emailAddress"]["address"] for a in one["attendees"]],
            }
            for one in self.events.values()
        ]

    def clear(self) -> None:
        """A person deletes every event."""
        self.events.clear()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@asynccontextmanager
async def serving(made: Google | Graph) -> AsyncIterator[None]:
    """Let it answer on a free port, until the end of the block."""
    application = web.Application()
    application.add_routes(made.routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()
