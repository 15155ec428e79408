"""Refusals: one line with what was tried and the mend, whatever Slack answers."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.refusals import MENDS, UNAVAILABLE, refusal, unreachable

METHODS = json.loads((Path(__file__).parents[2] / "data/slack/methods.json").read_text())
CODES = sorted({code for method in METHODS.values() for code in method["errors"]})


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_reference_gives_one_line_with_a_next_step(code: str) -> None:
    said = str(refusal("chat.postMessage", "C1", {"error": code}))
    assert said.startswith("Slack refuses chat.postMessage in C1: ")
    assert ";" in said
    assert "\n" not in said


def test_a_missing_scope_names_the_scope() -> None:
    error = refusal("pins.add", "C1", {"error": "missing_scope", "needed": "pins:write"})
    assert str(error) == (
        "Slack refuses pins.add in C1: the token lacks the scope pins:write; add it in manifest.yml and reinstall the app"
    )


def test_details_are_said_on_one_line() -> None:
    body = {"error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] no\nmore", "than 3000"]}}
    assert "invalid_blocks ([ERROR] no more; than 3000)" in str(refusal("chat.update", "", body))


@pytest.mark.parametrize("code", sorted(UNAVAILABLE))
def test_what_says_nothing_about_the_call_is_worth_another_try(code: str) -> None:
    assert refusal("chat.update", "", {"error": code}).retry


@pytest.mark.parametrize("code", sorted(MENDS))
def test_what_needs_a_mend_is_not_tried_again(code: str) -> None:
    assert not refusal("chat.update", "", {"error": code}).retry


@given(st.text(max_size=400))
def test_any_network_error_is_one_line(said: str) -> None:
    error = unreachable("auth.test", OSError(said))
    assert error.retry
    assert "\n" not in str(error)
    assert len(str(error)) < 400


def test_an_error_without_words_is_named_by_its_type() -> None:
    assert "TimeoutError" in str(unreachable("auth.test", TimeoutError()))
