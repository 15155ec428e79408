"""The HTTP door: one aiohttp application for commands, probes, metrics and what Slack sends."""

from collections.abc import Iterable

from aiohttp import web

from handlers.http import auth, commands, probes, problems
from handlers.measured import Measured

OPEN_PATHS = ("/healthz", "/readyz", "/slack/events")
"""Paths without a token: probes tell nothing that is worth one, Slack signs its requests."""


def application(app: Measured, more: Iterable[web.RouteDef] = ()) -> web.Application:
    """The routes of the door, `more` beside them, behind token and error messages."""

    async def command(request: web.Request) -> web.Response:
        return await commands.run(request, app)

    async def ready(request: web.Request) -> web.Response:
        return await probes.ready(request, app)

    async def metrics(request: web.Request) -> web.Response:
        return await probes.metrics(request, app)

    routes = [
        web.post("/api/commands", command),
        web.get("/healthz", probes.alive),
        web.get("/readyz", ready),
        web.get("/metrics", metrics),
        *more,
    ]
    known = [f"{route.method} {route.path}" for route in routes]
    door = web.Application(
        client_max_size=problems.LARGEST_BODY,
        middlewares=[problems.told(known), auth.admitted(app.ports.settings.manage_token, OPEN_PATHS)],
    )
    door.add_routes(routes)
    door.on_response_prepare.append(_headed)
    return door


async def _headed(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "do-manage"  # without the versions that aiohttp tells
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
