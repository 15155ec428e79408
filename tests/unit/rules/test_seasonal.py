from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import anomalies
from bot.rules import seasonal

AT = datetime(2026, 11, 23, 12, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_level_is_compared_with_the_same_part_of_earlier_seasons_and_its_neighbours():
    found = list(seasonal.windows(AT, DAY))

    assert found[:3] == [
        (1, AT.replace(day=22, hour=11, minute=30), AT.replace(day=22, hour=12, minute=0)),
        (1, AT.replace(day=22, hour=12, minute=0), AT.replace(day=22, hour=12, minute=30)),
        (1, AT.replace(day=22, hour=12, minute=30), AT.replace(day=22, hour=13, minute=0)),
    ]
    assert {ago for ago, _, _ in found} == set(range(1, 15))


def test_one_wild_day_does_not_move_what_is_usual():
    levels = [(ago, 100.0 + ago % 3) for ago in range(1, 14)]

    calm = seasonal.usual(levels, [], needed=2)
    wild = seasonal.usual([*levels, (14, 1e6)], [], needed=2)
    assert abs(calm.center - wild.center) <= 1


def test_too_little_history_gives_no_deviation():
    assert seasonal.usual([(1, 5.0), (1, 6.0)], [], needed=2).spread is None
    assert seasonal.usual([], [], needed=1) is None


def test_a_metric_that_never_moved_is_not_fired_on_for_a_trifle():
    usual = seasonal.usual([(ago, 100.0) for ago in range(1, 8)], [0.0] * 48, needed=2)

    assert not seasonal.holds(seasonal.score(101.0, usual.center, usual.spread), 4, "both")
    assert seasonal.holds(seasonal.score(120.0, usual.center, usual.spread), 4, "both")


def test_a_metric_that_was_always_zero_fires_on_anything():
    assert seasonal.score(0.1, 0.0, 0.0) == float("inf")
    assert seasonal.score(0.0, 0.0, 0.0) == 0.0


@pytest.mark.parametrize(
    ("found", "direction", "holds"),
    [(5, "above", True), (5, "below", False), (-5, "above", False), (-5, "below", True), (-5, "both", True)],
)
def test_only_the_direction_that_is_bad_fires(found, direction, holds):
    assert seasonal.holds(found, 4, direction) is holds


def test_labelled_anomalies_are_found_with_a_tenth_of_the_false_alarms_of_three_sigma():
    series = next(s for s in anomalies.read() if "rds_cpu" in s.name)

    ours = anomalies.score(series, anomalies.seasonal_rule(series, 4))
    plain = anomalies.score(series, anomalies.three_sigma(series))
    assert (ours.found, ours.windows) == (2, 2)
    assert ours.false * 10 <= plain.false
