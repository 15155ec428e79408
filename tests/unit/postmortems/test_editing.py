"""A section's text as people edit it, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.postmortems import editing
from bot.postmortems.editing import Page
from storage.records.postmortems import Statement, StatementKind

FACT = Statement(kind=StatementKind.FACT, text="The pool was full.", evidence=(12, 15))
GUESS = Statement(kind=StatementKind.INFERENCE, text="It was too small.", evidence=(12,), unverified="cites nothing")
ASKED = Statement(kind=StatementKind.UNKNOWN, text="How many users saw it?")
NOTED = Statement(kind=StatementKind.NOTE, text="about 40", evidence=(20,), author="U0000AAA")
ALL = (FACT, GUESS, ASKED, NOTED)
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=80)


def test_each_statement_is_a_line_with_its_sources() -> None:
    assert editing.written(ALL).splitlines() == [
        "The pool was full. [t12] [t15]",
        "Inferred: It was too small. [t12]",
        "Question: How many users saw it?",
        "Note: about 40 [t20]",
    ]


def test_what_was_left_as_it_is_stays_what_it_was() -> None:
    assert editing.read(editing.written(ALL), ALL, by="U0000BBB") == ALL


def test_a_changed_line_is_a_statement_of_who_changed_it() -> None:
    text = editing.written(ALL).replace("full", "exhausted")
    first, *others = editing.read(text, ALL, by="U0000BBB")
    assert first == Statement(
        kind=StatementKind.FACT, text="The pool was exhausted.", evidence=(12, 15), author="U0000BBB"
    )
    assert tuple(others) == ALL[1:]


@pytest.mark.parametrize(
    ("typed", "kind", "text", "evidence"),
    [
        ("It was full [t12].", StatementKind.FACT, "It was full.", (12,)),
        ("• It was full [t12, t15] [#12]", StatementKind.FACT, "It was full", (12, 15)),
        ("question: who knew?", StatementKind.UNKNOWN, "who knew?", ()),
        ("Inferred: it was small [T7]", StatementKind.INFERENCE, "it was small", (7,)),
        ("Retried 3 times [sic]", StatementKind.FACT, "Retried 3 times [sic]", ()),
    ],
)
def test_a_line_is_read_with_its_kind_and_sources(
    typed: str, kind: StatementKind, text: str, evidence: tuple[int, ...]
) -> None:
    (found,) = editing.read(typed, (), by="U1")
    assert (found.kind, found.text, found.evidence, found.author) == (kind, text, evidence, "U1")


def test_empty_lines_are_no_statements() -> None:
    assert editing.read("\n  \n\n", ALL, by="U1") == ()


def test_a_line_that_is_too_long_is_named() -> None:
    with pytest.raises(editing.TooLong, match=r"“xxx.*1,001 characters, a statement may have 1,000"):
        editing.read("x" * 1001, (), by="U1")


@given(st.lists(words, max_size=30))
def test_reading_what_was_written_changes_nothing(said: list[str]) -> None:
    statements = tuple(
        Statement(kind=StatementKind.FACT, text=" ".join(text.split()) or "x", evidence=(1,)) for text in said
    )
    assert [s.text for s in editing.read(editing.written(statements), statements, by="U1")] == [
        s.text for s in statements
    ]


@given(st.lists(st.integers(1, editing.LONGEST), max_size=40))
def test_pages_hold_every_statement_once_and_fit_into_a_form(lengths: list[int]) -> None:
    statements = [Statement(kind=StatementKind.FACT, text="x" * length) for length in lengths]
    pages = editing.pages(statements)
    assert [n for page in pages for n in range(page.first, page.last + 1)] == list(range(1, len(statements) + 1))
    assert all(len(editing.written(statements[p.first - 1 : p.last])) <= 3000 for p in pages)


def test_a_short_section_is_one_page() -> None:
    assert editing.pages(ALL) == [Page(1, 4)]
