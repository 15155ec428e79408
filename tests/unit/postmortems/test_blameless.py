"""Words that blame are found with something better to say; what machines do is nobody's fault."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.postmortems import blameless
from bot.postmortems.blameless import blames


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The outage was human error.", "human error"),
        ("An operator error removed the directory.", "operator error"),
        ("It was a careless change.", "careless"),
        ("The negligent review let it through.", "negligent"),
        ("Responder-2 failed to notice the alert.", "Responder-2 failed to"),
        ("The on-call engineer did not check the host name.", "did not check"),
        ("@mallory forgot the flag.", "forgot"),
        ("<@U0000AAAA> broke the build.", "<@U0000AAAA> broke"),
        ("The commander should have known that.", "should have known"),
        ("Somebody could have noticed the lag.", "could have noticed"),
        ("It was obviously the wrong host.", "obviously"),
        ("They simply ran it on production.", "simply"),
        ("He just deleted the directory.", "just"),
        ("The team is to blame.", "is to blame"),
        ("It was the fault of the developer.", "fault of the developer"),
        ("The incident commander made a mistake.", "made a mistake"),
        ("The engineer mistakenly ran it on db1.", "mistakenly"),
        ("An inexcusable delay.", "inexcusable"),
        ("The team didn't test the backup.", "didn't test"),
    ],
)
def test_blame_is_found_with_a_suggestion(text: str, words: str) -> None:
    found = blames(text)
    assert words in " ".join(blame.words for blame in found)
    assert all(blame.suggestion for blame in found)


@pytest.mark.parametrize(
    "text",
    [
        "The server failed to start.",
        "PostgreSQL refused to start and the replica failed to catch up.",
        "A page fault of the process was logged.",
        "The check did not notice the lag.",
        "The job forgets nothing: the queue was full.",
        "The directory was removed just before 23:27.",
        "The step allowed a removal on the primary.",
        "The responders restarted the pool at 14:05.",
        "The deploy broke the build.",
        "Backups should be tested every week.",
        "",
    ],
)
def test_what_systems_do_is_no_blame(text: str) -> None:
    assert blames(text) == ()


def test_what_is_quoted_is_flagged_softly() -> None:
    assert [b.soft for b in blames("The report says “human error” in its title.")] == [True]
    assert [b.soft for b in blames("It was human error.", evidence="the vendor calls it human error")] == [True]
    assert [b.soft for b in blames("It was human error.")] == [False]


def test_a_known_person_who_fails_is_told_by_role() -> None:
    assert [b.suggestion[:13] for b in blames("Dana missed the alert.", people=["Dana"])] == ["name the role"]
    assert blames("Dana missed the alert.") == ()


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_text_can_be_looked_at_and_places_never_overlap(text: str, evidence: str) -> None:
    found = blames(text, evidence=evidence)
    assert all(0 <= b.start < b.end <= len(text) for b in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


WORDS = (
    "the operator",
    "on-call engineer",
    "@mallory",
    "he",
    "they",
    "'s",
    "fault",
    "error",
    "MISTAKE",
    "mi\u017ftake",
)
WORDS += ("negligence", "errors", "page", "of", "by", "was", "made a", "responder-2", ".", "user")


@given(text=st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join))
def test_looking_for_a_word_of_fault_first_loses_none(text: str) -> None:
    expected = {(m.start(), m.end(), blameless.ALLOWED) for m in blameless._ONES_FAULT.finditer(text) if m[0].strip()}
    machines = {one for one in expected if blameless._MACHINE.search(text[: one[0]])}
    assert expected - machines <= set(blameless._places(text, ()))
