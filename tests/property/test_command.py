# ruff: noqa: RUF001 - what phones type is the point
"""Typed lines, JSON bodies and facts: whatever comes in is read, or refused in words."""

import json
import shlex
import types
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bodies import argv_of
from bot.cards.card import Card
from bot.command import Context, HelpWanted, Usage, command, find, parse, words
from bot.events import Event, event_of, payload_of
from bot.numbers import MOST, NUMBER

LETTERS = st.text(st.characters(categories=("L",)), min_size=1)
TYPED = st.text(st.one_of(st.sampled_from("“”„«»‘’‚'\"\\–—- =\t\na1#"), st.characters()))


@command("scale")
@click.argument("number", type=NUMBER)
@click.argument("services", nargs=-1)
@click.option("--text", default="", help="Why.")
@click.option("--mode", type=click.Choice(["fast", "safe"]), default="safe", help="In which way.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
@click.option("--tag", multiple=True, help="Mark it.")
@click.option("--factor", type=float, help="Of what.")
async def scale(_ctx: Context, **_parameters: object) -> Card:
    """Change how many there are."""
    return Card(title="scaled")


COMMANDS = {"scale": scale}


def tried(call: Any, *args: Any) -> Any:
    """What it gives, or the `Usage` with which it refuses."""
    try:
        return call(*args)
    except Usage as wrong:
        return wrong


@settings(deadline=None)
@given(TYPED)
def test_a_line_is_split_or_refused_as_usage(typed: str) -> None:
    said = tried(words, typed)
    assert said.hint if isinstance(said, Usage) else all(isinstance(word, str) for word in said)


@settings(deadline=None)
@given(st.lists(TYPED))
def test_words_that_a_shell_would_quote_come_back_as_they_were(said: list[str]) -> None:
    assert words(shlex.join(said)) == said


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[a-zäöü0-9.:/@_+%,-]+", fullmatch=True)))
def test_a_line_without_quotes_is_split_at_its_spaces(said: list[str]) -> None:
    assert words(" ".join(said)) == said


@settings(deadline=None)
@given(LETTERS, LETTERS, st.sampled_from(["“”", "„“", "””", "«»", "‘’", "‚‘"]), st.sampled_from(["", "--text="]))
def test_curly_quotes_at_a_word_start_hold_words_together(a: str, b: str, quotes: str, before: str) -> None:
    assert words(f"x {before}{quotes[0]}{a} {b}{quotes[1]} y") == ["x", f"{before}{a} {b}", "y"]


@settings(deadline=None)
@given(LETTERS, LETTERS, st.sampled_from("“”„«»‘’‚–—―"))
def test_inside_a_word_curly_quotes_and_long_dashes_are_what_they_are(a: str, b: str, sign: str) -> None:
    assert words(f"{a}{sign}{b} {a}{sign}") == [f"{a}{sign}{b}", f"{a}{sign}"]


@settings(deadline=None)
@given(LETTERS, st.sampled_from(["—", "–", "––", "-–", "―"]))
def test_a_long_dash_at_a_word_start_begins_an_option(name: str, dash: str) -> None:
    assert words(f"ack {dash}{name}=1 1{dash}{name}") == ["ack", f"--{name}=1", f"1{dash}{name}"]


@settings(deadline=None)
@given(st.lists(TYPED))
def test_any_line_finds_a_command_or_is_refused_as_usage(argv: list[str]) -> None:
    found = tried(find, argv, COMMANDS)
    assert found.hint if isinstance(found, Usage) else found[0] is scale


@settings(deadline=None)
@given(st.lists(TYPED | st.sampled_from(["--help", "-h", "--", "--text", "--mode", "--dry-run", "1"])))
def test_any_words_are_parameters_a_call_for_help_or_refused_as_usage(argv: list[str]) -> None:
    try:
        read = tried(parse, scale, argv)
    except HelpWanted:
        read = {"number": 1} if {"--help", "-h"} & set(argv) else {}
    assert read.hint if isinstance(read, Usage) else read["number"] >= 1


VALUES = st.fixed_dictionaries(
    {"number": st.integers(1, MOST)},
    optional={
        "services": st.lists(st.text()),
        "text": st.text(),
        "mode": st.sampled_from(["fast", "safe"]),
        "dry_run": st.booleans(),
        "tag": st.lists(st.text()),
        "factor": st.floats(allow_nan=False, allow_infinity=False),
    },
)
LEFT_OUT = {"services": (), "text": "", "mode": "safe", "dry_run": False, "tag": (), "factor": None}


@settings(deadline=None)
@given(VALUES)
def test_a_json_body_means_the_values_that_it_holds(body: dict[str, Any]) -> None:
    argv = argv_of(json.loads(json.dumps({"command": "scale", **body})), COMMANDS)
    told = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
    assert parse(scale, find(argv, COMMANDS)[1]) == LEFT_OUT | told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["command", "argv", "number", "text", "dry_run", "tag", "x"]), JSON))
def test_any_json_object_is_a_command_line_or_refused_as_usage(body: dict[str, Any]) -> None:
    argv = tried(argv_of, body, COMMANDS)
    assert str(argv) if isinstance(argv, Usage) else all(isinstance(word, str) for word in argv)


def kinds_of_events(base: type[Event] = Event) -> list[type[Event]]:
    below = [cls for cls in base.__subclasses__() if cls.__module__.startswith("bot.events.")]
    return [kind for cls in below for kind in (kinds_of_events(cls) or [cls])]


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) in (types.UnionType, Union):
        return st.one_of(*map(values_of, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    return {
        datetime: st.datetimes(timezones=st.just(UTC)),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        int: st.integers(),
        str: st.text(),
        type(None): st.none(),
    }[hint]


@pytest.mark.parametrize("kind", kinds_of_events(), ids=lambda kind: kind.__name__)
def test_a_fact_comes_back_from_the_journal_as_it_was(kind: type[Event]) -> None:
    hints = get_type_hints(kind)

    @settings(max_examples=20, deadline=None)
    @given(st.builds(kind, **{f.name: values_of(hints[f.name]) for f in fields(kind)}))
    def comes_back(event: Event) -> None:
        assert event_of(kind.__name__, json.loads(json.dumps(payload_of(event)))) == event

    comes_back()


def test_every_kind_of_fact_is_tried() -> None:
    assert len(kinds_of_events()) > 30
