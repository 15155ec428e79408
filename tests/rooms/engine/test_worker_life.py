"""The worker among others: concurrency, leases, stopping, other processes."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from bot.engine.worker import Worker
from bot.ports import Ports
from storage.records.jobs import Job, JobState
from storage.tables import jobs
from storage.unit_of_work import Store
from tests.rooms.engine.conftest import T0, FrozenClock, eventually
from tests.rooms.engine.workers import (
    Edges,
    a_job,
    enqueue,
    is_in,
    kept,
    remember,
    working,
)


async def test_no_more_jobs_run_at_once_than_allowed(store: Store, clock: FrozenClock) -> None:
    running, most = 0, 0

    async def run(_ports: Ports, _job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await enqueue(store, *(a_job(f"{i}") for i in range(30)))
    async with working(store, Edges(), {"k": run}, clock, concurrency=3):

        async def all_done() -> bool:
            async with store.read() as conn:
                return (await jobs.counts(conn))["done"] == 30

        await eventually(all_done)
    assert most <= 3


async def test_jobs_of_a_lane_run_in_order_however_many_workers_there_are(store: Store, clock: FrozenClock) -> None:
    edges = Edges()

    async def run(ports: Ports, job: Job) -> None:
        await asyncio.sleep(0.001)
        await remember(ports, job)

    await enqueue(store, *(a_job(f"{i}", lane=f"card:{i % 3}") for i in range(30)))
    async with working(store, edges, {"k": run}, clock), working(store, edges, {"k": run}, clock):

        async def all_done() -> bool:
            async with store.read() as conn:
                return (await jobs.counts(conn))["done"] == 30

        await eventually(all_done)
    for lane in range(3):
        assert [int(job.key) for job in edges.ran if job.lane == f"card:{lane}"] == list(range(lane, 30, 3))


async def test_a_running_job_keeps_its_lease_beyond_the_first(store: Store) -> None:
    def now() -> datetime:
        return datetime.now(UTC)

    edges, go_on = Edges(), asyncio.Event()
    lease = timedelta(seconds=1.5)

    async def run(ports: Ports, job: Job) -> None:
        await remember(ports, job)
        await go_on.wait()

    await enqueue(store, a_job())
    async with working(store, edges, {"k": run}, now, lease=lease), working(store, edges, {"k": run}, now, lease=lease):

        async def lease_is_over() -> bool:
            return bool(edges.ran) and now() > edges.ran[0].due_at + lease / 3

        await eventually(lease_is_over)
        go_on.set()
        await eventually(is_in(store, "x", JobState.DONE))
    assert len(edges.ran) == 1
    assert (await kept(store)).attempts == 1  # nobody has claimed it a second time


async def test_the_job_of_a_dead_worker_is_taken_over_when_its_lease_has_run_out(
    store: Store, clock: FrozenClock
) -> None:
    edges = Edges()
    await enqueue(store, a_job())
    lease = timedelta(seconds=4)
    await store.transact(lambda unit: jobs.claim(unit.conn, owner="dead", lease=lease, limit=1, now=T0))
    async with working(store, edges, {"k": remember}, clock) as worker:
        clock.forward(4)
        worker.wake()
        await eventually(is_in(store, "x", JobState.DONE))
    assert [job.attempts for job in edges.ran] == [2]


async def test_stopping_hands_back_what_is_running_for_any_worker_to_take_at_once(
    store: Store, clock: FrozenClock
) -> None:
    edges, begun = Edges(), asyncio.Event()

    async def hang(_ports: Ports, _job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    await enqueue(store, a_job())
    async with working(store, edges, {"k": hang}, clock):
        await begun.wait()
    async with working(store, edges, {"k": remember}, clock):  # the clock stands: no lease runs out
        await eventually(is_in(store, "x", JobState.DONE))
    assert [(job.attempts, job.postponed) for job in edges.ran] == [(2, 1)]


async def test_stopping_lets_a_run_end_that_is_nearly_done(store: Store, clock: FrozenClock) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def run(_ports: Ports, _job: Job) -> None:
        begun.set()
        await go_on.wait()

    await enqueue(store, a_job())
    async with working(store, Edges(), {"k": run}, clock):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert (await kept(store)).state is JobState.DONE


async def test_a_job_cancelled_while_it_runs_stays_cancelled(store: Store, clock: FrozenClock) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def run(_ports: Ports, _job: Job) -> None:
        begun.set()
        await go_on.wait()

    await enqueue(store, a_job(subject="alert:1"))
    async with working(store, Edges(), {"k": run}, clock):
        await begun.wait()
        assert await store.transact(lambda unit: unit.cancel("alert:1", "k")) == 1
        go_on.set()
    assert (await kept(store)).state is JobState.CANCELLED


async def test_lag_is_how_long_the_oldest_due_job_has_waited(store: Store, clock: FrozenClock) -> None:
    worker = Worker(store, {}, cast("Ports", Edges()), now=clock)
    assert await worker.lag() == 0
    await enqueue(store, a_job("x"), a_job("y", due_at=T0 + timedelta(seconds=90)))
    clock.forward(100)
    assert await worker.lag() == 100


async def test_old_finished_jobs_are_purged_when_the_worker_starts(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("old"))
    async with working(store, Edges(), {"k": remember}, clock):
        await eventually(is_in(store, "old", JobState.DONE))
    clock.forward(8 * 86_400)

    async def gone() -> bool:
        async with store.read() as conn:
            return await jobs.listing(conn) == []

    async with working(store, Edges(), {}, clock):
        await eventually(gone)


async def test_jobs_from_another_process_are_found(store: Store, database_url: str, clock: FrozenClock) -> None:
    other = await Store.open(database_url)
    try:
        async with working(store, Edges(), {"k": remember}, clock):
            await enqueue(other, a_job())
            await eventually(is_in(store, "x", JobState.DONE), within=5)
    finally:
        await other.close()


async def test_the_end_of_a_job_is_written_where_the_next_one_of_its_lane_is_claimed(
    store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions, transact = 0, store.transact

    async def counted(work: Any, *, urgent: bool = False) -> Any:
        nonlocal transactions
        transactions += 1
        return await transact(work, urgent=urgent)

    await enqueue(store, *(a_job(str(number), lane="one") for number in range(20)))
    with monkeypatch.context() as patch:
        async with working(store, Edges(), {"k": remember}, clock):
            await eventually(is_in(store, "0", JobState.DONE))
            patch.setattr(store, "transact", counted)
            await eventually(is_in(store, "19", JobState.DONE))
    assert transactions < 2 * 19  # one for each, and few that look in vain, beat or purge


async def test_what_was_begun_ahead_of_its_job_is_ended_when_the_worker_stops(store: Store, clock: FrozenClock) -> None:
    async with working(store, Edges(), {}, clock) as worker:
        begun = worker.ahead(asyncio.Event().wait())
    assert begun.cancelled()


async def test_what_was_begun_ahead_and_failed_is_told_to_its_job_alone(store: Store, clock: FrozenClock) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))

    async def fails() -> None:
        raise ValueError("out of order")

    async with working(store, Edges(), {}, clock) as worker:
        begun = worker.ahead(fails())
        await asyncio.wait([begun])
        with pytest.raises(ValueError, match="out of order"):
            await begun
        asked_by_nobody = worker.ahead(fails())
        await asyncio.wait([asked_by_nobody])
        del asked_by_nobody
        gc.collect()
    assert complaints == []
