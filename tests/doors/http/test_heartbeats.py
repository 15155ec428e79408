"""`/api/heartbeats/NAME`: taken, refused, and an alert that stands for a beat."""

import pytest

from storage.tables import heartbeats as table
from storage.unit_of_work import Store
from tests.doors.http.conftest import Open
from tests.doors.http.inbound import BEARER, listening
from tests.unit.inbound.payloads import grafana

CONFIG = [{"name": "backup", "every": "5m"}, {"name": "prometheus", "every": "5m", "alert": "Watchdog"}]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_beat_is_on_disk_when_it_is_answered(store: Store, opened: Open, method: str) -> None:
    bot, _ = listening(store, heartbeats=CONFIG)
    async with opened(bot) as client:
        answer = await client.request(method, "/api/heartbeats/backup", headers=BEARER)
    assert answer.status_code == 200
    assert answer.json() == {"heartbeat": "backup", "state": "up", "due_at": "2026-11-23T12:06:00+00:00"}
    async with store.read() as conn:
        assert await table.get(conn, "backup") is not None


async def test_a_beat_needs_the_token(store: Store, opened: Open) -> None:
    bot, _ = listening(store, heartbeats=CONFIG)
    async with opened(bot) as client:
        assert (await client.post("/api/heartbeats/backup")).status_code == 401
    async with store.read() as conn:
        assert await table.everything(conn) == []


async def test_an_unknown_name_is_answered_with_those_that_are_known(store: Store, opened: Open) -> None:
    bot, _ = listening(store, heartbeats=CONFIG)
    async with opened(bot) as client:
        answer = await client.post("/api/heartbeats/x", headers=BEARER)
    assert answer.status_code == 404
    assert "backup, prometheus" in answer.json()["hint"]


async def test_an_alert_that_stands_for_a_heartbeat_is_a_beat_and_no_alert(store: Store, opened: Open) -> None:
    bot, taken = listening(store, heartbeats=CONFIG)
    async with opened(bot) as client:
        answer = await client.post("/webhooks/grafana", json=grafana("firing", alertname="Watchdog"), headers=BEARER)
    assert (answer.status_code, taken.reports) == (202, [])
    async with store.read() as conn:
        assert [kept.name for kept in await table.everything(conn)] == ["prometheus"]


async def test_such_an_alert_counts_when_prometheus_sends_it_too(store: Store, opened: Open) -> None:
    bot, taken = listening(store, heartbeats=CONFIG)
    sent = [{"labels": {"alertname": "Watchdog"}}, {"labels": {"alertname": "disk full"}}]
    async with opened(bot) as client:
        answer = await client.post("/api/v2/alerts", json=sent, headers=BEARER)
    assert (answer.status_code, [report.name for report in taken.reports]) == (200, ["disk full"])
    async with store.read() as conn:
        assert [kept.name for kept in await table.everything(conn)] == ["prometheus"]
