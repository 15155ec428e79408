"""What an idle bot costs: `./do bench memory [SECONDS]`. Memory is resident, processor time that of the last half."""

import asyncio
import sys

import psutil

from benchmarks import _programs
from benchmarks._table import Row, Unmeasured, run, show

SECONDS = 60
TARGET = 150.0


async def measure() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with _programs.folders("bot", "bare") as (ours, theirs):
        async with (
            _programs.workspace() as there,
            _programs.workspace() as beside,
            _programs.bot(ours, there) as bot,
            _programs.bare(theirs, beside) as bare,
        ):
            found = await asyncio.gather(*(_idle(one.process.pid, seconds) for one in (bot, bare)))
    (memory, cpu), (bare_memory, bare_cpu) = found
    show(
        f"Idle, {seconds:g} s after the start, connected by Socket Mode, one check every 60 s",
        "MB",
        [Row("bot, resident memory", memory, TARGET, bare_memory), Row("peer: bare Bolt app", bare_memory)],
        f"Processor: bot {cpu:.2%}, bare Bolt app {bare_cpu:.2%} of one.",
    )


async def _idle(pid: int, seconds: float) -> tuple[list[float], float]:
    """Megabytes (10^6 bytes) in ten looks over the last half, and the share of a processor used meanwhile."""
    try:
        process = psutil.Process(pid)
        await asyncio.sleep(seconds / 2)
        before = process.cpu_times()
        looks = []
        for _ in range(10):
            await asyncio.sleep(seconds / 20)
            looks.append(process.memory_info().rss / 1e6)
        after = process.cpu_times()
    except psutil.Error as gone:
        raise Unmeasured(str(gone)) from None
    return looks, max(0.0, after.user + after.system - before.user - before.system) / (seconds / 2)


if __name__ == "__main__":
    run(measure)
