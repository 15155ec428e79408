"""Rules of iCalendar: what they mean, and that no search for their next occurrence is long."""

# ruff: noqa: DTZ001, DTZ901 - rules are written in wall time

from datetime import datetime

import pytest

from bot.config.recurrence import MOST_DAYS, BadRule, check, occurrences, parse, periods

START = datetime(2026, 1, 1, 22, 0)
END = datetime(2026, 12, 31)


def days(rule: str, start: datetime = START, until: datetime = END) -> list[str]:
    return [f"{at:%m-%d %H:%M}" for at in occurrences(parse(rule), start, start, until)]


def test_numbered_and_plain_days_are_taken_together() -> None:
    assert days("FREQ=MONTHLY;BYDAY=1SU,-1FR", until=datetime(2026, 3, 1)) == [
        "01-04 22:00",
        "01-30 22:00",
        "02-01 22:00",
        "02-27 22:00",
    ]


def test_the_last_working_day_of_a_quarter() -> None:
    rule = "FREQ=MONTHLY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
    assert days(rule, datetime(2026, 3, 1, 6, 0)) == ["03-31 06:00", "06-30 06:00", "09-30 06:00"]


def test_a_day_alone_as_its_end_counts_with_all_of_its_hours() -> None:
    assert days("RRULE:FREQ=DAILY;UNTIL=20260102") == ["01-01 22:00", "01-02 22:00"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=6",
        "FREQ=DAILY;INTERVAL=1000;BYDAY=MO;BYMONTH=2;BYMONTHDAY=30;COUNT=1000",
    ],
)
def test_what_never_occurs_is_refused_after_a_bounded_number_of_days(rule: str) -> None:
    read = parse(rule)
    with pytest.raises(BadRule, match="never does"):
        check(read, START)
    assert 0 < sum(len(period) for period in periods(read, START, START, datetime.max)) <= MOST_DAYS


def test_a_start_long_ago_costs_nothing() -> None:
    rule, start = parse("FREQ=DAILY;INTERVAL=2"), datetime(1, 1, 1, 4, 0)
    since, until = datetime(2026, 7, 1), datetime(2026, 7, 15)
    assert sum(len(period) for period in periods(rule, start, since, until)) <= 15
    assert len(list(occurrences(rule, start, since, until))) == 7


def test_the_end_of_the_calendar_is_the_end_of_every_rule() -> None:
    for frequency in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        start = datetime(9999, 12, 31, 1, 0)
        assert list(occurrences(parse(f"FREQ={frequency}"), start, start, datetime.max)) == [start]
