"""A worker at work, handlers that do or fail, and what became of a job."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from bot.engine.worker import Runner, Worker
from bot.ports import Ports
from storage.records.jobs import Job, JobState, NewJob
from storage.records.journal import Entry
from storage.tables import jobs
from storage.unit_of_work import Store
from tests.rooms.engine.conftest import T0, FrozenClock


@dataclass
class Edges:
    """As much of `Ports` as the worker uses."""

    jobs_for: Callable[[Entry], list[NewJob]] = lambda _entry: []
    ran: list[Job] = field(default_factory=list)


def a_job(key: str = "x", **changes: Any) -> NewJob:
    return NewJob(**{"kind": "k", "key": key, "due_at": T0, **changes})


async def remember(ports: Ports, job: Job) -> None:
    cast("Edges", ports).ran.append(job)


def failing(error: BaseException) -> Runner:
    async def run(_ports: Ports, _job: Job) -> None:
        raise error

    return run


@asynccontextmanager
async def working(
    store: Store, edges: Edges, runners: Mapping[str, Runner], now: Callable[[], datetime], **options: Any
) -> AsyncIterator[Worker]:
    worker = Worker(store, runners, cast("Ports", edges), now=now, **options)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def kept(store: Store, key: str = "x") -> Job:
    async with store.read() as conn:
        return next(job for job in await jobs.listing(conn, limit=1000) if job.key == key)


def is_in(store: Store, key: str, state: JobState) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return (await kept(store, key)).state is state

    return check


def has_error(store: Store, key: str, part: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return part in (await kept(store, key)).last_error

    return check


async def come_due(store: Store, clock: FrozenClock, worker: Worker) -> None:
    """Move the clock to the time that the job waits for, unless it is running."""
    job = await kept(store)
    if not job.owner and job.due_at > clock():
        clock.time = job.due_at
        worker.wake()


async def enqueue(store: Store, *new: NewJob) -> None:
    await store.transact(lambda unit: unit.enqueue(new))
