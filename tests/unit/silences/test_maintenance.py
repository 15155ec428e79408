"""When maintenance windows take place, changes of clocks included."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.config.maintenance import MaintenanceWindow
from bot.config.manage import Manage
from bot.silences.maintenance import now_and_next, windows


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(since: str, until: str, **config: Any) -> list[tuple[str, str]]:
    given = {"name": "db", "matchers": "service=db", "timezone": "Europe/Berlin", **config}
    found = windows(Manage.model_validate({"maintenance": [given]}), at(since), at(until))
    return [(w.starts_at.strftime("%m-%d %H:%M"), w.ends_at.strftime("%m-%d %H:%M")) for w in found]


def test_one_that_comes_once_is_in_its_own_zone() -> None:
    once = {"start": "2026-07-01 22:00", "end": "2026-07-02 02:00"}
    assert times("2026-07-01", "2026-07-08", **once) == [("07-01 20:00", "07-02 00:00")]
    assert times("2026-07-02", "2026-07-08", **once) == []


def test_an_offset_is_believed() -> None:
    once = {"start": "2026-07-01T22:00+00:00", "end": "2026-07-02T02:00Z"}
    assert times("2026-07-01", "2026-07-08", **once) == [("07-01 22:00", "07-02 02:00")]


def test_a_weekly_one_keeps_to_the_clock_on_the_wall() -> None:
    weekly = {"every": "sun 04:00", "for": "2h"}
    assert times("2026-03-20", "2026-04-06", **weekly) == [
        ("03-22 03:00", "03-22 05:00"),
        ("03-29 02:00", "03-29 04:00"),
        ("04-05 02:00", "04-05 04:00"),
    ]


def test_a_time_that_the_change_of_clocks_skips_comes_as_much_later() -> None:
    assert times("2026-03-29", "2026-03-30", every="sun 02:30", **{"for": "1h"}) == [("03-29 01:30", "03-29 02:30")]


def test_a_time_that_comes_twice_counts_once_and_lasts_as_long_as_it_says() -> None:
    assert times("2026-10-24", "2026-10-26", every="sun 02:30", **{"for": "2h"}) == [("10-25 00:30", "10-25 02:30")]


def test_a_daily_one_is_found_while_it_runs() -> None:
    assert times("2026-07-02T01:00", "2026-07-02T01:01", every="23:00", **{"for": "6h"}) == [
        ("07-01 21:00", "07-02 03:00")
    ]


def test_repetitions_are_bounded_by_start_and_end() -> None:
    bounded = {"every": "02:00", "for": "1h", "start": "2026-07-02 00:00", "end": "2026-07-04 00:00"}
    assert [begin for begin, _ in times("2026-06-01", "2026-08-01", **bounded)] == ["07-02 00:00", "07-03 00:00"]


def test_a_rule_of_icalendar_is_counted_from_its_start() -> None:
    first_sunday = {"rrule": "FREQ=MONTHLY;BYDAY=1SU", "start": "2026-01-01 22:00", "for": "1h"}
    assert times("2026-03-20", "2026-05-05", **first_sunday) == [
        ("04-05 20:00", "04-05 21:00"),
        ("05-03 20:00", "05-03 21:00"),
    ]
    every_other = {"rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=3", "start": "2026-06-01 10:00", "for": "1h"}
    assert [begin for begin, _ in times("2026-05-01", "2026-09-01", **every_other)] == [
        "06-01 08:00",
        "06-15 08:00",
        "06-29 08:00",
    ]


def test_the_zone_of_the_rota_is_the_default() -> None:
    manage = {
        "oncall": {"timezone": "Asia/Tokyo"},
        "maintenance": [{"name": "a", "matchers": "a=b", "every": "09:00", "for": "1h"}],
    }
    found = windows(Manage.model_validate(manage), at("2026-07-01T00:00"), at("2026-07-01T00:01"))
    assert [w.starts_at.hour for w in found] == [0]


def test_the_windows_of_now_and_the_next_of_each_are_told_apart() -> None:
    manage = Manage.model_validate({"maintenance": [{"name": "a", "matchers": "a=b", "every": "09:00", "for": "1h"}]})
    now = at("2026-07-01T09:30")
    current, coming = now_and_next(windows(manage, now, now + timedelta(days=3)), now)
    assert [w.starts_at.day for w in current] == [1]
    assert [w.starts_at.day for w in coming] == [2]


@pytest.mark.parametrize(
    ("config", "allowed"),
    [
        ({}, "`start` and `end`"),
        ({"start": "2026-07-01 22:00"}, "`start` and `end`"),
        ({"start": "2026-07-02 22:00", "end": "2026-07-01 22:00"}, "`end` behind `start`"),
        ({"start": "tomorrow", "end": "2026-07-01 22:00"}, "a day and a time"),
        ({"every": "02:00"}, "`for` beside `every`"),
        ({"every": "funday 02:00", "for": "1h"}, "sun 02:00"),
        ({"every": "02:00", "rrule": "FREQ=DAILY", "for": "1h"}, "one of `every` and `rrule`"),
        ({"rrule": "FREQ=DAILY", "for": "1h"}, "`start` beside `rrule`"),
        ({"rrule": "FREQ=SECONDLY", "for": "1h", "start": "2026-07-01"}, "FREQ=DAILY"),
        ({"rrule": "FREQ=DAILY;BYDAY=XX", "for": "1h", "start": "2026-07-01"}, "a rule of iCalendar"),
        ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "for": "1h", "start": "2026-07-01"}, "never does"),
        ({"rrule": "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "for": "1h", "start": "2026-06-30"}, "never does"),
        ({"rrule": "FREQ=DAILY;UNTIL=20260630", "for": "1h", "start": "2026-07-01"}, "never does"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=29;BYMONTH=2;COUNT=99", "for": "1h", "start": "2026-07-01"}, "of 99 times"),
        ({"rrule": "FREQ=MINUTELY;BYMONTH=2", "for": "1h", "start": "2026-07-01"}, "FREQ=DAILY"),
        ({"rrule": "FREQ=HOURLY", "for": "1h", "start": "2026-07-01"}, "FREQ=DAILY"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0", "for": "1h", "start": "2026-07-01"}, "INTERVAL from 1"),
        ({"rrule": "FREQ=DAILY;COUNT=9999999", "for": "1h", "start": "2026-07-01"}, "COUNT from 1"),
        ({"rrule": "FREQ=DAILY;COUNT=2;UNTIL=20270101", "for": "1h", "start": "2026-07-01"}, "one of COUNT and UNTIL"),
        ({"rrule": "FREQ=DAILY;UNTIL=20271301", "for": "1h", "start": "2026-07-01"}, "UNTIL like"),
        (
            {"rrule": "FREQ=DAILY;BYSECOND=1,2;BYMINUTE=1,2,3,4,5;BYHOUR=1,2,3", "for": "1h", "start": "2026-07-01"},
            "24 times",
        ),
        ({"rrule": "FREQ=WEEKLY;BYDAY=1MO", "for": "1h", "start": "2026-07-01"}, "without numbers"),
        ({"rrule": "FREQ=DAILY;BYMONTHS=2", "for": "1h", "start": "2026-07-01"}, 'did you mean "BYMONTH"'),
        ({"rrule": "FREQ=DAILY;BYMONTH=13", "for": "1h", "start": "2026-07-01"}, "BYMONTH from 1 to 12"),
        ({"every": "02:00", "for": "1h", "timezone": "Europe/Berlim"}, "Europe/Berlin"),
        ({"every": "02:00", "for": "1h", "title": "Network"}, "`public: true` beside `title`"),
        ({"every": "02:00", "for": "1h", "matchers": "service"}, "is no matcher"),
        ({"every": "02:00", "for": "1h", "matchers": 'a=~".*"'}, "does not match every alert"),
        ({"every": "02:00", "for": "1h", "matchers": []}, "at least one matcher"),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(config: dict[str, Any], allowed: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        MaintenanceWindow.model_validate({"name": "db", "matchers": "service=db", **config})
    assert allowed in str(wrong.value)


def test_two_windows_of_one_name_are_refused() -> None:
    one = {"name": "db", "matchers": "a=b", "every": "02:00", "for": "1h"}
    with pytest.raises(ValidationError, match='"db" is there twice'):
        Manage.model_validate({"maintenance": [one, one]})
