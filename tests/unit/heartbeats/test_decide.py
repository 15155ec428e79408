"""When a heartbeat is missed, and when it only seems so."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.config.inbound import HeartbeatConfig
from bot.decision import Decision
from bot.events import HeartbeatMissed, HeartbeatPaused, HeartbeatResumed, HeartbeatReturned
from bot.heartbeats import decide
from storage.records.heartbeats import Heartbeat, Pulse
from tests.fakes.ports import T0

CONFIG = HeartbeatConfig(name="backup", every=timedelta(minutes=5), grace=timedelta(minutes=1))
DUE = T0 + timedelta(minutes=6)
SECOND = timedelta(seconds=1)
FRESH = decide.begin(CONFIG, T0)


def beaten(at: datetime = T0) -> Heartbeat:
    return decide.beat(FRESH, CONFIG, at).state


def heard(kept: Heartbeat, at: datetime) -> Heartbeat:
    """The bot has been listening up to then."""
    return replace(kept, watched_at=at)


def looked(kept: Heartbeat, at: datetime) -> Decision[Heartbeat]:
    assert kept.timer_at is not None
    return decide.look(heard(kept, at), CONFIG, kept.timer_at, at)


def test_the_first_beat_starts_a_timer() -> None:
    decision = decide.beat(FRESH, CONFIG, T0)
    assert [(timer.kind, timer.at) for timer in decision.timers] == [(decide.TIMER, DUE)]
    assert (decision.state.pulse, decision.state.due_at) == (Pulse.UP, DUE)


def test_further_beats_start_no_timer() -> None:
    again = decide.beat(beaten(), CONFIG, T0 + timedelta(minutes=5))
    assert again.timers == ()
    assert again.state.due_at == T0 + timedelta(minutes=11)


def test_a_timer_that_finds_a_later_beat_waits_again() -> None:
    later = decide.beat(beaten(), CONFIG, T0 + timedelta(minutes=5)).state
    decision = looked(later, DUE)
    assert decision.events == ()
    assert [timer.at for timer in decision.timers] == [T0 + timedelta(minutes=11)]


def test_silence_until_it_is_due_is_a_miss() -> None:
    decision = looked(beaten(), DUE)
    assert decision.events == (HeartbeatMissed(heartbeat="backup", due_at=DUE, beaten_at=T0),)
    assert (decision.state.pulse, decision.state.timer_at) == (Pulse.SILENT, None)


def test_before_it_is_due_silence_is_none() -> None:
    assert looked(beaten(), DUE - SECOND).events == ()


def test_a_miss_is_told_once() -> None:
    silent = looked(beaten(), DUE).state
    assert decide.look(silent, CONFIG, DUE, DUE + SECOND).events == ()
    assert decide.watch(heard(silent, DUE), CONFIG, DUE + SECOND).timers == ()


def test_a_beat_after_a_miss_is_a_return() -> None:
    decision = decide.beat(looked(beaten(), DUE).state, CONFIG, DUE + SECOND)
    assert decision.events == (HeartbeatReturned(heartbeat="backup", silent_since=DUE),)
    assert len(decision.timers) == 1


def test_one_that_never_came_is_waited_for_only_when_it_is_expected() -> None:
    assert decide.watch(FRESH, CONFIG, T0).timers == ()
    expected = CONFIG.model_copy(update={"expected": True})
    waiting = decide.watch(FRESH, expected, T0)
    assert [timer.at for timer in waiting.timers] == [DUE]
    missed = decide.look(heard(waiting.state, DUE), expected, DUE, DUE)
    assert missed.events == (HeartbeatMissed(heartbeat="backup", due_at=DUE),)


@pytest.mark.parametrize("jump", [timedelta(hours=2), timedelta(days=400)])
def test_what_the_bot_could_not_hear_does_not_count(jump: timedelta) -> None:
    kept = beaten()
    decision = decide.look(kept, CONFIG, DUE, DUE + jump)  # stopped, or its clock was set forward
    assert decision.events == ()
    assert [timer.at for timer in decision.timers] == [DUE + jump + timedelta(minutes=6)]


def test_a_clock_that_is_set_back_does_not_put_the_watch_to_sleep() -> None:
    back = T0 - timedelta(hours=2)
    decision = decide.watch(beaten(), CONFIG, back)
    assert [timer.at for timer in decision.timers] == [back + timedelta(minutes=6)]


def test_a_timer_that_was_lost_is_set_again() -> None:
    kept = heard(beaten(), DUE + timedelta(minutes=5))
    assert len(decide.watch(kept, CONFIG, DUE + timedelta(minutes=5)).timers) == 1


def test_a_shorter_interval_is_in_force_from_the_next_beat() -> None:
    shorter = CONFIG.model_copy(update={"every": timedelta(seconds=30)})
    at = T0 + SECOND
    assert [timer.at for timer in decide.beat(beaten(), shorter, at).timers] == [at + timedelta(seconds=90)]


def test_a_paused_one_is_not_missed_and_stays_paused_when_it_comes() -> None:
    paused = decide.pause(beaten(), T0)
    assert paused.events == (HeartbeatPaused(heartbeat="backup"),)
    assert decide.look(heard(paused.state, DUE), CONFIG, DUE, DUE).events == ()
    assert decide.beat(paused.state, CONFIG, T0).state.pulse is Pulse.PAUSED
    assert not decide.pause(paused.state, T0).changed


def test_a_resumed_one_has_its_whole_time() -> None:
    decision = decide.resume(decide.pause(beaten(), T0).state, CONFIG, DUE)
    assert decision.events == (HeartbeatResumed(heartbeat="backup"),)
    assert [timer.at for timer in decision.timers] == [DUE + timedelta(minutes=6)]
    assert not decide.resume(decision.state, CONFIG, DUE).changed
