"""What the model is asked."""

import json
from datetime import UTC, datetime

from bot.postmortems import prompt, sections
from bot.postmortems.evidence import Evidence, Pack
from bot.postmortems.prompt import WrittenSection
from storage.records.postmortems import Section, Statement, StatementKind

AT = datetime(2026, 3, 5, 14, 7, tzinfo=UTC)
ITEMS = tuple(
    Evidence(id=n, at=AT, kind="NoteAdded", actor="responder-1", words=f"said {n}", moments=(AT,)) for n in (1, 2)
)
PACK = Pack(incident=1, title="Checkout is down", severity="high", items=ITEMS)


def test_evidence_is_one_json_object_a_line_between_the_markers() -> None:
    asked = prompt.draft(sections.IMPACT, PACK, ITEMS, left_out=0, nonce="abc")
    body = asked.split("<evidence-abc>\n")[1].split("\n</evidence-abc>")[0]
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line.get("id") for line in lines] == [None, 1, 2]
    assert lines[1]["at"] == "2026-03-05 14:07:00 UTC"


def test_the_same_question_is_the_same_prompt() -> None:
    first, second = (prompt.draft(sections.IMPACT, PACK, ITEMS, left_out=0, nonce="n") for _ in range(2))
    assert first == second


def test_a_redraft_shows_what_stands_but_not_the_notes_of_people() -> None:
    old = Section(
        name="impact",
        statements=(
            Statement(kind=StatementKind.FACT, text="It was down.", evidence=(1,)),
            Statement(kind=StatementKind.NOTE, text="mine alone", author="U1"),
        ),
        author="m",
    )
    asked = prompt.redraft(sections.IMPACT, PACK, ITEMS, left_out=0, nonce="n", old=old, change=2)
    assert "It was down." in asked
    assert "mine alone" not in asked
    assert "entry 2 is what they said" in asked


def test_a_repair_carries_the_problem_and_only_the_entries_that_are_cited() -> None:
    failed = Statement(kind=StatementKind.FACT, text="at 09:00", evidence=(2,), unverified="09:00 stands nowhere")
    asked = prompt.repair(sections.IMPACT, PACK, [failed], nonce="n")
    assert "09:00 stands nowhere" in asked
    assert "said 2" in asked
    assert "said 1" not in asked


def test_an_answer_is_cut_to_what_a_section_may_have_and_empty_statements_are_dropped() -> None:
    one = {"kind": "fact", "text": " x ", "evidence": [3, 3]}
    answer = WrittenSection.model_validate({"statements": [{**one, "text": " "}] + [one] * 20})
    found = prompt.statements(answer)
    assert len(found) == prompt.MOST_STATEMENTS - 1
    assert (found[0].text, found[0].evidence) == ("x", (3,))
