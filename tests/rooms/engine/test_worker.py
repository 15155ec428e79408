"""The worker: what becomes of a job in every way that its run may end."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from bot.engine import worker as worker_module
from bot.engine.retry import ATTEMPTS, Later, delay
from bot.engine.worker import Runner, Worker
from bot.ports import Ports, Undeliverable
from storage.records.jobs import Job, JobState, NewJob
from storage.records.journal import Entry
from storage.tables import jobs, journal
from storage.unit_of_work import Store
from tests.rooms.engine.conftest import T0, FrozenClock, eventually
from tests.rooms.engine.workers import (
    Edges,
    a_job,
    come_due,
    enqueue,
    failing,
    has_error,
    is_in,
    kept,
    remember,
    working,
)


async def test_a_due_job_is_run_once_and_marked_done(store: Store, clock: FrozenClock) -> None:
    edges = Edges()
    await enqueue(store, a_job(payload={"step": 1}))
    async with working(store, edges, {"k": remember}, clock):
        await eventually(is_in(store, "x", JobState.DONE))
    assert [(job.payload, job.attempts) for job in edges.ran] == [({"step": 1}, 1)]


async def test_a_job_enqueued_while_the_worker_sleeps_wakes_it(store: Store, clock: FrozenClock) -> None:
    edges = Edges()
    async with working(store, edges, {"k": remember}, clock):
        for key in "abc":
            await enqueue(store, a_job(key))
            await eventually(is_in(store, key, JobState.DONE))


async def test_a_timer_runs_at_its_time_and_not_before(store: Store, clock: FrozenClock) -> None:
    edges = Edges()
    await enqueue(store, a_job("timer", due_at=T0 + timedelta(minutes=5)), a_job("now"))
    async with working(store, edges, {"k": remember}, clock) as worker:
        await eventually(is_in(store, "now", JobState.DONE))
        clock.forward(300)
        worker.wake()
        await eventually(is_in(store, "timer", JobState.DONE))
    assert [job.key for job in edges.ran] == ["now", "timer"]


async def test_a_failed_run_is_repeated_after_its_backoff(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job())
    async with working(store, Edges(), {"k": failing(LookupError("no such channel"))}, clock):
        await eventually(has_error(store, "x", "LookupError: no such channel"))
    job = await kept(store)
    assert job.state is JobState.PENDING
    assert job.due_at == T0 + timedelta(seconds=delay("x", 1))


async def test_a_provider_that_says_when_is_believed(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job())
    busy = Undeliverable("rate limited", retry=True, after=30)
    async with working(store, Edges(), {"k": failing(busy)}, clock):
        await eventually(has_error(store, "x", "rate limited"))
    assert (await kept(store)).due_at == T0 + timedelta(seconds=30)


async def test_what_can_never_succeed_dies_at_once_and_its_death_has_consequences(
    store: Store, clock: FrozenClock
) -> None:
    def alert(entry: Entry) -> list[NewJob]:
        return [a_job(f"reaction:{entry.id}", kind="reaction", payload={"kind": entry.kind})]

    edges = Edges(jobs_for=alert)
    await enqueue(store, a_job())
    runners = {"k": failing(Undeliverable("no such number", retry=False)), "reaction": remember}
    async with working(store, edges, runners, clock):
        await eventually(is_in(store, "x", JobState.DEAD))
        dead = await kept(store)
        async with store.read() as conn:
            [fact] = await journal.of_subjects(conn, [f"job:{dead.id}"])
        await eventually(is_in(store, f"reaction:{fact.id}", JobState.DONE))
    assert (dead.last_error, dead.finished_at) == ("Undeliverable: no such number", T0)
    assert (fact.kind, fact.actor, fact.at) == ("JobDied", "bot", T0)
    assert fact.payload == {"job": dead.id, "kind": "k", "error": "Undeliverable: no such number", "attempts": 1}


async def test_a_broken_reaction_to_deaths_does_not_breed(store: Store, clock: FrozenClock) -> None:
    def alert(entry: Entry) -> list[NewJob]:
        return [a_job(f"reaction:{entry.id}", kind="reaction", payload={"kind": entry.kind})]

    broken = failing(Undeliverable("broken", retry=False))
    await enqueue(store, a_job())
    async with working(store, Edges(jobs_for=alert), {"k": broken, "reaction": broken}, clock):

        async def both_dead() -> bool:
            async with store.read() as conn:
                return (await jobs.counts(conn))["dead"] == 2

        await eventually(both_dead)
    async with store.read() as conn:
        assert await jobs.counts(conn) == {"pending": 0, "done": 0, "cancelled": 0, "dead": 2}


async def test_a_job_that_keeps_failing_dies_after_its_last_attempt(store: Store, clock: FrozenClock) -> None:
    await enqueue(store, a_job())
    async with working(store, Edges(), {"k": failing(OSError("unreachable"))}, clock) as worker:

        async def dead() -> bool:
            await come_due(store, clock, worker)
            return (await kept(store)).state is JobState.DEAD

        await eventually(dead)
    assert (await kept(store)).attempts == ATTEMPTS


async def test_a_job_whose_every_run_killed_the_process_dies_without_another(store: Store, clock: FrozenClock) -> None:
    edges = Edges()
    await enqueue(store, a_job())
    for _ in range(ATTEMPTS):
        now = clock()
        lease = timedelta(seconds=4)
        await store.transact(lambda unit: jobs.claim(unit.conn, owner="dies", lease=lease, limit=1, now=now))  # noqa: B023
        clock.forward(4)
    async with working(store, edges, {"k": remember}, clock):
        await eventually(is_in(store, "x", JobState.DEAD))
    assert edges.ran == []
    assert "ended without a result" in (await kept(store)).last_error


async def test_a_job_of_an_unknown_kind_is_kept_for_a_program_that_knows_it(store: Store, clock: FrozenClock) -> None:
    edges = Edges()
    await enqueue(store, a_job(kind="from.a.newer.version"))
    async with working(store, edges, {}, clock):
        await eventually(has_error(store, "x", "nothing that runs 'from.a.newer.version'"))
    clock.forward(60)
    async with working(store, edges, {"from.a.newer.version": remember}, clock):
        await eventually(is_in(store, "x", JobState.DONE))


async def test_a_handler_may_put_its_job_off_any_number_of_times(store: Store, clock: FrozenClock) -> None:
    async def run(_ports: Ports, job: Job) -> None:
        if job.attempts <= ATTEMPTS + 5:
            raise Later(clock() + timedelta(seconds=3))

    await enqueue(store, a_job())
    async with working(store, Edges(), {"k": run}, clock) as worker:

        async def done() -> bool:
            await come_due(store, clock, worker)
            return (await kept(store)).state is JobState.DONE

        await eventually(done)
    job = await kept(store)
    assert (job.attempts, job.postponed) == (ATTEMPTS + 6, ATTEMPTS + 5)


async def test_a_run_that_takes_too_long_is_ended_and_counts_as_failed(store: Store, clock: FrozenClock) -> None:
    async def hang(_ports: Ports, _job: Job) -> None:
        await asyncio.Event().wait()

    await enqueue(store, a_job())
    async with working(store, Edges(), {"k": hang}, clock, timeout=timedelta(seconds=0.05)):
        await eventually(has_error(store, "x", "TimeoutError: took longer than 0.05 s"))


async def test_a_handler_whose_own_call_was_cancelled_has_failed(store: Store, clock: FrozenClock) -> None:
    async def run(_ports: Ports, _job: Job) -> None:
        call = asyncio.get_running_loop().create_future()
        call.cancel()
        await call

    await enqueue(store, a_job())
    async with working(store, Edges(), {"k": run}, clock):
        await eventually(has_error(store, "x", "CancelledError"))


async def test_a_handler_that_asks_for_nonsense_does_not_block_its_slot(store: Store, clock: FrozenClock) -> None:
    edges = Edges()
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the nonsense
    await enqueue(store, a_job(), a_job("y", kind="good"))
    async with working(store, edges, {"k": failing(Later(naive)), "good": remember}, clock, concurrency=1):
        await eventually(is_in(store, "y", JobState.DONE))
    assert (await kept(store)).state is JobState.PENDING


async def test_what_was_handed_over_runs_before_more_is_claimed(
    store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "HEAD_START", 20.0)
    ended: list[str] = []
    another = asyncio.Event()

    async def handed(_ports: Ports, job: Job) -> None:
        with suppress(TimeoutError):  # another job has all the time that it would need
            await asyncio.wait_for(another.wait(), 0.5)
        ended.append(job.key)

    async def later(_ports: Ports, job: Job) -> None:
        another.set()
        ended.append(job.key)

    async with working(store, Edges(), {"k": later}, clock) as worker:
        await _hand_over(store, worker, handed)
        clock.forward(1)  # a claim that was under way already looks for what was due before
        await enqueue(store, a_job("later", due_at=clock()))
        await eventually(is_in(store, "later", JobState.DONE))
    assert ended == ["handed", "later"]


async def test_what_was_handed_over_and_takes_long_holds_up_nothing(store: Store, clock: FrozenClock) -> None:
    free = asyncio.Event()

    async def handed(_ports: Ports, _job: Job) -> None:
        await free.wait()

    async with working(store, Edges(), {"k": remember}, clock) as worker:
        await _hand_over(store, worker, handed)
        await enqueue(store, a_job("later"))
        await eventually(is_in(store, "later", JobState.DONE))
        assert (await kept(store, "handed")).state is JobState.PENDING
        free.set()


async def _hand_over(store: Store, worker: Worker, runner: Runner) -> None:
    (job,) = await store.transact(lambda unit: worker.lease(unit, [a_job("handed")]))
    worker.run(job, runner)
