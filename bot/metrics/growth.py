"""What running totals and distributions say of the time between two readings (pure).

Only the difference of two readings says something about now. There is none on the first reading, after a restart of
what is counted, or when the reading before is too old.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from storage.records.samples import Reading, Sample

LONGEST_GAP = timedelta(hours=1)
"""Age from which on the reading before says nothing about now."""
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
FIGURES = frozenset({*PERCENTILES, "count"})
"""What is told of a distribution: metrics named NAME_p50 and so on."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Counts of values in buckets: `counts[i]` are those in (`bounds[i - 1]`, `bounds[i]`], the last those above all.

    `total` says that they were counted since `began`, else they are of the time from `began` to `at` alone.
    `largest` is the greatest value, where it is known. `wanted` are the figures to keep of it, see `FIGURES`.
    """

    metric: str
    at: datetime
    began: datetime
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    total: bool = False
    largest: float | None = None
    wanted: frozenset[str] = FIGURES


def key_of(one: Sample | Distribution) -> str:
    """The key under which readings of this series are kept."""
    return f"{one.metric} {json.dumps(dict(one.labels), sort_keys=True)}"


def grown(before: Mapping[str, Reading], given: Iterable[Sample]) -> tuple[list[Sample], list[Reading]]:
    """The samples with each running total replaced by its growth, and the readings to compare with next time."""
    samples, readings = [], []
    for one in given:
        if not one.total:
            samples.append(one)
            continue
        last, counts = before.get(key_of(one)), {"total": one.value, "of": one.of}
        if last is not None and last.at > one.at:
            continue  # it was overtaken by a later one
        readings.append(Reading(key=key_of(one), at=one.at, counts=counts))
        value = _growth(last, one)
        if value is not None:
            samples.append(replace(one, value=value, total=False, of=None))
    return samples, readings


def _growth(last: Reading | None, one: Sample) -> float | None:
    """Growth per second, or the share of the other total's growth; None where it cannot be told."""
    if last is None or not timedelta(0) < one.at - last.at <= LONGEST_GAP:
        return None
    rise = one.value - last.counts["total"]
    if one.of is None:
        return rise / (one.at - last.at).total_seconds() if rise >= 0 else None
    base = None if last.counts["of"] is None else one.of - last.counts["of"]
    return rise / base if base and base > 0 and rise >= 0 else None


def latest_of(before: Mapping[str, Reading], given: Iterable[Distribution]) -> tuple[list[Distribution], list[Reading]]:
    """The distributions of the time since the readings before, and the readings to compare with next time."""
    recent, readings = [], []
    for one in given:
        if not one.total:
            recent.append(one)
            continue
        last = before.get(key_of(one))
        if last is not None and last.at > one.at:
            continue
        counts = {"began": one.began.isoformat(), "bounds": list(one.bounds), "counts": list(one.counts)}
        readings.append(Reading(key=key_of(one), at=one.at, counts=counts))
        if last is not None and _comparable(last, counts, one.at):
            rises = tuple(new - old for new, old in zip(one.counts, last.counts["counts"], strict=True))
            if min(rises) >= 0:
                # the largest value is that since it began, so it may have been before
                recent.append(replace(one, counts=rises, began=last.at, total=False, largest=None))
    return recent, readings


def _comparable(last: Reading, now: Mapping[str, object], at: datetime) -> bool:
    same = all(last.counts.get(name) == now[name] for name in ("began", "bounds"))
    return same and timedelta(0) < at - last.at <= LONGEST_GAP


def figures(one: Distribution) -> list[Sample]:
    """The distribution as samples: `NAME_p50`, `NAME_p95`, `NAME_p99` and `NAME_count`; no percentiles of nothing."""
    found = {"count": float(sum(one.counts))}
    for name, share in PERCENTILES.items():
        value = quantile(share, one.bounds, one.counts, one.largest)
        if value is not None:
            found[name] = value
    return [
        Sample(metric=f"{one.metric}_{name}", at=one.at, value=value, labels=one.labels)
        for name, value in found.items()
        if name in one.wanted
    ]


def quantile(
    share: float, bounds: Sequence[float], counts: Sequence[int], largest: float | None = None
) -> float | None:
    """The value that `share` of all values do not exceed, as far as the buckets tell; None when there are none.

    Values are taken as spread evenly over their bucket, as Prometheus' histogram_quantile does: the first bucket
    begins at 0 when its bound is above; what lies in the last one is told as `largest`, or else as its lower bound.
    https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
    """
    rank, below = share * sum(counts), 0
    if rank <= 0 or not bounds:
        return largest if rank > 0 else None
    edges = pairwise([min(0.0, bounds[0]), *bounds])
    for (lower, upper), count in zip(edges, counts, strict=False):
        if count and below + count >= rank:
            value = lower + (upper - lower) * (rank - below) / count
            return value if largest is None else min(value, largest)
        below += count
    return bounds[-1] if largest is None else largest
