"""Issue trackers for tests: GitLab and Jira as strict doubles on loopback, and faults in front of any of them.

GitLab: docs.gitlab.com/api/issues and /api/rest (PRIVATE-TOKEN, path of the project in one segment, 400 with a message
by field). Jira Cloud: developer.atlassian.com/cloud/jira/platform/rest/v3 (basic authentication, texts as Atlassian
documents, JQL at /search/jql that gives no fields unless asked, errors by field).
"""

import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
from aiohttp import web

TOKEN, EMAIL = "token-of-the-tests-9f3c", "bot@example.com"
PROJECT, KEY = "example/shop", "OPS"


@dataclass
class Faulty(httpx.AsyncBaseTransport):
    """Passes requests on, but for the faults that were planned, in their order; `token` alone is let through.

    `fail` answers in the tracker's place, `cut` passes the next POST of an issue on and loses the answer.
    """

    token: str
    unauthorized: Any
    inner: httpx.AsyncHTTPTransport = field(default_factory=httpx.AsyncHTTPTransport)
    planned: list[httpx.Response] = field(default_factory=list)
    cuts: int = 0
    writes: int = 0

    def fail(self, status: int, body: Any = None, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.planned.append(httpx.Response(status, json={} if body is None else body, headers=named))

    def cut(self) -> None:
        """Lose the answer to the next issue that is opened."""
        self.cuts += 1

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.planned:
            return self.planned.pop(0)
        if not self._known(request):
            return httpx.Response(401, json=self.unauthorized)
        answer = await self.inner.handle_async_request(request)
        if self._opens(request):
            self.writes += 1
            if self.cuts:
                self.cuts -= 1
                await answer.aclose()
                raise httpx.ReadError("the connection was lost", request=request)
        return answer

    async def aclose(self) -> None:
        await self.inner.aclose()

    def _known(self, request: httpx.Request) -> bool:
        basic = base64.b64encode(f"{EMAIL}:{self.token}".encode()).decode()
        given = {request.headers.get("authorization"), request.headers.get("private-token")}
        return bool({f"Bearer {self.token}", f"Basic {basic}", self.token} & given)

    def _opens(self, request: httpx.Request) -> bool:
        path = request.url.path
        opens = path.endswith(("/issues", "/issue")) or (
            path.endswith("/graphql") and b"issueCreate(" in request.content
        )
        return request.method == "POST" and opens


@dataclass
class Gitlab:
    """GitLab's issues of one project."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v4/projects/{project}/issues", self.listed),
            web.get("/api/v4/projects/{project}/issues/{iid}", self.one),
            web.post("/api/v4/projects/{project}/issues", self.create),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        if (gone := self._refusal(request)) is not None:
            return gone
        allowed = {"search", "in", "scope", "state", "per_page", "page", "order_by", "sort"}
        if wrong := set(request.query) - allowed:
            return web.json_response({"error": f"{', '.join(sorted(wrong))} is invalid"}, status=400)
        if request.query.get("scope") != "all" or request.query.get("in") != "description":
            return web.json_response([])
        word = request.query["search"]
        return web.json_response([one for one in self.issues if word in one["description"]][:20])

    async def one(self, request: web.Request) -> web.Response:
        if (gone := self._refusal(request)) is not None:
            return gone
        number = request.match_info["iid"]
        found = next((one for one in self.issues if str(one["iid"]) == number), None)
        if found is None:
            return web.json_response({"message": "404 Not found"}, status=404)
        return web.json_response({"closed_at": None, "moved_to_id": None, **found})

    def close(self, reference: str, how: str) -> None:
        """As people do: "done", or "moved" into another project, which closes the one that stays behind."""
        issue = next(one for one in self.issues if f"#{one['iid']}" == reference)
        moved = {"moved_to_id": 77} if how == "moved" else {}
        issue |= {"state": "closed", "closed_at": "2026-11-23T13:00:00.123Z", **moved}

    async def create(self, request: web.Request) -> web.Response:
        if (gone := self._refusal(request)) is not None:
            return gone
        given = await request.json()
        if not str(given.get("title") or "").strip():
            return web.json_response({"message": {"title": ["can't be blank"]}}, status=400)
        if len(given["title"]) > 255:
            return web.json_response({"message": {"title": ["is too long (maximum is 255 characters)"]}}, status=400)
        if not isinstance(given.get("labels", ""), str):
            return web.json_response({"error": "labels is invalid"}, status=400)
        date.fromisoformat(given.get("due_date", "2026-01-01"))
        assert not re.search(r"(?m)^/\w", given["description"]), "a quick action"
        number = len(self.issues) + 1
        made = {
            "id": 9000 + number,
            "iid": number,
            "title": given["title"],
            "description": given["description"],
            "labels": [label for label in given.get("labels", "").split(",") if label],
            "due_date": given.get("due_date"),
            "state": "opened",
            "web_url": f"{self.url}/{PROJECT}/-/issues/{number}",
        }
        self.issues.append(made)
        return web.json_response(made, status=201)

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("PRIVATE-TOKEN") != TOKEN:
            return web.json_response({"message": "401 Unauthorized"}, status=401)
        if request.match_info["project"] != PROJECT:
            return web.json_response({"message": "404 Project Not Found"}, status=404)
        return None


@dataclass
class Jira:
    """Jira's issues of one project; `off_screen` are fields that its screen does not have."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    off_screen: set[str] = field(default_factory=set)
    url: str = ""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/rest/api/3/issue", self.create),
            web.get("/rest/api/3/issue/{key}", self.one),
            web.post("/rest/api/3/search/jql", self.search),
        ]

    async def one(self, request: web.Request) -> web.Response:
        if (gone := self._refusal(request)) is not None:
            return gone
        found = next((one for one in self.issues if one["key"] == request.match_info["key"]), None)
        if found is None:
            said = "Issue does not exist or you do not have permission to see it."
            return web.json_response({"errorMessages": [said], "errors": {}}, status=404)
        todo = {"name": "To Do", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}}
        state = {"status": todo, "resolution": None, "statuscategorychangedate": "2026-11-23T12:00:00.000+0000"}
        asked = request.query["fields"].split(",")
        fields = {name: value for name, value in (state | found).items() if name in asked}
        return web.json_response({"id": "10001", "key": found["key"], "fields": fields})

    def close(self, reference: str, how: str) -> None:
        """As people do: "done", or "put aside"."""
        issue = next(one for one in self.issues if one["key"] == reference)
        state = {"name": "Closed", "statusCategory": {"id": 3, "key": "done", "name": "Done"}}
        resolution = {"name": "Done" if how == "done" else "Won't Do"}
        at = "2026-11-23T14:00:00.000+0100"
        issue |= {"status": state, "resolution": resolution, "statuscategorychangedate": at}

    async def create(self, request: web.Request) -> web.Response:
        if (gone := self._refusal(request)) is not None:
            return gone
        fields = (await request.json())["fields"]
        if wrong := self._wrong(fields):
            return web.json_response({"errorMessages": [], "errors": wrong}, status=400)
        key = f"{KEY}-{len(self.issues) + 1}"
        self.issues.append({"key": key, **fields})
        made = {"id": str(10_000 + len(self.issues)), "key": key, "self": f"{self.url}/rest/api/3/issue/{key}"}
        return web.json_response(made, status=201)

    async def search(self, request: web.Request) -> web.Response:
        if (gone := self._refusal(request)) is not None:
            return gone
        asked = await request.json()
        found = re.fullmatch(r'project = "(\w+)" AND description ~ "([A-Za-z0-9]+)"', asked["jql"])
        if found is None or set(asked) - {"jql", "fields", "maxResults", "nextPageToken"}:
            return web.json_response({"errorMessages": ["Error in the JQL Query"], "errors": {}}, status=400)
        if found[1] != KEY:
            said = f"The value '{found[1]}' does not exist for the field 'project'."
            return web.json_response({"errorMessages": [said], "errors": {}}, status=400)
        # without `fields` there is nothing but id and key
        ours = [one for one in self.issues if found[2] in json.dumps(one["description"])]
        shown = [
            {"key": one["key"], "fields": {name: one.get(name) for name in asked.get("fields", ())}} for one in ours
        ]
        return web.json_response({"issues": shown, "isLast": True})

    def _wrong(self, fields: dict[str, Any]) -> dict[str, str]:
        if fields["project"] != {"key": KEY}:
            return {"project": "valid project is required"}
        if fields["issuetype"] != {"name": "Task"}:
            return {"issuetype": "Specify a valid issue type"}
        if not fields["summary"].strip() or "\n" in fields["summary"] or len(fields["summary"]) > 255:
            return {"summary": "Summary must be one line of at most 255 characters."}
        if unknown := (set(fields) & self.off_screen) | (set(fields) - self._FIELDS):
            said = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
            return {name: said.format(name) for name in sorted(unknown)}
        if any(" " in label for label in fields["labels"]):
            return {"labels": "The label contains spaces which is invalid."}
        return (
            {}
            if _is_document(fields["description"])
            else {"description": "Operation value must be an Atlassian Document"}
        )

    _FIELDS = frozenset({"project", "issuetype", "summary", "description", "labels", "duedate"})

    def _refusal(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "")
        if given != f"Basic {base64.b64encode(f'{EMAIL}:{TOKEN}'.encode()).decode()}":
            return web.json_response({"errorMessages": ["You are not authenticated."]}, status=401)
        return None


def _is_document(given: Any) -> bool:
    """Whether it is an Atlassian document of paragraphs with texts, none of them empty."""
    if not isinstance(given, dict) or (given.get("type"), given.get("version")) != ("doc", 1):
        return False
    inner = [node for part in given["content"] for node in part["content"]]
    return all(part["type"] == "paragraph" for part in given["content"]) and all(
        node["type"] == "text" and node["text"] for node in inner
    )


@asynccontextmanager
async def serving(tracker: Any) -> AsyncIterator[Any]:
    """Serve it on loopback for the length of the block."""
    app = web.Application()
    app.add_routes(tracker.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    tracker.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield tracker
    finally:
        await runner.cleanup()
