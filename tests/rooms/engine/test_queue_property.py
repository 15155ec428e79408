"""Any sequence of enqueuing, claiming, finishing, failing, cancelling and dying workers agrees with a plain model."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Values
from hypothesis.stateful import RuleBasedStateMachine, consumes, invariant, multiple, rule

from storage.records.jobs import Job, JobState, NewJob
from storage.tables import jobs
from storage.unit_of_work import Store, UnitOfWork
from tests.rooms.engine.conftest import T0

LEASE = timedelta(seconds=4)
KEYS = [f"k{i}" for i in range(8)]
SUBJECTS = ["alert:1", "alert:2"]
LANES = ["", "left", "right"]
OWNERS = ["a", "b"]


@dataclass
class Row:
    """What the model knows of a job."""

    number: int
    subject: str
    lane: str
    due: datetime
    state: JobState = JobState.PENDING
    owner: str = ""
    started: bool = False
    attempts: int = 0


class Queue(RuleBasedStateMachine):
    """Drives the queue and a dictionary alike; each run has a copy of the database at `template`."""

    template: ClassVar[Path]

    claimed = Values("claimed")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        file = shutil.copyfile(self.template, Path(self.folder.name) / "bot.db")
        self.store = self.runner.run(Store.open(f"sqlite:///{file}"))
        self.now = T0
        self.rows: dict[str, Row] = {}
        self.made = 0

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def transact(self, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        return self.runner.run(self.store.transact(work))  # type: ignore[arg-type]

    @rule(
        key=st.sampled_from(KEYS),
        subject=st.sampled_from(SUBJECTS),
        lane=st.sampled_from(LANES),
        seconds=st.integers(-5, 10),
    )
    def enqueue(self, key: str, subject: str, lane: str, seconds: int) -> None:
        due = self.now + timedelta(seconds=seconds)
        self.transact(lambda unit: unit.enqueue([NewJob(kind="k", key=key, subject=subject, lane=lane, due_at=due)]))
        old = self.rows.get(key)
        if old is None:
            self.made += 1
            self.rows[key] = Row(self.made, subject, lane, due)
        elif old.state is JobState.CANCELLED:
            self.rows[key] = Row(old.number, subject, lane, due)

    @rule(target=claimed, owner=st.sampled_from(OWNERS), limit=st.integers(1, 10))
    def claim(self, owner: str, limit: int) -> Any:
        got: list[Job] = self.transact(
            lambda unit: jobs.claim(unit.conn, owner=owner, lease=LEASE, limit=limit, now=self.now)
        )
        free = {key for key, row in self.rows.items() if self._claimable(row)}
        assert {job.key for job in got} <= free
        assert len(got) == min(limit, len(free))
        for job in got:
            row = self.rows[job.key]
            row.owner, row.started, row.due, row.attempts = owner, True, self.now + LEASE, row.attempts + 1
            assert job.attempts == row.attempts
        return multiple(*got)

    def _claimable(self, row: Row) -> bool:
        if row.state is not JobState.PENDING or row.due > self.now:
            return False
        lane = [r for r in self.rows.values() if r.lane == row.lane and r.state is JobState.PENDING and r is not row]
        if not row.lane or row.started:
            return True
        return not any(r.started or (r.number < row.number and r.due <= self.now) for r in lane)

    def _owned(self, job: Job) -> Row | None:
        row = self.rows[job.key]
        return row if row.state is JobState.PENDING and row.owner == job.owner else None

    @rule(job=consumes(claimed))
    def finish(self, job: Job) -> None:
        count = self.transact(lambda unit: jobs.done(unit.conn, [job.id], owner=job.owner, now=self.now))
        row = self._owned(job)
        assert count == (row is not None)
        if row:
            row.state = JobState.DONE

    @rule(job=consumes(claimed), seconds=st.integers(0, 10), failed=st.booleans())
    def again(self, job: Job, seconds: int, failed: bool) -> None:
        due = self.now + timedelta(seconds=seconds)
        if failed:
            self.transact(lambda unit: jobs.retry(unit.conn, job, due, "failed"))
        else:
            self.transact(lambda unit: jobs.postpone(unit.conn, [job.id], owner=job.owner, due_at=due))
        row = self._owned(job)
        if row:
            row.due = due
            row.owner = row.owner if row.lane else ""

    @rule(job=claimed)
    def extend(self, job: Job) -> None:
        until = self.now + LEASE
        self.transact(lambda unit: jobs.extend(unit.conn, [job.id], owner=job.owner, until=until))
        row = self._owned(job)
        if row:
            row.due = until

    @rule(subject=st.sampled_from(SUBJECTS))
    def cancel(self, subject: str) -> None:
        count = self.transact(lambda unit: unit.cancel(subject, "k"))
        pending = [r for r in self.rows.values() if r.subject == subject and r.state is JobState.PENDING]
        assert count == len(pending)
        for row in pending:
            row.state = JobState.CANCELLED

    @rule(seconds=st.integers(1, 6))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def the_table_says_what_the_model_says(self) -> None:
        async def read() -> list[Job]:
            async with self.store.read() as conn:
                return await jobs.listing(conn, limit=100)

        kept = {job.key: (job.state, job.due_at, job.attempts) for job in self.runner.run(read())}
        assert kept == {key: (row.state, row.due, row.attempts) for key, row in self.rows.items()}

    @invariant()
    def at_most_one_job_of_a_lane_is_started(self) -> None:
        started = [r.lane for r in self.rows.values() if r.lane and r.started and r.state is JobState.PENDING]
        assert len(started) == len(set(started))

    @invariant()
    def no_lane_is_stuck(self) -> None:
        for lane in LANES[1:]:
            due = [
                r for r in self.rows.values() if r.lane == lane and r.state is JobState.PENDING and r.due <= self.now
            ]
            held = [
                r
                for r in self.rows.values()
                if r.lane == lane and r.state is JobState.PENDING and r.started and r.due > self.now
            ]
            assert not due or held or any(self._claimable(row) for row in due)


Queue.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture(autouse=True)
def _migrated(sqlite_template: Path) -> None:
    Queue.template = sqlite_template


test_any_sequence_agrees_with_the_model = Queue.TestCase
