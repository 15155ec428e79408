"""Help, as cards: all commands, those that begin with one word, or one with its parameters."""

from collections.abc import Iterable

import click

from bot.bodies import schema
from bot.cards.card import Card, Code, CommandLine, Field, Level, Table
from bot.command import Command, Context, command, family, find
from bot.permissions import Role


def command_help(cmd: Command) -> Card:
    """What one command does, how it is typed, what it takes, and who may; `data` is also its schema for tools."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in (cmd.click.help or "").split("\n\n"))
    rows = tuple((Code(_spelled(p)), explained(p)) for p in cmd.shown)
    return Card(
        title=f"Help: {cmd.name}",
        level=Level.INFO,
        body=tuple(p for p in paragraphs if p),
        fields=(
            Field(label="Usage", value=Code(cmd.usage)),
            Field(label="Who may", value=who_may(cmd)),
        ),
        table=Table(columns=("Takes", "Meaning"), rows=rows) if rows else None,
        data={"command": cmd.name, "usage": cmd.usage, "role": cmd.role.name.lower(), **schema(cmd)},
    )


def overview(commands: Iterable[Command], title: str = "What do-manage can do") -> Card:
    """Every command with its first line."""
    listed = list(commands)
    return Card(
        title=title,
        level=Level.INFO,
        table=Table(columns=("Command", "What it does"), rows=tuple((Code(c.name), c.summary) for c in listed)),
        hint=("For the details of one, add ", Code("--help"), " or type ", CommandLine(("help", "COMMAND")), "."),
        data={"commands": [{"name": c.name, "usage": c.usage, "summary": c.summary} for c in listed]},
    )


def who_may(cmd: Command) -> str:
    """The roles that may run it, in words."""
    name = cmd.role.name.lower()
    return "everybody" if cmd.role is Role.NOBODY else name if cmd.role is max(Role) else f"{name} and above"


def explained(param: click.Parameter) -> str:
    """What a parameter means, may be, and is by default, in sentences."""
    said = [getattr(param, "help", None) or ""]
    kind = param.type
    if isinstance(kind, click.Choice):
        said.append(f"One of {', '.join(map(str, kind.choices))}.")
    if isinstance(param, click.Argument):
        text = "Words" if param.nargs == -1 else kind.name.capitalize()
        said.append(f"{text}." if param.required else f"{text}; may be left out.")
    elif param.required:
        said.append("Required.")
    elif not getattr(param, "is_flag", False) and isinstance(param.default, str | int | float) and param.default != "":
        said.append(f"Default: {param.default}.")
    if getattr(param, "multiple", False):
        said.append("Can be given more than once.")
    return " ".join(sentence for sentence in said if sentence)


def _spelled(param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        return str(param.human_readable_name)
    return ", ".join(param.opts)


@command("help", reads=True)
@click.argument("name", nargs=-1, metavar="[COMMAND]")
async def help_(ctx: Context, name: tuple[str, ...]) -> Card:
    """Show all commands, or one with all it takes."""
    offered = {known: cmd for known, cmd in ctx.commands.items() if cmd.offered(ctx.ports)}
    if not name:
        return overview(offered.values())
    below = family(name[0], offered)
    if len(name) == 1 and below and name[0].lower() not in ctx.commands:
        return overview([ctx.commands[known] for known in below], f"Help: {name[0].lower()}")
    return command_help(find(name, ctx.commands)[0])
