"""The HTTP door: one aiohttp application for commands, probes, metrics and what Slack sends."""

from collections.abc import Iterable

from aiohttp import web

from bot.channels.email import LINK_PATH
from handlers.http import (
    alertmanager,
    auth,
    calendars,
    commands,
    heartbeats,
    mail,
    metrics_in,
    otlp,
    probes,
    problems,
    road,
    status,
    twilio,
    webhooks,
)
from handlers.measured import Measured

OPEN_PATHS = (
    "/healthz",
    "/readyz",
    "/slack/events",
    *twilio.PATHS,
    LINK_PATH,
    *alertmanager.OPEN_PATHS,
    *calendars.PATHS,
    *status.PATHS,
)
"""Paths without a token: probes tell nothing that is worth one, the status page what everybody may know; Slack and
Twilio sign their requests, we our links."""


def application(app: Measured, more: Iterable[web.RouteDef] = ()) -> web.Application:
    """The routes of the door, `more` beside them, behind token and error messages."""

    async def command(request: web.Request) -> web.Response:
        return await commands.run(request, app)

    async def ready(request: web.Request) -> web.Response:
        return await probes.ready(request, app)

    async def metrics(request: web.Request) -> web.Response:
        return await probes.metrics(request, app)

    async def beat(request: web.Request) -> web.Response:
        return await heartbeats.beat(request, app)

    taking = alertmanager.Taking(app)
    hooks = webhooks.routes(app, webhooks.formats())
    routes = [
        web.post("/api/commands", command),
        web.get("/healthz", probes.alive),
        web.get("/readyz", ready),
        web.get("/metrics", metrics),
        web.post(heartbeats.PATH, beat),
        web.get(heartbeats.PATH, beat, allow_head=False),
        *alertmanager.routes(app, ready, taking),
        *hooks,
        *mail.routes(app),
        *calendars.routes(app),
        *metrics_in.routes(app),
        *otlp.routes(app),
        *twilio.routes(app),
        *status.routes(app),
        *more,
    ]
    known = [f"{route.method} {route.path}" for route in routes if route.method != "*"]
    open_paths = (*OPEN_PATHS, *(hook.path for hook in hooks))  # each checks signature or token by itself
    door = web.Application(
        client_max_size=problems.LARGEST_BODY,
        middlewares=[problems.told(known), auth.admitted(app.ports.settings.manage_token, open_paths)],
    )
    door.add_routes(routes)
    door.on_response_prepare.append(_headed)
    door[road.KEY] = road.Road(taking, auth.plainly_admitted(app.ports.settings.manage_token))
    return door


async def _headed(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = road.HEADERS["Server"]
    for name, value in road.HEADERS.items():
        response.headers.setdefault(name, value)
