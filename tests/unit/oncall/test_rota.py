from datetime import UTC, datetime

import pytest

from bot.config.oncall import Oncall
from bot.oncall.timeline import turn, who

PEOPLE = ("U0000ONE", "U0000TWO", "U0000SIX")


def weekly(**changes):
    given = {"people": PEOPLE, "handover": "mon 09:00", "timezone": "Europe/Berlin", "start": "2026-03-02"}
    return Oncall.model_validate({**given, **changes})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_nobody_is_on_call_in_an_empty_rota():
    assert (turn(Oncall(), at("2026-03-02T12:00")), who(Oncall(), at("2026-03-02T12:00"))) == (None, ())


@pytest.mark.parametrize(
    ("moment", "user"),
    [
        ("2026-03-02T07:59", "U0000SIX"),
        ("2026-03-02T08:00", "U0000ONE"),
        ("2026-03-09T07:59", "U0000ONE"),
        ("2026-03-09T08:00", "U0000TWO"),
        ("2026-03-30T06:59", "U0000ONE"),  # summer time began on the 29th: 09:00 is 07:00 UTC now
        ("2026-03-30T07:00", "U0000TWO"),
    ],
)
def test_turns_change_at_the_local_handover(moment, user):
    assert who(weekly(), at(moment)) == (user,)


def test_a_turn_over_a_clock_change_is_an_hour_shorter():
    current = turn(weekly(), at("2026-03-29T12:00"))

    assert (current.since, current.until) == (at("2026-03-23T08:00"), at("2026-03-30T07:00"))


def test_a_handover_that_the_clock_skips_takes_place_an_hour_later():
    rota = weekly(rotation="daily", handover="02:30")
    current = turn(rota, at("2026-03-29T01:15"))  # 03:15 in Berlin, where 02:00 to 03:00 did not take place

    assert current.until == at("2026-03-29T01:30")


def test_a_handover_that_comes_twice_takes_place_the_first_time():
    rota = weekly(rotation="daily", handover="02:30")
    second = turn(rota, at("2026-10-25T01:10"))  # 02:10 in Berlin for the second time

    assert second.since == at("2026-10-25T00:30")


def test_the_last_person_is_followed_by_the_first():
    assert turn(weekly(), at("2026-03-16T12:00")).following == ("U0000ONE",)


def test_a_rota_that_starts_between_two_handovers_begins_with_the_next_one():
    assert turn(weekly(start="2026-03-04"), at("2026-03-09T12:00")).user == "U0000ONE"
