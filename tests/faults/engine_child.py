"""A process that runs timers until it is killed: `engine_child.py URL FILE`.

FILE gets a line "+KEY PID" when a run begins and "-KEY PID" when it has done its deed.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bot.engine.worker import Worker
from storage.records.jobs import Job
from storage.unit_of_work import Store

LEASE = timedelta(seconds=1)


async def main(url: str, path: str) -> None:
    ran = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def run(_ports: Any, job: Job) -> None:
        os.write(ran, f"+{job.key} {os.getpid()}\n".encode())
        await asyncio.sleep(0.01 + job.id % 7 * 0.005)  # the answer of a provider takes a while
        os.write(ran, f"-{job.key} {os.getpid()}\n".encode())
        await asyncio.sleep(0.005)

    store = await Store.open(url)
    ports: Any = SimpleNamespace(jobs_for=lambda _entry: ())
    worker = Worker(store, {"timer": run}, ports, now=lambda: datetime.now(UTC), concurrency=16, lease=LEASE)
    await worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
