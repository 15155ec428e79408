"""How long it takes to start: `./do bench start [RUNS]`.

The bot is ready when `/readyz` says so: database, worker and Slack connection stand and the HTTP door answers. The peer
is ready when it is connected, with the same libraries loaded but neither database nor door.
"""

import sys
from pathlib import Path

from benchmarks import _programs
from benchmarks._table import Row, run, show

RUNS = 7
TARGET = 2.0


async def measure() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    kinds: list[list[float]] = [[], [], [], [], []]
    with _programs.folders("warm", *map(str, range(runs + 1))) as (warm, *folders):
        for fresh in folders:
            taken = [
                await _bare(fresh),
                await _bot(fresh),
                await _bot(warm),
                await _sandbox(fresh),
                await _programs.finished(warm, "manage", "health", "--json"),
            ]
            if fresh is not folders[0]:  # the first time is for the caches of the system
                for seconds, values in zip(taken, kinds, strict=True):
                    values.append(seconds)
    bare, new, existing, sandbox, health = kinds
    show(
        "Start to ready",
        "s",
        [
            Row("bot, existing database", existing, TARGET, bare),
            Row("bot, new database", new, TARGET, bare),
            Row("bot with its sandbox workspace", sandbox, TARGET, bare),
            Row("peer: bare Bolt app, connected", bare),
            Row("manage health --json, to its end", health),
        ],
    )


async def _bare(folder: Path) -> float:
    async with _programs.workspace() as there, _programs.bare(folder, there) as program:
        return program.seconds


async def _bot(folder: Path) -> float:
    async with _programs.workspace() as there, _programs.bot(folder, there) as program:
        return program.seconds


async def _sandbox(folder: Path) -> float:
    async with _programs.bot(folder, None) as program:
        return program.seconds


if __name__ == "__main__":
    run(measure)
