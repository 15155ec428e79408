from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.health.decide import Limits, judge
from bot.observation import Observation
from storage.records.checks import Status

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEEN = {
    Status.HEALTHY: Observation(ok=True, latency_ms=3),
    Status.DEGRADED: Observation(ok=True, latency_ms=3, slow=True),
    Status.DOWN: Observation(ok=False, detail="connection refused"),
}
BAD = {Status.DEGRADED, Status.DOWN}

sequences = st.lists(st.sampled_from(list(SEEN)), min_size=1, max_size=40)
rounds = st.integers(1, 4)


def played(seen, down, up):
    """Each round's number with the decision made of it."""
    state = None
    for number, status in enumerate(seen):
        decision = judge(
            state,
            "web",
            "http",
            SEEN[status],
            limits=Limits(degraded_ms=100, rounds_down=down, rounds_up=up),
            now=T0 + number * MINUTE,
        )
        yield number, state, decision
        state = decision.state


@given(sequences, rounds, rounds)
def test_a_check_is_held_down_exactly_when_it_lasted(seen, down, up):
    for number, before, decision in played(seen, down, up):
        latest = seen[max(0, number + 1 - down) : number + 1]
        lasted = len(latest) == down and set(latest) == {Status.DOWN}
        newly = decision.state.status is Status.DOWN and (before is None or before.status is not Status.DOWN)
        assert not newly or lasted
        assert not lasted or decision.state.status is Status.DOWN


@given(sequences, st.integers(1, 2), rounds)
def test_bad_rounds_in_a_row_are_held_bad_whatever_their_kinds(seen, down, up):
    for number, _, decision in played(seen, down, up):
        latest = seen[max(0, number + 1 - down) : number + 1]
        if len(latest) == down and set(latest) <= BAD:
            assert decision.state.status in BAD


@given(sequences, rounds, rounds)
def test_a_check_recovers_exactly_when_it_was_healthy_for_long_enough(seen, down, up):
    for number, before, decision in played(seen, down, up):
        latest = seen[max(0, number + 1 - up) : number + 1]
        lasted = len(latest) == up and set(latest) == {Status.HEALTHY}
        recovered = before is not None and before.status in BAD and decision.state.status is Status.HEALTHY
        assert not recovered or lasted
        assert not lasted or decision.state.status is Status.HEALTHY


@given(sequences, rounds, rounds)
def test_news_is_a_held_status_that_changed_but_not_a_first_healthy_one(seen, down, up):
    for _, before, decision in played(seen, down, up):
        previous = before.status if before else Status.UNKNOWN
        now = decision.state.status
        news = previous is not now and (previous, now) != (Status.UNKNOWN, Status.HEALTHY)
        assert [(event.previous, event.status) for event in decision.events] == ([(previous, now)] if news else [])
        assert decision.changed


@given(sequences, rounds, rounds)
def test_since_lies_between_the_first_round_and_this_one_and_never_moves_back(seen, down, up):
    for number, before, decision in played(seen, down, up):
        now = T0 + number * MINUTE
        assert T0 <= decision.state.since <= now
        assert decision.state.streak_since <= now
        assert before is None or decision.state.since >= before.since


@given(sequences, rounds, rounds)
def test_every_round_gives_a_reason(seen, down, up):
    assert all(decision.reason for _, _, decision in played(seen, down, up))
