"""Which section a reply is about."""

from datetime import timedelta

import pytest

from bot.postmortems import routing
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind
from tests.unit.postmortems.test_cards import T0

POSTMORTEM = Postmortem(
    id=1,
    status=PostmortemStatus.IN_REVIEW,
    scheduled_at=T0,
    sections=tuple(
        Section(name=name, statements=(Statement(kind=StatementKind.FACT, text=text),), author="x")
        for name, text in (("impact", "Checkout answered with errors."), ("wrong", "The page arrived late."))
    ),
)


def asked(section: str, *, by: str = "U1", minutes_ago: float = 1) -> Entry:
    return Entry(
        id=1,
        at=T0 - timedelta(minutes=minutes_ago),
        kind="ChangeRequested",
        subject="postmortem:1",
        actor=by,
        payload={"incident": 1, "section": section, "text": "x"},
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("impact: 40 users", "impact"),
        ("the root cause is incomplete, I think", "factors"),
        ("make it shorter", ""),
        ("> Checkout answered with errors.\nhow many?", "impact"),
        ("> the page arrived late\nby 4 minutes", "wrong"),
        ("> something that nobody wrote\nreally?", ""),
        ("> Checkout answered with errors.\nthis belongs to what went wrong", "wrong"),
    ],
)
def test_words_that_name_a_section_go_before_what_is_repeated(text: str, found: str) -> None:
    assert routing.section_of(POSTMORTEM, text) == found


def test_a_linked_message_goes_before_the_last_reply() -> None:
    assert routing.section_of(POSTMORTEM, "shorter", quoted="wrong", recent="impact") == "wrong"


def test_a_reply_that_names_nothing_is_about_the_same_as_the_last() -> None:
    assert routing.section_of(POSTMORTEM, "and shorter", recent="impact") == "impact"


def test_a_section_that_is_not_there_cannot_be_meant_without_naming_it() -> None:
    assert routing.section_of(POSTMORTEM, "shorter", recent="well") == ""


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([asked("impact"), asked("wrong")], "wrong"),
        ([asked("impact", minutes_ago=16)], ""),
        ([asked("impact", by="U2")], ""),
        ([], ""),
    ],
)
def test_the_last_reply_counts_when_it_is_ones_own_and_not_long_ago(entries: list[Entry], found: str) -> None:
    assert routing.recent(entries, "U1", T0) == found
