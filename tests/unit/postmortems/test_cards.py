"""What is said of a postmortem, on every medium."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cards.blocks import render
from bot.cards.json import to_json
from bot.cards.marks import plain
from bot.cards.text import to_markdown
from bot.postmortems import cards, markdown, sections, version_cards
from bot.postmortems.cards import Sources
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind

T0 = datetime(2026, 3, 5, 14, 0, tzinfo=UTC)
INCIDENT = Incident(
    id=1,
    title="Checkout is down",
    severity=Severity.HIGH,
    declared_by="bot",
    started_at=T0,
    declared_at=T0,
    resolved_at=T0 + timedelta(minutes=30),
)
HOSTILE = "<!channel> *bold* [x](https://e.vil) `rm -rf /` <script>"


def a_statement(text: str = "It was down.", kind: StatementKind = StatementKind.FACT, **more: object) -> Statement:
    return replace(Statement(kind=kind, text=text, evidence=(12,)), **more)  # type: ignore[arg-type]


def a_section(name: str = "impact", *statements: Statement, author: str = "facts") -> Section:
    return Section(name=name, statements=statements or (a_statement(),), author=author)


def a_postmortem(*parts: Section, **changes: object) -> Postmortem:
    base = Postmortem(id=1, status=PostmortemStatus.IN_REVIEW, scheduled_at=T0, sections=parts, text_version=len(parts))
    return replace(base, **changes)  # type: ignore[arg-type]


WHOLE = a_postmortem(*(a_section(name) for name in sections.NAMES))


def said(card: cards.Card) -> str:
    return json.dumps([render(card, T0).blocks, render(card, T0).attachments], ensure_ascii=False)


def test_a_statement_shows_its_source_as_a_link_where_there_is_a_message() -> None:
    linked = plain(cards.line(a_statement(), Sources(links={12: "https://example.slack.com/p1"})))
    assert linked == "It was down. [t12] (https://example.slack.com/p1)"
    assert plain(cards.line(a_statement(), Sources())) == "It was down. [t12]"


@pytest.mark.parametrize(
    ("statement", "lead"),
    [
        (a_statement(kind=StatementKind.UNKNOWN), "❓ Not in the journal: "),
        (a_statement(kind=StatementKind.INFERENCE), "💭 Inferred: "),
        (a_statement(kind=StatementKind.NOTE, author="U0000AAA"), "💬 U0000AAA: "),
    ],
)
def test_what_is_no_fact_says_so(statement: Statement, lead: str) -> None:
    assert plain(cards.line(statement, Sources())).startswith(lead)


def test_an_unverified_statement_says_why() -> None:
    assert plain(cards.line(a_statement(unverified="cites nothing"), Sources())).endswith("⚠️ unverified: cites nothing")


def test_a_models_section_names_the_model_and_what_could_not_be_verified() -> None:
    part = a_section("impact", a_statement(unverified="cites nothing"), author="gpt-x")
    footer = plain(cards.section(a_postmortem(part), part, Sources()).footer)
    assert footer == "Written by gpt-x from the journal, 1 statement could not be verified"


def test_the_draft_offers_approval_only_when_all_sections_are_there() -> None:
    half = a_postmortem(a_section("impact"), status=PostmortemStatus.DRAFTING)
    assert cards.draft(half, INCIDENT, Sources()).buttons == ()
    assert [b.label for b in cards.draft(WHOLE, INCIDENT, Sources()).buttons] == ["Approve all"]


def test_an_approved_draft_offers_approval_again_only_after_a_change() -> None:
    approved = replace(WHOLE, status=PostmortemStatus.APPROVED, approved_version=7, approved_by="U1", approved_at=T0)
    assert [b.label for b in cards.draft(approved, INCIDENT, Sources()).buttons] == ["Follow-ups", "Reopen"]
    changed = replace(approved, status=PostmortemStatus.IN_REVIEW, text_version=8)
    card = cards.draft(changed, INCIDENT, Sources())
    assert [b.label for b in card.buttons] == ["Approve all"]
    assert "version 7 is published" in said(card)


@pytest.mark.parametrize("kind", list(StatementKind))
def test_what_a_model_wrote_can_neither_call_nor_link_nor_format(kind: StatementKind) -> None:
    part = a_section("impact", a_statement(HOSTILE, kind, author="U0000AAA"))
    for card in (
        cards.section(a_postmortem(part), part, Sources()),
        cards.whole(a_postmortem(part), INCIDENT, (part,), Sources(), version=1),
        cards.draft(a_postmortem(part), INCIDENT, Sources()),
    ):
        assert "<!channel>" not in said(card)
        assert '"type": "link"' not in said(card)
    text = markdown.document(a_postmortem(part), INCIDENT, (part,), Sources(), version=1)
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\]\(https://e\.vil", text)


def test_the_file_has_one_title_and_each_section_below_it() -> None:
    text = markdown.document(WHOLE, INCIDENT, WHOLE.sections, Sources(people={"responder-1": "U1"}), version=7)
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert [line.count("#", 0, 2) for line in heads] == [1] + [2] * 11
    assert heads[1:] == [f"## {part.title}" for part in sections.PARTS]
    assert "**responder-1:** U1" in text
    assert "It was down. \\[t12\\]" in text


def test_a_reply_that_is_too_long_for_buttons_is_still_answered() -> None:
    card = cards.which(WHOLE, "x" * 3000)
    assert card.buttons == ()
    assert "--section" in plain(card.hint)


def test_a_postmortem_without_text_says_how_to_get_one() -> None:
    scheduled = a_postmortem(status=PostmortemStatus.SCHEDULED)
    card = cards.whole(scheduled, INCIDENT, (), Sources(), version=0)
    assert "postmortem draft 1" in plain(card.hint)


def test_the_json_has_every_statement_with_its_sources() -> None:
    card = cards.whole(WHOLE, INCIDENT, WHOLE.sections, Sources(), version=7)
    first = to_json(card)["sections"][0]
    assert first["title"] == "Summary"
    assert first["statements"][0] == {
        "kind": "fact",
        "text": "It was down.",
        "evidence": [12],
        "unverified": "",
        "author": "",
        "weak": "",
        "blame": "",
    }


def test_every_card_is_also_markdown() -> None:
    assert to_markdown(version_cards.history(WHOLE, [])).startswith("# 0 versions")


def test_the_draft_tells_the_state_of_each_section_at_a_glance() -> None:
    doubtful = a_section("impact", a_statement(unverified="cites nothing"))
    settled = replace(a_section("summary"), approved_by="U0000AAA")
    steps = [plain(step) for step in cards.draft(a_postmortem(settled, doubtful), INCIDENT, Sources()).steps]
    assert steps == [
        "✅ Summary: approved by U0000AAA",
        "⬜ Impact: waits for approval, 1 statement unverified ⚠️",
    ]


def test_a_draft_that_is_being_written_names_what_is_still_missing() -> None:
    half = a_postmortem(a_section("impact"), status=PostmortemStatus.DRAFTING)
    steps = [plain(step) for step in cards.draft(half, INCIDENT, Sources()).steps]
    assert steps[0] == "⏳ Summary: being written"
    assert len(steps) == len(sections.NAMES)


def test_the_message_above_a_draft_repeats_none_of_its_statements() -> None:
    text = WHOLE.sections[0].statements[0].text
    assert text in repr(cards.whole(WHOLE, INCIDENT, WHOLE.sections, Sources(), version=1))
    assert text not in repr(cards.draft(WHOLE, INCIDENT, Sources()))


def test_approving_all_asks_first_and_says_what_could_not_be_verified() -> None:
    doubtful = a_postmortem(a_section("impact", a_statement(unverified="cites nothing")))
    assert cards.approve_all(WHOLE).confirm == "Publish version 11 of this postmortem?"
    button = cards.approve_all(doubtful)
    assert "1 statement could not be verified" in button.confirm
    assert button.argv[-1] == "--unverified"


def test_a_section_offers_approval_of_the_text_that_it_shows() -> None:
    part = replace(a_section("impact"), revision=3)
    buttons = cards.section(a_postmortem(part), part, Sources()).buttons
    assert [b.label for b in buttons] == ["Approve", "Edit", "Regenerate"]
    assert buttons[0].argv == ("postmortem", "approve", "1", "--section=impact", "--revision=3")


def test_an_approved_section_offers_to_take_that_back() -> None:
    part = replace(a_section("impact"), approved_by="U0000AAA")
    card = cards.section(a_postmortem(part), part, Sources())
    assert card.buttons[0].label == "Take approval back"
    assert plain(card.hint) == "✅ Approved by U0000AAA."


def test_a_long_section_is_edited_in_several_forms() -> None:
    part = a_section("timeline", *[a_statement("x" * 200)] * 30)
    labels = [b.label for b in cards.section(a_postmortem(part), part, Sources()).buttons]
    assert labels == ["Approve", "Edit 1 to 13", "Edit 14 to 26", "Edit 27 to 30", "Regenerate"]


def test_readers_of_the_file_see_neither_buttons_nor_who_edited() -> None:
    part = replace(a_section("impact", a_statement(author="U0000AAA")), approved_by="U0000BBB", revision=4)
    text = markdown.document(a_postmortem(part), INCIDENT, (part,), Sources(), version=7)
    assert "U0000AAA" not in text
    assert "React with" not in text
    assert "revision" not in text
