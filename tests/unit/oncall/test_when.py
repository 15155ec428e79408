from datetime import UTC, datetime

import pytest

from bot.oncall.when import parse

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # a Monday, 13:30 in Berlin


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("now", "2026-11-23T12:30"),
        ("2026-12-24 09:00", "2026-12-24T08:00"),
        ("2026-12-24T09:00", "2026-12-24T08:00"),
        ("2026-12-24", "2026-12-23T23:00"),
        ("2026-07-01 9:00", "2026-07-01T07:00"),
        ("2026-12-24T09:00:00Z", "2026-12-24T09:00"),
        ("2026-12-24T09:00:00+02:00", "2026-12-24T07:00"),
        ("18:00", "2026-11-23T17:00"),
        ("13:00", "2026-11-24T12:00"),
        ("today 18:00", "2026-11-23T17:00"),
        ("tomorrow", "2026-11-23T23:00"),
        ("Tomorrow 9:15", "2026-11-24T08:15"),
        ("fri 18:00", "2026-11-27T17:00"),
        ("Friday 18:00", "2026-11-27T17:00"),
        ("thursday 18:00", "2026-11-26T17:00"),
        ("mon 14:00", "2026-11-23T13:00"),
        ("mon 09:00", "2026-11-30T08:00"),
        ("tue", "2026-11-23T23:00"),
        ("+8h", "2026-11-23T20:30"),
        ("+1d12h", "2026-11-25T00:30"),
        ("2026-03-29 02:30", "2026-03-29T01:30"),
        ("2026-10-25 02:30", "2026-10-25T00:30"),
    ],
)
def test_moments_are_read_on_the_clocks_of_the_zone(said, moment):
    assert parse(said, NOW, "Europe/Berlin") == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_a_span_counts_from_the_other_moment():
    begin = datetime(2026, 12, 1, tzinfo=UTC)

    assert parse("+2h", NOW, "UTC", base=begin) == datetime(2026, 12, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "soon",
        "25:00",
        "2026-13-01",
        "2026-02-30 10:00",
        "fri 26:00",
        "friyay 10:00",
        "+",
        "+x",
        "8h",
        "2026-12-24 09",
        "today x",
    ],
)
def test_what_is_no_moment_is_refused_with_examples(said):
    with pytest.raises(ValueError, match=r"is no moment: \"2026-12-24 09:00\""):
        parse(said, NOW, "UTC")


@pytest.mark.parametrize("said", ["2126-01-01", "+9000d", "0001-01-01"])
def test_moments_too_far_away_are_refused(said):
    with pytest.raises(ValueError, match=r"more than ten years away|is no moment"):
        parse(said, NOW, "Pacific/Auckland")
