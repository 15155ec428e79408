"""Claiming, leases, fencing and lanes of the job table, under a frozen clock on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from storage.records.jobs import Job, JobState, NewJob
from storage.tables import jobs
from storage.unit_of_work import Conflict, Store
from tests.rooms.engine.conftest import T0, FrozenClock

LEASE = timedelta(seconds=4)


def a_job(key: str, *, due: float = 0, **changes: Any) -> NewJob:
    return NewJob(**{"kind": "k", "key": key, "due_at": T0 + timedelta(seconds=due), **changes})


async def enqueue(store: Store, *new: NewJob) -> None:
    await store.transact(lambda unit: unit.enqueue(new))


async def claim(store: Store, clock: FrozenClock, owner: str = "a", limit: int = 10) -> list[Job]:
    now = clock()
    return await store.transact(lambda unit: jobs.claim(unit.conn, owner=owner, lease=LEASE, limit=limit, now=now))


async def keys(store: Store, clock: FrozenClock, owner: str = "a", limit: int = 10) -> list[str]:
    return [job.key for job in await claim(store, clock, owner, limit)]


async def finish(store: Store, clock: FrozenClock, job: Job) -> int:
    return await store.transact(lambda unit: jobs.done(unit.conn, [job.id], owner=job.owner, now=clock()))


async def kept(store: Store, key: str) -> Job:
    async with store.read() as conn:
        return next(job for job in await jobs.listing(conn, limit=100) if job.key == key)


async def test_only_due_jobs_are_claimed(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("now"), a_job("soon", due=1))
    assert await keys(store, clock) == ["now"]
    clock.forward(1)
    assert await keys(store, clock) == ["soon"]


async def test_a_claim_takes_those_first_that_were_due_first(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("b", due=-1), a_job("c"), a_job("a", due=-2))
    assert sorted(await keys(store, clock, limit=2)) == ["a", "b"]


async def test_a_claimed_job_carries_owner_attempt_and_lease(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x", payload={"step": 1}, subject="alert:1"))
    [job] = await claim(store, clock, "replica-1")
    assert (job.owner, job.attempts, job.due_at, job.state) == ("replica-1", 1, T0 + LEASE, JobState.PENDING)
    assert (job.payload, job.subject) == ({"step": 1}, "alert:1")


async def test_a_leased_job_is_taken_over_when_its_lease_has_run_out(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    await claim(store, clock, "dies")
    clock.forward(3.999)
    assert await keys(store, clock, "other") == []
    clock.forward(0.001)
    [job] = await claim(store, clock, "other")
    assert (job.owner, job.attempts) == ("other", 2)


async def test_live_work_keeps_its_lease(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    [job] = await claim(store, clock)
    clock.forward(3)
    until = clock() + LEASE
    assert await store.transact(lambda unit: jobs.extend(unit.conn, [job.id], owner="a", until=until)) == 1
    clock.forward(3)
    assert await keys(store, clock, "other") == []


async def test_results_of_a_former_owner_are_refused(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    [late] = await claim(store, clock, "late")
    clock.forward(5)
    await claim(store, clock, "owner")

    assert await finish(store, clock, late) == 0
    assert not await store.transact(lambda unit: jobs.retry(unit.conn, late, T0, "late"))
    until = clock() + LEASE
    assert await store.transact(lambda unit: jobs.extend(unit.conn, [late.id], owner="late", until=until)) == 0
    assert await store.transact(lambda unit: jobs.postpone(unit.conn, [late.id], owner="late", due_at=T0)) == 0
    with pytest.raises(Conflict):
        await store.transact(lambda unit: jobs.die(unit.conn, late))
    job = await kept(store, "x")
    assert (job.owner, job.state, job.last_error) == ("owner", JobState.PENDING, "")


async def test_a_done_job_is_never_claimed_again(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    [job] = await claim(store, clock)
    assert await finish(store, clock, job) == 1
    clock.forward(3600)
    assert await keys(store, clock) == []
    assert (await kept(store, "x")).finished_at == T0


async def test_a_second_job_of_a_key_is_dropped_while_the_first_is_pending_or_done(
    store: Store, clock: FrozenClock
) -> None:
    await enqueue(store, a_job("x", payload={"n": 1}))
    await enqueue(store, a_job("x", payload={"n": 2}), a_job("y"))
    first, second = await claim(store, clock)
    assert (first.payload, second.key) == ({"n": 1}, "y")
    await finish(store, clock, first)
    await enqueue(store, a_job("x"))
    assert await keys(store, clock) == []


async def test_a_cancelled_job_of_a_key_comes_back_as_it_is_given_anew(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x", subject="alert:1", payload={"n": 1}))
    await claim(store, clock)
    assert await store.transact(lambda unit: unit.cancel("alert:1", "k")) == 1
    await enqueue(store, a_job("x", subject="alert:1", due=60, payload={"n": 2}))
    assert await keys(store, clock) == []
    clock.forward(60)
    [job] = await claim(store, clock)
    assert (job.payload, job.attempts, job.finished_at) == ({"n": 2}, 1, None)


async def test_a_cancelled_job_is_not_claimed_nor_finished(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x", subject="alert:1"), a_job("y", subject="alert:1"))
    [running] = await claim(store, clock, limit=1)
    assert await store.transact(lambda unit: unit.cancel("alert:1", "k")) == 2
    assert await finish(store, clock, running) == 0
    clock.forward(60)
    assert await keys(store, clock) == []


async def test_a_failed_job_comes_again_at_its_time_with_its_error(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    [job] = await claim(store, clock)
    assert await store.transact(lambda unit: jobs.retry(unit.conn, job, T0 + timedelta(seconds=9), "429"))
    clock.forward(8)
    assert await keys(store, clock) == []
    clock.forward(1)
    [again] = await claim(store, clock)
    assert (again.attempts, again.last_error, again.postponed) == (2, "429", 0)


async def test_a_postponed_job_has_not_used_up_an_attempt(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    [job] = await claim(store, clock)
    await store.transact(lambda unit: jobs.postpone(unit.conn, [job.id], owner="a", due_at=T0))
    [again] = await claim(store, clock)
    assert (again.attempts, again.postponed) == (2, 1)


async def test_a_dead_job_is_kept_and_can_be_revived(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    [job] = await claim(store, clock)
    await store.transact(lambda unit: jobs.die(unit.conn, job))
    clock.forward(3600)
    assert await keys(store, clock) == []
    assert await store.transact(lambda unit: jobs.revive(unit.conn, job.id, now=clock()))
    [again] = await claim(store, clock)
    assert (again.attempts, again.state) == (1, JobState.PENDING)


async def test_only_dead_jobs_are_revived(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("x"))
    [job] = await claim(store, clock)
    assert not await store.transact(lambda unit: jobs.revive(unit.conn, job.id, now=clock()))


async def test_concurrent_claims_never_share_a_job(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, *(a_job(f"{i}") for i in range(60)))
    claims = await asyncio.gather(*(keys(store, clock, owner, limit=10) for owner in "abcdef"))
    while more := await keys(store, clock, "g"):  # what was passed by while others held it
        claims.append(more)
    got = [key for claimed in claims for key in claimed]
    assert sorted(got) == sorted(f"{i}" for i in range(60))


async def test_jobs_of_a_lane_run_one_at_a_time_oldest_first(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, *(a_job(key, lane="card:alert:1") for key in "abc"), a_job("free"))
    order = []
    while claimed := await claim(store, clock):
        order.append([job.key for job in claimed])
        for job in claimed:
            await finish(store, clock, job)
    assert order == [["a", "free"], ["b"], ["c"]]


async def test_lanes_do_not_wait_for_each_other(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("a", lane="1"), a_job("b", lane="1"), a_job("c", lane="2"))
    assert await keys(store, clock) == ["a", "c"]


async def test_a_running_job_holds_its_lane_for_every_worker(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("a", lane="1"), a_job("b", lane="1"))
    assert await keys(store, clock, "one") == ["a"]
    clock.forward(2)
    assert await keys(store, clock, "two") == []


async def test_a_job_that_waits_for_its_retry_holds_its_lane(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("a", lane="1"), a_job("b", lane="1"))
    [job] = await claim(store, clock)
    await store.transact(lambda unit: jobs.retry(unit.conn, job, T0 + timedelta(seconds=30), "429"))
    clock.forward(29)
    assert await keys(store, clock, "other") == []
    clock.forward(1)
    assert await keys(store, clock, "other") == ["a"]


async def test_a_postponed_job_holds_its_lane(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("a", lane="1"), a_job("b", lane="1"))
    [job] = await claim(store, clock)
    later = T0 + timedelta(seconds=3)
    await store.transact(lambda unit: jobs.postpone(unit.conn, [job.id], owner="a", due_at=later))
    assert await keys(store, clock, "other") == []


async def test_a_dead_job_leaves_its_lane(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("a", lane="1"), a_job("b", lane="1"))
    [job] = await claim(store, clock)
    await store.transact(lambda unit: jobs.die(unit.conn, job))
    assert await keys(store, clock) == ["b"]


async def test_a_cancelled_job_leaves_its_lane(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("a", lane="1", subject="alert:1"), a_job("b", lane="1"))
    await claim(store, clock)
    await store.transact(lambda unit: unit.cancel("alert:1", "k"))
    assert await keys(store, clock) == ["b"]


async def test_a_timer_of_a_lane_lets_others_pass_until_it_is_due(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("timer", lane="1", due=60), a_job("click", lane="1"))
    [click] = await claim(store, clock)
    assert click.key == "click"
    clock.forward(3)
    await store.transact(lambda unit: jobs.extend(unit.conn, [click.id], owner="a", until=clock() + timedelta(60)))
    clock.forward(60)
    assert await keys(store, clock) == []  # due, but the other is still running
    await finish(store, clock, click)
    assert await keys(store, clock) == ["timer"]


async def test_two_workers_at_once_never_run_two_jobs_of_a_lane(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, *(a_job(f"{lane}{i}", lane=f"{lane}") for lane in range(8) for i in range(4)))
    for _ in range(4):
        claims = await asyncio.gather(*(claim(store, clock, owner) for owner in "abcd"))
        running = [job for claimed in claims for job in claimed]
        assert len(running) == len({job.lane for job in running})
        for job in running:
            await finish(store, clock, job)
    async with store.read() as conn:
        done = (await jobs.counts(conn))["done"]
    assert done == 32


async def test_the_database_refuses_two_running_jobs_of_a_lane(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("timer", lane="1", due=60), a_job("click", lane="1"))
    await claim(store, clock)
    ahead = FrozenClock(T0 + timedelta(seconds=3600))

    async def overlapping() -> None:
        # What a claim does whose snapshot is older than the other worker's: it believes that the lane is free.
        await store.transact(
            lambda unit: unit.conn.execute(jobs.JOBS.update().where(jobs.JOBS.c.key == "timer").values(owner="b"))
        )

    with pytest.raises(Exception, match=r"(?i)unique"):
        await overlapping()
    assert await keys(store, ahead) == ["click"]  # its lease has run out, and it goes before the timer


async def test_the_next_due_time_is_the_first_after_now(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("past", due=-5), a_job("b", due=20), a_job("a", due=10))
    async with store.read() as conn:
        assert await jobs.next_due(conn, clock()) == T0 + timedelta(seconds=10)
        assert await jobs.next_due(conn, T0 + timedelta(seconds=20)) is None
        assert await jobs.oldest_due(conn, clock()) == T0 - timedelta(seconds=5)
        assert await jobs.oldest_due(conn, T0 - timedelta(seconds=6)) is None


async def test_jobs_are_counted_and_listed_by_state(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("a"), a_job("b"), a_job("c", due=9))
    first, second = await claim(store, clock)
    await finish(store, clock, first)
    await store.transact(lambda unit: jobs.die(unit.conn, second))
    async with store.read() as conn:
        assert await jobs.counts(conn) == {"pending": 1, "done": 1, "cancelled": 0, "dead": 1}
        assert [job.key for job in await jobs.listing(conn)] == ["c", "b", "a"]
        assert [job.key for job in await jobs.listing(conn, states=[JobState.DEAD])] == ["b"]
        assert [job.key for job in await jobs.listing(conn, limit=1, offset=2)] == ["a"]


async def test_finished_jobs_are_purged_in_batches_and_dead_ones_stay(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, *(a_job(key) for key in "abcd"))
    *over, dead = await claim(store, clock)
    for job in over:
        await finish(store, clock, job)
    await store.transact(lambda unit: jobs.die(unit.conn, dead))
    before = T0 + timedelta(days=7)
    purged = [await store.transact(lambda unit: jobs.purge(unit.conn, before, limit=2)) for _ in range(3)]
    assert purged == [2, 1, 0]
    async with store.read() as conn:
        assert [job.key for job in await jobs.listing(conn)] == ["d"]


async def test_superseding_cancels_what_waits_and_tells_of_what_runs(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job("running", subject="s"))
    await claim(store, clock)
    await enqueue(store, a_job("waiting", subject="s"), a_job("other", subject="t"))
    assert await store.transact(lambda unit: jobs.supersede(unit.conn, "s", "k"))
    assert (await kept(store, "running")).state is JobState.PENDING
    assert (await kept(store, "waiting")).state is JobState.CANCELLED
    assert (await kept(store, "other")).state is JobState.PENDING
    assert not await store.transact(lambda unit: jobs.supersede(unit.conn, "t", "k"))
