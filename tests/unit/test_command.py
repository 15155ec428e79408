# ruff: noqa: RUF001 - what phones type is the point
"""Commands as values: names, usage, parameters, JSON bodies, schemas."""

import click
import pytest
from jsonschema import Draft202012Validator

from bot.bodies import argv_of, public, schema
from bot.cards.card import Card
from bot.cards.marks import plain
from bot.command import (
    Command,
    Context,
    HelpWanted,
    Usage,
    command,
    find,
    nearest,
    parse,
    words,
)
from bot.help import help_
from bot.numbers import NUMBER
from bot.permissions import Role


@command("scale", role=Role.OPERATOR)
@click.argument("service")
@click.argument("number", type=NUMBER)
@click.option("--to", "size", type=click.IntRange(0, 50), required=True, help="How many.")
@click.option("--mode", type=click.Choice(["fast", "safe"]), default="safe", help="In which way.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
@click.option("--tag", multiple=True, help="Mark it.")
@click.option("--factor", type=float, default=1.5, help="Of what.")
@click.option("--from", "origin", default="", hidden=True, help="Where it came from.")
async def scale(_ctx: Context, **_parameters: object) -> Card:
    """Change how many there are
    of a service.

    And more.
    """
    return Card(title="scaled")


def named(*names: str) -> dict[str, Command]:
    def make(name: str) -> Command:
        @command(name)
        @click.argument("title", nargs=-1, required=True)
        async def run(_ctx: Context, title: tuple[str, ...]) -> Card:
            """Do it."""
            return Card(title=" ".join(title))

        return run

    return {name: make(name) for name in names}


COMMANDS = {
    **named("ack", "alerts", "health", "incidents", "incident declare", "incident resolve", "db:pool:resize"),
    "help": help_,
    "scale": scale,
}


def test_the_longest_beginning_names_the_command() -> None:
    cmd, rest = find(["incident", "declare", "database", "down"], COMMANDS)
    assert (cmd.name, rest) == ("incident declare", ["database", "down"])


def test_names_are_found_in_any_case() -> None:
    assert find(["Incident", "DECLARE", "X"], COMMANDS)[1] == ["X"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("helth", "`health`"),
        ("acknowledge 1", "`ack`"),
        ("alert", "`alerts`"),
        ("incident declre x", "`incident declare`"),
        ("db:pool:resise", "`db:pool:resize`"),
    ],
)
def test_a_mistyped_command_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(Usage) as wrong:
        find(typed.split(), COMMANDS)
    assert meant in plain(wrong.value.hint)


def test_a_command_like_no_other_is_answered_with_the_way_to_all() -> None:
    with pytest.raises(Usage) as wrong:
        find(["xyzzy"], COMMANDS)
    assert plain(wrong.value.hint) == "Type /do manage help for all commands."


def test_the_first_word_of_a_family_alone_lists_the_others() -> None:
    with pytest.raises(Usage, match="`incident` needs one more word") as wrong:
        find(["incident"], COMMANDS)
    assert plain(wrong.value.hint) == "One of: declare, resolve."


def test_a_very_long_word_is_not_repeated_at_length() -> None:
    with pytest.raises(Usage) as wrong:
        find(["x" * 1_000_000], COMMANDS)
    assert len(str(wrong.value)) < 150


@pytest.mark.parametrize(
    ("typed", "about"), [([], []), (["--help"], []), (["-h"], []), (["incident", "--help"], ["incident"])]
)
def test_nothing_and_calls_for_help_are_the_help_command(typed: list[str], about: list[str]) -> None:
    assert find(typed, COMMANDS) == (help_, about)


def test_parameters_are_converted() -> None:
    assert parse(scale, ["api", "7", "--to", "3", "--tag=a", "--tag=b", "--dry-run"]) == {
        "service": "api",
        "number": 7,
        "size": 3,
        "mode": "safe",
        "dry_run": True,
        "tag": ("a", "b"),
        "factor": 1.5,
        "origin": "",
    }


@pytest.mark.parametrize("said", ["42", "#42", " #42 "])
def test_a_number_may_be_spelled_as_cards_do(said: str) -> None:
    assert parse(scale, ["api", said, "--to=1"])["number"] == 42


@pytest.mark.parametrize("said", ["0", "-1", "x", "##1", "1.5", "9" * 30, "٤", "#", "2147483648"])
def test_what_is_no_number_is_refused_with_an_example(said: str) -> None:
    with pytest.raises(Usage, match="is no number like 42 or #42"):
        parse(scale, ["--to=1", "--", "api", said])


@pytest.mark.parametrize("line", [["--help"], ["-h"], ["api", "--help"], ["--to", "--help"], ["--bogus", "-h"]])
def test_help_is_given_wherever_it_is_asked_for(line: list[str]) -> None:
    with pytest.raises(HelpWanted):
        parse(scale, line)


@pytest.mark.parametrize("line", [["api", "1", "--to=1", "--tag", "--help"], ["--to=1", "--tag=-h", "--", "-h", "1"]])
def test_words_that_are_values_do_not_ask_for_help(line: list[str]) -> None:
    assert parse(scale, line)["number"] == 1


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        (["api", "1"], "Missing option '--to'", "Usage: scale SERVICE NUMBER"),
        (["api", "1", "--too=1"], "`scale` has no option --too", "Did you mean --to?"),
        (["api", "1", "--to=1", "more"], "unexpected extra argument (more)", "Usage:"),
        (["api", "1", "--to=99"], "99 is not in the range 0<=x<=50", "Usage:"),
        (["api", "1", "--to=1", "--mode=quick"], "'quick' is not one of 'fast', 'safe'", "Usage:"),
    ],
)
def test_a_wrong_line_is_told_with_what_to_type(line: list[str], said: str, hint: str) -> None:
    with pytest.raises(Usage) as wrong:
        parse(scale, line)
    assert said in str(wrong.value)
    assert hint in plain(wrong.value.hint)


def test_the_hint_about_options_keeps_hidden_ones_hidden() -> None:
    with pytest.raises(Usage) as wrong:
        parse(scale, ["--form=x"])
    assert "--from" not in plain(wrong.value.hint)


def test_usage_names_what_people_may_give() -> None:
    assert scale.usage == (
        "scale SERVICE NUMBER --to INTEGER [--mode fast|safe] [--dry-run] [--tag TEXT...] [--factor FLOAT]"
    )


def test_usage_says_that_there_may_be_several_words() -> None:
    assert COMMANDS["incident declare"].usage == "incident declare TITLE..."


def test_the_summary_is_the_first_paragraph_in_one_line() -> None:
    assert scale.summary == "Change how many there are of a service."


@pytest.mark.parametrize("name", ["", "Ack", "ack ", "a b c d", "päck", "a  b", "--help"])
def test_a_name_that_cannot_be_typed_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a command"):
        command(name)


@pytest.mark.parametrize(
    ("body", "argv"),
    [
        ({"argv": ["ack", "1"]}, ["ack", "1"]),
        ({"command": "ack 1"}, ["ack", "1"]),
        ({"command": "incident declare", "title": ["a", "b"]}, ["incident", "declare", "--", "a", "b"]),
        ({"command": "scale", "dry_run": False, "origin": None}, ["scale"]),
        ({"command": "scale", "size": 3, "dry_run": True}, ["scale", "--to=3", "--dry-run"]),
        ({"command": "scale", "to": 3, "from": "here"}, ["scale", "--to=3", "--from=here"]),
        ({"command": "scale", "tag": ["--x", "y"], "service": "-h"}, ["scale", "--tag=--x", "--tag=y", "--", "-h"]),
    ],
)
def test_a_json_body_is_a_command_line(body: dict[str, object], argv: list[str]) -> None:
    assert argv_of(body, COMMANDS) == argv


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, 'the body needs "command" or "argv"'),
        ({"command": 1}, 'the body needs "command" or "argv"'),
        ({"argv": "ack 1"}, '"argv" must be a list of strings'),
        ({"argv": ["ack"], "number": 1}, "stand alone"),
        ({"command": "ak"}, "there is no command `ak`"),
        ({"command": "scale", "speed": 1}, "`scale` has no parameter speed"),
        ({"command": "scale", "dry_run": "false"}, '"dry_run" must be true or false, not "false"'),
        ({"command": "scale", "to": [1, 2]}, '"to" takes one value'),
        ({"command": "scale", "tag": {"a": 1}}, '"tag" takes one value'),
    ],
)
def test_a_body_of_another_shape_is_refused(body: dict[str, object], said: str) -> None:
    with pytest.raises(Usage) as wrong:
        argv_of(body, COMMANDS)
    assert said in str(wrong.value)


def test_the_schema_describes_what_a_body_may_hold() -> None:
    parameters = schema(scale)["parameters"]
    Draft202012Validator.check_schema(parameters)
    assert parameters["required"] == ["service", "number", "to"]
    assert {name: p["type"] for name, p in parameters["properties"].items()} == {
        "service": "string",
        "number": "integer",
        "to": "integer",
        "mode": "string",
        "dry_run": "boolean",
        "tag": "array",
        "factor": "number",
    }


def test_a_parameter_is_public_under_the_name_of_its_option() -> None:
    assert [public(p) for p in scale.click.params][2:5] == ["to", "mode", "dry_run"]


def test_three_near_names_are_enough() -> None:
    assert len(nearest("incident", [f"incident{n}" for n in range(9)])) == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ack 1 —comment “it’s on me”", ["ack", "1", "--comment", "it’s on me"]),
        ("ack 1 –comment=„auf dem Weg“", ["ack", "1", "--comment=auf dem Weg"]),
        ("note ‘don’t stop’ «là»", ["note", "don’t stop", "là"]),
        ("declare can't reach users' data", ["declare", "can't", "reach", "users'", "data"]),
        ("declare 'can't reach' it", ["declare", "can't reach", "it"]),
        ("declare 5” pipe Home » Settings a—b", ["declare", "5”", "pipe", "Home", "»", "Settings", "a—b"]),
        ('--text "— so “he” said" x', ["--text", "— so “he” said", "x"]),
        ('"on it” now', ["on it", "now"]),
        ("--comment “” #42", ["--comment", "", "#42"]),
        ("- – — 1", ["-", "–", "—", "1"]),
        ("", []),
    ],
)
def test_what_phones_type_is_read_as_it_was_meant(typed: str, said: list[str]) -> None:
    assert words(typed) == said


@pytest.mark.parametrize(
    ("typed", "sign"), [('ack "1', '"'), ("ack '1", "'"), ("ack “on it", "“"), ('5" pipe', '"'), ("ack 1 \\", "\\")]
)
def test_an_unbalanced_line_names_the_sign(typed: str, sign: str) -> None:
    with pytest.raises(Usage) as wrong:
        words(typed)
    assert f" {sign} " in str(wrong.value)
    assert f"\\{sign}" in plain(wrong.value.hint)
