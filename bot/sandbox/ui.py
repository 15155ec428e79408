"""The page and its live connection. Only this machine's own browser may use them, and only from the page itself."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox import deeds, pictures
from bot.sandbox.people import Impossible
from bot.sandbox.shapes import mimetype
from bot.sandbox.state import File, Json
from bot.sandbox.workspace import Workspace

PAGE = Path(__file__).parent / "page"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another page could send: a foreign Host (DNS rebinding), a foreign Origin, a cross-site fetch."""
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    if host not in LOOPBACK:
        raise web.HTTPForbidden(text="The sandbox answers on loopback alone: open it as http://127.0.0.1.")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.headers['Host']}":
        raise web.HTTPForbidden(text="Another page may not drive the sandbox.")
    if request.path.startswith("/ui/") and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise web.HTTPForbidden(text="Another page may not drive the sandbox.")
    return await handler(request)


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Headers that keep a browser from doing more than showing the page."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cache-Control", "no-cache")


def add_routes(app: web.Application, workspace: Workspace) -> None:
    """Route the page, its files, its websocket and its deeds."""

    async def live(request: web.Request) -> web.StreamResponse:
        return await websocket(request, workspace)

    async def deed(request: web.Request) -> web.StreamResponse:
        return await perform(request, workspace)

    async def download(request: web.Request) -> web.StreamResponse:
        return file_response(workspace, request.match_info["file"])

    async def index(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    app[SOCKETS] = set()
    app.on_shutdown.append(hang_up)
    app.on_response_prepare.append(harden)
    app.router.add_get("/", index)
    app.router.add_get("/archives/{channel}/{ts}", index)
    app.router.add_static("/page/", PAGE)
    app.router.add_get("/ui/ws", live)
    app.router.add_get("/ui/files/{file}", download)
    app.router.add_post("/ui/{deed}", deed)


async def perform(request: web.Request, workspace: Workspace) -> web.StreamResponse:
    """``POST /ui/{deed}``: do something in a person's name."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="The page speaks JSON.")
    run = deeds.DEEDS.get(request.match_info["deed"])
    if run is None:
        raise web.HTTPNotFound(text="The page has no such deed.")
    try:
        body = await request.json()
        result = await run(workspace, body)
    except Impossible as impossible:
        return web.json_response({"ok": False, "problem": str(impossible)}, status=400)
    except (KeyError, TypeError, ValueError) as wrong:
        return web.json_response({"ok": False, "problem": f"The request is malformed: {wrong}."}, status=400)
    return web.json_response({"ok": True, **result})


def file_response(workspace: Workspace, file_id: str) -> web.Response:
    """Give the bytes of a file: pictures and text to look at, all else to save; never as a page that could run."""
    found: File | None = workspace.state.files.get(file_id)
    if found is None or found.content is None:
        raise web.HTTPNotFound(text="There is no such file.")
    kind = mimetype(found.name)
    if kind in SAFE_PICTURES:
        return web.Response(body=found.content, content_type=kind)
    if kind.startswith("text/") or kind == "application/json":
        return web.Response(body=found.content, content_type="text/plain", charset="utf-8")
    headers = {"Content-Disposition": "attachment"}
    return web.Response(body=found.content, content_type="application/octet-stream", headers=headers)


async def websocket(request: web.Request, workspace: Workspace) -> web.StreamResponse:
    """``GET /ui/ws?user=U…``: the whole picture first, then every change that the person can see."""
    viewer = request.query.get("user", "")
    if viewer not in {user.id for user in workspace.state.people()}:
        raise web.HTTPBadRequest(text="There is no such person.")
    socket = web.WebSocketResponse(heartbeat=20.0)
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    changes: asyncio.Queue[Json] = asyncio.Queue()
    workspace.state.watchers.append(changes.put_nowait)
    sender = asyncio.create_task(send_changes(socket, workspace, viewer, changes))
    try:
        async for _frame in socket:
            pass
    finally:
        request.app[SOCKETS].discard(socket)
        workspace.state.watchers.remove(changes.put_nowait)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await sender
    return socket


async def hang_up(app: web.Application) -> None:
    """Close the pages' connections when the workspace ends: it would wait for them else."""
    sockets = app[SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=1001)


async def send_changes(
    socket: web.WebSocketResponse, workspace: Workspace, viewer: str, changes: "asyncio.Queue[Json]"
) -> None:
    """Send the snapshot, then changes as they come."""
    await socket.send_str(encode(pictures.snapshot(workspace, viewer)))
    while True:
        change = await changes.get()
        shown = pictures.change(workspace, viewer, change)
        if shown is not None:
            await socket.send_str(encode(shown))


def encode(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"))
