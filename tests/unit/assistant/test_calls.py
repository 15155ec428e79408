"""What becomes of a call: which commands a model may run itself, which it may only propose."""

import json

import click
import pytest

from bot.assistant.calls import LONGEST_LINE, judged, sight, tool_name, tools
from bot.assistant.steps import Look, Offer, Refused
from bot.cards.card import Card
from bot.command import Context, command
from bot.numbers import NUMBER
from bot.permissions import Caller, Role
from bot.talk import Call


@command("list", reads=True, acts=("picture",))
@click.argument("what", required=False)
@click.option("--state", type=click.Choice(["open", "all"]), help="Which.")
@click.option("--chart", "picture", is_flag=True, help="Draw it.")
async def list_(_ctx: Context, what: str | None, state: str | None, picture: bool) -> Card:
    """List what there is."""
    raise AssertionError((what, state, picture))


@command("thing end", role=Role.RESPONDER)
@click.argument("number", type=NUMBER)
@click.option("--comment", default="")
async def end(_ctx: Context, number: int, comment: str) -> Card:
    """End a thing."""
    raise AssertionError((number, comment))


@command("peek", role=Role.ADMIN, reads=True)
async def peek(_ctx: Context) -> Card:
    """Look at what only admins may see."""
    raise AssertionError


COMMANDS = {cmd.name: cmd for cmd in (list_, end, peek)}


def call(name: str, **arguments: object) -> Call:
    return Call(id="1", name=name, arguments=json.dumps(arguments))


def test_a_command_that_reads_is_looked_at() -> None:
    assert judged(call("list", what="x", state="open"), COMMANDS, Role.VIEWER, Role.VIEWER) == Look(
        ("list", "--state=open", "--", "x")
    )


def test_a_command_that_does_not_say_it_only_reads_is_offered() -> None:
    assert judged(call("thing_end", number=3), COMMANDS, Role.RESPONDER, Role.RESPONDER) == Offer(
        ("thing", "end", "--", "3")
    )


def test_a_parameter_that_acts_makes_it_an_offer() -> None:
    assert judged(call("list", chart=True), COMMANDS, Role.VIEWER, Role.VIEWER) == Offer(("list", "--chart"))
    assert judged(call("list", chart=False), COMMANDS, Role.VIEWER, Role.VIEWER) == Look(("list",))


@pytest.mark.parametrize("name", ["thing_end", "thing end"])
def test_what_the_asker_may_not_do_is_neither(name: str) -> None:
    refused = judged(call(name, number=3), COMMANDS, Role.VIEWER, Role.VIEWER)
    assert isinstance(refused, Refused)
    assert "needs the role responder" in refused.why


def test_a_proposal_that_only_reads_is_looked_at() -> None:
    assert judged(call("propose", command="/do manage list"), COMMANDS, Role.VIEWER, Role.VIEWER) == Look(("list",))


def test_a_call_for_help_is_looked_up() -> None:
    assert judged(call("propose", command="thing end --help"), COMMANDS, Role.VIEWER, Role.VIEWER) == Look(
        ("help", "thing", "end")
    )


@pytest.mark.parametrize(
    "made",
    [
        Call(id="1", name="list", arguments="[]"),
        Call(id="1", name="list", arguments="nonsense"),
        Call(id="1", name="", arguments="{}"),
        call("list", other=1),
        call("propose"),
        call("propose", command=1),
        call("propose", command=f"thing end 1 --comment {'x' * LONGEST_LINE}"),
        call("propose", command="thing end 1 --comment 'a\u200b\nb'"),
    ],
)
def test_what_cannot_be_understood_or_read_is_refused(made: Call) -> None:
    assert isinstance(judged(made, COMMANDS, Role.ADMIN, Role.ADMIN), Refused)


def test_tools_are_what_the_role_may_look_at_and_one_to_propose() -> None:
    assert [tool.name for tool in tools(COMMANDS, Role.VIEWER, Role.VIEWER)] == ["list"]
    assert [tool.name for tool in tools(COMMANDS, Role.RESPONDER, Role.RESPONDER)] == ["list", "propose"]
    assert [tool.name for tool in tools(COMMANDS, Role.ADMIN, Role.ADMIN)] == ["list", "peek", "propose"]


@pytest.mark.parametrize(
    ("caller", "looks"),
    [
        (Caller(id="U1", via="slack", channel="C1", thread_ts="1.0"), Role.VIEWER),
        (Caller(id="U1", via="slack", channel="D1", thread_ts="1.0"), Role.ADMIN),
        (Caller(id="U1", via="slack", channel="C1"), Role.ADMIN),
        (Caller(id="shell:root", via="shell"), Role.ADMIN),
    ],
    ids=["thread", "alone", "whispered", "shell"],
)
def test_where_others_read_it_looks_no_further_than_viewers_may(caller: Caller, looks: Role) -> None:
    assert sight(caller, Role.ADMIN) is looks
    assert sight(caller, Role.NOBODY) is Role.NOBODY


def test_what_others_here_may_not_see_is_not_looked_at() -> None:
    refused = judged(call("peek"), COMMANDS, Role.ADMIN, Role.VIEWER)
    assert isinstance(refused, Refused)
    assert "alone with the bot" in refused.why
    assert "peek" not in {tool.name for tool in tools(COMMANDS, Role.ADMIN, Role.VIEWER)}


def test_a_tool_does_not_show_what_would_act() -> None:
    assert set(tools(COMMANDS, Role.VIEWER, Role.VIEWER)[0].parameters["properties"]) == {"what", "state"}


@pytest.mark.parametrize(("name", "tool"), [("incident show", "incident_show"), ("cache:clear", "cache__clear")])
def test_names_of_tools_have_no_other_signs_than_models_take(name: str, tool: str) -> None:
    assert tool_name(name) == tool


def test_a_command_cannot_both_change_and_only_read() -> None:
    with pytest.raises(ValueError, match="cannot both change what all see and only read"):
        command("both", changes=True, reads=True)
