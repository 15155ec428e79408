"""Runs durable jobs: claims what is due, holds its leases, and writes down what became of it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.decision import Decision, commit
from bot.engine import retry
from bot.events import JobDied
from bot.ports import Ports
from storage.records.jobs import Job, JobState, NewJob
from storage.records.journal import Entry
from storage.tables import fires, jobs
from storage.unit_of_work import Conflict, Store, StoreError, UnitOfWork

T = TypeVar("T")

Runner = Callable[[Ports, Job], Awaitable[None]]
Purge = Callable[[AsyncConnection, datetime, int], Awaitable[int]]

LOOK = 1.0
"""Seconds after which the worker looks for jobs without having been woken: other processes may write jobs too."""
KEPT = timedelta(days=7)
"""How long finished jobs and firings are kept, so that their keys cannot come again."""

HEAD_START = 0.02
"""Seconds for which what was handed over runs before more is claimed: they would take turns in one interpreter."""

_GRACE = 2.0
_HANDED = 8
_PURGE_EVERY = 3600.0
_PURGE_AT_ONCE = 500

_log = structlog.get_logger(__name__)


class Unrunnable(Exception):
    """No runner for a job's kind: it is from a newer program, or its plug-in is gone."""


class Worker:
    """Runs jobs until it is stopped. Any number of workers may share a database; each job runs in one of them.

    A run is repeated when its process died, so handlers look before they repeat what cannot be undone (`Job.attempts`).
    `now` is also the clock of leases: clocks of replicas must agree to well within `lease`. A run that takes longer
    than `timeout` is cancelled and counts as failed.
    """

    def __init__(
        self,
        store: Store,
        runners: Mapping[str, Runner],
        ports: Ports,
        *,
        now: Callable[[], datetime],
        concurrency: int = 32,
        lease: timedelta = timedelta(seconds=4),
        timeout: timedelta = timedelta(minutes=5),
    ) -> None:
        self._store = store
        self._runners = runners
        self._ports = ports
        self._now = now
        self._concurrency = concurrency
        self._lease = lease
        self._timeout = timeout
        self._owner = uuid.uuid4().hex
        self._due = asyncio.Event()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._handed: set[asyncio.Task[None]] = set()
        self._ahead: set[asyncio.Task[Any]] = set()
        self._done: list[Job] = []
        self._put_off: list[tuple[Job, datetime]] = []
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to run jobs; overdue ones run at once."""
        self._store.wake_on_commit(self.wake)
        steps = (self._turn, self._beat, self._purge, self._listen)
        self._loops = [asyncio.create_task(self._keep(step), name=f"worker{step.__name__}") for step in steps]

    async def stop(self) -> None:
        """Take no more jobs, let running ones end for two seconds, and hand the others back for any worker to take."""
        self._store.sleep_on_commit(self.wake)
        loops, self._loops = self._loops, []
        await _cancel(loops)
        if self._running:
            await asyncio.wait(self._running.values(), timeout=_GRACE)
        await _cancel([*self._running.values(), *self._ahead])
        try:
            await self._exchange(0)
            if self._running:
                await self._store.transact(self._hand_back)
        except (Conflict, StoreError) as error:  # their leases run out by themselves
            _log.warning("jobs_not_handed_back", jobs=sorted(self._running), error=str(error))
        self._running.clear()

    @property
    def has_room(self) -> bool:
        """Whether it runs, and not so much that what is handed to it would wait behind the rest."""
        return bool(self._loops) and len(self._running) < _HANDED * self._concurrency

    async def lease(self, unit: UnitOfWork, new: Iterable[NewJob]) -> list[Job]:
        """Insert jobs that this worker runs as soon as they are committed; `run` them then.

        That saves looking for them. When the process dies before, their leases run out and any worker takes them.
        """
        return await jobs.start(unit.conn, new, owner=self._owner, until=self._now() + self._lease)

    def run(self, job: Job, runner: Runner | None = None) -> None:
        """Run a job that was leased to this worker, the first time by `runner` when it is given."""
        if self._loops:
            self._begin(job, runner)
            self._handed.add(self._running[job.id])
            self._running[job.id].add_done_callback(self._handed.discard)

    def ahead(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin what a job will go on with that is about to be leased; what comes of it, the job says."""
        task = asyncio.create_task(work, name="job:ahead")
        self._ahead.add(task)
        task.add_done_callback(self._ahead.discard)
        task.add_done_callback(_heard)
        return task

    def wake(self) -> None:
        """Look for due jobs now."""
        self._due.set()

    async def lag(self) -> float:
        """Return the seconds that the oldest due job has waited, 0 when none waits; raises `StoreError`."""
        now = self._now()
        async with self._store.read() as conn:
            since = await jobs.oldest_due(conn, now)
        return (now - since).total_seconds() if since else 0.0

    async def _keep(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeat `step` whatever happens: a worker that dies of one failure would be noticed by nobody."""
        while True:
            try:
                await step()
            except (Conflict, StoreError) as error:
                _log.warning("worker_cannot_use_store", step=step.__name__, error=str(error))
                await asyncio.sleep(LOOK)
            except Exception:  # noqa: BLE001 - logged, and tried again
                _log.exception("worker_step_failed", step=step.__name__)
                await asyncio.sleep(LOOK)

    async def _turn(self) -> None:
        """Write down what ended and run what is due, until there is more of either."""
        self._due.clear()
        if self._handed:
            await asyncio.wait(self._handed, timeout=HEAD_START)
        free = self._concurrency - len(self._running) + len(self._done) + len(self._put_off)
        claimed, following = await self._exchange(free)
        for job in claimed:
            self._begin(job)
        wait = LOOK
        if len(claimed) < free and following:
            wait = min(LOOK, max(0.0, (following - self._now()).total_seconds()))
        try:
            async with asyncio.timeout(wait):
                await self._due.wait()
        except TimeoutError:
            return

    async def _exchange(self, free: int) -> tuple[list[Job], datetime | None]:
        """Write down all that ended or was put off since the last time, and claim at most `free` jobs in its place.

        Gives these, and when the next one comes due. One transaction for both: each commit waits for the disk.
        """
        ended, self._done = self._done, []
        put_off, self._put_off = self._put_off, []
        now = self._now()

        async def work(unit: UnitOfWork) -> tuple[list[Job], datetime | None]:
            await self._mark(unit, ended, put_off)
            claimed, following = await self._claim(unit, free, now) if free > 0 else ([], None)
            if len(claimed) >= free and any(job.lane for job in ended):
                await unit.wake()  # the next one of the lane is for any worker
            return claimed, following

        if not (ended or put_off or free > 0):
            return [], None
        try:
            got = await self._store.transact(work)
        except BaseException:
            self._done = [*ended, *self._done]
            self._put_off = [*put_off, *self._put_off]
            self.wake()
            raise
        for job in (*ended, *(job for job, _ in put_off)):
            self._running.pop(job.id, None)
        return got

    async def _claim(self, unit: UnitOfWork, free: int, now: datetime) -> tuple[list[Job], datetime | None]:
        claimed = await jobs.claim(unit.conn, owner=self._owner, lease=self._lease, limit=free, now=now)
        return claimed, await jobs.next_due(unit.conn, now)

    async def _mark(self, unit: UnitOfWork, ended: list[Job], put_off: list[tuple[Job, datetime]]) -> None:
        if ended:
            await jobs.done(unit.conn, [job.id for job in ended], owner=self._owner, now=self._now())
        for at in {at for _, at in put_off}:
            ids = [job.id for job, later in put_off if later == at]
            await jobs.postpone(unit.conn, ids, owner=self._owner, due_at=at)

    def _begin(self, job: Job, runner: Runner | None = None) -> None:
        if job.id not in self._running:  # else our own lease ran out while it was running: it goes on
            self._running[job.id] = asyncio.create_task(self._run(job, runner), name=f"job:{job.id}:{job.kind}")

    async def _run(self, job: Job, runner: Runner | None) -> None:
        try:
            await self._bounded(job, runner or self._runners.get(job.kind))
        except asyncio.CancelledError as error:
            if _being_cancelled():
                raise
            await self._settle(job, error)  # something that the handler waited for was cancelled, not the handler
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way; the job keeps the reason
            await self._settle(job, error)
        else:
            self._done.append(job)
            self.wake()

    async def _bounded(self, job: Job, runner: Runner | None) -> None:
        if retry.exhausted(job, including_this=False):
            raise Unrunnable("every run ended without a result; the process may have died of it")
        if runner is None:
            raise Unrunnable(f"this program has nothing that runs {job.kind!r}; is a plug-in missing?")
        scope = asyncio.timeout(self._timeout.total_seconds())
        try:
            async with scope:
                await runner(self._ports, job)
        except TimeoutError:
            if scope.expired():
                raise TimeoutError(f"took longer than {self._timeout.total_seconds():g} s") from None
            raise

    async def _settle(self, job: Job, error: BaseException) -> None:
        verdict = retry.judge(job, error, self._now())
        log = _log.bind(job=job.id, kind=job.kind, subject=job.subject, attempts=job.attempts)
        try:
            match verdict:
                case retry.PutOff(at=at):
                    self._put_off.append((job, at))
                    self.wake()
                    return
                case retry.Again(at=at, error=said):
                    log.warning("job_failed", error=said, again_at=at.isoformat(), exc_info=_unexpected(job, error))
                    await self._store.transact(lambda unit: jobs.retry(unit.conn, job, at, said))
                case retry.GiveUp(error=said):
                    log.error("job_died", error=said)
                    await self._store.transact(lambda unit: self._bury(unit, job, said))
        except Exception as trouble:  # its lease runs out, and it runs again
            log.exception("job_result_not_written", error=str(trouble))
        self._running.pop(job.id, None)
        self.wake()

    async def _bury(self, unit: UnitOfWork, job: Job, said: str) -> None:
        now = self._now()
        kept = await jobs.get(unit.conn, job.id, lock=True)
        if kept is None or kept.state is not JobState.PENDING or kept.owner != self._owner:
            return
        died = JobDied(job=job.id, kind=job.kind, error=said, attempts=job.attempts)
        dead = replace(kept, state=JobState.DEAD, finished_at=now, last_error=said)
        # What reacts to a death must not react to its own, or one broken reaction would breed for ever.
        follow = _nothing if job.payload.get("kind") == JobDied.__name__ else self._ports.jobs_for
        await commit(unit, Decision(state=dead, events=(died,), reason=said), actor="bot", now=now, jobs_for=follow)
        await unit.wake()

    async def _hand_back(self, unit: UnitOfWork) -> None:
        await jobs.postpone(unit.conn, list(self._running), owner=self._owner, due_at=self._now())
        await unit.wake()

    async def _beat(self) -> None:
        await asyncio.sleep(self._lease.total_seconds() / 3)
        live = list(self._running)
        if live:
            until = self._now() + self._lease
            await self._store.transact(lambda unit: jobs.extend(unit.conn, live, owner=self._owner, until=until))

    async def _purge(self) -> None:
        before = self._now() - KEPT
        for purge in (jobs.purge, fires.purge):
            while await self._store.transact(partial(_purge, purge, before)):  # noqa: ASYNC110 - deletes, waits for nothing
                await asyncio.sleep(0.05)  # let other writers in between
        await asyncio.sleep(_PURGE_EVERY)

    async def _listen(self) -> None:
        await self._store.listen(self.wake)


def _nothing(_entry: Entry) -> tuple[()]:
    return ()


def _heard(task: asyncio.Task[Any]) -> None:
    """Ask how it ended: when the job was not committed, nobody else does."""
    if not task.cancelled():
        task.exception()


def _unexpected(job: Job, error: BaseException) -> BaseException | None:
    """Return the error for its traceback, once per job, and not for what was raised on purpose."""
    on_purpose = hasattr(error, "retry") or isinstance(error, Unrunnable | TimeoutError)
    return None if on_purpose or retry.runs(job) > 1 else error


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _purge(purge: Purge, before: datetime, unit: UnitOfWork) -> int:
    return await purge(unit.conn, before, _PURGE_AT_ONCE)


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
