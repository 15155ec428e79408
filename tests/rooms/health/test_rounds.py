"""Rounds on both databases: what is kept, when it is news, and what one check cannot do to another."""

import asyncio
from dataclasses import replace

import pytest

from bot import bus
from bot.bus import Reaction
from bot.events import CheckChanged
from bot.health import service
from bot.ports import Observation
from storage.records.checks import Status
from storage.records.jobs import JobState
from storage.tables import jobs
from tests.rooms.health.conftest import REFUSED, WELL, Room, Scripted


async def rounds(room, count=1):
    for _ in range(count):
        room.clock.forward(60)
        await service.run_round(room.ports)


async def test_a_round_keeps_the_state_of_every_check(room):
    health = room("db", "web")
    health.kinds["db"].says = REFUSED
    await rounds(health, 2)

    states = await health.states()

    assert {name: state.status for name, state in states.items()} == {"db": Status.DOWN, "web": Status.HEALTHY}


async def test_a_change_is_one_fact_however_long_it_lasts(room):
    health = room("web")
    await rounds(health, 2)
    health.kinds["web"].says = REFUSED
    await rounds(health, 4)

    (fact,) = await health.facts()

    assert (fact.subject, fact.actor, fact.payload["status"]) == ("check:web", "bot", "down")


async def test_a_change_enqueues_its_reactions_in_the_same_transaction(room, store):
    health = room("web", rounds_down=1)
    health.kinds["web"].says = REFUSED
    reaction = Reaction(name="alerts.observe", events=(CheckChanged,), run=None)

    await service.run_round(replace(health.ports, jobs_for=bus.following([reaction])))

    async with store.read() as conn:
        (job,) = await jobs.listing(conn, states=[JobState.PENDING], limit=10, offset=0)
    assert (job.kind, job.subject) == ("reaction:alerts.observe", "check:web")


async def test_a_probe_that_raises_is_down_with_its_text(room):
    health = room("web", rounds_down=1)
    health.kinds["web"].says = RuntimeError("the disk is full")
    await rounds(health)

    state = (await health.states())["web"]

    assert (state.status, state.detail) == (Status.DOWN, "the disk is full")


async def test_a_probe_that_hangs_is_down_after_its_timeout(room):
    health = room("web", rounds_down=1, timeout="100ms")
    health.kinds["web"].says = asyncio.Event().wait
    await rounds(health)

    state = (await health.states())["web"]

    assert (state.status, state.detail) == (Status.DOWN, "no answer within 100 ms")


async def test_a_slow_check_holds_no_other_one_up(room):
    health = room("slow", "web")
    hangs = asyncio.Event()

    async def slow():
        await hangs.wait()
        return WELL

    health.kinds["slow"].says = slow
    running = asyncio.create_task(service.run_round(health.ports))
    async with asyncio.timeout(10):
        while "web" not in await health.states():  # noqa: ASYNC110 - a table raises no event
            await asyncio.sleep(0.01)

    assert not running.done()
    hangs.set()
    await running
    assert set(await health.states()) == {"slow", "web"}


async def test_a_round_that_is_cancelled_leaves_no_probe_behind(room):
    health = room("web", timeout="1h")
    begun = asyncio.Event()

    async def hang():
        begun.set()
        await asyncio.Event().wait()

    health.kinds["web"].says = hang
    running = asyncio.create_task(service.run_round(health.ports))
    await begun.wait()
    running.cancel()
    await asyncio.wait([running], timeout=20)

    assert running.cancelled()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("check:")] == []


async def test_what_was_measured_is_kept_as_samples(room):
    health = room("web")
    health.kinds["web"].says = Observation(ok=True, latency_ms=7, metrics={"days_left": 12})
    await rounds(health)

    assert await health.samples("check_latency_ms", "web") == [7]
    assert await health.samples("check_up", "web") == [1]
    assert await health.samples("web_days_left", "web") == [12]


async def test_a_failed_probe_is_a_sample_too(room):
    health = room("web")
    health.kinds["web"].says = REFUSED
    await rounds(health)

    assert await health.samples("check_up", "web") == [0]


async def test_a_check_that_is_not_configured_any_more_disappears(room):
    health = room("db", "web")
    await rounds(health, 2)
    await rounds(replace(health, kinds={"web": health.kinds["web"]}))

    assert set(await health.states()) == {"web"}


async def test_a_check_that_disappears_while_it_is_down_is_news(room):
    health = room("db", "web")
    health.kinds["db"].says = REFUSED
    await rounds(health, 2)
    await rounds(replace(health, kinds={"web": health.kinds["web"]}))

    assert [fact.payload["status"] for fact in await health.facts()] == ["down", "unknown"]


async def test_rounds_that_overlap_lose_no_round(room):
    health = room("a", "b", "c", rounds_down=100)
    for kind in health.kinds.values():
        kind.says = REFUSED
    await asyncio.gather(*(service.run_round(health.ports) for _ in range(5)))

    assert {state.streak for state in (await health.states()).values()} == {5}


async def test_one_check_can_be_run_alone(room):
    health = room("db", "web")

    state = await service.run_one(health.ports, "web")

    assert (state.status, health.kinds["db"].asked) == (Status.HEALTHY, 0)
    assert set(await health.states()) == {"web"}


async def test_looking_probes_what_has_no_result_and_keeps_nothing(room):
    health = room("web")
    health.kinds["web"].says = REFUSED

    (state,) = await service.overview(health.ports)

    assert (state.status, state.detail) == (Status.DOWN, "connection refused")
    assert await health.states() == {}
    assert await health.facts() == []


async def test_looking_takes_results_of_the_latest_rounds(room):
    health = room("web")
    await rounds(health)
    health.clock.forward(3 * 60)
    await service.overview(health.ports)

    assert health.kinds["web"].asked == 1


async def test_looking_probes_again_what_is_older_than_three_intervals(room):
    health = room("web")
    await rounds(health)
    health.clock.forward(3 * 60 + 1)
    health.kinds["web"].says = REFUSED

    (state,) = await service.overview(health.ports)

    assert state.status is Status.DOWN


async def test_looking_afresh_probes_everything_now(room):
    health = room("web")
    await rounds(health)
    health.kinds["web"].says = REFUSED

    (state,) = await service.overview(health.ports, fresh=True)

    assert (state.status, state.since) == (Status.DOWN, health.clock())


async def test_looking_afresh_keeps_since_when_it_is_as_it_was(room):
    health = room("web")
    await rounds(health)
    begun = health.clock()
    health.clock.forward(3600)

    (state,) = await service.overview(health.ports, fresh=True)

    assert state.since == begun


async def test_looking_shows_nothing_that_is_watched_no_more(room):
    health = room("db", "web")
    await rounds(health)

    shown = await service.overview(replace(health, kinds={"web": health.kinds["web"]}).ports)

    assert [state.name for state in shown] == ["web"]


@pytest.fixture
def configured(clock):
    """A room that only reads its configuration."""
    return lambda **health: Room(None, clock, {"web": Scripted("web")}, health)


def limit(health):
    return service.watched(health.ports)["web"].limits.degraded_ms


def test_a_kind_knows_from_when_it_is_degraded(configured):
    assert limit(configured()) == 1000


def test_the_section_says_from_when_every_check_is_degraded(configured):
    assert limit(configured(degraded_ms=250)) == 250


def test_a_check_says_from_when_it_is_degraded(configured):
    health = configured(degraded_ms=250, checks=[{"name": "web", "type": "web", "degraded_ms": 20}])

    assert limit(health) == 20
