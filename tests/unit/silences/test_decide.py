"""What becomes of a silence."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.events import SilenceChanged, SilenceCreated, SilenceExpired, SilenceStarted
from bot.matchers import parse
from bot.silences.decide import REMIND, TELL, BadSilence, Wanted, change, create, expire, reminds, tell
from storage.records.silences import Matcher, Phase, Silence
from tests.fakes.ports import T0

HOUR = timedelta(hours=1)


def wanted(**changes: Any) -> Wanted:
    fixed: dict[str, Any] = {"matchers": parse("service=api"), "starts_at": T0, "ends_at": T0 + HOUR, "by": "U1"}
    return Wanted(**{**fixed, **changes})


def a_silence(**changes: Any) -> Silence:
    return replace(create(wanted(), id=1, uuid="u", now=T0).state, version=1, **changes)


def kinds(decision: Any) -> list[type]:
    return [type(event) for event in decision.events]


def due(decision: Any) -> set[tuple[str, datetime]]:
    return {(timer.kind, timer.at) for timer in decision.timers}


def test_one_that_begins_now_mutes_at_once_and_is_told_of_at_its_end() -> None:
    decision = create(wanted(starts_at=T0 - HOUR), id=1, uuid="u", now=T0)
    assert kinds(decision) == [SilenceCreated, SilenceStarted]
    assert (decision.state.starts_at, decision.state.phase) == (T0, Phase.ACTIVE)
    assert due(decision) == {(TELL, T0 + HOUR), (REMIND, T0 + timedelta(minutes=45))}


def test_one_that_begins_later_is_told_of_at_start_and_end() -> None:
    decision = create(wanted(starts_at=T0 + HOUR, ends_at=T0 + 2 * HOUR), id=1, uuid="u", now=T0)
    assert kinds(decision) == [SilenceCreated]
    assert {at for kind, at in due(decision) if kind == TELL} == {T0 + HOUR, T0 + 2 * HOUR}


def test_a_short_one_has_no_reminder() -> None:
    decision = create(wanted(ends_at=T0 + timedelta(minutes=15)), id=1, uuid="u", now=T0)
    assert [timer.kind for timer in decision.timers] == [TELL]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"matchers": ()}, "at least one matcher is needed"),
        ({"matchers": parse("a=~.*")}, "must not match the empty string"),
        ({"matchers": (Matcher(name="a", value="(", is_regex=True),)}, "no regular expression"),
        ({"matchers": parse("a=b") * 101}, "too many"),
        ({"ends_at": T0}, "end time must be after start time"),
        ({"starts_at": T0 - 2 * HOUR, "ends_at": T0 - HOUR}, "in the past"),
        ({"comment": "x" * 3001}, "too long"),
        ({"by": ""}, "missing"),
    ],
)
def test_what_could_not_be_a_silence_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadSilence, match=complaint):
        create(wanted(**changes), id=1, uuid="u", now=T0)


def test_a_change_keeps_the_number_and_plans_its_end_anew() -> None:
    decision = change(a_silence(), wanted(ends_at=T0 + 3 * HOUR, comment="longer"), T0 + timedelta(minutes=1))
    assert kinds(decision) == [SilenceChanged]
    assert (decision.state.id, decision.state.starts_at, decision.state.comment) == (1, T0, "longer")
    assert (TELL, T0 + 3 * HOUR) in due(decision)
    assert {(cancel.subject, cancel.kind) for cancel in decision.cancels} == {
        ("silence:1", TELL),
        ("silence:1", REMIND),
    }


def test_what_has_begun_cannot_be_put_off() -> None:
    later = change(a_silence(), wanted(starts_at=T0 + HOUR, ends_at=T0 + 2 * HOUR), T0 + timedelta(minutes=1))
    assert later.state.starts_at == T0


def test_a_pending_one_that_is_brought_forward_begins() -> None:
    pending = replace(
        create(wanted(starts_at=T0 + HOUR, ends_at=T0 + 2 * HOUR), id=1, uuid="u", now=T0).state, version=1
    )
    assert kinds(change(pending, wanted(), T0)) == [SilenceChanged, SilenceStarted]


def test_the_same_again_changes_nothing() -> None:
    assert not change(a_silence(), wanted(), T0).changed


def test_what_is_over_stays_over() -> None:
    over = a_silence(ends_at=T0)
    assert not change(over, wanted(), T0).changed
    assert not expire(over, T0).changed


def test_expiring_ends_it_now_and_cancels_what_was_planned() -> None:
    decision = expire(a_silence(), T0 + timedelta(minutes=5))
    assert kinds(decision) == [SilenceExpired]
    assert decision.state.ends_at == T0 + timedelta(minutes=5)
    assert len(decision.cancels) == 2


def test_each_change_of_time_is_told_once() -> None:
    pending = a_silence(phase=Phase.PENDING)
    started = tell(pending, T0)
    assert kinds(started) == [SilenceStarted]
    assert not tell(started.state, T0).changed
    ended = tell(started.state, T0 + HOUR)
    assert kinds(ended) == [SilenceExpired]
    assert not tell(ended.state, T0 + HOUR).changed


def test_nothing_is_told_before_its_time() -> None:
    assert not tell(a_silence(), T0 + timedelta(minutes=59)).changed


@pytest.mark.parametrize(("minutes", "due_now"), [(44, False), (45, True), (60, False)])
def test_a_reminder_is_for_the_last_quarter_of_an_hour(minutes: int, due_now: bool) -> None:
    assert reminds(a_silence(), T0 + timedelta(minutes=minutes)) is due_now
