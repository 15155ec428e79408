"""`GET /status` and `GET /status.json`: the public status page, open to everybody."""

import asyncio
from datetime import timedelta

import structlog
from aiohttp import web

from bot.statuspage import page, service
from bot.statuspage.decide import Page
from handlers.http.problems import RETRY_AFTER
from handlers.measured import Measured
from storage.unit_of_work import StoreError

PATHS = ("/status", "/status.json")
REUSED = timedelta(seconds=5)
"""How long one reading serves all who ask: crowds come just when the database has trouble."""
_HEADERS = {"Cache-Control": "public, max-age=10"}
_HTML_HEADERS = {"Content-Security-Policy": page.POLICY, "Referrer-Policy": "no-referrer"}

_log = structlog.get_logger(__name__)


def routes(app: Measured) -> list[web.RouteDef]:
    """Both spellings of the page; they share one reading."""
    reading, kept = asyncio.Lock(), list[Page]()

    async def current() -> Page:
        async with reading:
            now = app.ports.now()
            if not kept or not kept[0].at <= now < kept[0].at + REUSED:
                kept[:] = [await service.overview(app.ports)]
            return kept[0]

    async def html(_request: web.Request) -> web.Response:
        try:
            text, status, headers = page.to_html(await current()), 200, _HEADERS
        except StoreError as lost:
            _log.error("store_lost", path=PATHS[0], error=str(lost))
            text, status = page.unavailable(app.ports.manage.statuspage.title), 503
            headers = {"Retry-After": str(RETRY_AFTER)}
        return web.Response(
            text=text, status=status, content_type="text/html", charset="utf-8", headers=headers | _HTML_HEADERS
        )

    async def json(_request: web.Request) -> web.Response:
        return web.json_response(page.to_json(await current()), headers=_HEADERS)

    return [web.get(PATHS[0], html), web.get(PATHS[1], json)]
