"""Help, as cards: all commands, or one with its parameters."""

from collections.abc import Mapping

import click

from bot.cards.card import Card, Code, Field, Level, Table
from bot.command import Command, Context, command, find


def command_help(cmd: Command) -> Card:
    """What one command does, how it is typed, and what it takes."""
    summary, _, rest = (cmd.click.help or "").partition("\n")
    rows = tuple((Code(_spelled(p)), _explained(p)) for p in cmd.click.params)
    return Card(
        title=f"Help: {cmd.name}",
        level=Level.INFO,
        body=tuple(p for p in (summary, *rest.strip().split("\n\n")) if p),
        fields=(
            Field(label="Usage", value=Code(cmd.usage)),
            Field(label="Who may", value=f"{cmd.role.name.lower()} and above"),
        ),
        table=Table(columns=("Takes", "Meaning"), rows=rows) if rows else None,
    )


def overview(commands: Mapping[str, Command]) -> Card:
    """Every command with its first line."""
    return Card(
        title="What do-manage can do",
        level=Level.INFO,
        table=Table(
            columns=("Command", "What it does"), rows=tuple((Code(c.name), c.summary) for c in commands.values())
        ),
        hint=("Add ", Code("--help"), " to any command for its details."),
    )


def _spelled(param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        return str(param.human_readable_name)
    return ", ".join(param.opts)


def _explained(param: click.Parameter) -> str:
    said = [getattr(param, "help", "") or ""]
    if isinstance(param.type, click.Choice):
        said.append(f"one of {', '.join(param.type.choices)}")
    if param.required and isinstance(param, click.Option):
        said.append("required")
    if isinstance(param, click.Option) and not param.is_flag and isinstance(param.default, str | int | float):
        said.append(f"default {param.default}")
    return "; ".join(s for s in said if s) or str(param.type.name)


@command("help")
@click.argument("name", nargs=-1, metavar="[COMMAND]")
async def help_(ctx: Context, name: tuple[str, ...]) -> Card:
    """Show all commands, or one with all it takes."""
    return command_help(find(name, ctx.commands)[0]) if name else overview(ctx.commands)
