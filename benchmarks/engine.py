"""How fast the queue is: `./do bench engine [DATABASE_URL]`. Without an address it measures SQLite in a new file.

Says how long a job takes from the beginning of its transaction to its handler, how many a second are run, and what a
worker costs while 100,000 jobs wait for their time.
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bot.engine.worker import Worker
from storage.records.jobs import Job, NewJob
from storage.unit_of_work import Store

PENDING = 100_000
TIMED = 300
MANY = 5_000
IDLE_SECONDS = 10


def now() -> datetime:
    return datetime.now(UTC)


def due(key: str, seconds: float = 0) -> NewJob:
    return NewJob(kind="measured", key=key, due_at=now() + timedelta(seconds=seconds))


async def measure(url: str) -> None:
    store = await Store.open(url)
    run = f"{time.time():.0f}"
    ran: asyncio.Queue[float] = asyncio.Queue()

    async def handle(_ports: Any, _job: Job) -> None:
        ran.put_nowait(time.perf_counter())

    ports: Any = SimpleNamespace(jobs_for=lambda _entry: ())
    for start in range(0, PENDING, MANY):
        waiting = [due(f"{run}:wait:{i}", 86_400 + i) for i in range(start, start + MANY)]
        await store.transact(lambda unit, waiting=waiting: unit.enqueue(waiting))
    worker = Worker(store, {"measured": handle}, ports, now=now)
    await worker.start()

    waits = []
    for i in range(TIMED):
        begun = time.perf_counter()
        await store.transact(lambda unit, i=i: unit.enqueue([due(f"{run}:one:{i}")]))
        waits.append(await ran.get() - begun)
    waits.sort()
    print(f"{store.dialect}, {PENDING:,} jobs pending")
    print(f"  enqueue to handler   p50 {waits[TIMED // 2] * 1e3:.1f} ms, p99 {waits[TIMED * 99 // 100] * 1e3:.1f} ms")

    begun = time.perf_counter()
    await store.transact(lambda unit: unit.enqueue([due(f"{run}:many:{i}") for i in range(MANY)]))
    for _ in range(MANY):
        await ran.get()
    print(f"  enqueue and run      {MANY / (time.perf_counter() - begun):,.0f} jobs a second")

    cpu, begun = time.process_time(), time.perf_counter()
    await asyncio.sleep(IDLE_SECONDS)
    print(f"  idle                 {(time.process_time() - cpu) / (time.perf_counter() - begun):.2%} of a processor")
    await worker.stop()
    await store.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/bench.db"))


if __name__ == "__main__":
    main()
