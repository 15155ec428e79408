"""Layers, references, calendars and overrides in one line; local times through both changes of clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.config.oncall import Oncall
from bot.oncall import layers, timeline
from bot.oncall.timeline import Known, UnknownSchedule
from storage.records.feeds import Shift
from storage.records.rota import Override

A, B, C, D = "U0000AAA", "U0000BBB", "U0000CCC", "U0000DDD"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedules(**given):
    return Oncall.model_validate({"schedules": given})


def line(oncall, name, since, until, known=timeline.NOTHING):
    spans = timeline.timeline(oncall, name, at(since), at(until), known)
    return [(f"{s.since:%dT%H:%M}", f"{s.until:%dT%H:%M}", "".join(u[-1] for u in s.people)) for s in spans]


def an_override(**changes):
    given = {"id": 1, "schedule": "s", "user": D, "created_by": D, "created_at": at("2026-01-01")}
    return Override(**{**given, **changes})


BERLIN = {"timezone": "Europe/Berlin", "start": "2026-01-01"}


def test_groups_are_on_call_together_in_turn():
    oncall = schedules(s={"turns": [[A, B], [C]], "rotation": "daily", "handover": "00:00", "start": "2026-03-01"})

    assert line(oncall, "s", "2026-03-01", "2026-03-04") == [
        ("01T00:00", "02T00:00", "AB"),
        ("02T00:00", "03T00:00", "C"),
        ("03T00:00", "04T00:00", "AB"),
    ]


def test_a_later_layer_covers_an_earlier_one_in_its_hours():
    oncall = schedules(
        s={
            "layers": [
                {"people": [A], "rotation": "daily", "handover": "00:00"},
                {"people": [B], "rotation": "daily", "handover": "00:00", "during": {"from": "09:00", "to": "17:00"}},
            ]
        }
    )

    assert line(oncall, "s", "2026-03-02", "2026-03-03") == [
        ("02T00:00", "02T09:00", "A"),
        ("02T09:00", "02T17:00", "B"),
        ("02T17:00", "03T00:00", "A"),
    ]


def test_hours_over_midnight_end_on_the_next_day():
    oncall = schedules(
        s={
            "people": [A],
            "rotation": "daily",
            "handover": "00:00",
            "during": {"days": "fri", "from": "22:00", "to": "06:00"},
        }
    )

    spans = line(oncall, "s", "2026-03-06", "2026-03-08")
    assert (spans[0][0], spans[-1][1]) == ("06T22:00", "07T06:00")


def test_nobody_is_on_call_outside_a_layer_s_start_and_until():
    oncall = schedules(
        s={"people": [A], "rotation": "daily", "handover": "09:00", "start": "2026-03-02", "until": "2026-03-04"}
    )

    assert line(oncall, "s", "2026-03-01", "2026-03-08") == [
        ("02T09:00", "03T09:00", "A"),
        ("03T09:00", "04T00:00", "A"),
    ]


def test_a_layer_can_be_another_schedule_with_its_overrides():
    oncall = schedules(
        base={"people": [A], "rotation": "daily", "handover": "00:00"}, s={"layers": [{"schedule": "base"}]}
    )
    known = Known(
        overrides=(an_override(schedule="base", starts_at=at("2026-03-02T10:00"), ends_at=at("2026-03-02T12:00")),)
    )

    assert line(oncall, "s", "2026-03-02", "2026-03-03", known) == [
        ("02T00:00", "02T10:00", "A"),
        ("02T10:00", "02T12:00", "D"),
        ("02T12:00", "03T00:00", "A"),
    ]


def test_a_later_override_covers_an_earlier_one():
    oncall = schedules(s={"people": [A], "rotation": "daily", "handover": "00:00"})
    first = an_override(user=B, starts_at=at("2026-03-02T00:00"), ends_at=at("2026-03-02T12:00"))
    second = an_override(id=2, user=C, starts_at=at("2026-03-02T06:00"), ends_at=at("2026-03-02T18:00"))

    assert [who for *_, who in line(oncall, "s", "2026-03-02", "2026-03-03", Known(overrides=(first, second)))] == [
        "B",
        "C",
        "A",
    ]


def test_a_removed_override_was_in_force_until_then():
    oncall = schedules(s={"people": [A], "rotation": "daily", "handover": "00:00"})
    gone = an_override(
        starts_at=at("2026-03-02T00:00"), ends_at=at("2026-03-02T12:00"), removed_at=at("2026-03-02T05:00")
    )

    assert line(oncall, "s", "2026-03-02", "2026-03-03", Known(overrides=(gone,))) == [
        ("02T00:00", "02T05:00", "D"),
        ("02T05:00", "03T00:00", "A"),
    ]


def test_a_swap_takes_one_person_s_turns_only_and_leaves_who_is_beside_them():
    oncall = schedules(s={"turns": [[A, B], [C]], "rotation": "daily", "handover": "00:00", "start": "2026-03-01"})
    swap = an_override(instead_of=A, swap=7, starts_at=at("2026-03-01"), ends_at=at("2026-03-03"))

    assert line(oncall, "s", "2026-03-01", "2026-03-03", Known(overrides=(swap,))) == [
        ("01T00:00", "02T00:00", "DB"),
        ("02T00:00", "03T00:00", "C"),
    ]


def test_shifts_of_a_calendar_that_overlap_are_on_call_together():
    oncall = schedules(s={"ical": "https://calendar.example/a.ics"})
    known = Known(
        shifts={
            "s:1": (
                Shift(at("2026-03-02T00:00"), at("2026-03-02T12:00"), (A,)),
                Shift(at("2026-03-02T10:00"), at("2026-03-02T20:00"), (B,)),
            )
        }
    )

    assert line(oncall, "s", "2026-03-02", "2026-03-03", known) == [
        ("02T00:00", "02T10:00", "A"),
        ("02T10:00", "02T12:00", "AB"),
        ("02T12:00", "02T20:00", "B"),
    ]


def test_a_layer_may_be_in_another_time_zone():
    hours = {"from": "09:00", "to": "17:00"}
    oncall = schedules(
        s={
            "timezone": "Europe/Berlin",
            "layers": [
                {"people": [A], "during": hours},
                {"people": [B], "during": hours, "timezone": "Asia/Tokyo"},
            ],
        }
    )

    assert line(oncall, "s", "2026-03-02", "2026-03-03") == [
        ("02T00:00", "02T08:00", "B"),
        ("02T08:00", "02T16:00", "A"),
    ]


@pytest.mark.parametrize(
    ("since", "hours"),
    [("2026-03-28T08:00", 23), ("2026-10-24T07:00", 25)],
)
def test_a_day_of_turns_has_23_or_25_hours_when_clocks_change(since, hours):
    oncall = schedules(s={**BERLIN, "people": [A, B], "rotation": "daily", "handover": "09:00"})
    turn = timeline.turn(oncall, at(since))

    assert turn.until - turn.since == timedelta(hours=hours)


@pytest.mark.parametrize(("day", "night"), [("2026-03-28", 11), ("2026-10-24", 13)])
def test_half_day_turns_change_at_the_same_local_times_through_a_change_of_clocks(day, night):
    oncall = schedules(s={**BERLIN, "people": [A, B], "rotation": {"every": "12h"}, "handover": "09:00"})
    turn = timeline.turn(oncall, at(f"{day}T22:00"))

    assert turn.until - turn.since == timedelta(hours=night)


def test_hours_that_begin_in_the_missing_hour_begin_as_much_later():
    oncall = schedules(s={**BERLIN, "people": [A], "during": {"from": "02:30", "to": "10:00"}})

    assert line(oncall, "s", "2026-03-29T00:00", "2026-03-29T12:00") == [("29T01:30", "29T08:00", "A")]


def test_hours_that_begin_in_the_doubled_hour_begin_at_its_first_time():
    oncall = schedules(s={**BERLIN, "people": [A], "during": {"from": "02:30", "to": "10:00"}})

    assert line(oncall, "s", "2026-10-25T00:00", "2026-10-25T12:00") == [("25T00:30", "25T09:00", "A")]


def test_hours_on_either_side_of_a_skipped_time_leave_no_gap():
    both = [
        {"people": [A], "during": {"from": "02:30", "to": "14:30"}},
        {"people": [B], "during": {"from": "14:30", "to": "02:30"}},
    ]
    oncall = schedules(s={**BERLIN, "layers": both})
    since, until = at("2026-03-27"), at("2026-03-31")

    assert layers.gaps(timeline.timeline(oncall, "s", since, until), since, until) == []


def test_a_gap_is_found_between_layers():
    oncall = schedules(s={"people": [A], "during": {"days": "mon-fri"}})
    since, until = at("2026-03-06T00:00"), at("2026-03-10T00:00")

    assert layers.gaps(timeline.timeline(oncall, "s", since, until), since, until) == [
        (at("2026-03-07"), at("2026-03-09"))
    ]


def test_the_turn_tells_when_somebody_is_on_call_again_after_a_gap():
    oncall = schedules(s={"people": [A], "during": {"days": "mon-fri"}, "rotation": "daily", "handover": "00:00"})
    turn = timeline.turn(oncall, at("2026-03-06T12:00"))

    assert (turn.until, turn.resumes) == (at("2026-03-07"), at("2026-03-09"))


def test_without_a_default_schedule_the_first_one_is_meant():
    oncall = schedules(payments={"people": [B]}, shop={"people": [A]})

    assert timeline.who(oncall, at("2026-03-06")) == (B,)


def test_the_section_s_own_people_are_the_default_schedule_beside_others():
    oncall = Oncall.model_validate({"people": [A], "schedules": {"payments": {"people": [B]}}})

    assert timeline.names(oncall) == ("default", "payments")
    assert (timeline.who(oncall, at("2026-03-06")), timeline.who(oncall, at("2026-03-06"), "payments")) == ((A,), (B,))


def test_an_unknown_schedule_is_told_with_those_there_are():
    with pytest.raises(UnknownSchedule, match=r"there is no schedule shop; there is payments"):
        timeline.who(schedules(payments={"people": [B]}), at("2026-03-06"), "shop")


@pytest.mark.parametrize(
    ("rota", "now", "following"),
    [
        ({"people": [A, B], "rotation": "daily", "handover": "09:00"}, "2026-03-02T10:00", "2026-03-03T09:00"),
        ({"people": [A], "during": {"days": "mon-fri"}}, "2026-03-06T10:00", "2026-03-07T00:00"),
        ({"people": [A], "during": {"days": "mon-fri"}}, "2026-03-07T10:00", "2026-03-09T00:00"),
    ],
)
def test_the_next_handover_is_when_others_or_nobody_are_on_call(rota, now, following):
    assert timeline.next_handover(schedules(s=rota), "s", at(now)) == at(following)


def test_one_who_is_always_on_call_hands_over_to_nobody():
    assert timeline.next_handover(schedules(s={"people": [A]}), "s", at("2026-03-06")) is None
