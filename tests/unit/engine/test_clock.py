"""What the specs of schedules mean."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.durations import spell
from bot.engine.clock import EPOCH, BadSchedule, parse

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def fires(spec: str, count: int, *, zone: str = "UTC", since: datetime = MONDAY, name: str = "room.task") -> list[str]:
    """Say when a schedule fires, in its own zone."""
    trigger = parse(spec, name, zone)
    previous: datetime | None = None
    said = []
    for _ in range(count):
        previous = trigger.get_next_fire_time(previous, previous or since)
        assert previous
        said.append(previous.astimezone(UTC).astimezone(ZoneInfo(zone)).strftime("%a %m-%d %H:%M:%S"))
    return said


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("@every 5s", ["Mon 11-23 12:00:00", "Mon 11-23 12:00:05", "Mon 11-23 12:00:10"]),
        ("@hourly", ["Mon 11-23 12:00:00", "Mon 11-23 13:00:00"]),
        ("@daily 09:30", ["Tue 11-24 09:30:00", "Wed 11-25 09:30:00"]),
        ("@daily 9:30", ["Tue 11-24 09:30:00"]),
        ("@weekly wed 00:05", ["Wed 11-25 00:05:00", "Wed 12-02 00:05:00"]),
        ("@Weekly MON 09:00", ["Mon 11-30 09:00:00"]),
        ("*/20 * * * *", ["Mon 11-23 12:00:00", "Mon 11-23 12:20:00", "Mon 11-23 12:40:00"]),
        ("0 9 1 * *", ["Tue 12-01 09:00:00"]),
        ("0 9 * jan *", ["Fri 01-01 09:00:00"]),
        ("0 9 * * 0", ["Sun 11-29 09:00:00"]),
        ("0 9 * * 7", ["Sun 11-29 09:00:00"]),
        ("0 9 * * 1-5", ["Tue 11-24 09:00:00", "Wed 11-25 09:00:00", "Thu 11-26 09:00:00", "Fri 11-27 09:00:00"]),
        ("0 9 * * fri-mon", ["Fri 11-27 09:00:00", "Sat 11-28 09:00:00", "Sun 11-29 09:00:00", "Mon 11-30 09:00:00"]),
        ("0 9 * * 5-7", ["Fri 11-27 09:00:00", "Sat 11-28 09:00:00", "Sun 11-29 09:00:00", "Fri 12-04 09:00:00"]),
        ("0 9 * * mon,thu", ["Thu 11-26 09:00:00", "Mon 11-30 09:00:00"]),
        ("0 9 * * */2", ["Tue 11-24 09:00:00", "Thu 11-26 09:00:00", "Sat 11-28 09:00:00", "Sun 11-29 09:00:00"]),
        ("0 9 25 * fri", ["Wed 11-25 09:00:00", "Fri 11-27 09:00:00", "Fri 12-04 09:00:00"]),
    ],
)
def test_a_spec_fires_when_it_says(spec: str, expected: list[str]) -> None:
    assert fires(spec, len(expected)) == expected


def test_times_of_day_are_those_of_the_zone() -> None:
    assert fires("@daily 09:00", 1, zone="Asia/Kolkata") == ["Tue 11-24 09:00:00"]
    trigger = parse("@daily 09:00", "x", "Asia/Kolkata")
    assert trigger.get_next_fire_time(None, MONDAY) == datetime(2026, 11, 24, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-03-28T00:00+01:00", ["Sat 03-28 02:30:00", "Sun 03-29 03:30:00", "Mon 03-30 02:30:00"]),
        ("2026-10-24T00:00+02:00", ["Sat 10-24 02:30:00", "Sun 10-25 02:30:00", "Mon 10-26 02:30:00"]),
    ],
    ids=["the hour that is missing", "the hour that comes twice"],
)
def test_a_daily_schedule_fires_once_on_the_days_the_clocks_change(since: str, expected: list[str]) -> None:
    assert fires("@daily 02:30", 3, zone="Europe/Berlin", since=datetime.fromisoformat(since)) == expected


periods = st.timedeltas(min_value=timedelta(milliseconds=100), max_value=timedelta(days=30)).map(
    lambda period: timedelta(milliseconds=max(100, period // timedelta(milliseconds=1)))
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


@given(periods, st.text(min_size=1, max_size=20), moments, moments)
def test_replicas_that_start_at_different_times_compute_the_same_firings(
    period: timedelta, name: str, one: datetime, other: datetime
) -> None:
    trigger = parse(f"@every {spell(period)}", name)
    first, second = (trigger.get_next_fire_time(None, now) for now in (one, other))
    assert (first - second) % period == timedelta(0)
    assert one <= first < one + period


@given(periods, moments)
def test_firings_are_exactly_one_period_apart(period: timedelta, now: datetime) -> None:
    trigger = parse(f"@every {spell(period)}", "room.task")
    first = trigger.get_next_fire_time(None, now)
    assert trigger.get_next_fire_time(first, first) == first + period


def test_long_periods_are_spread_by_the_name_and_short_ones_are_not() -> None:
    def start(spec: str, name: str) -> datetime:
        return parse(spec, name).get_next_fire_time(None, EPOCH + timedelta(days=1))

    assert len({start("@every 60s", f"check.{i}") for i in range(30)}) > 10
    assert len({start("@every 10s", f"check.{i}") for i in range(30)}) == 1


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ("", "is no schedule"),
        ("@every", "is no schedule"),
        ("@every 0s", "at least 100 ms"),
        ("@every soon", "a number with a unit"),
        ("@sometimes", "is no schedule"),
        ("@daily", "is no schedule"),
        ("@daily 25:00", "'25:00' is no time of day"),
        ("@daily 9", "'9' is no time of day"),
        ("@weekly 09:00", "is no schedule"),
        ("@weekly someday 09:00", "is no schedule"),
        ("* * * *", "is no schedule"),
        ("* * * * * *", "is no schedule"),
        ("61 * * * *", "61"),
        ("0 9 * * 8", "'8' is no day of the week"),
        ("0 9 * * noday", "'noday' is no day of the week"),
        ("0 9 * * xyz", "'xyz' is no day of the week"),
        ("0 9 30 feb *", "never comes"),
        ("0 9 30 2 *", "never comes"),
    ],
)
def test_a_bad_spec_is_refused_by_name_and_with_what_is_allowed(spec: str, part: str) -> None:
    with pytest.raises(BadSchedule) as refused:
        parse(spec, "costs.digest")
    said = str(refused.value)
    assert said.startswith("schedule costs.digest: ")
    assert part in said
    assert '"@daily 09:00"' in said
    assert "\n" not in said


def test_an_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(BadSchedule, match="no time zone 'Mars/Base'"):
        parse("@daily 09:00", "costs.digest", "Mars/Base")


def test_a_schedule_within_the_day_also_fires_in_the_hour_that_comes_twice() -> None:
    trigger = parse("*/30 * * * *", "x", "Europe/Berlin")
    moments = [datetime(2026, 10, 24, 23, 59, tzinfo=UTC)]
    for _ in range(5):
        moments.append(trigger.get_next_fire_time(moments[-1], moments[-1]))
    utc = [moment.astimezone(UTC) for moment in moments[1:]]
    assert {after - before for before, after in pairwise(utc)} == {timedelta(minutes=30)}


@given(st.text(max_size=40) | st.text("0123456789*/,-@ :monstueweedhly", max_size=20))
def test_no_text_breaks_the_parser(spec: str) -> None:
    with suppress(BadSchedule):
        parse(spec, "x")
