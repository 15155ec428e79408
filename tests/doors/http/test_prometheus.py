"""Prometheus and amtool, as Debian ships them, against a running bot."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot import app as bot_app
from bot.app import App
from bot.config.settings import Settings
from bot.telemetry import Telemetry
from handlers.http import road
from handlers.http.app import application
from handlers.measured import measured
from storage.records.alerts import Alert, AlertState
from storage.tables import alerts, silences
from tests.servers.prometheus import amtool, prometheus

pytestmark = pytest.mark.server
TOKEN = "a-token-of-the-tests"


@asynccontextmanager
async def served(application_: web.Application) -> AsyncIterator[str]:
    """The application on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        async with road.served(application_, door, grace=1.0):
            yield f"127.0.0.1:{door.getsockname()[1]}"


async def until(holds: Callable[[], Awaitable[Any]], what: str, seconds: float = 40) -> Any:
    """Ask until the answer is true, and give it."""
    for _ in range(int(seconds / 0.1)):
        if found := await holds():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for {what}")


@dataclass
class Running:
    """A bot that runs with its door, and amtool beside it."""

    app: App
    address: str
    tool: list[str] = field(default_factory=list)

    async def alert(self, number: int = 1) -> Alert | None:
        async with self.app.ports.store.read() as conn:
            return await alerts.get(conn, number)

    async def in_state(self, state: AlertState) -> Alert | None:
        found = await self.alert()
        return found if found and found.state is state else None

    async def amtool(self, *words: str, code: int = 0) -> str:
        """What amtool prints; it must end with `code`."""
        argv = [*self.tool, *words]
        process = await asyncio.create_subprocess_exec(
            *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == code, err.decode()
        return (out if code == 0 else err).decode().strip()

    async def shown(self, *words: str) -> list[dict[str, Any]]:
        """What amtool prints as JSON."""
        return list(json.loads(await self.amtool("--output=json", *words)))


@pytest.fixture
async def running(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    settings = Settings(database_url=sqlite_url, manage_token=SecretStr(TOKEN))
    client = tmp_path / "client.json"
    client.write_text(json.dumps({"authorization": {"type": "Bearer", "credentials": TOKEN}}))
    async with (
        bot_app.running(settings) as app,
        served(application(measured(app, Telemetry("1.2.3")))) as address,
    ):
        tool = [amtool(), f"--alertmanager.url=http://{address}", f"--http.config.file={client}"]
        yield Running(app, address, tool)


async def test_prometheus_fires_a_rule_into_the_bot_and_resolves_it(running: Running, tmp_path: Path) -> None:
    waiting = {"orders": 250}

    async def scraped(_request: web.Request) -> web.Response:
        return web.Response(text=f"queue_length {waiting['orders']}\n")

    target = web.Application()
    target.router.add_get("/metrics", scraped)
    async with TestServer(target) as metrics:
        scrape = f"{metrics.host}:{metrics.port}"
        with prometheus(tmp_path, bot=running.address, token=TOKEN, scraped=scrape):
            fired = await until(lambda: running.in_state(AlertState.FIRING), "the alert to fire")
            assert (fired.rule, fired.severity, fired.summary) == ("QueueTooLong", "critical", "250 orders wait")
            assert fired.labels == {"service": "orders"}
            waiting["orders"] = 3
            over = await until(lambda: running.in_state(AlertState.RESOLVED), "the alert to be resolved")
            assert over.id == fired.id


async def test_amtool_adds_and_queries_alerts(running: Running) -> None:
    await running.amtool("alert", "add", "HighLoad", "node=one", "severity=critical", "--annotation=summary=busy")
    await running.amtool("alert", "add", "HighLoad", "node=two")
    assert [a["labels"]["node"] for a in await running.shown("alert", "query", "node=~o.*")] == ["one"]
    assert len(await running.shown("alert", "query", "HighLoad")) == 2
    assert await running.shown("alert", "query", "node!=one", "node!=two") == []
    assert "busy" in await running.amtool("alert", "query")


async def test_amtool_silences_an_alert_changes_the_silence_and_expires_it(running: Running) -> None:
    await running.amtool("alert", "add", "HighLoad", "node=one")
    await until(lambda: running.in_state(AlertState.FIRING), "the alert to fire")
    silence = await running.amtool("silence", "add", "--author=root", "--comment=repair", "--duration=1h", "node=~o.*")
    await until(lambda: running.in_state(AlertState.SILENCED), "the alert to be silenced")
    muted = await running.shown("alert", "query", "--silenced")
    assert [a["status"]["silencedBy"] for a in muted] == [[silence]]
    assert await running.shown("alert", "query") == []

    assert silence in await running.amtool("silence", "update", "--duration=3h", "--comment=longer", silence)
    assert [s["comment"] for s in await running.shown("silence", "query", "node=~o.*")] == ["longer"]
    async with running.app.ports.store.read() as conn:
        kept = await silences.by_uuid(conn, silence)
    assert kept is not None
    assert kept.id == 1

    await running.amtool("silence", "expire", silence)
    assert await running.shown("silence", "query") == []
    assert [s["id"] for s in await running.shown("silence", "query", "--expired")] == [silence]
    await until(lambda: running.in_state(AlertState.FIRING), "the alert to be told again")


async def test_amtool_is_told_why_a_silence_is_refused(running: Running) -> None:
    said = await running.amtool("silence", "add", "--author=root", "--comment=all", "a=~.*", code=1)
    assert "must not match the empty string" in said


async def test_amtool_takes_the_short_number_of_a_silence(running: Running) -> None:
    await running.amtool("silence", "add", "--author=root", "--comment=x", "a=b")
    await running.amtool("silence", "expire", "1")
    assert await running.shown("silence", "query") == []


async def test_amtool_shows_configuration_and_cluster(running: Running) -> None:
    assert "receiver: default" in await running.amtool("config", "show")
    assert "default-route" in await running.amtool("config", "routes", "show")
    assert "disabled" in await running.amtool("cluster", "show")
