"""A real Alertmanager tells the bot of an alert, and of its end."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.unit_of_work import Store
from tests.doors.http.conftest import Open
from tests.doors.http.inbound import TOKEN, Taken, listening
from tests.servers.alertmanager import alertmanager

PATIENCE = 20.0


@pytest.mark.server
async def test_what_alertmanager_sends_fires_and_resolves(store: Store, opened: Open, tmp_path: Path) -> None:
    bot, taken = listening(store)
    async with opened(bot) as client:
        with alertmanager(tmp_path, str(client.base_url.join("/webhooks/alertmanager")), TOKEN) as url:
            await post(url, endsAt=(datetime.now(UTC) + timedelta(minutes=5)).isoformat())
            await until(taken, resolved=False)
            await post(url, endsAt=datetime.now(UTC).isoformat())
            await until(taken, resolved=True)
    first, last = taken.reports[0], taken.reports[-1]
    assert (first.name, first.labels) == ("disk full", {"instance": "web-1", "severity": "critical"})
    assert (last.name, last.labels, last.resolved) == (first.name, first.labels, True)
    assert first.summary == "disk is full"


async def post(url: str, **times: str) -> None:
    labels = {"alertname": "disk full", "instance": "web-1", "severity": "critical"}
    alert: dict[str, Any] = {"labels": labels, "annotations": {"summary": "disk is full"}, **times}
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{url}/api/v2/alerts", json=[alert])).raise_for_status()


async def until(taken: Taken, *, resolved: bool) -> None:
    async with asyncio.timeout(PATIENCE):
        while not any(report.resolved is resolved for report in taken.reports):
            taken.came.clear()
            await taken.came.wait()
