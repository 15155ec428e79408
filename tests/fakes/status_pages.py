"""Outside status pages as strict doubles on loopback: what their documentation does not allow, they refuse.

Atlassian Statuspage: developer.statuspage.io (Manage API v1: incidents, components, error and rate limit answers).
Instatus: instatus.com/help/api and its pages on incidents, incident updates and components.
Cachet 3: docs.cachethq.io, API reference (bearer token, JSON:API answers, Laravel's 422), and its enums of statuses.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "token-of-the-tests-9f3c"
PAGE = "page1"
OTHERS = 3
"""Components that the page has beside those of the test."""


@dataclass
class StatusPage:
    """One page. `incidents` are by id, `components` map an id to its status, `calls` are all that changed something,
    `notified` are corrections of which subscribers were told.

    The next answers can be chosen: `fail(status)` refuses without doing anything, `cut()` does it and hangs up.
    """

    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    components: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    planned: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    cuts: int = 0
    url: str = ""

    def fail(self, status: int, **headers: str) -> None:
        self.planned.append((status, {name.replace("_", "-"): value for name, value in headers.items()}))

    def cut(self) -> None:
        """Do the next change, then end the connection instead of answering."""
        self.cuts += 1

    def updates(self) -> list[str]:
        """All texts, of all incidents, oldest first."""
        return [text for one in self.incidents.values() for text in one["texts"]]

    async def answered(self, request: web.Request, made: Any, status: int = 200) -> web.Response:
        if request.method != "GET":
            self.calls.append((request.method, request.path))
            if self.cuts:
                self.cuts -= 1
                assert request.transport is not None
                request.transport.close()
        return web.json_response(made, status=status)

    @property
    def due(self) -> web.Response | None:
        if not self.planned:
            return None
        status, headers = self.planned.pop(0)
        return web.json_response({"error": "as planned"}, status=status, headers=headers)


class Statuspage(StatusPage):
    """Atlassian's: `/v1/pages/…`, OAuth token, PATCH, metadata."""

    INCIDENT = frozenset({"name", "status", "body", "metadata", "components", "component_ids", "deliver_notifications"})
    PHASES = frozenset({"investigating", "identified", "monitoring", "resolved"})
    STATUSES = frozenset({"operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"})

    def routes(self) -> list[web.RouteDef]:
        base = "/v1/pages/{page}"
        return [
            web.get(f"{base}/incidents", self.listed),
            web.post(f"{base}/incidents", self.create),
            web.get(f"{base}/incidents/{{id}}", self.get),
            web.patch(f"{base}/incidents/{{id}}", self.update),
            web.patch(f"{base}/incidents/{{id}}/incident_updates/{{update}}", self.edit),
            web.get(f"{base}/components", self.list_components),
            web.patch(f"{base}/components/{{id}}", self.set_component),
        ]

    def refusal(self, request: web.Request) -> web.Response | None:
        if due := self.due:
            return due
        if request.headers.get("Authorization") != f"OAuth {TOKEN}":
            return web.json_response({"error": "Could not authenticate"}, status=401)
        if request.match_info["page"] != PAGE:
            return web.json_response({"error": "Not found"}, status=404)
        return None

    def wrong(self, given: dict[str, Any]) -> str:
        if unknown := set(given) - self.INCIDENT:
            return f"unknown: {unknown}"
        if given.get("status") not in self.PHASES or len(given.get("name", "")) > 255 or len(given["body"]) > 25_000:
            return "status, name or body is invalid"
        if any(not isinstance(value, dict) for value in given["metadata"].values()):
            return "All top-level values in the object must also be objects"
        bad = {id_: s for id_, s in given["components"].items() if id_ not in self.components or s not in self.STATUSES}
        return f"components are invalid: {bad}" if bad else ""

    async def listed(self, request: web.Request) -> web.Response:
        limit = int(request.query.get("limit", "100"))
        return self.refusal(request) or await self.answered(request, list(self.incidents.values())[::-1][:limit])

    async def get(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        if request.match_info["id"] not in self.incidents:
            return web.json_response({"error": "Not found"}, status=404)
        found = self.incidents[request.match_info["id"]]
        updates = [{"id": f"u{n}", "body": text} for n, text in enumerate(found["texts"])]
        return await self.answered(request, {**found, "incident_updates": updates[::-1]})

    async def edit(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = (await request.json())["incident_update"]
        if set(given) - {"body", "display_at", "deliver_notifications", "wants_twitter_update"}:
            return web.json_response({"error": ["unknown field"]}, status=422)
        texts, number = self.incidents[request.match_info["id"]]["texts"], request.match_info["update"]
        self.notified += [given["body"]] if given.get("deliver_notifications", True) else []
        texts[int(number.removeprefix("u"))] = given["body"]
        return await self.answered(request, {"id": number, "body": given["body"]})

    async def create(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = (await request.json())["incident"]
        if not given.get("name") or (wrong := self.wrong(given)):
            return web.json_response({"error": [wrong if given.get("name") else "name is missing"]}, status=422)
        made = {"id": f"inc{len(self.incidents) + 1}", "name": given["name"], "texts": []}
        self.incidents[made["id"]] = made
        return await self.answered(request, self.take(made, given), 201)

    async def update(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = (await request.json())["incident"]
        if wrong := self.wrong(given):
            return web.json_response({"error": [wrong]}, status=422)
        return await self.answered(request, self.take(self.incidents[request.match_info["id"]], given))

    def take(self, made: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        made |= {"status": given["status"], "metadata": given["metadata"]}
        made["texts"].append(given["body"])
        self.components |= given["components"]
        return made

    async def list_components(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        if "per_page" not in request.query:
            return web.json_response({"error": "unpaginated: 1 request a minute"}, status=429)
        size, page = int(request.query["per_page"]), int(request.query.get("page", "1"))
        every = [{"id": id_, "status": status} for id_, status in self.components.items()]
        return await self.answered(request, every[(page - 1) * size : page * size])

    async def set_component(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        status, id_ = (await request.json())["component"]["status"], request.match_info["id"]
        if id_ not in self.components:
            return web.json_response({"error": "Not found"}, status=404)
        if status not in self.STATUSES:
            return web.json_response({"error": ["status is invalid"]}, status=422)
        self.components[id_] = status
        return await self.answered(request, {"id": id_, "status": status})


class Instatus(StatusPage):
    """`/v1/{page}/…`, bearer token, updates of their own, statuses in capitals."""

    INCIDENT = frozenset({"name", "message", "components", "started", "status", "notify", "statuses"})
    PHASES = frozenset({"INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"})
    STATUSES = frozenset({"OPERATIONAL", "UNDERMAINTENANCE", "DEGRADEDPERFORMANCE", "PARTIALOUTAGE", "MAJOROUTAGE"})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/{page}/incidents", self.listed),
            web.post("/v1/{page}/incidents", self.create),
            web.get("/v1/{page}/incidents/{id}", self.get),
            web.post("/v1/{page}/incidents/{id}/incident-updates", self.update),
            web.put("/v1/{page}/incidents/{id}/incident-updates/{update}", self.edit),
            web.get("/v1/{page}/components/{id}", self.get_component),
            web.put("/v1/{page}/components/{id}", self.set_component),
        ]

    def refusal(self, request: web.Request) -> web.Response | None:
        if due := self.due:
            return due
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.error("forbidden", "Not authorized", 401)
        if request.match_info["page"] != PAGE:
            return self.error("not_found", "Page not found", 404)
        return None

    def error(self, code: str, message: str, status: int) -> web.Response:
        return web.json_response({"error": {"code": code, "message": message}}, status=status)

    def wrong(self, given: dict[str, Any]) -> str:
        if unknown := set(given) - self.INCIDENT:
            return f"unknown: {unknown}"
        if given.get("status") not in self.PHASES or not given.get("message"):
            return "status or message is invalid"
        named = {one["id"]: one["status"] for one in given["statuses"]}
        bad = [id_ for id_, s in named.items() if id_ not in self.components or s not in self.STATUSES]
        return f"components are invalid: {bad}" if bad or set(named) != set(given["components"]) else ""

    def shown(self, one: dict[str, Any]) -> dict[str, Any]:
        told = {"started": "2026-11-23T12:00:00.000Z", "status": "INVESTIGATING"}
        return {**one, "updates": [{"id": f"u{n}", "message": text, **told} for n, text in enumerate(one["texts"])]}

    async def edit(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = await request.json()
        if set(given) - {"message", "started", "status", "notify", "components", "statuses"} or "started" not in given:
            return self.error("bad_request", "started is missing, or something is unknown", 422)
        number = request.match_info["update"]
        self.notified += [given["message"]] if given.get("notify", True) else []
        self.incidents[request.match_info["id"]]["texts"][int(number.removeprefix("u"))] = given["message"]
        return await self.answered(request, {"id": number, "message": given["message"]})

    async def listed(self, request: web.Request) -> web.Response:
        every = [self.shown(one) for one in reversed(self.incidents.values())]
        return self.refusal(request) or await self.answered(request, every)

    async def get(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        if request.match_info["id"] not in self.incidents:
            return self.error("not_found", "Incident not found", 404)
        return await self.answered(request, self.shown(self.incidents[request.match_info["id"]]))

    async def create(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = await request.json()
        if not given.get("name") or (wrong := self.wrong(given)):
            return self.error("bad_request", wrong if given.get("name") else "name is missing", 422)
        made = {"id": f"inc{len(self.incidents) + 1}", "name": given["name"], "texts": []}
        self.incidents[made["id"]] = made
        return await self.answered(request, self.take(made, given))

    async def update(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = await request.json()
        if wrong := self.wrong(given):
            return self.error("bad_request", wrong, 422)
        return await self.answered(request, self.take(self.incidents[request.match_info["id"]], given))

    def take(self, made: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        made["status"] = given["status"].lower()
        made["texts"].append(given["message"])
        self.components |= {one["id"]: one["status"] for one in given["statuses"]}
        return self.shown(made)

    async def get_component(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        if id_ not in self.components:
            return self.refusal(request) or self.error("not_found", "Component not found", 404)
        return self.refusal(request) or await self.answered(request, {"id": id_, "status": self.components[id_]})

    async def set_component(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        status = (await request.json())["status"]
        if status not in self.STATUSES:
            return self.error("bad_request", "status is invalid", 422)
        self.components[request.match_info["id"]] = status
        return await self.answered(request, {"id": request.match_info["id"], "status": status})


class Cachet(StatusPage):
    """`/api/…` of version 3: bearer token, JSON:API documents, numbers for statuses, readings without a token."""

    INCIDENT = frozenset({"name", "message", "status", "visible", "notifications", "occurred_at"})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/incidents", self.listed),
            web.post("/api/incidents", self.create),
            web.get("/api/incidents/{id}", self.get),
            web.get("/api/incidents/{id}/updates", self.list_updates),
            web.post("/api/incidents/{id}/updates", self.update),
            web.put("/api/incidents/{id}", self.edit),
            web.put("/api/incidents/{id}/updates/{update}", self.edit),
            web.get("/api/components/{id}", self.get_component),
            web.put("/api/components/{id}", self.set_component),
        ]

    def refusal(self, request: web.Request) -> web.Response | None:
        if due := self.due:
            return due
        if request.method != "GET" and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Unauthenticated."}, status=401)
        if (id_ := request.match_info.get("id", "")) and id_ not in {*self.incidents, *self.components}:
            return web.json_response({"message": "No query results for model."}, status=404)
        return None

    def document(self, one: dict[str, Any]) -> dict[str, Any]:
        status = {"human": "", "value": one["status"]}
        attributes = {"id": one["id"], "name": one["name"], "message": one["texts"][0], "status": status}
        return {"id": str(one["id"]), "type": "incidents", "attributes": attributes}

    async def listed(self, request: web.Request) -> web.Response:
        size = int(request.query.get("per_page", "15"))
        newest = sorted(self.incidents.values(), key=lambda one: -int(one["id"]))
        assert request.query.get("sort") == "-id"
        return self.refusal(request) or await self.answered(
            request, {"data": [self.document(one) for one in newest[:size]]}
        )

    async def get(self, request: web.Request) -> web.Response:
        return self.refusal(request) or await self.answered(
            request, {"data": self.document(self.incidents[request.match_info["id"]])}
        )

    async def create(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = await request.json()
        if set(given) - self.INCIDENT or not given.get("name") or given.get("status") not in {1, 2, 3, 4}:
            return web.json_response({"message": "The status field is required.", "errors": {}}, status=422)
        id_ = str(len(self.incidents) + 101)
        self.incidents[id_] = {
            "id": int(id_), "name": given["name"], "texts": [given["message"]], "status": given["status"],
        }  # fmt: skip
        return await self.answered(request, {"data": self.document(self.incidents[id_])}, 201)

    async def list_updates(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        texts = self.incidents[request.match_info["id"]]["texts"][1:]
        found = [
            {"id": str(n), "type": "updates", "attributes": {"message": text, "status": {"human": "", "value": 2}}}
            for n, text in enumerate(texts)
        ]
        assert request.query.get("sort") == "-created_at"
        return await self.answered(request, {"data": found[::-1]})

    async def update(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given = await request.json()
        if set(given) != {"status", "message"} or given["status"] not in {1, 2, 3, 4}:
            return web.json_response({"message": "The status field is required.", "errors": {}}, status=422)
        one = self.incidents[request.match_info["id"]]
        one["texts"].append(given["message"])
        one["status"] = given["status"]
        return await self.answered(request, {"data": {"id": "1", "type": "updates"}}, 201)

    async def edit(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        given, update = await request.json(), request.match_info.get("update")
        if set(given) - (self.INCIDENT if update is None else {"status", "message"}):
            return web.json_response({"message": "The field is unknown.", "errors": {}}, status=422)
        texts = self.incidents[request.match_info["id"]]["texts"]
        texts[0 if update is None else int(update) + 1] = given["message"]
        return await self.answered(request, {"data": {"id": update or "1", "type": "updates"}})

    async def get_component(self, request: web.Request) -> web.Response:
        return self.refusal(request) or await self.answered(request, self.component(request.match_info["id"]))

    async def set_component(self, request: web.Request) -> web.Response:
        if refusal := self.refusal(request):
            return refusal
        status = (await request.json())["status"]
        if status not in range(1, 6):
            return web.json_response({"message": "The selected status is invalid.", "errors": {}}, status=422)
        self.components[request.match_info["id"]] = status
        return await self.answered(request, self.component(request.match_info["id"]))

    def component(self, id_: str) -> dict[str, Any]:
        status = {"human": "", "value": self.components[id_]}
        return {"data": {"id": id_, "type": "components", "attributes": {"id": int(id_), "status": status}}}


@asynccontextmanager
async def serving(kind: type[Statuspage | Instatus | Cachet]) -> AsyncIterator[Statuspage | Instatus | Cachet]:
    """A page of that kind, on a free port, until the end of the block."""
    made = kind()
    application = web.Application()
    application.add_routes(made.routes())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
