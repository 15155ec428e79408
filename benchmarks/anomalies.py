"""Anomaly rules against series with labelled anomalies, beside two plain ones: what is found, what is a false alarm.

All run through the same replay (`alerts test`), with the first two days as history and half an hour of keep_firing_for.
A window counts as found when a firing overlaps it; a firing that overlaps none is a false alarm.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks._table import WIDTH, machine
from bot.config.rules import Anomaly
from bot.rules import seasonal
from bot.rules.decide import Labels, Rule, Verdict
from bot.rules.replay import Firing, Replay
from bot.rules.replaying import judge_parts
from storage.records.samples import Sample

DATA = Path(__file__).resolve().parents[1] / "tests/data/nab"
METRIC = "value"
HISTORY = timedelta(days=2)
DEVIATIONS = (3.0, 4.0, 5.0, 6.0)
Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Series:
    """One series with the windows that its authors labelled."""

    name: str
    samples: Sequence[Sample]
    windows: Sequence[Window]

    @property
    def weeks(self) -> float:
        """How long it is judged."""
        return (self.samples[-1].at - self.samples[0].at - HISTORY) / timedelta(weeks=1)


@dataclass(frozen=True)
class Score:
    """What one rule made of one series."""

    found: int
    windows: int
    false: int
    weeks: float


def read(folder: Path = DATA) -> Iterator[Series]:
    """All series of the folder."""
    for name, about in sorted(json.loads((folder / "labels.json").read_text()).items()):
        with (folder / name).open() as file:
            rows = list(csv.DictReader(file))
        samples = [Sample(metric=METRIC, at=_time(row["timestamp"]), value=float(row["value"])) for row in rows]
        yield Series(name.removesuffix(".csv"), samples, [(_time(a), _time(b)) for a, b in about["windows"]])


def seasonal_rule(series: Series, deviations: float) -> Sequence[Firing]:
    """The bot's own anomaly rule."""
    anomaly = Anomaly.model_validate({"metric": METRIC, "deviations": deviations})
    run, parts = _run(lambda _v, _l: Verdict(holds=False)), dict[datetime, list[float]]()
    for sample in series.samples:
        parts.setdefault(seasonal.part_of(sample.at), []).append(sample.value)
    means: dict[datetime, dict[Labels, float]] = {begin: {(): fmean(values)} for begin, values in parts.items()}
    judge_parts(run, anomaly, means, series.samples[0].at)
    return run.firings


def three_sigma(series: Series) -> Sequence[Firing]:
    """Further from the mean of everything before than three standard deviations."""
    mean, squares = 0.0, 0.0
    limits: dict[datetime, tuple[float, float]] = {}
    for count, sample in enumerate(series.samples, 1):
        limits[sample.at] = (mean, 3 * (squares / max(count - 1, 1)) ** 0.5)
        step = sample.value - mean
        mean += step / count
        squares += step * (sample.value - mean)  # Welford's way to sum squares without losing digits
    run = _run(lambda _v, _l: Verdict(holds=False))
    for sample in _judged(series):
        center, away = limits[sample.at]
        run.judge = lambda v, _l, c=center, a=away: _verdict(abs(v[METRIC] - c) > a)
        run.feed([sample])
    return run.firings


def fixed(series: Series) -> Sequence[Firing]:
    """Above the highest value of the first two days: the threshold that a look at them suggests."""
    highest = max(s.value for s in series.samples if s.at - series.samples[0].at < HISTORY)
    run = _run(lambda v, _l: _verdict(v[METRIC] > highest))
    run.feed(_judged(series))
    return run.firings


def score(series: Series, firings: Sequence[Firing]) -> Score:
    """What was found of the windows, and what was fired outside of all of them."""
    end = series.samples[-1].at
    spans = [(firing.fired_at, firing.ended_at or end) for firing in firings]
    found = sum(any(_meet(span, window) for span in spans) for window in series.windows)
    false = sum(not any(_meet(span, window) for window in series.windows) for span in spans)
    return Score(found, len(series.windows), false, series.weeks)


def main() -> None:
    """Print the table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rules = {
        **{f"bot {d:g}": lambda s, d=d: seasonal_rule(s, d) for d in DEVIATIONS},  # type: ignore[misc]
        "3 sigma": three_sigma,
        "fixed": fixed,
    }
    table.add_column("series", no_wrap=True)
    for name in rules:
        table.add_column(name, justify="right", no_wrap=True)
    totals: dict[str, list[Score]] = {name: [] for name in rules}
    for series in read():
        cells = []
        for name, rule in rules.items():
            one = score(series, rule(series))
            totals[name].append(one)
            cells.append(_said(one))
        table.add_row(series.name.partition("_")[2], *cells)
    table.add_row("all", *(_said(_sum(scores)) for scores in totals.values()))
    out = Console(width=max(WIDTH, Console().width), highlight=False)
    out.print("Labelled windows found / all, and false alarms per week", table, machine())


def _said(one: Score) -> str:
    return f"{one.found}/{one.windows} {one.false / one.weeks:.1f}"


def _sum(scores: Sequence[Score]) -> Score:
    return Score(
        sum(s.found for s in scores),
        sum(s.windows for s in scores),
        sum(s.false for s in scores),
        sum(s.weeks for s in scores),
    )


def _run(judge: object) -> Replay:
    rule = Rule(name="rule", metrics=(METRIC,), keep_firing_for=timedelta(minutes=30), stale_after=timedelta(hours=2))
    return Replay(rule=rule, judge=judge)  # type: ignore[arg-type] # functions of a judge's shape


def _judged(series: Series) -> Sequence[Sample]:
    return [sample for sample in series.samples if sample.at - series.samples[0].at >= HISTORY]


def _verdict(holds: bool) -> Verdict:
    return Verdict(holds=holds, cleared=not holds)


def _meet(span: Window, window: Window) -> bool:
    return span[0] <= window[1] and span[1] >= window[0]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
