"""Whatever is pushed is kept or refused, and percentiles keep their order."""

import math

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from bot.metrics import otlp, pushed
from bot.metrics.growth import quantile
from bot.ports import Refusal
from storage.records.samples import Sample
from tests.fakes.ports import T0

KNOWN = frozenset({"cpu", "error_rate", "m_p95", "m_per_second", "m"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries(
    {"service": JSON, "metrics": st.dictionaries(st.sampled_from(["cpu", "error_rate", "other"]), JSON) | JSON},
    optional={"at": JSON | st.datetimes().map(lambda at: f"{at.isoformat()}Z"), "labels": JSON},
)
BUCKETS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8, unique=True).flatmap(
    lambda bounds: st.tuples(
        st.just(tuple(sorted(bounds))),
        st.lists(st.integers(0, 1000), min_size=len(bounds) + 1, max_size=len(bounds) + 1).map(tuple),
    )
)


def read(body) -> tuple[list[Sample], Refusal | None]:
    try:
        return pushed.read(body, KNOWN, T0), None
    except Refusal as refused:
        return [], refused


@given(JSON | ENTRY | st.lists(ENTRY, max_size=3))
def test_a_pushed_body_is_read_or_refused(body):
    found, refused = read(body)

    assert (refused is None) or (str(refused) and refused.hint)
    assert all(math.isfinite(one.value) and one.metric in KNOWN and one.labels["service"] for one in found)
    assert all(-pushed.PAST <= one.at - T0 <= pushed.FUTURE for one in found)


NUMBER = st.integers(0, 2**64 - 1)


@st.composite
def exports(draw) -> ExportMetricsServiceRequest:
    export = ExportMetricsServiceRequest()
    metric = (
        export.resource_metrics.add().scope_metrics.add().metrics.add(name=draw(st.text(max_size=8) | st.just("m")))
    )
    kind = draw(st.sampled_from(["gauge", "sum", "histogram", "exponential_histogram", "summary"]))
    within = getattr(metric, kind)
    within.SetInParent()
    if kind in {"sum", "histogram"}:
        within.aggregation_temporality = draw(st.integers(0, 2))
    if kind == "sum":
        within.is_monotonic = draw(st.booleans())
    point = within.data_points.add()
    point.time_unix_nano = draw(NUMBER | st.just(int(T0.timestamp()) * 10**9))
    point.start_time_unix_nano = draw(NUMBER)
    if kind in {"gauge", "sum"}:
        point.as_double = draw(st.floats())
    if kind == "histogram":
        point.explicit_bounds.extend(draw(st.lists(st.floats(), max_size=3)))
        point.bucket_counts.extend(draw(st.lists(NUMBER, max_size=4)))
    return export


@given(exports())
def test_an_export_is_kept_or_counted_as_dropped(export):
    taken = otlp.read(export, KNOWN, T0)

    assert all(math.isfinite(one.value) and one.metric in KNOWN for one in taken.samples)
    assert len(taken.samples) + len(taken.spread) + taken.dropped.total() <= 1
    assert bool(taken.message) == bool(taken.dropped)


@given(BUCKETS, st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_greater_share_has_no_smaller_percentile(buckets, one, other):
    bounds, counts = buckets
    low, high = (quantile(share, bounds, counts) for share in sorted((one, other)))

    if sum(counts) == 0:
        assert (low, high) == (None, None)
    else:
        assert min(0.0, bounds[0]) <= low <= high + 1e-6
        assert high <= bounds[-1]
