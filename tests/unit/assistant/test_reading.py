"""What a model wrote becomes paragraphs, with citations checked."""

import pytest

from bot.assistant.reading import LONGEST, MOST_PARAGRAPHS, read, without_citations
from bot.cards.card import Bold, Code
from bot.cards.marks import plain


def test_paragraphs_are_parted_by_empty_lines() -> None:
    assert [plain(p) for p in read("one\ntwo\n\n\nthree", 0).paragraphs] == ["one\ntwo", "three"]


def test_stress_and_code_are_marks() -> None:
    assert read("**down** since `09:00`, `x", 0).paragraphs == ((Bold("down"), " since ", Code("09:00"), ", `x"),)


def test_a_heading_is_stressed() -> None:
    assert read("## Now\ntext", 0).paragraphs == ((Bold("Now"), "\n", "text"),)


@pytest.mark.parametrize(
    ("text", "shown", "cited", "unknown"),
    [
        ("fine [1]", "fine [1]", {1}, ()),
        ("fine [1][2]", "fine [1][2]", {1, 2}, ()),
        ("fine [1, 3]", "fine [1][3?]", {1}, (3,)),
        ("fine [0] [9]", "fine [0?] [9?]", set(), (0, 9)),
        ("a list [x] and [12345]", "a list [x] and [12345]", set(), ()),
        ("nothing", "nothing", set(), ()),
    ],
)
def test_citations_are_held_against_what_was_looked_at(
    text: str, shown: str, cited: set[int], unknown: tuple[int, ...]
) -> None:
    found = read(text, 2)
    assert (plain(found.paragraphs[0]), found.cited, found.unknown) == (shown, cited, unknown)


@pytest.mark.parametrize("text", ["", "  \n\n ", "\n"])
def test_nothing_is_nothing(text: str) -> None:
    assert read(text, 0).paragraphs == ()


def test_an_answer_without_end_is_cut() -> None:
    assert len(plain(read("x" * 10 * LONGEST, 0).paragraphs[0])) == LONGEST
    assert len(read("x\n\n" * 1000, 0).paragraphs) == MOST_PARAGRAPHS


def test_it_reads_hostile_lengths_in_no_time() -> None:
    read("**" * 50_000 + "[1" * 50_000 + "`" * 50_000, 1)


def test_later_questions_do_not_see_the_numbers() -> None:
    assert without_citations("It is fine [1], since nine [2, 3].") == "It is fine, since nine."
