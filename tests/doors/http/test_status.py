"""The public status page at its two addresses."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.config.manage import Manage
from handlers.measured import Measured
from storage.records.checks import CheckState, Status
from storage.tables import checks
from storage.unit_of_work import UnitOfWork
from tests.doors.http.conftest import Open, with_token
from tests.doors.http.lost import SAID, without_store
from tests.fakes.ports import T0, FrozenClock

MANAGE = {
    "statuspage": {
        "title": "Example status",
        "components": [{"name": "Shop", "checks": ["api"], "labels": {"service": "shop"}}],
    },
    "maintenance": [
        {
            "name": "db-7-move",
            "title": "Database move",
            "public": True,
            "matchers": "service=shop",
            "start": "2026-11-24 22:00",
            "end": "2026-11-25 02:00",
        }
    ],
}


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def bot(bot: Measured, clock: FrozenClock) -> Measured:
    """A bot with a token, whose door is open to everybody at the status page."""
    ports = with_token(bot, "s3cr3t-token-of-the-tests").ports
    return replace(bot, ports=replace(ports, manage=Manage.model_validate(MANAGE), now=clock))


async def hold(bot: Measured, status: Status, name: str = "api") -> None:
    state = CheckState(
        name=name,
        type="http",
        status=status,
        since=T0,
        observed=status,
        streak=2,
        streak_since=T0,
        observed_at=bot.ports.now(),
        detail="10.1.2.3 refused",
    )

    async def work(unit: UnitOfWork) -> None:
        before = await checks.get(unit.conn, name)
        await unit.save(replace(state, version=before.version) if before else state)

    await bot.ports.store.transact(work)


async def test_people_get_a_page_without_a_token(bot: Measured, client: httpx.AsyncClient) -> None:
    await hold(bot, Status.DOWN)
    answer = await client.get("/status")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Example status</h1>" in answer.text
    assert "Major outage" in answer.text
    assert "Database move" in answer.text


async def test_programs_get_json_without_a_token(bot: Measured, client: httpx.AsyncClient) -> None:
    await hold(bot, Status.HEALTHY)
    answer = await client.get("/status.json")
    assert answer.status_code == 200
    assert answer.json()["status"] == "operational"
    assert answer.json()["components"] == [{"name": "Shop", "status": "operational", "since": None}]
    assert [one["title"] for one in answer.json()["maintenance"]["planned"]] == ["Database move"]


@pytest.mark.parametrize("path", ["/status", "/status.json"])
async def test_nothing_internal_is_told(bot: Measured, client: httpx.AsyncClient, path: str) -> None:
    await hold(bot, Status.DOWN)
    await hold(bot, Status.DOWN, name="internal-billing")
    text = (await client.get(path)).text
    assert [word for word in ("10.1.2.3", "internal-billing", "db-7-move", "service") if word in text] == []


@pytest.mark.parametrize("path", ["/status", "/status.json"])
async def test_it_answers_by_other_names_without_a_token_set(bot: Measured, opened: Open, path: str) -> None:
    ports = replace(bot.ports, settings=bot.ports.settings.model_copy(update={"manage_token": None}))
    async with opened(replace(bot, ports=ports)) as client:
        answer = await client.get(path, headers={"Host": "status.example.com"})
    assert answer.status_code == 200


async def test_other_paths_still_want_the_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/metrics")).status_code == 401
    assert (await client.get("/status/")).status_code == 401


@pytest.mark.parametrize("path", ["/status", "/status.json"])
async def test_it_may_be_kept_for_seconds_only(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers["Cache-Control"] == "public, max-age=10"


async def test_the_page_may_load_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/status")).headers["Content-Security-Policy"].startswith("default-src 'none';")


async def test_one_reading_serves_all_for_some_seconds(
    bot: Measured, client: httpx.AsyncClient, clock: FrozenClock
) -> None:
    await hold(bot, Status.HEALTHY)
    before = (await client.get("/status.json")).json()["status"]
    await hold(bot, Status.DOWN)
    clock.forward(4)
    reused = (await client.get("/status.json")).json()["status"]
    clock.forward(1)
    afresh = (await client.get("/status.json")).json()["status"]
    assert (before, reused, afresh) == ("operational", "operational", "major_outage")


async def test_results_that_are_too_old_are_not_told_as_today_s(
    bot: Measured, client: httpx.AsyncClient, clock: FrozenClock
) -> None:
    await hold(bot, Status.HEALTHY)
    clock.forward(timedelta(minutes=3, seconds=1).total_seconds())
    assert (await client.get("/status.json")).json()["components"][0]["status"] == "unknown"


async def test_without_the_database_people_are_told_that_nothing_is_known(bot: Measured, opened: Open) -> None:
    async with opened(without_store(bot)) as client:
        answer = await client.get("/status")
        data = await client.get("/status.json")
    assert (answer.status_code, data.status_code) == (503, 503)
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("5", "no-store")
    assert "Not known at the moment" in answer.text
    assert SAID not in answer.text + data.text


async def test_without_components_the_page_lists_none_and_says_so(bot: Measured, opened: Open) -> None:
    await hold(bot, Status.DOWN)
    async with opened(replace(bot, ports=replace(bot.ports, manage=Manage()))) as client:
        assert "No components are listed" in (await client.get("/status")).text
        assert (await client.get("/status.json")).json()["components"] == []
