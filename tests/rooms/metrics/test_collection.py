"""Rounds of readings on both databases: what is kept, what is absent, and what one source cannot do to another."""

import asyncio
import math
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot import registry
from bot.metrics import service
from bot.ports import Source, Unread
from storage.records.samples import Sample
from tests.fakes.ports import T0

MINUTE = timedelta(minutes=1)


def total(room, value: float, of: float | None = None) -> list[Sample]:
    return [Sample(metric="queue_length", at=room.clock(), value=value, total=True, of=of)]


async def rounds(room, *says, seconds=10):
    kind = next(iter(room.kinds.values()))
    for said in says:
        kind.says = said if not callable(said) else said(room)
        await service.collect(room.ports)
        room.clock.forward(seconds)


async def test_what_a_source_gives_is_kept_under_its_name(room):
    one = room("db")

    await rounds(one, {"queue_length": 3})

    assert await one.values("queue_length", {"source": "db"}) == [3]


async def test_a_label_source_of_its_own_is_kept_beside(room):
    one = room("db")

    await rounds(one, [Sample(metric="queue_length", at=T0, value=3, labels={"source": "mine"})])

    assert await one.values("queue_length", {"source": "db", "exported_source": "mine"}) == [3]


async def test_a_source_that_fails_gives_nothing_and_says_why(room):
    one = room("db")

    await rounds(one, {"queue_length": 3}, ConnectionError("connection refused"))

    state = (await one.sources())["db"]
    assert await one.values("queue_length") == [3]
    assert (state.failure, state.samples, state.read_at) == ("connection refused", 0, T0)


async def test_one_source_that_fails_leaves_the_others_alone(room):
    both = room("db", "web")
    both.kinds["db"].says = RuntimeError("broken")
    both.kinds["web"].says = {"queue_length": 1}

    await service.collect(both.ports)

    assert await both.values("queue_length") == [1]


async def test_of_a_source_that_is_partly_read_the_rest_is_kept(room):
    one = room("db")

    await rounds(one, Unread("error_rate: bad query", [Sample(metric="queue_length", at=T0, value=1)]))

    state = (await one.sources())["db"]
    assert await one.values("queue_length") == [1]
    assert (state.failure, state.read_at) == ("error_rate: bad query", T0)


async def test_a_source_that_hangs_is_given_up(room):
    one = room("db")
    one.kinds["db"].says = asyncio.Event().wait

    state, found = await service.read(service.configured(one.ports)["db"], one.ports, timedelta(milliseconds=50))

    assert (state.failure, found) == ("no answer within 50 ms", [])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
async def test_what_is_no_number_is_absent(room, value):
    one = room("db")

    await rounds(one, {"queue_length": value})

    assert await one.values("queue_length") == []


async def test_a_running_total_says_nothing_at_first_and_its_growth_per_second_then(room):
    one = room("db")

    await rounds(one, *(lambda r, n=n: total(r, n) for n in (100, 150)))

    assert await one.values("queue_length") == [5]


async def test_a_running_total_that_began_anew_says_nothing_once(room):
    one = room("db")

    await rounds(one, *(lambda r, n=n: total(r, n) for n in (100, 150, 10, 30)))

    assert await one.values("queue_length") == [5, 2]


async def test_a_share_of_another_total_is_that_of_the_growth(room):
    one = room("db")

    await rounds(one, lambda r: total(r, 10, 100), lambda r: total(r, 19, 110), lambda r: total(r, 19, 110))

    assert await one.values("queue_length") == [0.9]


async def test_a_reading_of_long_ago_says_nothing_about_now(room):
    one = room("db")

    await rounds(one, *(lambda r, n=n: total(r, n) for n in (100, 150)), seconds=7200)

    assert await one.values("queue_length") == []


async def test_each_round_has_the_rules_evaluated_once(room):
    one = room("db")

    await rounds(one, {"queue_length": 3}, RuntimeError("broken"))

    evaluations = [job for job in await one.jobs() if job.kind == "rules.evaluate"]
    assert {(job.key, job.lane) for job in evaluations} == {
        (f"rules.evaluate:{at.isoformat()}", "rules:evaluate") for at in (T0, T0 + timedelta(seconds=10))
    }


async def test_a_source_that_is_configured_no_more_is_forgotten(room):
    both = room("db", "web")
    await service.collect(both.ports)
    del both.kinds["web"]

    await service.collect(both.ports)

    assert list(await both.sources()) == ["db"]


async def test_a_failure_is_logged_when_it_begins_and_when_it_ends(room):
    one = room("db")
    with capture_logs() as logged:
        await rounds(one, {}, OSError("gone"), OSError("gone"), {})

    assert [entry["event"] for entry in logged] == ["source_failed", "source_recovered"]


async def test_old_samples_are_folded_and_still_told(room):
    one = room("db", keep="1d")
    await rounds(one, *({"queue_length": n} for n in range(10)))
    one.clock.forward(2 * 86_400)

    assert await service.fold(one.ports) == 1

    assert [sample.value for sample in await service.history(one.ports, "queue_length", T0)] == [4.5]


async def test_old_samples_of_health_checks_are_folded_too(room):
    one = room()
    labels = {"check": "web"}
    await service.take(one.ports, [Sample(metric="check_up", at=T0, value=n, labels=labels) for n in (0, 1)])
    one.clock.forward(31 * 86_400)

    await service.fold(one.ports)

    assert await one.values("check_up", labels) == [0.5]


def test_the_host_is_read_without_being_configured(room):
    one = room()
    host = registry.collect(Source, registry.modules("bot.metrics.sources"), lambda source: source.type)["host"]
    ports = one.ports
    ports.sources["host"] = host

    assert list(service.configured(ports)) == ["host"]
