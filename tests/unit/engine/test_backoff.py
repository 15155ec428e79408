"""How long a transaction that lost waits."""

from hypothesis import given
from hypothesis import strategies as st

from storage.backoff import ATTEMPTS, PATIENCE, delay, worthwhile


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_short_and_never_negative(attempt: int, chance: float) -> None:
    assert 0 <= delay(attempt, chance) < 0.2


def test_the_bound_of_the_wait_doubles() -> None:
    assert [delay(attempt, 1.0) for attempt in (1, 2, 3, 7)] == [0.005, 0.01, 0.02, 0.2]


def test_attempts_end_by_number_and_by_time() -> None:
    assert worthwhile(ATTEMPTS - 1, 0)
    assert not worthwhile(ATTEMPTS, 0)
    assert not worthwhile(1, PATIENCE)
