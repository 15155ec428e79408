"""Measured values of series: one sample, what is left of an hour of them, and the latest reading of a running total."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`metric` with `labels` had `value` at `at`.

    `total` says that the value is a running total since something started; whoever collects it keeps its growth per
    second under that metric, or, with `of`, its share of the growth of that other total. Either takes two readings.
    """

    metric: str
    at: datetime
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    total: bool = False
    of: float | None = None


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """What is known of `count` samples of one series from `at` on: of an hour, or of a window that was asked for.

    `p95` is the nearest-rank percentile; None where it was not asked for.
    """

    metric: str
    at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    count: int
    min: float
    max: float
    mean: float
    p95: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The latest reading of something that only grows: a running total, or the buckets of a histogram (`counts`).

    `key` names the series. A later reading that is smaller, or began at another time, starts anew.
    """

    key: str
    at: datetime
    counts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """How the latest reading of a source went: `failure` is "" when it was well; `read_at` is when it last was."""

    name: str
    type: str
    at: datetime
    read_at: datetime | None = None
    failure: str = ""
    samples: int = 0
