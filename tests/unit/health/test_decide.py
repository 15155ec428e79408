from datetime import UTC, datetime, timedelta

from bot.health.decide import LONGEST_DETAIL, Limits, judge, retire
from bot.observation import Observation
from storage.records.checks import Status

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIMITS = Limits(degraded_ms=100)
WELL = Observation(ok=True, latency_ms=4, detail="HTTP 200")
LATE = Observation(ok=True, latency_ms=240, detail="HTTP 200")
REFUSED = Observation(ok=False, detail="connection refused by 127.0.0.1:80")


def after(*seen, limits=LIMITS):
    """The last decision of these rounds, one a minute from T0 on."""
    decision = None
    for number, observation in enumerate(seen):
        state = decision.state if decision else None
        now = T0 + timedelta(minutes=number)
        decision = judge(state, "web", "http", observation, limits=limits, now=now)
    return decision


def test_a_first_healthy_round_is_believed_and_is_no_news():
    decision = after(WELL)

    assert (decision.state.status, decision.events, decision.silent) == (Status.HEALTHY, (), True)


def test_one_failed_round_is_not_held():
    decision = after(WELL, REFUSED)

    assert (decision.state.status, decision.state.observed, decision.events) == (Status.HEALTHY, Status.DOWN, ())


def test_a_reason_says_how_many_rounds_are_missing():
    assert after(WELL, REFUSED).reason == ("down for 1 of 2 rounds, held healthy: connection refused by 127.0.0.1:80")


def test_a_second_failed_round_is_news_with_what_was_seen_and_since_when():
    (event,) = after(WELL, REFUSED, REFUSED).events

    assert (event.check, event.previous, event.status, event.rounds) == ("web", "healthy", "down", 2)
    assert event.since == T0 + timedelta(minutes=1)
    assert event.detail == "connection refused by 127.0.0.1:80"


def test_a_check_that_fails_from_the_start_is_unknown_until_it_lasted():
    assert after(REFUSED).state.status is Status.UNKNOWN


def test_a_check_that_fails_from_the_start_goes_down_from_unknown():
    (event,) = after(REFUSED, REFUSED).events

    assert (event.previous, event.status, event.since) == ("unknown", "down", T0)


def test_what_goes_on_is_no_news():
    decision = after(REFUSED, REFUSED, REFUSED)

    assert (decision.events, decision.silent, decision.state.streak) == ((), True, 3)


def test_one_healthy_round_is_no_recovery():
    assert after(REFUSED, REFUSED, WELL).state.status is Status.DOWN


def test_lasting_health_is_a_recovery():
    (event,) = after(REFUSED, REFUSED, WELL, WELL).events

    assert (event.previous, event.status, event.since) == ("down", "healthy", T0 + timedelta(minutes=2))


def test_a_failure_in_between_begins_the_recovery_anew():
    assert after(REFUSED, REFUSED, WELL, REFUSED, WELL).state.status is Status.DOWN


def test_down_that_becomes_slow_is_degraded_before_it_is_well():
    (event,) = after(REFUSED, REFUSED, LATE, WELL).events

    assert (event.previous, event.status) == ("down", "degraded")


def test_slow_then_down_is_degraded_because_both_rounds_were_at_least_that():
    (event,) = after(WELL, LATE, REFUSED).events

    assert (event.status, event.since) == ("degraded", T0 + timedelta(minutes=1))


def test_slow_and_down_in_turns_is_held_degraded():
    assert after(WELL, LATE, REFUSED, LATE, REFUSED).state.status is Status.DEGRADED


def test_one_round_is_enough_where_configured():
    assert after(WELL, REFUSED, limits=Limits(degraded_ms=100, rounds_down=1)).state.status is Status.DOWN


def test_latency_at_the_limit_is_degraded():
    assert after(Observation(ok=True, latency_ms=100)).state.observed is Status.DEGRADED


def test_latency_below_the_limit_is_healthy():
    assert after(Observation(ok=True, latency_ms=99.9)).state.observed is Status.HEALTHY


def test_late_answers_are_measured_against_the_limit_in_words_and_numbers():
    state = after(LATE).state

    assert state.detail == "HTTP 200; took 240 ms, limit 100 ms"
    assert (state.value, state.threshold, state.unit) == (240, 100, "ms")


def test_a_probe_may_call_itself_degraded_by_a_number_of_its_own():
    state = after(Observation(ok=True, slow=True, latency_ms=3, value=93, threshold=90, unit="%")).state

    assert (state.observed, state.value, state.threshold, state.unit) == (Status.DEGRADED, 93, 90, "%")


def test_a_probe_that_calls_itself_degraded_without_a_number_is_not_measured_by_its_latency():
    state = after(Observation(ok=True, slow=True, latency_ms=3)).state

    assert (state.value, state.threshold, state.unit) == (None, None, "")


def test_a_probe_that_fails_is_down_however_fast():
    assert after(Observation(ok=False, latency_ms=1)).state.observed is Status.DOWN


def test_a_long_detail_is_cut():
    assert len(after(Observation(ok=False, detail="x" * 5000)).state.detail) == LONGEST_DETAIL


def test_a_check_whose_kind_was_changed_keeps_what_is_held_of_its_name():
    down = after(REFUSED, REFUSED).state

    changed = judge(down, "web", "tls", REFUSED, limits=LIMITS, now=T0).state

    assert (changed.type, changed.status) == ("tls", Status.DOWN)


def test_a_bad_check_that_is_watched_no_more_is_unknown():
    (event,) = retire(after(REFUSED, REFUSED).state, T0).events

    assert (event.previous, event.status) == ("down", "unknown")


def test_a_healthy_check_that_is_watched_no_more_is_no_news():
    assert not retire(after(WELL).state, T0).changed
