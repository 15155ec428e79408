"""`POST /api/metrics`: values that others measured."""

import asyncio

from aiohttp import web

from bot.app import App
from bot.config.known_metrics import pushable
from bot.metrics import pushed, service
from bot.ports import Refusal
from handlers.http.inbound.json_body import parsed
from handlers.http.problems import later, problem

PATH = "/api/metrics"
AT_ONCE = 64
"""Requests that are being written at a time; beyond that, senders are asked to wait."""


def routes(app: App) -> list[web.RouteDef]:
    """The route of the door."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def push(request: web.Request) -> web.Response:
        try:
            return await _push(request, app, turns)
        except Refusal as refused:
            return problem(refused.status, str(refused), refused.hint)

    return [web.post(PATH, push)]


async def _push(request: web.Request, app: App, turns: asyncio.Semaphore) -> web.Response:
    """Take the values: 200 when they are on disk; 4xx, and nothing is kept, when one of them is wrong."""
    if request.content_type != "application/json":
        found = request.headers.get("Content-Type", "no Content-Type")[:100]
        said = f"the body must be JSON, not {found}"
        raise Refusal(said, "Send the header: Content-Type: application/json", status=415)
    ports = app.ports
    given = pushed.read(parsed(await request.read()), pushable(ports.manage.metrics), ports.now())
    if turns.locked():
        return busy()
    async with turns:
        await service.take(ports, given)
    return web.json_response({"samples": len(given)})


def busy() -> web.Response:
    """503: more is being sent than the database takes."""
    return later("too much is being written at once", "Nothing was kept of this request; send it again in a moment.")
