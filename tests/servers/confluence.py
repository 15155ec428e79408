"""A small Confluence Cloud, as Atlassian documents its REST API v2 for spaces and pages.

From developer.atlassian.com/cloud/confluence/rest/v2: numbers are strings, a title is there once in a space, an update
names the next version and conflicts otherwise (409), wrong credentials are 401, what may not be seen is 404. It keeps
bodies as well-formed storage format alone, and words them anew as the editor does.
"""

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from aiohttp import web
from aiohttp.test_utils import TestServer

EMAIL, TOKEN = "ops@example.com", "ATATT3xFfGF0-only-a-test"


@dataclass
class Confluence:
    """A running site. `pages` by number; `failing` statuses are answered first; `overtaken` updates lose a race."""

    url: str = ""
    spaces: dict[str, str] = field(default_factory=lambda: {"OPS": "1001"})
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failing: list[int] = field(default_factory=list)
    overtaken: int = 0

    def written(self) -> list[str]:
        """The calls that changed something."""
        return [call for call in self.calls if not call.startswith("GET")]

    def by_hand(self, title: str, body: str) -> dict[str, Any]:
        """A page that a person wrote."""
        return self._keep({"spaceId": "1001", "title": title, "body": {"value": body}}, str(9000 + len(self.pages)))

    def _keep(self, given: dict[str, Any], number: str) -> dict[str, Any]:
        page = {
            "id": number,
            "status": "current",
            "title": given["title"],
            "spaceId": given["spaceId"],
            "parentId": given.get("parentId"),
            "version": {"number": 1, "message": ""},
            "stored": _reworded(given["body"]["value"]),
        }
        self.pages[number] = page
        return page


@asynccontextmanager
async def confluence() -> AsyncIterator[Confluence]:  # noqa: C901 - one for each path
    """Serve a site on loopback."""
    site = Confluence()

    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        site.calls.append(f"{request.method} {request.path}")
        if site.failing:
            return _error(site.failing.pop(0), "out of order")
        wanted = "Basic " + base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return _error(401, "Unauthorized")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def spaces(request: web.Request) -> web.Response:
        keys = request.query.get("keys", "").split(",")
        return web.json_response({"results": [{"id": i, "key": k} for k, i in site.spaces.items() if k in keys]})

    async def listed(request: web.Request) -> web.Response:
        asked = request.query
        found = [
            p
            for p in site.pages.values()
            if p["spaceId"] == asked["space-id"] and p["title"] == asked["title"] and p["status"] == asked["status"]
        ]
        return web.json_response({"results": [_shown(p, body="body-format" in asked) for p in found]})

    async def one(request: web.Request) -> web.Response:
        page = site.pages.get(request.match_info["id"])
        return (
            web.json_response(_shown(page, body="body-format" in request.query)) if page else _error(404, "Not Found")
        )

    async def create(request: web.Request) -> web.Response:
        given = await request.json()
        if wrong := _wrong(site, given, None):
            return wrong
        number = str(3000 + len(site.pages))
        return web.json_response(_shown(site._keep(given, number)))

    async def update(request: web.Request) -> web.Response:
        given, page = await request.json(), site.pages.get(request.match_info["id"])
        if page is None:
            return _error(404, "Not Found")
        if site.overtaken:
            site.overtaken -= 1
            page["version"] = {"number": page["version"]["number"] + 1, "message": "by hand"}
        if given["version"]["number"] != page["version"]["number"] + 1:
            return _error(409, "Version must be incremented when updating a page")
        if wrong := _wrong(site, given, page):
            return wrong
        page |= {"title": given["title"], "version": given["version"], "stored": _reworded(given["body"]["value"])}
        return web.json_response(_shown(page))

    app = web.Application(middlewares=[guard])
    app.router.add_get("/wiki/api/v2/spaces", spaces)
    app.router.add_get("/wiki/api/v2/pages", listed)
    app.router.add_get("/wiki/api/v2/pages/{id}", one)
    app.router.add_post("/wiki/api/v2/pages", create)
    app.router.add_put("/wiki/api/v2/pages/{id}", update)
    async with TestServer(app, host="127.0.0.1") as running:
        site.url = str(running.make_url("/")).rstrip("/")
        yield site


def _wrong(site: Confluence, given: dict[str, Any], page: dict[str, Any] | None) -> web.Response | None:
    """What Confluence would not take."""
    space = page["spaceId"] if page else given.get("spaceId")
    if space not in site.spaces.values():
        return _error(404, "Space not found")
    others = [p for p in site.pages.values() if p is not page and p["spaceId"] == space]
    if any(p["title"] == given["title"] for p in others):
        return _error(400, "A page with this title already exists: A page already exists with the same TITLE")
    if given["body"].get("representation") != "storage" or not 0 < len(given["title"]) <= 255:
        return _error(400, "Invalid request")
    try:
        ET.fromstring(f"<x>{given['body']['value']}</x>")
    except ET.ParseError as error:
        return _error(400, f"Error parsing xhtml: {error}")
    return None


def _reworded(body: str) -> str:
    """The body as the editor stores it: other white space, an id of its own in each paragraph."""
    return re.sub(r"\s*\n\s*", "", re.sub(r"<p>", '<p local-id="0">', body))


def _shown(page: dict[str, Any], *, body: bool = True) -> dict[str, Any]:
    told = {key: value for key, value in page.items() if key != "stored"}
    return told | ({"body": {"storage": {"representation": "storage", "value": page["stored"]}}} if body else {})


def _error(status: int, title: str) -> web.Response:
    said = {"errors": [{"status": status, "code": "X", "title": title, "detail": None}]}
    return web.json_response(said, status=status, headers={"Retry-After": "7"} if status == 429 else {})
