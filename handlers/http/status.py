"""`GET /status`, `/status.json` and `/status.atom`: the public status page, open to everybody."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from bot.ports import Ports
from bot.statuspage import decide, feed, page, service
from bot.statuspage.decide import Page
from bot.statuspage.style import policy
from bot.statuspage.uptime import Uptime
from handlers.http.problems import RETRY_AFTER
from handlers.measured import Measured
from storage.unit_of_work import StoreError

PATHS = ("/status", "/status.json", "/status.atom")
REUSED = timedelta(seconds=5)
"""How long one reading serves all who ask: crowds come just when the database has trouble."""
PAST_REUSED = timedelta(minutes=1)
"""How long one reading of the past serves: it is much to read, and hardly changes."""
MOST_KEPT = 10
"""Documents that are kept of one reading; the feed has one for each address at which it is asked for."""
_CACHED = {"Cache-Control": "public, max-age=10", "Vary": "Accept-Encoding"}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Document:
    """A document as it is sent; `tag` is its ETag, `packed` the same in fewer bytes."""

    body: bytes
    packed: bytes
    tag: str
    kind: str


@dataclass(frozen=True)
class Read:
    """What the page says as of its `at`, and what that became for each kind of reader and address."""

    page: Page
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)


class Reading:
    """Reads what the page says at most every few seconds; whoever asks meanwhile shares it, its failure as well.

    So while the database hangs, all who ask are told so at once, however many they are.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._writing = asyncio.Lock()
        self._going: asyncio.Task[Read] | None = None
        self._read: Read | None = None
        self._past: tuple[datetime, Mapping[str, Uptime]] | None = None

    async def document(self, kind: str, address: str, write: Callable[[Page], str]) -> Document:
        """The page as `write` has it; raises `StoreError`."""
        read = await self._latest()
        async with self._writing:
            made = read.documents.get((kind, address))
            if made is None:
                made = await asyncio.to_thread(lambda: _document(write(read.page), kind))
                if len(read.documents) >= MOST_KEPT:
                    del read.documents[next(iter(read.documents))]
                read.documents[kind, address] = made
            return made

    async def _latest(self) -> Read:
        now = self._ports.now()
        if self._read is not None and self._read.page.at <= now < self._read.page.at + REUSED:
            return self._read
        if self._going is None:
            self._going = asyncio.create_task(self._begin())
            self._going.add_done_callback(self._ended)
        return await asyncio.shield(self._going)  # who hangs up ends it for nobody else

    async def _begin(self) -> Read:
        now = self._ports.now()
        if self._past is None or not self._past[0] <= now < self._past[0] + PAST_REUSED:
            self._past = (now, await service.history(self._ports))
        self._read = Read(decide.with_history(await service.overview(self._ports), self._past[1]))
        return self._read

    def _ended(self, going: asyncio.Task[Read]) -> None:
        self._going = None
        if not going.cancelled():
            going.exception()  # it was told to those who asked


def routes(app: Measured) -> list[web.RouteDef]:
    """All spellings of the page; they share one reading."""
    ports = app.ports
    config = ports.manage.statuspage
    reading = Reading(ports)
    safe = {"Content-Security-Policy": policy(config.theme), "Referrer-Policy": "no-referrer"}

    async def html(request: web.Request) -> web.Response:
        try:
            made = await reading.document("text/html", "", lambda read: page.to_html(read, config.theme))
        except StoreError as lost:
            _log.error("store_lost", path=PATHS[0], error=str(lost))
            return web.Response(
                text=page.unavailable(config.title, config.theme),
                status=503,
                content_type="text/html",
                charset="utf-8",
                headers={"Retry-After": str(RETRY_AFTER), **safe},
            )
        return _answer(request, made, safe)

    async def as_json(request: web.Request) -> web.Response:
        made = await reading.document("application/json", "", lambda read: json.dumps(feed.to_json(read)))
        return _answer(request, made, {})

    async def atom(request: web.Request) -> web.Response:
        address = f"{ports.settings.public_url or f'{request.scheme}://{request.host}'}{PATHS[0]}"
        made = await reading.document("application/atom+xml", address, lambda read: feed.to_atom(read, address))
        return _answer(request, made, {})

    handlers: tuple[Callable[[web.Request], Awaitable[web.Response]], ...] = (html, as_json, atom)
    return [web.get(path, handler) for path, handler in zip(PATHS, handlers, strict=True)]


def _document(text: str, kind: str) -> Document:
    body = text.encode()
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return Document(body=body, packed=gzip.compress(body, 6, mtime=0), tag=tag, kind=kind)


def _answer(request: web.Request, made: Document, more: Mapping[str, str]) -> web.Response:
    """The document, packed where that is understood, or the word that the reader has it already."""
    # weak: packed and plain are the same to a reader
    headers = {**_CACHED, "ETag": f'W/"{made.tag}"', **more}
    if any(tag.value in {made.tag, "*"} for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    return web.Response(
        body=made.packed if packed else made.body,
        content_type=made.kind,
        charset="utf-8",
        headers={**headers, "Content-Encoding": "gzip"} if packed else headers,
    )
