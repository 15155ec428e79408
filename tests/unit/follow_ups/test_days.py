"""Days as people type them, and the mornings on which owners are told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.config.hours import Hours
from bot.follow_ups.days import forgotten, next_reminder, overdue, read
from storage.records.follow_ups import FollowUp, FollowUpStatus

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
WEEK = timedelta(days=7)
WAKING = Hours.model_validate({"from": "08:00", "to": "22:00"})
IT = FollowUp(id=1, incident=None, title="x", created_by="U1", created_at=NOW, owner="U1", due_on=date(2026, 11, 26))


def told(follow_up: FollowUp, *, now: datetime = NOW, zone: str = "UTC") -> datetime | None:
    return next_reminder(follow_up, zone=zone, waking=WAKING, every=WEEK, now=now)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("today", date(2026, 11, 23)),
        ("tomorrow", date(2026, 11, 24)),
        ("FRI", date(2026, 11, 27)),
        ("monday", date(2026, 11, 30)),
        ("14d", date(2026, 12, 7)),
        ("+2w", date(2026, 12, 7)),
    ],
)
def test_a_day_as_people_type_it(said: str, day: date) -> None:
    assert read(said, NOW, "UTC") == day


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 3, 20, 22, 30, tzinfo=UTC), date(2026, 4, 3)),  # Friday 23:30, clocks go on meanwhile
        (datetime(2026, 10, 15, 22, 30, tzinfo=UTC), date(2026, 10, 30)),  # Friday 00:30, clocks go back meanwhile
    ],
)
def test_days_ahead_are_counted_on_the_calendar_whatever_clocks_do(now: datetime, day: date) -> None:
    assert read("14d", now, "Europe/Berlin") == day


def test_a_day_is_one_of_the_readers_own_calendar() -> None:
    late = NOW.replace(hour=23)
    assert read("tomorrow", late, "UTC") == date(2026, 11, 24)
    assert read("tomorrow", late, "Asia/Tokyo") == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("yesterday", '"yesterday" is no day: write'),
        ("2026-02-30", "is no day"),
        ("2026-11-22", "Sun 22 Nov 2026 is over: today is Mon 23 Nov 2026"),
        ("9999-12-31", "is no day"),
        ("", "is no day"),
    ],
)
def test_what_is_no_day_is_named_with_what_is_allowed(said: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(said, NOW, "UTC")


@pytest.mark.parametrize(
    ("zone", "hour"), [("UTC", 8), ("Europe/Berlin", 7), ("America/New_York", 13), ("Asia/Tokyo", -1)]
)
def test_the_first_is_on_the_morning_of_its_day_where_the_owner_lives(zone: str, hour: int) -> None:
    assert told(IT, zone=zone) == datetime(2026, 11, 26, tzinfo=UTC) + timedelta(hours=hour)


def test_then_it_is_as_often_as_is_set() -> None:
    first = datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert told(replace(IT, reminded_at=first), now=first) == first + WEEK


def test_where_that_morning_is_over_it_is_the_next_one() -> None:
    assert told(replace(IT, due_on=date(2026, 11, 23))) == datetime(2026, 11, 24, 8, tzinfo=UTC)
    long_ago = replace(IT, due_on=date(2026, 10, 1), reminded_at=datetime(2026, 10, 2, 8, tzinfo=UTC))
    assert told(long_ago) == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_a_later_day_begins_anew() -> None:
    moved = replace(IT, due_on=date(2026, 12, 10), reminded_at=NOW)
    assert told(moved) == datetime(2026, 12, 10, 8, tzinfo=UTC)


def test_one_without_a_day_is_asked_for_after_as_long() -> None:
    assert told(replace(IT, due_on=None)) == NOW + WEEK


@pytest.mark.parametrize("status", [FollowUpStatus.DONE, FollowUpStatus.DROPPED])
def test_what_is_over_reminds_nobody(status: FollowUpStatus) -> None:
    assert told(replace(IT, status=status)) is None
    assert told(replace(IT, owner="")) is None


def test_a_zone_that_does_not_exist_keeps_nobody_from_being_told() -> None:
    assert told(IT, zone="Mars/Olympus") == told(IT)
    assert read("tomorrow", NOW, "Mars/Olympus") == date(2026, 11, 24)


def test_its_day_is_over_on_the_next_one() -> None:
    assert not overdue(IT, date(2026, 11, 26))
    assert overdue(IT, date(2026, 11, 27))
    assert not overdue(replace(IT, status=FollowUpStatus.DONE), date(2026, 11, 27))


def test_it_is_forgotten_when_nobody_has_it_and_its_day_is_over() -> None:
    nobody = replace(IT, owner="")
    assert not forgotten(IT, date(2026, 12, 1), NOW, WEEK)
    assert not forgotten(nobody, date(2026, 11, 26), NOW, WEEK)
    assert forgotten(nobody, date(2026, 11, 27), NOW, WEEK)
    undated = replace(nobody, due_on=None)
    assert not forgotten(undated, date(2026, 12, 1), NOW + WEEK - timedelta(seconds=1), WEEK)
    assert forgotten(undated, date(2026, 12, 1), NOW + WEEK, WEEK)
