"""When the meeting is, who comes, and what becomes of it in a calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.hours import Hours
from bot.config.incidents import Meeting as Setting
from bot.events import MeetingArranged, MeetingCancelled, MeetingPlanned, MeetingTroubled
from bot.meetings import decide
from bot.meetings.decide import Plan
from storage.records.alerts import Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.records.journal import Entry
from storage.records.meetings import Meeting

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
HOURS = Setting().hours
BERLIN, LONDON, PACIFIC = "Europe/Berlin", "Europe/London", "America/Los_Angeles"
GRAVE = (Severity.CRITICAL, Severity.HIGH)
ONE, TWO, THREE = "U0000ONE", "U0000TWO", "U0000SIX"
PLAN = Plan(
    incident=7,
    starts_at=T0 + timedelta(days=1),
    length=HALF_HOUR,
    zone=BERLIN,
    people=(ONE, TWO),
    attendees=("one@example.com",),
    unreached=(TWO,),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def resolved(**changes: Any) -> Incident:
    first = Incident(
        id=7, title="x", severity=Severity.HIGH, declared_by="bot", started_at=T0, declared_at=T0,
        status=IncidentStatus.RESOLVED, resolved_at=T0, resolved_by="bot",
    )  # fmt: skip
    return replace(first, **changes)


def entry(kind: str, actor: str = "bot", subject: str = "incident:7", **payload: Any) -> Entry:
    return Entry(id=1, at=T0, kind=kind, subject=subject, actor=actor, payload=payload)


def meeting() -> Meeting:
    return replace(decide.arrange(None, PLAN, T0).state, version=1)


def told(**changes: Any) -> Meeting:
    """What a calendar holds that took the meeting."""
    first = decide.copy(None, meeting(), "team", T0)
    assert first is not None
    return replace(first.state, **{"begun": True, "reference": "r1", "made_at": T0, "version": 1, **changes})


def moved() -> Meeting:
    return decide.arrange(meeting(), replace(PLAN, starts_at=PLAN.starts_at + HALF_HOUR), T0).state


@pytest.mark.parametrize(
    ("earliest", "zones", "start"),
    [
        ("2026-11-24T12:00", [BERLIN], "2026-11-24T12:00"),
        ("2026-11-24T12:00:01", [BERLIN], "2026-11-24T12:15"),
        ("2026-11-24T19:00", [BERLIN], "2026-11-25T08:00"),
        ("2026-11-24T15:45", [BERLIN], "2026-11-25T08:00"),
        ("2026-11-28T10:00", [BERLIN], "2026-11-30T08:00"),
        ("2026-11-24T03:00", [BERLIN, LONDON], "2026-11-24T09:00"),
        ("2026-11-24T15:45", [BERLIN, LONDON], "2026-11-25T09:00"),
        ("2026-11-24T12:00", [BERLIN, BERLIN, PACIFIC], "2026-11-24T12:00"),
        ("2026-11-24T12:00", [PACIFIC, PACIFIC, BERLIN], "2026-11-24T17:00"),
        ("2026-03-28T18:00", [BERLIN], "2026-03-30T07:00"),
        ("2026-10-24T18:00", [BERLIN], "2026-10-26T08:00"),
        ("2026-11-24T12:00", [], "2026-11-24T12:00"),
    ],
    ids=[
        "within them", "on a quarter", "in the evening", "no room before the end", "on a weekend", "before all work",
        "too late for one", "no hour in common", "the zone of most", "clocks go forward", "clocks go back", "nobody",
    ],
)  # fmt: skip
def test_it_is_at_the_next_quarter_within_working_hours(earliest: str, zones: list[str], start: str) -> None:
    assert decide.when(at(earliest), HALF_HOUR, HOURS, zones)[0] == at(start)


def test_a_zone_of_the_hours_goes_before_those_of_people() -> None:
    hours = HOURS.model_copy(update={"timezone": PACIFIC})
    assert decide.when(at("2026-11-24T12:00"), HALF_HOUR, hours, [BERLIN]) == (at("2026-11-24T17:00"), PACIFIC)


def test_one_that_is_longer_than_the_hours_begins_with_them() -> None:
    hours = Hours.model_validate({"days": "tue", "from": "10:00", "to": "10:30"})
    assert decide.when(T0, timedelta(hours=1), hours, [BERLIN])[0] == at("2026-11-24T09:00")


@given(
    st.integers(min_value=0, max_value=730 * 86_400).map(lambda seconds: T0 + timedelta(seconds=seconds)),
    st.lists(st.sampled_from([BERLIN, LONDON, PACIFIC, "Asia/Kolkata", "Australia/Lord_Howe"]), max_size=3),
)
def test_it_is_never_early_nor_outside_the_hours_of_its_zone(earliest: datetime, zones: list[str]) -> None:
    start, zone = decide.when(earliest, HALF_HOUR, HOURS, zones)
    assert start >= earliest
    assert start.timestamp() % 900 == 0
    assert any(begin <= start and start + HALF_HOUR <= end for begin, end in HOURS.intervals(start, start, zone))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"severity": Severity.MEDIUM}, False),
        ({"test": True}, False),
        ({"merged_into": 3}, False),
        ({"status": IncidentStatus.MONITORING}, False),
        ({"private": True}, True),
    ],
)
def test_which_incidents_get_one(changes: dict[str, Any], wanted: bool) -> None:
    assert decide.wanted(resolved(**changes), GRAVE) is wanted


def test_who_took_part_comes_each_once_and_no_program() -> None:
    entries = [
        entry("AlertAcknowledged", ONE, "alert:1"),
        entry("RespondersInvited", users=[TWO, "S0GROUP"]),
        entry("UpdatePosted", ONE),
        entry("RoleAssigned", "shell:root", role="scribe", user=THREE),
        entry("PageDelivered", "U0PAGED", "alert:1"),
    ]
    incident = resolved(roles={"commander": TWO}, declared_by="http")
    assert decide.responders(incident, entries) == (TWO, ONE, THREE)


def test_to_a_private_one_nobody_comes_who_only_knew_its_alert() -> None:
    entries = [entry("AlertAcknowledged", ONE, "alert:1"), entry("UpdatePosted", TWO)]
    assert decide.responders(resolved(private=True), entries) == (TWO,)


def test_it_is_arranged_once() -> None:
    decision = decide.arrange(None, PLAN, T0)
    assert decision.events == (
        MeetingArranged(incident=7, starts_at=PLAN.starts_at, people=(ONE, TWO), unreached=(TWO,), sequence=0),
    )
    assert not decide.arrange(decision.state, PLAN, T0 + HALF_HOUR).changed


def test_one_that_is_moved_keeps_its_identity() -> None:
    assert (moved().uid, moved().sequence) == (meeting().uid, 1)


def test_one_that_takes_place_again_after_all_is_another_one() -> None:
    over = decide.cancel(meeting(), "", T0).state
    again = decide.arrange(over, PLAN, T0 + HALF_HOUR).state
    assert again.uid != meeting().uid
    assert (again.sequence, again.cancelled) == (2, False)


def test_it_is_cancelled_once() -> None:
    decision = decide.cancel(meeting(), "open again", T0)
    assert decision.events == (MeetingCancelled(incident=7, reason="open again", sequence=1),)
    assert not decide.cancel(decision.state, "", T0).changed


def test_one_that_took_place_is_not_cancelled_any_more() -> None:
    decision = decide.cancel(meeting(), "open again", PLAN.starts_at + PLAN.length)
    assert (decision.changed, decision.reason) == (False, "it is over already")


def test_after_one_that_took_place_another_one_is_arranged_and_its_entries_are_left_alone() -> None:
    later = PLAN.starts_at + timedelta(days=7)
    again = decide.arrange(meeting(), replace(PLAN, starts_at=later + HALF_HOUR), later)
    copied = decide.copy(told(), replace(again.state, version=2), "team", later)
    assert again.state.uid != meeting().uid
    assert [event.moved for event in again.events if isinstance(event, MeetingArranged)] == [False]
    assert copied is not None
    assert (copied.state.uid, copied.state.reference, copied.state.begun) == (again.state.uid, "", False)


def test_whether_it_was_moved_is_told() -> None:
    later = replace(PLAN, starts_at=PLAN.starts_at + HALF_HOUR)
    (event,) = decide.arrange(meeting(), later, T0).events
    assert isinstance(event, MeetingArranged)
    assert event.moved


def test_a_calendar_is_told_by_one_job_for_each_change() -> None:
    first = decide.copy(None, meeting(), "team", T0)
    then = decide.copy(told(), moved(), "team", T0)
    assert first is not None
    assert then is not None
    assert [t.key for d in (first, then) for t in d.timers] == [
        "incident:7:meeting:team:0",
        "incident:7:meeting:team:1",
    ]
    assert (then.state.reference, then.state.begun, then.state.made_at) == ("r1", True, None)


def test_a_calendar_that_was_never_asked_has_nothing_taken_out() -> None:
    over = decide.cancel(meeting(), "", T0).state
    waiting = decide.copy(None, meeting(), "team", T0)
    assert waiting is not None
    decision = decide.copy(replace(waiting.state, version=1), over, "team", T0)
    assert decision is not None
    assert not decision.timers
    assert not decide.due(decision.state)
    assert decide.copy(None, over, "team", T0) is None


def test_a_calendar_that_may_hold_it_has_it_taken_out() -> None:
    over = decide.cancel(meeting(), "", T0).state
    decision = decide.copy(told(reference=""), over, "team", T0)
    assert decision is not None
    assert decide.due(decision.state)
    assert len(decision.timers) == 1


def test_an_entry_that_could_not_be_taken_out_is_used_again() -> None:
    over = decide.cancel(meeting(), "", T0).state
    again = decide.arrange(over, PLAN, T0 + HALF_HOUR).state
    stuck = told(cancelled=True)
    kept = decide.copy(replace(stuck, made_at=None), again, "team", T0)
    fresh = decide.copy(stuck, again, "team", T0)
    assert kept is not None
    assert fresh is not None
    assert (kept.state.uid, kept.state.reference) == (meeting().uid, "r1")
    assert (fresh.state.uid, fresh.state.reference, fresh.state.begun) == (again.uid, "", False)


def test_what_a_calendar_took_is_a_fact_once() -> None:
    asked = replace(told(), made_at=None, reference="")
    decision = decide.made(asked, asked, "r1", T0)
    assert decision.events == (
        MeetingPlanned(incident=7, calendar="team", starts_at=PLAN.starts_at, attendees=PLAN.attendees),
    )
    assert not decide.made(decision.state, asked, "r1", T0).changed


def test_an_answer_about_what_was_changed_meanwhile_keeps_the_calendar_due() -> None:
    asked = replace(told(), made_at=None, reference="")
    now = replace(asked, sequence=1)
    decision = decide.made(now, asked, "r1", T0)
    assert decide.due(decision.state)
    assert decision.state.reference == "r1"
    assert decision.events == ()


def test_the_same_trouble_is_told_once() -> None:
    asked = replace(told(), made_at=None)
    decision = decide.troubled(asked, asked, "HTTP 401", "Renew it.")
    assert decision.events == (MeetingTroubled(incident=7, calendar="team", error="HTTP 401", mend="Renew it."),)
    assert not decide.troubled(decision.state, asked, "HTTP 401", "Renew it.").changed
