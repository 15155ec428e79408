"""Alerts as Prometheus sends them to a running bot, and what the bot says of them afterwards."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from bot.events import Event, event_of
from storage.tables import journal
from storage.unit_of_work import Store

QUIET: dict[str, Any] = {"health": {"every": "1h"}, "incidents": {"open_for": []}}
"""A bot of these sections does nothing by itself: what happens comes from the alerts that are sent."""
Client = aiohttp.ClientSession


def alert(rule: str, host: str) -> dict[str, Any]:
    """One firing alert; those of one rule are a group."""
    return {
        "labels": {"alertname": rule, "instance": host, "severity": "critical"},
        "annotations": {"summary": f"{rule} is broken"},
        "endsAt": "2099-01-01T00:00:00Z",
    }


def client(port: int, seconds: float = 20.0) -> Client:
    """A client of the bot's door on that port."""
    return Client(f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(total=seconds))


async def post(to: Client, alerts: list[dict[str, Any]]) -> int:
    """Send them; gives the status of the answer, 0 when there was none."""
    try:
        async with to.post("/api/v2/alerts", json=alerts) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0


async def shown(to: Client) -> list[tuple[str, str]]:
    """Rule and host of every open instance."""
    async with to.get("/api/v2/alerts") as answer:
        assert answer.status == 200, await answer.text()
        found = json.loads(await answer.read())
    return [(one["labels"]["alertname"], one["labels"]["instance"]) for one in found]


async def shown_once(
    to: Client, holds: Callable[[list[tuple[str, str]]], bool], within: float
) -> list[tuple[str, str]]:
    """The open instances, as soon as they are as wanted; else as they are when the time is over."""
    until = asyncio.get_running_loop().time() + within
    while not holds(found := await shown(to)) and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - over HTTP
        await asyncio.sleep(0.1)
    return found


async def facts(store: Store, *kinds: type[Event]) -> list[Any]:
    """What the journal holds of these kinds, oldest first."""
    found: list[Any] = []
    async with store.read() as conn:
        for kind in kinds:
            found += [event_of(entry.kind, entry.payload) for entry in await journal.of_kind(conn, kind.__name__)]
    return found


@dataclass
class Pager:
    """A webhook that stands for a phone. `rang` are moment, key (one for each page) and title of what came.

    `at_once` is called with the key of a page that did not come before.
    """

    url: str = ""
    at_once: Callable[[str], object] = str
    rang: list[tuple[datetime, str, str]] = field(default_factory=list)

    async def ring(self, request: web.Request) -> web.Response:
        """Take a page; that somebody has the alert, or that it is over, is none."""
        said = await request.json()
        if "state" in said:
            return web.Response()
        if said["key"] not in self.keys():
            self.at_once(said["key"])
        self.rang.append((datetime.now(UTC), said["key"], said["card"]["title"]))
        return web.Response()

    def keys(self) -> set[str]:
        """The pages that came, each once."""
        return {key for _, key, _ in self.rang}


@asynccontextmanager
async def pager() -> AsyncIterator[Pager]:
    """A pager on loopback."""
    made, app = Pager(), web.Application()
    app.router.add_post("/ring", made.ring)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ring"
        yield made
    finally:
        await runner.cleanup()


def paging(to: Pager, *after: str) -> dict[str, Any]:
    """Sections of manage.yml by which each alert rings the pager after these delays."""
    return {
        "notifications": {"pager": {"type": "webhook", "options": {"url": to.url}}},
        "escalation": {"default": [{"after": delay, "via": "pager", "notify": ["here"]} for delay in after]},
    }
