"""Kill -9 in the middle of the work: no timer is lost, and replicas take over what a dead one held."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.records.jobs import JobState, NewJob
from storage.tables import jobs
from storage.unit_of_work import Store
from tests.faults.engine_child import LEASE

ROOT = Path(__file__).parents[2]
LANES = 5


@contextmanager
def a_replica(url: str, ran: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker in a process of its own until the block ends, and kill it then."""
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/faults/engine_child.py"), url, str(ran)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def lines(ran: Path, mark: str, pid: int | None = None) -> list[str]:
    """Say which jobs began ("+") or did their deed ("-"), in order."""
    said = [line.split() for line in ran.read_text().splitlines()] if ran.exists() else []
    return [word[1:] for word, by in said if word[0] == mark and pid in {None, int(by)}]


def keys(ran: Path) -> list[str]:
    return lines(ran, "-")


def stop_amid_work(replica: subprocess.Popen[bytes], ran: Path) -> bool:
    """Stop the process; when it is not running a job just now, let it go on."""
    replica.send_signal(signal.SIGSTOP)
    os.waitpid(replica.pid, os.WUNTRACED)
    if set(lines(ran, "+", replica.pid)) - set(lines(ran, "-", replica.pid)):
        return True
    replica.send_signal(signal.SIGCONT)
    return False


def wait_for(condition: Callable[[], bool], within: float = 60) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


async def set_timers(store: Store, count: int, over: float) -> list[str]:
    """Commit timers that come due one after the other within `over` seconds; every third is in a lane."""
    now = datetime.now(UTC)
    new = [
        NewJob(
            kind="timer",
            key=f"{i}",
            due_at=now + timedelta(seconds=over * i / count),
            lane=f"lane:{i % LANES}" if i % 3 == 0 else "",
        )
        for i in range(count)
    ]
    await store.transact(lambda unit: unit.enqueue(new))
    return [job.key for job in new]


async def all_done(store: Store) -> bool:
    async with store.read() as conn:
        return (await jobs.counts(conn))["pending"] == 0


async def wait_until_done(store: Store, within: float = 60) -> float:
    begun = time.monotonic()
    while not await all_done(store):
        assert time.monotonic() < begun + within, "jobs are left"
        time.sleep(0.02)  # noqa: ASYNC251 - nothing else runs in this loop
    return time.monotonic() - begun


async def test_a_worker_killed_again_and_again_loses_no_timer(database_url: str, tmp_path: Path) -> None:
    chance = random.Random(2)
    ran = tmp_path / "ran"
    store = await Store.open(database_url)
    timers = await set_timers(store, 300, over=3)
    for _ in range(5):
        with a_replica(database_url, ran):
            enough = min(len(timers), len(keys(ran)) + chance.randint(5, 40))
            wait_for(lambda: len(keys(ran)) >= enough)  # noqa: B023 - used within the turn
    with a_replica(database_url, ran):
        await wait_until_done(store)

    runs = Counter(keys(ran))
    assert set(runs) == set(timers)
    assert sum(runs.values()) - len(timers) <= 5 * 16  # no more than was in flight at each kill
    async with store.read() as conn:
        assert await jobs.counts(conn) == {"pending": 0, "done": 300, "cancelled": 0, "dead": 0}
        assert any(job.attempts > 1 for job in await jobs.listing(conn, limit=300))  # kills did hit running jobs
    for lane in range(LANES):
        seen = list(dict.fromkeys(int(key) for key in keys(ran) if int(key) % 3 == 0 and int(key) % LANES == lane))
        assert seen == sorted(seen)
    await store.close()


@pytest.mark.server
async def test_a_replica_takes_over_what_a_dead_one_held_within_the_lease(postgresql_url: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    store = await Store.open(postgresql_url)
    with a_replica(postgresql_url, ran) as doomed, a_replica(postgresql_url, ran):
        timers = await set_timers(store, 300, over=3)
        wait_for(lambda: len(keys(ran)) >= 50)
        wait_for(lambda: stop_amid_work(doomed, ran))
        doomed.send_signal(signal.SIGKILL)
        doomed.wait()
        died = datetime.now(UTC)
        await wait_until_done(store)
    assert set(keys(ran)) == set(timers)
    async with store.read() as conn:
        taken_over = [job for job in await jobs.listing(conn, limit=300) if job.attempts > 1]
    assert taken_over
    assert all(job.state is JobState.DONE for job in taken_over)
    waits = [job.finished_at - died for job in taken_over if job.finished_at]
    assert all(wait < LEASE + timedelta(seconds=5) for wait in waits), waits  # the slack is for a busy machine
    await store.close()
