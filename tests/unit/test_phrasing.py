from datetime import UTC, datetime, timedelta

import pytest

from bot.phrasing import ago, cut, duration, listing, number, plural, size

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.0004, "1 ms"),
        (0.85, "850 ms"),
        (1, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (299, "4 min 59 s"),
        (330, "5 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (86_399, "23 h 59 min"),
        (90_000, "1 d 1 h"),
        (14 * 86_400 + 3600, "14 d"),
        (-90, "-1 min 30 s"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds, said):
    assert duration(seconds) == duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=4), "now"),
        (timedelta(seconds=30), "30 s ago"),
        (timedelta(seconds=200), "3 min ago"),
        (timedelta(hours=1, minutes=5), "1 h 5 min ago"),
        (timedelta(days=1, hours=2), "1 d 2 h ago"),
        (timedelta(days=3, hours=5), "3 d ago"),
        (-timedelta(minutes=2), "in 2 min"),
    ],
)
def test_a_moment_is_told_by_its_distance_to_now(before, said):
    assert ago(NOW - before, NOW) == said


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (1, ("alert",), "1 alert"),
        (0, ("alert",), "0 alerts"),
        (2, ("entry", "entries"), "2 entries"),
        (1200, ("job",), "1,200 jobs"),
    ],
)
def test_a_count_agrees_with_its_noun(count, words, said):
    assert plural(count, *words) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1240, "ms", "1,240 ms"),
        (0.07, "", "0.07"),
        (93.0, "%", "93 %"),
        (12.3456, "ms", "12.3 ms"),
        (1234.56, "", "1,235"),
        (0.00004, "", "4.0e-05"),
        (-3, "", "-3"),
        (float("nan"), "", "unknown"),
        (float("inf"), "", "infinite"),
    ],
)
def test_a_number_is_said_with_three_digits_and_its_unit(value, unit, said):
    assert number(value, unit) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (999.9, "1 kB"), (1500, "1.5 kB"), (1.2e6, "1.2 MB"), (3e15, "3 PB")],
)
def test_a_size_is_said_in_decimal_units(count, said):
    assert size(count) == said


@pytest.mark.parametrize(
    ("items", "said"), [([], "none"), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_reads_as_in_a_sentence(items, said):
    assert listing(items) == said


@pytest.mark.parametrize(("limit", "said"), [(0, ""), (1, "…"), (5, "some…"), (9, "some text")])
def test_a_long_text_is_cut_with_an_ellipsis(limit, said):
    assert cut("some text", limit) == said
