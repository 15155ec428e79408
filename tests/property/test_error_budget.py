"""Downtime and budgets, whatever happened: several checks down at once count once, and nothing is ever less than none."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.objectives import Objective
from bot.health.held import Change, Record, spent
from bot.objectives.budget import Counted, budget, taken, words
from storage.records.checks import Status

T0 = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SPAN = 6 * 3600
moments = st.integers(-3600, SPAN + 3600)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A check that went up and down, seen in some hours."""
    times = sorted(draw(st.lists(moments, max_size=8)))
    held = [draw(st.sampled_from(list(Status))) for _ in range(len(times) + 1)]
    hours = sorted(draw(st.sets(st.integers(-1, 7))))
    return Record(
        held=held[-1],
        changes=[
            Change(since=T0 + timedelta(seconds=at), status=held[n + 1], previous=held[n]) for n, at in enumerate(times)
        ],
        seen=[T0 + timedelta(hours=hour) for hour in hours],
    )


@settings(deadline=None)
@given(st.lists(records(), min_size=1, max_size=4), moments, st.integers(0, SPAN))
def test_overlapping_downtimes_are_at_most_the_time_and_at_most_their_sum(
    of: list[Record], begin: int, lasted: int
) -> None:
    since = T0 + timedelta(seconds=begin)
    until = since + timedelta(seconds=lasted)
    together, alone = spent(of, since, until), [spent([one], since, until) for one in of]
    assert 0 <= together.down + together.degraded <= together.known <= lasted
    assert together.down <= sum(one.down for one in alone)
    assert together.down >= max(one.down for one in alone)


@settings(deadline=None)
@given(st.lists(records(), min_size=1, max_size=3), moments, moments)
def test_a_time_in_two_parts_was_spent_as_both_together(of: list[Record], one: int, other: int) -> None:
    since, middle, until = T0, *(T0 + timedelta(seconds=abs(at)) for at in sorted((one, other), key=abs))
    both = [spent(of, since, middle), spent(of, middle, until)]
    assert sum(part.down for part in both) == spent(of, since, until).down


amounts = st.floats(0, 1e12)


@settings(deadline=None)
@given(amounts, amounts, amounts, st.booleans())
def test_what_an_incident_took_is_never_less_than_nothing_and_never_more_than_was_used(
    used: float, took: float, all_: float, of_time: bool
) -> None:
    objective = (
        Objective(objective="99.9%", checks="shop")
        if of_time
        else Objective(objective="99.9%", errors="failed_requests", total="requests")
    )
    spent_ = budget("shop", objective, Counted(bad=used, all=all_, known=60.0))
    one = taken(spent_, Counted(bad=took, all=all_, known=60.0), timedelta(minutes=1))
    assert 0 <= one.amount <= used
    assert one.before >= 0
    assert spent_.share(one.amount) >= 0
    assert all("-" not in said and "e+" not in said for said in words(one))
