"""The public status page at its three addresses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.config.manage import Manage
from handlers.http.status import PATHS
from handlers.measured import Measured
from storage.records.alerts import Severity
from storage.records.checks import CheckState, Status
from storage.records.incidents import Incident
from storage.records.notices import Notice, NoticeStatus
from storage.records.samples import Sample
from storage.tables import checks, samples
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
    (shop,) = answer.json()["components"]
    assert (shop["name"], shop["status"], shop["since"]) == ("Shop", "operational", None)
    assert [one["title"] for one in answer.json()["maintenance"]["planned"]] == ["Database move"]


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_internal_is_told(bot: Measured, client: httpx.AsyncClient, path: str) -> None:
    await hold(bot, Status.DOWN)
    await hold(bot, Status.DOWN, name="internal-billing")
    text = (await client.get(path)).text
    assert [word for word in ("10.1.2.3", "internal-billing", "db-7-move", "service") if word in text] == []


@pytest.mark.parametrize("path", PATHS)
async def test_it_answers_by_other_names_without_a_token_set(bot: Measured, opened: Open, path: str) -> None:
    ports = replace(bot.ports, settings=bot.ports.settings.model_copy(update={"manage_token": None}))
    async with opened(replace(bot, ports=ports)) as client:
        answer = await client.get(path, headers={"Host": "status.example.com"})
    assert answer.status_code == 200


async def test_other_paths_still_want_the_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/metrics")).status_code == 401
    assert (await client.get("/status/")).status_code == 401


@pytest.mark.parametrize("path", PATHS)
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


HOSTILE = '<script>alert(1)</script> & "quotes" </title>'


async def keep(bot: Measured, *records: object) -> None:
    async def work(unit: UnitOfWork) -> None:
        for record in records:
            await unit.save(record)

    await bot.ports.store.transact(work)


def incident(number: int, **changes: object) -> Incident:
    given = {
        "title": "payments-db-3 lost its primary",
        "severity": Severity.CRITICAL,
        "declared_by": "U000LEAD",
        "started_at": T0,
        "declared_at": T0,
        "components": ("Shop",),
    }
    return Incident(id=number, **{**given, **changes})  # type: ignore[arg-type]


def notice(number: int, about: int = 1, **changes: object) -> Notice:
    given = {
        "phase": "investigating",
        "text": HOSTILE,
        "components": {"Shop": "major outage"},
        "author": "template",
        "created_at": T0,
        "status": NoticeStatus.PUBLISHED,
        "decided_by": "U000LEAD",
        "decided_at": T0,
    }
    return Notice(id=number, incident=about, **{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PATHS)
async def test_only_what_was_published_is_told_and_never_the_title(
    bot: Measured, client: httpx.AsyncClient, path: str
) -> None:
    waiting = notice(2, text="Still a secret.", status=NoticeStatus.PROPOSED, decided_at=None, decided_by="")
    await keep(bot, incident(1), notice(1), waiting, notice(3, text="No.", status=NoticeStatus.DISCARDED))
    text = (await client.get(path)).text
    assert "Trouble with Shop" in text
    assert [word for word in ("payments-db-3", "Still a secret.", "U000LEAD") if word in text] == []
    assert "<script>" not in text or path.endswith(".json")


async def test_an_open_incident_turns_the_page_red_though_the_checks_are_fine(
    bot: Measured, client: httpx.AsyncClient
) -> None:
    await hold(bot, Status.HEALTHY)
    await keep(bot, incident(1))
    assert (await client.get("/status.json")).json()["status"] == "major_outage"


@pytest.mark.parametrize("how", ["private", "test"])
async def test_private_and_test_incidents_are_not_there(bot: Measured, client: httpx.AsyncClient, how: str) -> None:
    await hold(bot, Status.HEALTHY)
    await keep(bot, incident(1, **{how: True}), notice(1, text="We test."))
    assert (await client.get("/status.json")).json()["status"] == "operational"
    assert [path for path in PATHS if "We test." in (await client.get(path)).text] == []


async def test_the_past_is_counted_from_results(bot: Measured, client: httpx.AsyncClient) -> None:
    await hold(bot, Status.HEALTHY)
    seen = [Sample(metric="check_up", at=T0 - timedelta(hours=n), value=1.0, labels={"check": "api"}) for n in range(3)]
    await bot.ports.store.transact(lambda unit: samples.insert(unit.conn, seen))
    (shop,) = (await client.get("/status.json")).json()["components"]
    assert (shop["uptime"]["up"], shop["uptime"]["days_known"], len(shop["uptime"]["days"])) == (1.0, 1, 90)
    assert shop["uptime"]["days"][0] == {"date": "2026-08-26", "up": None, "down_seconds": 0.0, "degraded_seconds": 0.0}
    assert "100 % up, known for 1 of 90 days" in (await client.get("/status")).text


async def test_the_feed_is_told_as_one(bot: Measured, client: httpx.AsyncClient) -> None:
    await keep(bot, incident(1), notice(1))
    answer = await client.get("/status.atom")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert str(client.base_url.join("/status.atom")) in answer.text


@pytest.mark.parametrize("path", PATHS)
async def test_who_has_the_page_already_gets_no_more_than_that_word(client: httpx.AsyncClient, path: str) -> None:
    tag = (await client.get(path)).headers["ETag"]
    again = await client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)


async def test_the_tag_changes_with_the_page(bot: Measured, client: httpx.AsyncClient, clock: FrozenClock) -> None:
    before = (await client.get("/status")).headers["ETag"]
    await keep(bot, incident(1))
    clock.forward(6)
    assert (await client.get("/status", headers={"If-None-Match": before})).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_packed_for_those_who_can_unpack_it(client: httpx.AsyncClient, path: str) -> None:
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert (packed.headers["Content-Encoding"], "Content-Encoding" in plain.headers) == ("gzip", False)
    assert packed.text == plain.text
    assert packed.headers["Vary"] == "Accept-Encoding"


async def test_a_crowd_costs_no_more_than_one_reader(
    bot: Measured, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    read = bot.ports.store.read

    def counted() -> object:
        nonlocal reads
        reads += 1
        return read()

    monkeypatch.setattr(bot.ports.store, "read", counted)
    answers = await asyncio.gather(*(client.get(path) for path in PATHS * 20))
    assert {answer.status_code for answer in answers} == {200}
    assert reads == 2  # the page and its past


async def test_a_crowd_before_a_database_that_hangs_waits_for_one_failure_alone(
    bot: Measured, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = without_store(bot)
    reads, gone, read = 0, asyncio.Event(), lost.ports.store.read

    @asynccontextmanager
    async def hanging() -> AsyncIterator[Any]:
        nonlocal reads
        reads += 1
        await gone.wait()
        async with read() as conn:
            yield conn

    monkeypatch.setattr(lost.ports.store, "read", hanging)
    async with opened(lost) as client:
        asking = [asyncio.create_task(client.get(path)) for path in PATHS * 5]
        await asyncio.wait(asking, timeout=0.2)
        gone.set()
        answers = await asyncio.gather(*asking)
    assert {answer.status_code for answer in answers} == {503}
    assert reads == 1


@pytest.mark.parametrize("path", PATHS)
async def test_the_head_alone_can_be_asked_for(client: httpx.AsyncClient, path: str) -> None:
    whole = await client.get(path)
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in ("ETag", "Content-Type", "Content-Length")} == {
        name: whole.headers[name] for name in ("ETag", "Content-Type", "Content-Length")
    }
