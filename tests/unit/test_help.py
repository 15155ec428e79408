"""Help: what is told about commands, and what is not."""

import click
import pytest

from bot.app import parts
from bot.cards.card import Card
from bot.cards.marks import plain
from bot.command import Context, command
from bot.help import command_help, explained, overview, who_may
from bot.permissions import Role


@command("drain", role=Role.ADMIN)
@click.argument("node")
@click.argument("reason", nargs=-1)
@click.option("-s", "--speed", type=click.Choice(["slow", "fast"]), default="slow", help="How fast.")
@click.option("--comment", default="", help="Why.")
@click.option("--count", type=int, required=True, help="How many.")
@click.option("--label", multiple=True, help="Marks.")
@click.option("--ts", default="", hidden=True, help="Of a message.")
async def drain(_ctx: Context, **_parameters: object) -> Card:
    """Take work off a node.

    What runs there ends first; nothing
    new begins.

    It can take long.
    """
    return Card(title="drained")


def test_each_paragraph_of_the_docstring_is_one_without_its_line_breaks() -> None:
    assert command_help(drain).body == (
        "Take work off a node.",
        "What runs there ends first; nothing new begins.",
        "It can take long.",
    )


def test_hidden_options_are_not_told() -> None:
    card = command_help(drain)
    assert card.table is not None
    assert [plain(takes) for takes, _ in card.table.rows] == [
        "NODE", "REASON", "-s, --speed", "--comment", "--count", "--label",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (0, "Text."),
        (1, "Words; may be left out."),
        (2, "How fast. One of slow, fast. Default: slow."),
        (3, "Why."),
        (4, "How many. Required."),
        (5, "Marks. Can be given more than once."),
    ],
)
def test_a_parameter_is_explained_in_sentences(index: int, said: str) -> None:
    assert explained(drain.click.params[index]) == said


@pytest.mark.parametrize(
    ("role", "said"), [(Role.VIEWER, "viewer and above"), (Role.ADMIN, "admin"), (Role.NOBODY, "everybody")]
)
def test_help_says_who_may(role: Role, said: str) -> None:
    @command("look", role=role)
    async def look(_ctx: Context) -> Card:
        """Look."""
        return Card(title="seen")

    assert who_may(look) == said


def test_the_data_of_help_is_the_schema_for_tools() -> None:
    data = command_help(drain).data
    assert data["name"] == data["command"] == "drain"
    assert data["parameters"]["required"] == ["node", "count"]


def test_the_overview_tells_each_command_with_its_first_line() -> None:
    table = overview([drain]).table
    assert table is not None
    assert [[plain(cell) for cell in row] for row in table.rows] == [["drain", "Take work off a node."]]


@pytest.mark.parametrize("name", sorted(parts().commands))
def test_every_command_of_the_bot_explains_each_parameter(name: str) -> None:
    cmd = parts().commands[name]
    assert all(explained(p) for p in cmd.shown)
    assert all(p.help for p in cmd.click.params if isinstance(p, click.Option))
