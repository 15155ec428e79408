"""What is filed for a follow-up: found again by its key, and calling nobody."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.follow_ups.issue import escaped, is_ours, issue, key
from storage.records.follow_ups import FollowUp, FollowUpKind

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IT = FollowUp(id=3, incident=2, title="Raise the pool", created_by="U1", created_at=T0, due_on=date(2026, 12, 4))


def test_all_that_is_known_stands_in_its_text() -> None:
    made = issue(IT, owner="Lead", source="https://example.slack.com/p1", incident_title="Checkout is slow")
    assert made.title == "Raise the pool"
    assert [line.replace("\u200b", "") for line in made.body.split("\n\n")] == [
        "Follow-up #3 of incident #2: Checkout is slow",
        "Owner: Lead",
        "Due: Fri 4 Dec 2026",
        "Message: https://example.slack.com/p1",
        f"Reference: {made.key}",
    ]


def test_what_is_not_known_is_left_out() -> None:
    made = issue(replace(IT, incident=None, due_on=None))
    assert len(made.body.split("\n\n")) == 2


def test_its_key_is_one_word_and_stands_in_its_text() -> None:
    made = issue(IT)
    assert made.key.isalnum()
    assert is_ours(made.body, made.key)
    assert not is_ours(None, made.key)


def test_two_bots_that_share_a_tracker_have_different_keys() -> None:
    assert key(IT) != key(replace(IT, created_at=T0.replace(microsecond=1)))


def test_its_kind_is_a_label() -> None:
    assert issue(IT).labels == ("follow-up",)
    assert issue(replace(IT, kind=FollowUpKind.DETECT)).labels == ("follow-up", "detect")


@pytest.mark.parametrize("text", ["@everyone", "#1", "owner/repo#1", "!12", "~label", "@U0123"])
def test_what_people_wrote_calls_nobody_and_leads_nowhere(text: str) -> None:
    shown = escaped(text)
    assert "\u200b" in shown
    assert shown.replace("\u200b", "") == text


def test_what_people_wrote_is_no_markup() -> None:
    assert escaped("<b> *x* [a](b) `c`") == "\\<b\\> \\*x\\* \\[a\\](b) \\`c\\`"


@pytest.mark.parametrize("title", ["/close", "x\n/close\n", "\u202ex"])
def test_no_line_of_it_is_a_command_of_a_tracker(title: str) -> None:
    made = issue(IT, owner=title, incident_title=title)
    assert not any(line.startswith("/") for line in made.body.splitlines())
    assert "\u202e" not in made.body


def test_its_title_is_one_line_and_never_empty() -> None:
    assert issue(replace(IT, title="a\n b")).title == "a b"
    assert issue(replace(IT, title="\u202e")).title == "Follow-up 3"
