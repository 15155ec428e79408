"""What has changed between two texts."""

from bot.cards.marks import plain
from bot.postmortems import changes, version_cards
from bot.postmortems.cards import Sources
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind
from tests.unit.postmortems.test_cards import T0


def fact(text: str, *evidence: int) -> Statement:
    return Statement(kind=StatementKind.FACT, text=text, evidence=evidence)


def told(old: list[Statement], new: list[Statement]) -> list[tuple[str, str]]:
    return [(c.kind, c.statement.text) for c in changes.between(old, new)]


def test_a_changed_sentence_is_the_old_one_removed_and_the_new_one_added() -> None:
    assert told([fact("a"), fact("b"), fact("c")], [fact("a"), fact("B"), fact("c")]) == [
        ("removed", "b"),
        ("added", "B"),
    ]


def test_what_stayed_is_not_told() -> None:
    assert told([fact("a", 1)], [fact("a", 1)]) == []


def test_other_sources_for_the_same_sentence_are_told_as_that() -> None:
    assert told([fact("a", 1)], [fact("a", 2)]) == [("sources", "a")]


def test_the_note_shows_removed_and_added_sentences_with_signs() -> None:
    part = Section(name="impact", statements=(fact("40 users", 3),), author="gpt-x", revision=2)
    card = version_cards.changed(
        part,
        changes.between([fact("some users")], part.statements),
        Sources(),
        text_version=8,
        by="U0000AAA",
        why="say how many",
        taken_back="U0000BBB",
    )
    assert card.title == "Impact changed"
    assert [plain(step) for step in card.steps] == [f"{changes.REMOVED} some users", f"{changes.ADDED} 40 users [t3]"]
    assert [plain(line) for line in card.body] == [
        "By U0000AAA: say how many",
        "The approval of U0000BBB was for the text before.",
    ]


def test_a_difference_leaves_out_sections_that_stayed() -> None:
    old = [Section(name="impact", statements=(fact("a"),), author="x"), Section(name="well", statements=(), author="x")]
    new = [Section(name="impact", statements=(fact("b"),), author="x"), Section(name="well", statements=(), author="x")]
    found = changes.of_texts(old, new)
    assert [one.name for one in found] == ["impact"]
    postmortem = Postmortem(id=1, status=PostmortemStatus.IN_REVIEW, scheduled_at=T0)
    card = version_cards.difference(postmortem, found, Sources(), old=7, new=8)
    assert plain(card.body[0]) == f"Impact\n{changes.REMOVED} a\n{changes.ADDED} b"
    assert card.data["sections"][0]["changes"][1] == {"kind": "added", "text": "b", "evidence": []}


def test_equal_versions_say_so() -> None:
    postmortem = Postmortem(id=1, status=PostmortemStatus.IN_REVIEW, scheduled_at=T0)
    assert version_cards.difference(postmortem, (), Sources(), old=7, new=8).body == (
        "Nothing has changed between them.",
    )
