"""What repeats, as the worker and the clock run it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.config.manage import load
from bot.engine import clock as engine_clock
from bot.engine.clock import Clock, parse
from bot.engine.worker import Worker
from bot.health import reactions


@pytest.mark.parametrize(("every", "seconds"), [("60s", 60), ("1500ms", 1.5), ("250ms", 0.25), ("1h", 3600)])
def test_rounds_come_as_often_as_configured(every, seconds):
    manage = load(None, checks={}, channels={}, base={"health": {"every": every}})
    trigger = parse(reactions.run_round.spec(manage), reactions.run_round.name)
    first = trigger.get_next_fire_time(None, datetime(2026, 11, 23, tzinfo=UTC))

    assert trigger.get_next_fire_time(first, first) - first == timedelta(seconds=seconds)


async def test_clock_and_worker_run_round_after_round(room, store):
    health = room("web", every="100ms")
    health.clock = lambda: datetime.now(UTC)
    ports = health.ports
    schedules = [reactions.run_round]
    worker = Worker(store, engine_clock.runners(schedules), ports, now=ports.now)
    ticking = Clock(store, schedules, ports.manage)
    await worker.start()
    await ticking.start()
    try:
        async with asyncio.timeout(20):
            while health.kinds["web"].asked < 3:  # noqa: ASYNC110 - a probe raises no event
                await asyncio.sleep(0.01)
    finally:
        await ticking.stop()
        await worker.stop()

    assert (await health.states())["web"].streak >= 2


async def test_a_round_that_takes_long_is_not_overtaken_by_the_next_one(room, store):
    health = room("web", every="100ms")
    health.clock = lambda: datetime.now(UTC)
    ports = health.ports
    begun = asyncio.Event()

    async def hang():
        begun.set()
        await asyncio.Event().wait()

    health.kinds["web"].says = hang
    worker = Worker(store, engine_clock.runners([reactions.run_round]), ports, now=ports.now)
    await worker.start()
    moment = ports.now()
    claimed = [await store.transact(lambda unit: engine_clock.claim(unit, reactions.run_round.name, moment))]
    await asyncio.wait_for(begun.wait(), 20)
    for number in range(1, 4):
        later = moment + timedelta(milliseconds=number)
        claimed.append(
            await store.transact(lambda unit, at=later: engine_clock.claim(unit, reactions.run_round.name, at))
        )
    await worker.stop()

    assert (claimed, health.kinds["web"].asked) == ([True, False, False, False], 1)
