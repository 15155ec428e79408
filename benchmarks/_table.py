"""How a benchmark says what it found: one small table, and an exit code that tells only whether it could measure."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 110


class Unmeasured(Exception):
    """There is no figure; the text says why."""


@dataclass(frozen=True)
class Row:
    """Values of one thing, and what they are held against: the p99 against `target`, the p50 against that of `peer`."""

    what: str
    values: Sequence[float]
    target: float | None = None
    peer: Sequence[float] = ()


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank: the smallest value that at least that share (0 to 1) of all values do not exceed."""
    if not values:
        raise Unmeasured("nothing was measured")
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]


def show(title: str, unit: str, rows: Sequence[Row], *notes: str) -> None:
    """Print the table. Of fewer than a hundred values the p99 is the largest."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what")
    for name in ("n", f"p50 {unit}", f"p99 {unit}", f"target {unit}", "ratio to peer"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        middle, high = percentile(row.values, 0.5), percentile(row.values, 0.99)
        verdict = "" if row.target is None else f"{'met' if high <= row.target else 'missed'} {row.target:g}"
        ratio = f"{middle / percentile(row.peer, 0.5):.2f}" if row.peer else ""
        table.add_row(row.what, f"{len(row.values)}", f"{middle:.4g}", f"{high:.4g}", verdict, ratio)
    out = Console(width=max(WIDTH, Console().width), highlight=False)
    out.print(title, table)
    for note in (*notes, machine()):
        out.print(note)


def machine() -> str:
    """Where and when this was: figures mean nothing without it."""
    cpus, load = os.cpu_count(), os.getloadavg()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    models = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {cpus} processors ({', '.join(sorted(set(models)))}), "
        f"{memory:.0f} GiB · Python {sys.version.split()[0]} · load {load:.1f}"
    )


def run(measure: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the benchmark; exit with 1 when it could not measure."""
    try:
        asyncio.run(measure())
    except (Unmeasured, OSError, TimeoutError) as lost:
        sys.exit(f"could not measure: {str(lost) or type(lost).__name__}")


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
