"""``serve``: the workspace as an aiohttp server on loopback."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from aiohttp import web

from bot.sandbox import api, responses, state, ui
from bot.sandbox.courier import Courier
from bot.sandbox.demo import Demo
from bot.sandbox.events import Events
from bot.sandbox.faults import Faults
from bot.sandbox.link import HttpLink, Link
from bot.sandbox.methods import files
from bot.sandbox.options import Options
from bot.sandbox.people import PeopledWorkspace
from bot.sandbox.rates import Rates
from bot.sandbox.socket_mode import SocketLink
from bot.sandbox.tickets import Tickets

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LARGEST_REQUEST = 20 * 1024 * 1024


@asynccontextmanager
async def serve(
    host: str = "127.0.0.1", port: int = 0, options: Options | None = None
) -> AsyncIterator[PeopledWorkspace]:
    """Run a workspace for the length of the block. Port 0 is any free port.

    Raises ``ValueError`` for a host beyond loopback and ``OSError`` when the port is taken.
    """
    if host not in LOOPBACK:
        raise ValueError(f"the sandbox workspace listens on loopback alone, not on {host!r}: use 127.0.0.1")
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        workspace = assemble(options or Options(), session)
        runner = web.AppRunner(application(workspace), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, host, port)
        await site.start()
        workspace.state.url = f"http://{'[::1]' if host == '::1' else host}:{bound_port(runner)}/"
        stack.push_async_callback(workspace.courier.close)
        if isinstance(workspace.courier.link, SocketLink):
            stack.push_async_callback(workspace.courier.link.close)
        if workspace.options.demo_port is not None:
            workspace.demo = Demo(host, workspace.options.demo_port, lambda reading: announce(workspace, reading))
            await workspace.demo.start()
            stack.push_async_callback(workspace.demo.stop)
        yield workspace


def announce(workspace: PeopledWorkspace, reading: state.Json) -> None:
    """Show the demo service's latest second on every page."""
    workspace.state.announce("demo", demo=reading)


def bound_port(runner: web.AppRunner) -> int:
    """Give the port that the system gave."""
    return int(runner.addresses[0][1])


def assemble(options: Options, session: aiohttp.ClientSession) -> PeopledWorkspace:
    """Put a fresh workspace together."""
    fresh = state.fresh(options.clock, options.bot_name)
    secret = options.signing_secret or secrets.token_hex(16)
    link: Link
    if options.request_url:
        link = HttpLink(options.request_url, secret, session, options.ack_within)
    else:
        link = SocketLink(options.ack_within, lambda: fresh.announce("app"))
    courier = Courier(link, options.retry_delays)
    courier.quiet.set()
    sockets = link if isinstance(link, SocketLink) else SocketLink(options.ack_within, lambda: None)
    return PeopledWorkspace(
        options=options,
        state=fresh,
        courier=courier,
        events=Events(options, fresh, courier),
        tickets=Tickets(options.clock, options.trigger_life, options.response_url_life),
        faults=Faults(sockets.drop, sockets.refresh, courier.repeat),
        rates=Rates(options.clock),
        bot_token=options.bot_token or f"xoxb-{secrets.token_urlsafe(24)}",
        app_token=options.app_token or f"xapp-{secrets.token_urlsafe(24)}",
        signing_secret=secret,
    )


def application(workspace: PeopledWorkspace) -> web.Application:
    """Route the Web API, Socket Mode, response URLs, uploads and the page."""
    app = web.Application(client_max_size=LARGEST_REQUEST, middlewares=[ui.same_origin])

    async def call(request: web.Request) -> web.StreamResponse:
        return await api.serve_call(request, workspace)

    async def link(request: web.Request) -> web.StreamResponse:
        if not isinstance(workspace.courier.link, SocketLink):
            raise web.HTTPNotFound
        return await workspace.courier.link.accept(request)

    async def respond(request: web.Request) -> web.StreamResponse:
        return await responses.serve_response(request, workspace)

    async def upload(request: web.Request) -> web.StreamResponse:
        return await files.serve_upload(request, workspace)

    async def download(request: web.Request) -> web.StreamResponse:
        return await files.serve_download(request, workspace)

    app.router.add_route("*", "/api/{method}", call)
    app.router.add_get("/link/", link)
    app.router.add_post("/response/{secret}", respond)
    app.router.add_post("/upload/{file}", upload)
    app.router.add_get("/files/{file}", download)
    ui.add_routes(app, workspace)
    return app
