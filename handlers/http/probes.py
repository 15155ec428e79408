"""Is it alive, is it ready, and its metrics: what an orchestrator and Prometheus ask."""

import math
import time
from typing import Any

import structlog
from aiohttp import web

from bot import telemetry
from bot.app import App
from handlers.http.problems import later
from handlers.measured import Measured
from storage.unit_of_work import StoreError

MOST_LAG = 30.0
"""Seconds that a due job may wait; beyond that the worker does not keep up, or does not run."""

_log = structlog.get_logger(__name__)


async def alive(_request: web.Request) -> web.Response:
    """`GET /healthz`: the process answers. Nothing else is asked, or an outage of others would restart the bot."""
    return web.json_response({"status": "alive"})


async def ready(_request: web.Request, app: App) -> web.Response:
    """`GET /readyz`: database, Slack connection and worker, each by itself; 503 names those that fail."""
    parts = {**await _store(app), **_slack(app)}
    failing = [name for name, part in parts.items() if not part["ok"]]
    if not failing:
        return web.json_response({"ready": True, **parts})
    hints = " ".join(str(parts[name].pop("hint")) for name in failing)
    return later(f"not ready: {', '.join(failing)}", hints, ready=False, **parts)


async def metrics(_request: web.Request, app: Measured) -> web.Response:
    """`GET /metrics`: Prometheus text. It answers without the database too, and says that it is away."""
    try:
        reading = await telemetry.read(app.ports)
    except StoreError as lost:
        _log.warning("metrics_without_store", error=str(lost))
        reading = None
    return web.Response(body=app.telemetry.exposition(reading), headers={"Content-Type": telemetry.CONTENT_TYPE})


async def _store(app: App) -> dict[str, dict[str, Any]]:
    began = time.perf_counter()
    try:
        lag = await app.worker.lag() if app.worker else math.inf
    except StoreError as lost:
        _log.warning("not_ready", part="database", error=str(lost))
        return {"database": {"ok": False, "hint": "The database cannot be reached; the bot's log says why."}}
    took = round((time.perf_counter() - began) * 1000, 1)
    worker: dict[str, Any] = {"ok": lag <= MOST_LAG, "lag_seconds": round(lag, 3)}
    if not worker["ok"]:
        worker["hint"] = f"The oldest job has waited for {lag:.0f} s; the `jobs` command shows the queue."
    return {"database": {"ok": True, "milliseconds": took}, "worker": worker}


def _slack(app: App) -> dict[str, dict[str, Any]]:
    if app.ports.chat is None:
        return {}
    if app.ports.chat.connected:
        return {"slack": {"ok": True}}
    return {"slack": {"ok": False, "hint": "The bot does not hear from Slack; it goes on trying to connect."}}
