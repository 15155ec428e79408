"""Tokens are counted with care, and whole entries are left out by weight and age."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.llm.budget import Fit, estimate, fit

T0 = datetime(2026, 1, 1, tzinfo=UTC)
Item = tuple[int, int, int]  # cost, weight, minute


def fitted(items: list[Item], room: int) -> Fit[Item]:
    return fit(items, room, cost=lambda i: i[0], weight=lambda i: i[1], at=lambda i: T0 + timedelta(minutes=i[2]))


def test_prose_counts_a_token_for_each_three_and_a_half_characters() -> None:
    assert estimate("a" * 35) == 10
    assert estimate("") == 0


def test_signs_of_other_scripts_count_one_each() -> None:
    assert estimate("停電停電") == 4


def test_what_fits_stays_as_it_is() -> None:
    assert fitted([(5, 1, 0), (5, 1, 1)], 10) == Fit(((5, 1, 0), (5, 1, 1)), ())


def test_the_lightest_goes_first_and_of_equal_ones_the_oldest() -> None:
    found = fitted([(5, 2, 0), (5, 1, 1), (5, 1, 2), (5, 2, 3)], 10)
    assert found.left_out == ((5, 1, 1), (5, 1, 2))
    assert fitted([(5, 1, 0), (5, 1, 1), (5, 1, 2)], 10).left_out == ((5, 1, 0),)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 4), st.integers(0, 99)), max_size=30), st.integers(0, 500))
def test_it_always_fits_and_nothing_gets_lost(items: list[Item], room: int) -> None:
    found = fitted(items, room)
    assert sum(i[0] for i in found.kept) <= room
    assert sorted([*found.kept, *found.left_out]) == sorted(items)
