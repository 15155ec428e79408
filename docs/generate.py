"""Write what the documentation takes from the program: configuration.md, commands.md, and manage.schema.json.

`python docs/generate.py` writes, `python docs/generate.py --check` fails when something is stale.
"""  # noqa: INP001 - a program beside the pages, not a package

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click

    from bot.command import Command

HERE = Path(__file__).resolve().parent
MARKER = "<!-- What follows is written by `python docs/generate.py`. -->\n"


def generated() -> dict[Path, str]:
    """Each file that is made from the program, with what it should contain."""
    from bot.app import OUTSIDE
    from bot.command import Command
    from bot.config.reference import reference
    from bot.config.schema import schema
    from bot.ports import Calendar, Channel, Check, Page, Publisher, Source, Tracker
    from bot.registry import collect, modules

    # the built-in ones alone: what is installed beside them differs from machine to machine
    checks = collect(Check, modules("bot.health.checks"), lambda check: check.type)
    channels = collect(Channel, modules("bot.channels"), lambda channel: channel.type)
    sources = collect(Source, modules("bot", skip=OUTSIDE), lambda source: source.type)
    commands = collect(Command, modules("bot", skip=OUTSIDE), lambda cmd: cmd.name)
    places = {
        ("incidents", "calendars"): collect(Calendar, modules("bot", skip=OUTSIDE), lambda one: one.type),
        ("follow_ups", "trackers"): collect(Tracker, modules("bot.follow_ups"), lambda one: one.type),
        ("postmortems", "publish"): collect(Publisher, modules("bot.postmortems"), lambda one: one.type),
        ("statuspage", "pages"): collect(Page, modules("bot.statuspage"), lambda one: one.type),
    }
    return {
        HERE / "configuration.md": _after_introduction(
            "configuration.md", reference(checks, channels, sources, places)
        ),
        HERE / "commands.md": _after_introduction("commands.md", "\n".join(_commands(commands.values()))),
        HERE / "manage.schema.json": json.dumps(schema(checks, channels, sources, places), indent=2, ensure_ascii=False)
        + "\n",
    }


def _after_introduction(name: str, text: str) -> str:
    introduction = (HERE / name).read_text(encoding="utf-8").partition(MARKER)[0]
    return f"{introduction}{MARKER}\n{text}"


def _commands(commands: "Iterable[Command]") -> "Iterator[str]":
    """Each command with its usage, its role and what it takes, as Markdown."""
    from bot.help import command_help, explained, who_may

    for cmd in commands:
        yield from (f"## `{cmd.name}`", "")
        for paragraph in command_help(cmd).body:
            yield from (str(paragraph), "")
        yield from ("```text", cmd.usage, "```", "", f"Who may: {who_may(cmd)}.", "")
        if cmd.shown:
            yield from ("| Takes | Meaning |", "| --- | --- |")
            yield from (f"| {_spelled(p)} | {explained(p).replace('|', chr(92) + '|')} |" for p in cmd.shown)
            yield ""


def _spelled(param: "click.Parameter") -> str:
    """The parameter as it is typed: its argument's name, or all names of its option."""
    names = param.opts if param.param_type_name == "option" else [param.human_readable_name]
    return ", ".join(f"`{name}`" for name in names)


def main(arguments: list[str]) -> int:
    """Write or check; 1 when something is stale."""
    stale = [p for p, text in generated().items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"docs/{path.name} is stale: run python docs/generate.py\n")
        return 1 if stale else 0
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    sys.exit(main(sys.argv[1:]))
