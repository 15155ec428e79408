"""Schedules become jobs: each firing once, however many replicas there are."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from bot.bus import Schedule
from bot.engine import clock as clocks
from bot.engine.clock import BadSchedule, Clock
from bot.engine.worker import Worker
from bot.ports import Ports
from storage.records.jobs import JobState
from storage.tables import jobs
from storage.unit_of_work import Store
from tests.rooms.engine.conftest import T0, eventually


def now() -> datetime:
    return datetime.now(UTC)


async def nothing(_ports: Ports) -> None: ...


def a_schedule(spec: Any, name: str = "health.round", run: Any = nothing) -> Schedule:
    return Schedule(name=name, spec=spec, run=run)


async def fired(store: Store) -> list[str]:
    async with store.read() as conn:
        return [job.key for job in await jobs.listing(conn, limit=1000)]


async def test_three_replicas_make_one_job_of_each_firing(store: Store, database_url: str) -> None:
    stores = [store, await Store.open(database_url), await Store.open(database_url)]
    schedule = [a_schedule("@every 100ms"), a_schedule("@every 200ms", "alerts.tick")]
    replicas = [Clock(each, schedule) for each in stores]
    try:
        for replica in replicas:
            await replica.start()

        async def enough() -> bool:
            return len(await fired(store)) >= 12

        await eventually(enough)
    finally:
        for replica in replicas:
            await replica.stop()
        for each in stores[1:]:
            await each.close()
    keys = await fired(store)
    names = Counter(key.partition("@")[0] for key in keys)
    assert set(names) == {"health.round", "alerts.tick"}
    moments = [datetime.fromisoformat(key.partition("@")[2]) for key in keys if key.startswith("health")]
    assert all(moment.microsecond % 100_000 == 0 for moment in moments)
    assert len(set(moments)) == len(moments)


async def test_a_firing_runs_the_schedule(store: Store) -> None:
    ran = asyncio.Event()

    async def run(_ports: Ports) -> None:
        ran.set()

    schedules = [a_schedule("@every 100ms", run=run)]
    ticking = Clock(store, schedules)
    worker = Worker(store, clocks.runners(schedules), cast("Ports", None), now=now)
    await worker.start()
    await ticking.start()
    async with asyncio.timeout(20):
        await ran.wait()
    await ticking.stop()
    await worker.stop()


async def test_a_firing_is_claimed_once_and_names_its_time(store: Store) -> None:
    claims = await asyncio.gather(
        *(store.transact(lambda unit: clocks.claim(unit, "health.round", T0)) for _ in range(6))
    )
    assert sorted(claims) == [False] * 5 + [True]
    async with store.read() as conn:
        [job] = await jobs.listing(conn)
    assert (job.kind, job.key) == ("schedule:health.round", "health.round@2026-11-23T12:00:00+00:00")
    assert (job.due_at, job.payload) == (T0, {"at": "2026-11-23T12:00:00+00:00"})


async def test_a_new_firing_takes_the_place_of_one_that_still_waits(store: Store) -> None:
    for minutes in range(3):
        at = T0 + timedelta(minutes=minutes)
        assert await store.transact(lambda unit: clocks.claim(unit, "health.round", at))  # noqa: B023
    async with store.read() as conn:
        states = [job.state for job in await jobs.listing(conn)]
    assert states == [JobState.PENDING, JobState.CANCELLED, JobState.CANCELLED]


async def test_a_firing_is_left_out_while_the_one_before_is_running(store: Store) -> None:
    lease = timedelta(seconds=4)
    await store.transact(lambda unit: clocks.claim(unit, "health.round", T0))
    await store.transact(lambda unit: jobs.claim(unit.conn, owner="a", lease=lease, limit=1, now=T0))
    assert not await store.transact(lambda unit: clocks.claim(unit, "health.round", T0 + timedelta(minutes=1)))
    assert await fired(store) == ["health.round@2026-11-23T12:00:00+00:00"]


async def test_schedules_do_not_stand_in_each_others_way(store: Store) -> None:
    for name in ("health.round", "costs.digest"):
        assert await store.transact(lambda unit: clocks.claim(unit, name, T0))  # noqa: B023
    async with store.read() as conn:
        assert [job.state for job in await jobs.listing(conn)] == [JobState.PENDING] * 2


async def test_a_spec_may_come_from_the_configuration(store: Store) -> None:
    ticking = Clock(store, [a_schedule(lambda config: f"@every {config['every']}")], {"every": "100ms"})
    await ticking.start()

    async def fires() -> bool:
        return bool(await fired(store))

    await eventually(fires)
    await ticking.stop()


async def test_a_bad_spec_stops_the_start_by_name(store: Store) -> None:
    with pytest.raises(BadSchedule, match=r"schedule costs\.digest: '@dayly 09:00'"):
        Clock(store, [a_schedule("@every 1s"), a_schedule("@dayly 09:00", "costs.digest")])


async def test_a_clock_without_schedules_starts_and_stops(store: Store) -> None:
    ticking = Clock(store, [])
    await ticking.stop()
    await ticking.start()
    await ticking.stop()
