"""The states of a rule over any sequence of values, gaps, errors and restarts."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.decide import Broken, LabelSet, Rule, Verdict, advance
from bot.rules.replay import Replay
from storage.records.rule_states import Phase, RuleState
from storage.records.samples import Sample
from storage.tables import rule_states
from tests.fakes.ports import T0

EVERY = timedelta(seconds=15)
LIMIT = 10.0
SEEN = st.one_of(st.floats(0, 20), st.sampled_from(["absent", "error"]))
COURSE = st.lists(SEEN, max_size=40)
RULES = st.builds(
    lambda f, k: Rule(name="r", metrics=("m",), for_=f * EVERY, keep_firing_for=k * EVERY),
    st.integers(0, 5),
    st.integers(0, 5),
)


def judge(values, _labels):
    if values["m"] < 0:
        raise Broken("not to be judged")
    holds = values["m"] > LIMIT
    return Verdict(holds=holds, value=values["m"], threshold=LIMIT, cleared=not holds)


def seen(index, what):
    at = T0 + index * EVERY
    if what == "absent":
        return LabelSet(labels=(), values={}, at=at, absent_since=at)
    return LabelSet(labels=(), values={"m": -1.0 if what == "error" else what}, at=at)


def walk(rule, course, *, restarts=frozenset()):
    """Each outcome in order. At a restart the state goes through what the database keeps."""
    state = None
    for index, what in enumerate(course):
        if index in restarts and state is not None:
            row = rule_states.to_row(state)
            state = rule_states.from_row({**row, "phase": row["phase"].value})
        outcome = advance(rule, seen(index, what), state, judge, T0 + index * EVERY)
        yield outcome
        well = outcome.state.phase is Phase.OK and not outcome.state.error
        state = None if well else outcome.state


@given(RULES, COURSE, st.frozensets(st.integers(0, 40)))
def test_a_restart_at_any_time_changes_nothing(rule, course, restarts):
    assert list(walk(rule, course)) == list(walk(rule, course, restarts=restarts))


@given(RULES, COURSE)
def test_begin_and_end_alternate(rule, course):
    marks = ["began" if one.began else "ended" for one in walk(rule, course) if one.began or one.ended]

    assert marks == [("began", "ended")[n % 2] for n in range(len(marks))]


@given(RULES, COURSE)
def test_it_fires_only_after_the_condition_held_all_the_while(rule, course):
    for index, one in enumerate(walk(rule, course)):
        if one.began:
            needed = rule.for_ // EVERY
            held = course[index - needed : index + 1]
            assert len(held) == needed + 1
            assert all(isinstance(what, float) and what > LIMIT for what in held)


@given(RULES, COURSE)
def test_missing_data_and_errors_begin_and_end_nothing(rule, course):
    for what, one in zip(course, walk(rule, course), strict=True):
        if what in ("absent", "error"):
            assert not one.began
            assert not one.ended
            assert one.state.phase is not Phase.PENDING


@given(RULES, COURSE)
def test_what_fires_ends_only_after_it_was_over_for_long_enough(rule, course):
    last_held = None
    for index, (what, one) in enumerate(zip(course, walk(rule, course), strict=True)):
        if isinstance(what, float) and what > LIMIT:
            last_held = index
        if one.ended:
            assert (index - last_held) * EVERY >= rule.keep_firing_for


@given(RULES, st.lists(st.floats(0, 20), max_size=40))
def test_a_replay_fires_as_the_rule_did(rule, course):
    run = Replay(rule=rule, judge=judge)
    run.feed([Sample(metric="m", at=T0 + n * EVERY, value=value) for n, value in enumerate(course)])
    live = list(walk(rule, course))

    assert [f.fired_at for f in run.firings] == [T0 + n * EVERY for n, one in enumerate(live) if one.began]
    ended = [T0 + n * EVERY for n, one in enumerate(live) if one.ended]
    assert [f.ended_at for f in run.firings if f.ended_at] == ended


def test_a_state_that_is_well_needs_no_row():
    state = advance(Rule(name="r", metrics=("m",)), seen(0, 1.0), None, judge, T0).state

    assert state == RuleState(rule="r", labels={}, since=T0, seen_at=T0, value=1.0, threshold=LIMIT)
