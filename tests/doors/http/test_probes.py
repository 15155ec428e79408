"""Probes and metrics: alive, ready and why not, and figures that Prometheus reads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.ports import Chat
from handlers.measured import Measured
from storage.records.alerts import Alert, Severity
from storage.records.checks import CheckState, Status
from storage.records.incidents import Incident, IncidentStatus
from storage.records.jobs import NewJob
from tests.doors.http.conftest import Open
from tests.doors.http.lost import SAID, without_store
from tests.fakes.ports import T0


@dataclass
class Workspace:
    """A chat that only knows whether it hears from Slack."""

    connected: bool


def with_slack(bot: Measured, *, connected: bool) -> Measured:
    return replace(bot, ports=replace(bot.ports, chat=cast("Chat", Workspace(connected))))


async def waiting_for(bot: Measured, seconds: float) -> None:
    due = T0 - timedelta(seconds=seconds)
    await bot.ports.store.transact(lambda unit: unit.enqueue([NewJob(kind="page", key="1", due_at=due)]))


async def test_it_is_alive_whatever_is_lost(bot: Measured, opened: Open) -> None:
    async with opened(without_store(bot)) as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_it_is_ready_with_database_and_worker(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    body = answer.json()
    assert (answer.status_code, body["ready"]) == (200, True)
    assert {name for name, part in body.items() if isinstance(part, dict) and part["ok"]} == {"database", "worker"}


async def test_it_is_ready_when_slack_is_heard(bot: Measured, opened: Open) -> None:
    async with opened(with_slack(bot, connected=True)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["slack"]) == (200, {"ok": True})


async def test_without_slack_it_is_not_ready_and_says_so(bot: Measured, opened: Open) -> None:
    async with opened(with_slack(bot, connected=False)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["error"] == "not ready: slack"
    assert "Slack" in answer.json()["hint"]


async def test_without_the_database_it_is_not_ready_and_tells_no_address(bot: Measured, opened: Open) -> None:
    async with opened(without_store(bot)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]) == (503, "not ready: database")
    assert SAID not in answer.text


@pytest.mark.parametrize(("seconds", "status"), [(29, 200), (31, 503)])
async def test_a_worker_that_lags_is_not_ready(
    bot: Measured, client: httpx.AsyncClient, seconds: float, status: int
) -> None:
    await waiting_for(bot, seconds)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]["lag_seconds"]) == (status, seconds)


async def test_without_a_worker_it_is_not_ready(bot: Measured, opened: Open) -> None:
    async with opened(replace(bot, worker=None)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]) == (503, "not ready: worker")


async def test_several_failures_are_all_named(bot: Measured, opened: Open) -> None:
    async with opened(with_slack(without_store(bot), connected=False)) as client:
        assert (await client.get("/readyz")).json()["error"] == "not ready: database, slack"


async def figures(client: httpx.AsyncClient) -> Mapping[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels."""
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


async def test_commands_are_counted_by_name_and_outcome(client: httpx.AsyncClient) -> None:
    for body in ({"command": "greet", "who": "x"}, {"command": "greet", "who": "y"}, {"command": "fail"}):
        await client.post("/api/commands", json=body)
    found = await figures(client)
    assert found["do_manage_commands_total", "greet", "ok"] == 2
    assert found["do_manage_commands_total", "fail", "bad"] == 1
    assert found["do_manage_command_duration_seconds_count", "greet"] == 2


async def test_what_names_no_command_is_counted_under_one_name(client: httpx.AsyncClient) -> None:
    for word in ("gret", "grete"):
        await client.post("/api/commands", json={"argv": [word]})
    found = await figures(client)
    assert {key for key in found if key[0] == "do_manage_commands_total"} == {
        ("do_manage_commands_total", "(unknown)", "usage")
    }


async def test_the_build_is_told(client: httpx.AsyncClient) -> None:
    found = [key for key in await figures(client) if key[0] == "do_manage_build_info"]
    assert "1.2.3" in found[0]


async def test_the_queue_is_told_by_state_with_its_lag(bot: Measured, client: httpx.AsyncClient) -> None:
    await waiting_for(bot, 7)
    found = await figures(client)
    assert found["do_manage_worker_lag_seconds",] == 7
    assert {state: found["do_manage_jobs", state] for state in ("pending", "done", "cancelled", "dead")} == {
        "pending": 1,
        "done": 0,
        "cancelled": 0,
        "dead": 0,
    }


async def test_checks_are_told_by_status_and_latency(bot: Measured, client: httpx.AsyncClient) -> None:
    state = CheckState(
        name="api",
        type="http",
        status=Status.DEGRADED,
        since=T0,
        observed=Status.DEGRADED,
        streak=1,
        streak_since=T0,
        observed_at=T0,
        latency_ms=250.0,
    )
    await bot.ports.store.transact(lambda unit: unit.save(state))
    found = await figures(client)
    assert {status.value: found["do_manage_check_status", "api", status.value] for status in Status} == {
        "healthy": 0,
        "degraded": 1,
        "down": 0,
        "unknown": 0,
    }
    assert found["do_manage_check_latency_seconds", "api"] == 0.25


async def test_open_alerts_and_incidents_are_told_by_severity(bot: Measured, client: httpx.AsyncClient) -> None:
    times = {"started_at": T0, "opened_at": T0, "last_seen_at": T0}
    alert = Alert(id=1, fingerprint="f", rule="r", severity=Severity.HIGH, summary="api is down", **times)
    incident = Incident(
        id=1, title="api is down", severity=Severity.CRITICAL, declared_by="bot", started_at=T0, declared_at=T0
    )
    for record in (alert, incident):
        await bot.ports.store.transact(lambda unit, record=record: unit.save(record))
    found = await figures(client)
    assert found["do_manage_alerts_open", "high", "firing"] == 1
    assert found["do_manage_alerts_open", "low", "acknowledged"] == 0
    assert found["do_manage_incidents_open", "critical"] == 1
    assert found["do_manage_incidents_open", "high"] == 0


async def test_how_long_resolved_incidents_took_is_told_by_part_and_severity(
    bot: Measured, client: httpx.AsyncClient
) -> None:
    common = {"declared_by": "bot", "started_at": T0, "declared_at": T0 + timedelta(minutes=1)}
    over = {"status": IncidentStatus.RESOLVED, "severity": Severity.HIGH}
    found = [
        Incident(id=1, title="a", resolved_at=T0 + timedelta(minutes=10), **over, **common),
        Incident(id=2, title="b", resolved_at=T0 + timedelta(minutes=20), **over, **common),
        Incident(id=3, title="a drill", resolved_at=T0 + timedelta(hours=9), test=True, **over, **common),
        Incident(id=4, title="open", severity=Severity.HIGH, **common),
    ]
    for record in found:
        await bot.ports.store.transact(lambda unit, record=record: unit.save(record))
    told = await figures(client)
    assert told["do_manage_incident_duration_seconds_sum", "resolve", "high"] == 1800
    assert told["do_manage_incident_duration_seconds_count", "detect", "high"] == 2
    assert ("do_manage_incident_duration_seconds_count", "mitigate", "high") not in told


@pytest.mark.parametrize("connected", [True, False])
async def test_the_connection_to_slack_is_told(bot: Measured, opened: Open, connected: bool) -> None:
    async with opened(with_slack(bot, connected=connected)) as client:
        assert (await figures(client))["do_manage_slack_connected",] == connected


async def test_metrics_are_there_without_the_database_and_say_that_it_is_away(bot: Measured, opened: Open) -> None:
    async with opened(without_store(bot)) as client:
        found = await figures(client)
    assert found["do_manage_database_up",] == 0
    assert not any(key[0] == "do_manage_jobs" for key in found)
