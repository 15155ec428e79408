"""Results are remembered for what they were made of, and only the last few of them."""

from bot import recent
from bot.recent import Recent


def test_a_result_is_known_for_exactly_what_it_was_made_of() -> None:
    known = Recent()
    assert known.get(str, 1, [1, 2]) is None
    known.keep(1, [1, 2], "made of two")
    assert known.get(str, 1, [1, 2]) == "made of two"
    assert known.get(str, 2, [1, 2]) is None


def test_one_made_of_something_else_takes_its_place() -> None:
    known = Recent()
    known.keep(1, "old", "first")
    known.keep(1, "new", "second")
    assert known.get(str, 1, "new") == "second"
    assert known.get(str, 1, "old") is None


def test_the_one_that_was_not_asked_for_longest_is_forgotten_first() -> None:
    known = Recent()
    for name in range(recent.MOST):
        known.keep(name, "", str(name))
    assert known.get(str, 0, "") == "0"
    known.keep("one more", "", "new")
    assert [name for name in range(recent.MOST) if known.get(str, name, "") is None] == [1]
