"""What an approved postmortem proposes to do."""

from dataclasses import replace

import pytest

from bot.postmortems.proposals import proposals
from storage.records.follow_ups import FollowUpKind
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind
from tests.unit.postmortems.test_cards import T0

PEOPLE = {"responder-1": "U0000AAA", "responder-11": "U0000BBB", "incident commander": "U0000CCC"}


def said(*statements: Statement, number: int = 1) -> Postmortem:
    part = Section(name="follow-ups", statements=statements, author="x")
    return Postmortem(id=number, status=PostmortemStatus.APPROVED, scheduled_at=T0, sections=(part,))


def one(text: str, kind: StatementKind = StatementKind.FACT, **more: object) -> Statement:
    return replace(Statement(kind=kind, text=text), **more)  # type: ignore[arg-type]


def test_each_statement_but_a_question_is_a_proposal() -> None:
    found = proposals(
        said(
            one("Alert on a pool that is nearly full."),
            one("What else?", StatementKind.UNKNOWN),
            one("At 12:05 UTC: “Add a runbook for the pool”.", StatementKind.NOTE, author="U1"),
        )
    )
    assert [p.title for p in found] == ["Alert on a pool that is nearly full.", "Add a runbook for the pool"]
    assert [p.kind for p in found] == [FollowUpKind.DETECT, FollowUpKind.MITIGATE]


def test_a_postmortem_without_follow_ups_proposes_nothing() -> None:
    assert proposals(Postmortem(id=1, status=PostmortemStatus.APPROVED, scheduled_at=T0)) == ()


def test_the_origin_stays_with_the_statement_and_tells_postmortems_apart() -> None:
    first, again = proposals(said(one("Fix  it.")))[0], proposals(said(one("x"), one("fix it.")))[1]
    assert first.origin == again.origin
    assert first.origin.startswith("postmortem:1:")
    assert proposals(said(one("Fix it."), number=2))[0].origin != first.origin


def test_the_same_statement_twice_is_one_proposal() -> None:
    assert len(proposals(said(one("Fix it."), one("Fix it.")))) == 1


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("Raise the limit; owner: responder-1", "U0000AAA"),
        ("responder-11 will raise the limit", "U0000BBB"),
        ("Raise the limit, assigned to the incident commander", "U0000CCC"),
        ("Find out why responder-1 saw it late", ""),
        ("responder-1 will ask, responder-11 will do it", ""),
    ],
)
def test_an_owner_is_whoever_the_statement_says_takes_it(text: str, owner: str) -> None:
    assert proposals(said(one(text)), PEOPLE)[0].owner == owner


def test_an_owner_that_no_entry_bears_out_is_none() -> None:
    assert proposals(said(one("responder-1 will do it", unverified="no cited entry names it")), PEOPLE)[0].owner == ""
