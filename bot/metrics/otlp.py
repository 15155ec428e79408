"""OTLP metrics as samples (pure).

https://opentelemetry.io/docs/specs/otel/metrics/data-model/

| OTLP | becomes |
| --- | --- |
| gauge, sum that may fall (cumulative) | `NAME` |
| sum that only grows, cumulative or delta | `NAME_per_second` |
| histogram, cumulative or delta, since the export before | `NAME_p50`, `NAME_p95`, `NAME_p99`, `NAME_count` |

In NAME, whatever is no letter, digit or `_` becomes `_`. What has another form, or a name that is not known, is dropped
and counted.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.metrics.growth import FIGURES, Distribution
from bot.metrics.pushed import FUTURE, LONGEST_LABEL, MOST_LABELS, PAST
from bot.phrasing import cut, listing, plural
from storage.records.samples import Sample

if TYPE_CHECKING:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

MOST_NAMED = 5
_DELTA, _CUMULATIVE = 1, 2  # AggregationTemporality
_NO_RECORDED_VALUE = 1  # DataPointFlags
_MEND = "are not known; list them under metrics.pushed in manage.yml"


class _Dropped(Exception):
    """A data point is not kept: what it would be called, and why it is not."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why


@dataclass(frozen=True, kw_only=True)
class _Point:
    """A data point with what is said of all of its metric: `within` is the metric's `gauge`, `sum` or other form."""

    name: str
    kind: str
    at: datetime
    labels: Mapping[str, str]
    within: Any
    point: Any


@dataclass
class Taken:
    """What an export comes to: what is kept, and the dropped data points by (why, name)."""

    samples: list[Sample] = field(default_factory=list)
    spread: list[Distribution] = field(default_factory=list)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def message(self) -> str:
        """What was dropped, in words; "" for nothing."""
        reasons = dict.fromkeys(why for why, _ in self.dropped)
        return "; ".join(f"{_named(sorted(n for w, n in self.dropped if w == why))} {why}" for why in reasons)


def read(request: "ExportMetricsServiceRequest", known: Collection[str], now: datetime) -> Taken:
    """The samples and distributions of an export."""
    taken = Taken()
    for resource in request.resource_metrics:
        about = {one.key: _text(one.value) for one in resource.resource.attributes}
        labels = {"source": "otlp"}
        labels |= {"service": about["service.name"]} if about.get("service.name") else {}
        labels |= {"instance": about["service.instance.id"]} if about.get("service.instance.id") else {}
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                _metric(metric, labels, known, now, taken)
    return taken


def _metric(metric: "Metric", labels: Mapping[str, str], known: Collection[str], now: datetime, taken: Taken) -> None:
    kind = metric.WhichOneof("data")
    within = getattr(metric, kind) if kind else None
    for point in within.data_points if within is not None else ():
        if point.flags & _NO_RECORDED_VALUE:
            continue  # the series ended: it is absent
        one = _Point(
            name=_name(metric.name),
            kind=str(kind),
            at=_moment(point.time_unix_nano, now),
            labels=_labels(point.attributes, labels),
            within=within,
            point=point,
        )
        try:
            _take(one, known, now, taken)
        except _Dropped as dropped:
            taken.dropped[dropped.why, dropped.name] += 1


def _take(one: _Point, known: Collection[str], now: datetime, taken: Taken) -> None:
    if not -PAST <= one.at - now <= FUTURE:
        raise _Dropped(one.name, "were measured too far from now")
    match one.kind:
        case "gauge":
            taken.samples += _plain(one, _wanted(one.name, known), _value(one.point))
        case "sum":
            taken.samples += _sum(one, known)
        case "histogram":
            taken.spread.append(_distribution(one, known))
        case other:
            raise _Dropped(one.name, f"have a form that is not read ({other.replace('_', ' ')})")


def _sum(one: _Point, known: Collection[str]) -> Iterator[Sample]:
    temporality, grows, value = one.within.aggregation_temporality, one.within.is_monotonic, _value(one.point)
    if temporality == _CUMULATIVE and not grows:
        yield from _plain(one, _wanted(one.name, known), value)
        return
    if temporality not in {_CUMULATIVE, _DELTA} or not grows:
        raise _Dropped(one.name, "are sums of a kind that says nothing by itself")
    rate = _wanted(f"{one.name}_per_second", known)
    if temporality == _CUMULATIVE:
        yield from (replace(sample, total=True) for sample in _plain(one, rate, value))
        return
    seconds = (one.point.time_unix_nano - one.point.start_time_unix_nano) / 1e9
    if not one.point.start_time_unix_nano or seconds <= 0:
        raise _Dropped(one.name, "are sums that do not say since when")
    yield from _plain(one, rate, value / seconds)


def _distribution(one: _Point, known: Collection[str]) -> Distribution:
    wanted = frozenset(figure for figure in FIGURES if f"{one.name}_{figure}" in known)
    if not wanted:
        raise _Dropped(f"{one.name}_p95", _MEND)
    point, temporality = one.point, one.within.aggregation_temporality
    bounds, counts = tuple(point.explicit_bounds), tuple(point.bucket_counts) or (point.count,)
    if len(counts) != len(bounds) + 1 or list(bounds) != sorted(set(bounds)) or not all(map(math.isfinite, bounds)):
        raise _Dropped(one.name, "have buckets that do not fit their bounds")
    if temporality not in {_CUMULATIVE, _DELTA}:
        raise _Dropped(one.name, "do not say whether they are delta or cumulative")
    return Distribution(
        metric=one.name,
        at=one.at,
        began=_moment(point.start_time_unix_nano, one.at),
        bounds=bounds,
        counts=counts,
        labels=one.labels,
        total=temporality == _CUMULATIVE,
        largest=point.max if point.HasField("max") and math.isfinite(point.max) else None,
        wanted=wanted,
    )


def _plain(one: _Point, name: str, value: float) -> Iterator[Sample]:
    if math.isfinite(value):
        yield Sample(metric=name, at=one.at, value=value, labels=one.labels)


def _wanted(name: str, known: Collection[str]) -> str:
    if name not in known:
        raise _Dropped(name, _MEND)
    return name


def _value(point: Any) -> float:
    kind = point.WhichOneof("value")
    return float(getattr(point, kind)) if kind else math.nan


def _moment(nanoseconds: int, otherwise: datetime) -> datetime:
    """The moment; what is not given, or beyond the calendar, is `otherwise` or far away."""
    if not nanoseconds:
        return otherwise
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC) + timedelta(
            microseconds=nanoseconds % 1_000_000_000 // 1000
        )
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _labels(attributes: Any, above: Mapping[str, str]) -> dict[str, str]:
    """The labels of a point: its attributes, and those of its resource, which keep their names."""
    own = {_name(one.key): _text(one.value) for one in list(attributes)[:MOST_LABELS]}
    return {**{f"exported_{name}" if name in above else name: text for name, text in own.items()}, **above}


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    said = getattr(value, kind) if kind else ""
    if isinstance(said, bool):
        return "true" if said else "false"
    return cut(said if isinstance(said, str) else str(said), LONGEST_LABEL)


def _name(name: str) -> str:
    plain = re.sub(r"[^a-zA-Z0-9_]", "_", name[:100])
    return f"_{plain}" if plain[:1].isdigit() or not plain else plain


def _named(names: list[str]) -> str:
    if len(names) <= MOST_NAMED:
        return listing(names)
    return listing([*names[:MOST_NAMED], plural(len(names) - MOST_NAMED, "other")])
