"""The paths of the Alertmanager v2 API.

Paths, parameters and answers follow https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from bot.alerts import posted
from handlers.http.alertmanager import given, quiet, standing
from handlers.http.alertmanager.answers import Refused, json_body, refused, said, too_large
from handlers.http.alertmanager.taking import PREFIX, Taking
from handlers.http.problems import later, problem
from handlers.measured import Measured

LARGEST = 5_000_000
"""Bytes of one batch of alerts; Prometheus sends some hundred kilobytes at most."""
OPEN_PATHS = ("/-/healthy", "/-/ready")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(app: Measured, ready: Handler, taking: Taking) -> list[web.RouteDef]:
    """All of them; `ready` answers whether the bot can serve, `taking` takes what is posted."""
    ports, since = app.ports, app.ports.now()

    async def take(request: web.Request) -> web.StreamResponse:
        return await _take(request, taking)

    async def alerts(request: web.Request) -> web.StreamResponse:
        return await _streamed(request, given.alerts(ports, given.asked(request)))

    async def groups(request: web.Request) -> web.StreamResponse:
        return await _streamed(request, given.groups(ports, given.asked(request)))

    async def status(_request: web.Request) -> web.Response:
        return said(standing.status(ports.manage, app.telemetry.version, since))

    async def receivers(_request: web.Request) -> web.Response:
        return said(standing.receivers(ports.manage))

    def quiet_(handle: Callable[..., Awaitable[web.Response]]) -> Handler:
        async def run(request: web.Request) -> web.StreamResponse:
            return await handle(request, ports)

        return run

    paths: list[tuple[str, str, Handler]] = [
        ("POST", "/alerts", take),
        ("GET", "/alerts", alerts),
        ("GET", "/alerts/groups", groups),
        ("GET", "/silences", quiet_(quiet.listed)),
        ("POST", "/silences", quiet_(quiet.put)),
        ("GET", "/silence/{id}", quiet_(quiet.one)),
        ("DELETE", "/silence/{id}", quiet_(quiet.expire)),
        ("GET", "/status", status),
        ("GET", "/receivers", receivers),
    ]
    return [
        *(web.route(method, PREFIX + path, _told(handle)) for method, path, handle in paths),
        web.route("*", "/api/v1/{rest:.*}", _gone),
        web.get("/-/healthy", _healthy),
        web.get("/-/ready", ready),
    ]


async def _take(request: web.Request, taking: Taking) -> web.StreamResponse:
    """`POST /api/v2/alerts`: 200 once all are on disk. 400 names those that are wrong, the others are taken."""
    held = min(request.content_length or LARGEST, LARGEST)
    if not taking.hold(held):
        return later("too many alerts are being written", "Nothing of this batch was taken. Send it again.")
    try:
        wrong = await taking.take_good(await json_body(request, LARGEST))
        if wrong:
            raise Refused(posted.told(wrong))
        return web.Response()
    except web.HTTPRequestEntityTooLarge:
        return too_large(LARGEST)
    finally:
        taking.hold(-held)


async def _streamed(request: web.Request, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """The pieces as one JSON answer. The first is made before the head is sent, so that what fails can still say so."""
    first = await anext(pieces)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(first)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


def _told(handle: Handler) -> Handler:
    async def run(request: web.Request) -> web.StreamResponse:
        try:
            return await handle(request)
        except Refused as error:
            return refused(error)

    return run


async def _gone(_request: web.Request) -> web.Response:
    return problem(
        410,
        "version 1 of the Alertmanager API is gone",
        "Use /api/v2/; in Prometheus set api_version: v2 (its default).",
    )


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="OK")
