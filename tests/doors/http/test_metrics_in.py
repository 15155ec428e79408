"""`POST /api/metrics`: what is kept, and what is refused with which mend."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.config.manage import load
from handlers.http import metrics_in
from handlers.measured import Measured
from storage.records.samples import Sample
from storage.tables import samples
from storage.unit_of_work import Store
from tests.doors.http.conftest import Open
from tests.doors.http.lost import without_store
from tests.fakes.ports import T0

LABELS = {"service": "api", "source": "push"}
ONE = {"service": "api", "metrics": {"error_rate": 0.07}}


@pytest.fixture
def bot(bot: Measured) -> Measured:
    manage = load(None, checks={}, channels={}, base={"metrics": {"pushed": ["orders_waiting"]}})
    return replace(bot, ports=replace(bot.ports, manage=manage))


async def kept(bot: Measured) -> list[Sample]:
    async with bot.ports.store.read() as conn:
        names = await samples.names(conn)
        return [sample for name in names for sample in await samples.series(conn, name)]


async def test_what_is_pushed_is_on_disk_when_it_is_answered(bot, client):
    answer = await client.post("/api/metrics", json=ONE)

    assert (answer.status_code, answer.json()) == (200, {"samples": 1})
    assert await kept(bot) == [Sample(metric="error_rate", at=T0, value=0.07, labels=LABELS)]


async def test_a_list_is_kept_whole(bot, client):
    body = [ONE, {"service": "web", "metrics": {"requests": 10, "orders_waiting": 3}, "labels": {"region": "eu"}}]

    assert (await client.post("/api/metrics", json=body)).json() == {"samples": 3}
    assert {(one.metric, one.labels.get("region")) for one in await kept(bot)} == {
        ("error_rate", None),
        ("requests", "eu"),
        ("orders_waiting", "eu"),
    }


async def test_a_value_may_say_when_it_was_measured(bot, client):
    await client.post("/api/metrics", json={**ONE, "at": "2026-11-23T12:30:00+01:00"})

    assert (await kept(bot))[0].at == T0 - timedelta(minutes=30)


async def test_an_unknown_metric_is_named_with_the_mend(client):
    answer = await client.post("/api/metrics", json={"service": "api", "metrics": {"eror_rate": 1}})

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": "the metric 'eror_rate' is not known",
            "hint": "Did you mean error_rate? List it under `metrics.pushed` in manage.yml: eror_rate.",
        },
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (5, "not a JSON object but that number"),
        ({"service": "api"}, "`metrics` must be an object"),
        ({"service": "api", "metrics": {}}, "`metrics` must be an object"),
        ({"metrics": {"cpu": 1}}, "`service` must say"),
        ({"service": " ", "metrics": {"cpu": 1}}, "`service` must say"),
        ({**ONE, "value": 1}, "there is no key 'value'"),
        ({**ONE, "metrics": {"cpu": True}}, "must be a finite number, not true or false"),
        ({**ONE, "metrics": {"cpu": "93"}}, "must be a finite number, not a text"),
        ({**ONE, "metrics": {"cpu": None}}, "must be a finite number, not null"),
        ({**ONE, "metrics": {"cpu": 10**400}}, "must be a finite number, not that number"),
        ({**ONE, "at": "yesterday"}, "`at` must be a time"),
        ({**ONE, "at": "2026-11-23T12:00:00"}, "`at` must be a time"),
        ({**ONE, "at": "2026-11-22T11:00:00Z"}, "too far from now"),
        ({**ONE, "at": "2026-11-23T14:00:00Z"}, "too far from now"),
        ({**ONE, "at": "0001-01-01T00:00:00+23:00"}, "too far from now"),
        ({**ONE, "at": 1700000000}, "`at` must be a time"),
        ({**ONE, "labels": {"service": "x"}}, "`labels` may not hold 'service'"),
        ({**ONE, "labels": {"n": 1}}, "the label 'n' must be a text"),
        ({**ONE, "labels": {str(n): "x" for n in range(17)}}, "at most 16 names"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_kept(bot, client, entry, said):
    answer = await client.post("/api/metrics", json=[ONE, entry])

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("[1]: ")
    assert said in answer.json()["error"]
    assert answer.json()["hint"]
    assert await kept(bot) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"service": "api", "metrics": {"cpu": NaN}}', "[" * 100_000, '"\xff"']
)
async def test_a_body_that_cannot_be_read_is_refused(client, text):
    answer = await client.post(
        "/api/metrics", content=text.encode("latin-1"), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["hint"]


async def test_too_many_entries_are_refused(client):
    assert (await client.post("/api/metrics", json=[ONE] * 1001)).json()["error"] == "1,001 entries are too many"


async def test_a_body_that_is_not_json_is_refused(client):
    assert (await client.post("/api/metrics", content="cpu 1")).status_code == 415


async def test_a_lost_database_is_told_as_such(bot: Measured, opened: Open):
    async with opened(without_store(bot)) as client:
        answer = await client.post("/api/metrics", json=ONE)

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


class Slow:
    """A store that writes nothing before `hold` is set."""

    dialect = "sqlite"

    def __init__(self, store: Store) -> None:
        self.store = store
        self.hold = asyncio.Event()

    async def transact(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        await self.hold.wait()
        return await self.store.transact(work)


async def test_more_than_the_database_takes_is_asked_to_wait(bot: Measured, opened: Open):
    slow = Slow(bot.ports.store)
    async with opened(replace(bot, ports=replace(bot.ports, store=cast("Store", slow)))) as client:
        many = [asyncio.create_task(client.post("/api/metrics", json=ONE)) for _ in range(metrics_in.AT_ONCE + 1)]
        done, _ = await asyncio.wait(many, return_when=asyncio.FIRST_COMPLETED)
        slow.hold.set()
        answers = await asyncio.gather(*many)

    assert [task.result().status_code for task in done] == [503]
    assert sorted(answer.status_code for answer in answers) == [200] * metrics_in.AT_ONCE + [503]


async def test_a_thousand_entries_are_written_together(bot, client):
    body = [{**ONE, "labels": {"host": str(n)}} for n in range(1000)]

    answer = await client.post("/api/metrics", content=json.dumps(body), headers={"Content-Type": "application/json"})

    assert answer.json() == {"samples": 1000}
    assert len(await kept(bot)) == 1000
