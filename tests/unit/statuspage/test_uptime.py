"""How the past of a component is counted."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.health.held import Change, Record
from bot.statuspage.uptime import Uptime, percent, uptime
from storage.records.checks import Status
from tests.fakes.ports import T0

MIDNIGHT = T0.replace(hour=0)


def hourly(since: datetime, until: datetime = T0) -> list[datetime]:
    """A result at the begin of each hour."""
    return [since + timedelta(hours=n) for n in range(int((until - since).total_seconds() // 3600) + 1)]


def outage(begin: datetime, minutes: int) -> list[Change]:
    """Down for so long, healthy before and after."""
    end = begin + timedelta(minutes=minutes)
    return [
        Change(since=begin, status=Status.DOWN, previous=Status.HEALTHY),
        Change(since=end, status=Status.HEALTHY, previous=Status.DOWN),
    ]


def of(*records: Record, days: int = 3) -> Uptime:
    return uptime(records, T0, days)


def test_a_day_in_which_it_was_down_says_how_much_of_it() -> None:
    record = Record(held=Status.HEALTHY, changes=outage(MIDNIGHT, 72), seen=hourly(MIDNIGHT))
    assert percent(of(record).days[-1].up) == "90.00 %"


def test_days_before_the_first_result_are_not_known() -> None:
    record = Record(held=Status.HEALTHY, seen=hourly(MIDNIGHT + timedelta(hours=2)))
    found = of(record)
    assert [day.known for day in found.days] == [0, 0, 10 * 3600]
    assert (found.known, found.up) == (1, 1.0)


def test_a_first_outage_does_not_forget_that_it_was_healthy_before() -> None:
    record = Record(
        held=Status.HEALTHY, changes=outage(T0 - timedelta(hours=1), 30), seen=hourly(MIDNIGHT - timedelta(days=2))
    )
    assert of(record).known == 3


def test_hours_in_which_the_bot_saw_nothing_are_not_known() -> None:
    seen = [at for at in hourly(MIDNIGHT) if not 3 <= at.hour < 6]
    assert of(Record(held=Status.HEALTHY, seen=seen)).days[-1].known == 9 * 3600


def test_an_outage_over_midnight_counts_to_both_days() -> None:
    record = Record(
        held=Status.HEALTHY,
        changes=outage(MIDNIGHT - timedelta(minutes=10), 30),
        seen=hourly(MIDNIGHT - timedelta(days=1)),
    )
    assert [day.down for day in of(record).days] == [0, 600, 1200]


def test_degraded_is_up_and_told() -> None:
    changes = [Change(since=MIDNIGHT, status=Status.DEGRADED, previous=Status.HEALTHY)]
    today = of(Record(held=Status.DEGRADED, changes=changes, seen=hourly(MIDNIGHT))).days[-1]
    assert (today.up, today.degraded) == (1.0, 12 * 3600)


def test_one_check_that_is_down_is_enough() -> None:
    fine = Record(held=Status.HEALTHY, seen=hourly(MIDNIGHT))
    down = Record(held=Status.HEALTHY, changes=outage(MIDNIGHT, 60), seen=hourly(MIDNIGHT))
    assert of(fine, down).days[-1].down == 3600


def test_one_check_that_is_not_known_keeps_the_time_from_counting_as_up() -> None:
    fine = Record(held=Status.HEALTHY, seen=hourly(MIDNIGHT))
    assert of(fine, Record(held=Status.UNKNOWN)).days[-1].up is None


def test_days_are_those_of_utc() -> None:
    east = T0.astimezone(datetime(2026, 1, 1, tzinfo=UTC).astimezone().tzinfo)
    assert [day.date.isoformat() for day in uptime([], east, 2).days] == ["2026-11-22", "2026-11-23"]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "no data"),
        (1.0, "100 %"),
        (0.99999, "99.99 %"),
        (0.9, "90.00 %"),
        (0.29, "29.00 %"),
        (0.0, "0.00 %"),
    ],
)
def test_a_share_is_told_in_hundredths_and_not_rounded_up(share: float | None, said: str) -> None:
    assert percent(share) == said
