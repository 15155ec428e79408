"""Git over HTTP with git's own `git http-backend`, which wants a password; it records what came in and can refuse."""

import asyncio
import base64
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

USER, TOKEN = "x-access-token", "ghp_thisIsOnlyATokenOfATest00000000000"


@dataclass
class GitHttp:
    """A running server: `folder` holds the bare repositories; `failing` is answered instead of anything else."""

    folder: Path
    url: str = ""
    failing: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)


@asynccontextmanager
async def git_http(folder: Path) -> AsyncIterator[GitHttp]:
    """Serve the repositories of a folder on loopback."""
    server = GitHttp(folder)

    async def answer(request: web.Request) -> web.StreamResponse:
        server.headers.append(dict(request.headers))
        if server.failing:
            return web.Response(status=server.failing, text="out of order")
        wanted = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        return await _backend(server, request)

    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as running:
        server.url = str(running.make_url("/")).rstrip("/")
        yield server


async def _backend(server: GitHttp, request: web.Request) -> web.Response:
    body = await request.read()
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(server.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query_string,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": USER,
    }
    ran = await asyncio.to_thread(
        subprocess.run, ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False
    )
    head, _, content = ran.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return web.Response(status=status, headers=headers, body=content)
