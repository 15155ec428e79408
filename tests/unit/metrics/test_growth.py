"""Percentiles of buckets, and what two readings say of the time between them."""

from datetime import timedelta

import pytest

from bot.metrics.growth import Distribution, figures, grown, key_of, latest_of, quantile
from storage.records.samples import Reading, Sample
from tests.fakes.ports import T0

TEN = timedelta(seconds=10)


def a_total(value: float, at=T0, of: float | None = None) -> Sample:
    return Sample(metric="requests", at=at, value=value, total=True, of=of)


def read_before(value: float, of: float | None = None, at=T0) -> dict[str, Reading]:
    one = a_total(value)
    return {key_of(one): Reading(key=key_of(one), at=at, counts={"total": value, "of": of})}


def values(before, *given: Sample) -> list[float]:
    return [sample.value for sample in grown(before, given)[0]]


@pytest.mark.parametrize(
    ("share", "value"),
    [(0.1, 5), (0.2, 10), (0.5, 62.5), (0.6, 80), (0.95, 160), (1.0, 160)],
)
def test_a_percentile_lies_in_its_bucket_as_if_values_were_spread_evenly(share, value):
    # 10 values up to 10, 20 up to 80, 10 up to 160, 10 above
    assert quantile(share, (10, 80, 160), (10, 20, 10, 10)) == pytest.approx(value)


def test_what_lies_above_all_bounds_is_at_most_the_largest_value():
    assert quantile(0.95, (10, 80, 160), (10, 20, 10, 10), largest=400) == 400


def test_no_percentile_is_above_the_largest_value():
    assert quantile(0.95, (10, 1000), (0, 5, 0), largest=12) == 12


@pytest.mark.parametrize(
    ("bounds", "counts", "largest", "value"),
    [((10, 20), (0, 0, 0), None, None), ((), (4,), None, None), ((), (4,), 7, 7), ((-5, 5), (1, 0, 0), None, -5)],
    ids=["nothing", "no bounds", "no bounds but the largest", "below zero"],
)
def test_buckets_that_tell_little_tell_no_more(bounds, counts, largest, value):
    assert quantile(0.5, bounds, counts, largest) == value


def test_growth_is_told_per_second():
    assert values(read_before(100), a_total(150, T0 + TEN)) == [5]


def test_a_total_that_stands_still_grows_by_zero():
    assert values(read_before(100), a_total(100, T0 + TEN)) == [0]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({}, a_total(150, T0 + TEN)),
        (read_before(100), a_total(99, T0 + TEN)),
        (read_before(100), a_total(150, T0)),
        (read_before(100), a_total(150, T0 - TEN)),
        (read_before(100), a_total(150, T0 + timedelta(hours=2))),
        (read_before(100, of=50), a_total(150, T0 + TEN, of=50)),
        (read_before(100), a_total(150, T0 + TEN, of=50)),
    ],
    ids=["first", "began anew", "same moment", "clock set back", "long ago", "nothing to share", "no share before"],
)
def test_what_two_readings_do_not_tell_is_absent(before, now):
    assert values(before, now) == []


def test_a_reading_that_was_overtaken_does_not_take_the_place_of_the_later_one():
    assert grown(read_before(100), [a_total(90, T0 - TEN)]) == ([], [])


def test_plain_values_pass():
    plain = Sample(metric="cpu", at=T0, value=3)
    assert grown({}, [plain]) == ([plain], [])


def spread(counts, at=T0, **changes) -> Distribution:
    return Distribution(
        **{
            "metric": "latency",
            "at": at,
            "began": T0,
            "bounds": (10.0, 20.0),
            "counts": counts,
            "total": True,
            **changes,
        }
    )


def since(first: Distribution, second: Distribution) -> list[tuple[int, ...]]:
    _, readings = latest_of({}, [first])
    recent, _ = latest_of({reading.key: reading for reading in readings}, [second])
    return [one.counts for one in recent]


def test_a_cumulative_distribution_is_that_since_the_reading_before():
    assert since(spread((5, 0, 1)), spread((7, 0, 2), T0 + TEN)) == [(2, 0, 1)]


@pytest.mark.parametrize(
    "second",
    [
        spread((4, 0, 1), T0 + TEN),
        spread((7, 0, 2), T0 + TEN, began=T0 + TEN),
        spread((7, 0, 2), T0 + TEN, bounds=(10.0, 30.0)),
        spread((7, 0, 2), T0),
    ],
    ids=["smaller", "began anew", "other bounds", "same moment"],
)
def test_distributions_that_cannot_be_compared_say_nothing(second):
    assert since(spread((5, 0, 1)), second) == []


def test_only_wanted_figures_are_told():
    one = spread((5, 5, 0), total=False, wanted=frozenset({"p95", "count"}))

    assert {sample.metric for sample in figures(one)} == {"latency_p95", "latency_count"}
