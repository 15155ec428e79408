"""`Command`: one value that serves Slack text, shell, HTTP body, button, emoji, form, help and tool schema.

Parameters are click parameters, so that click parses, converts and explains them; nothing here prints or exits.
"""

import difflib
import inspect
import json
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from bot.cards.card import Card, Text
from bot.permissions import Caller, Role
from bot.ports import Ports

Progress = Callable[[Card], Awaitable[None]]

_QUOTES = str.maketrans("“”„«»‘’‚", '"""""\'\'\'')  # noqa: RUF001 - what phones type
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")  # in "can't" it is no quote to a person
_HIDDEN = "\ue000"  # a private-use character stands for such an apostrophe while the line is split


class Usage(Exception):
    """The command line is wrong. `hint` is the next step to show."""

    def __init__(self, message: str, hint: Text = "") -> None:
        super().__init__(message)
        self.hint = hint


class HelpWanted(Exception):
    """`--help` was among the words."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a command runs with. `progress` replaces what the caller sees of a slow command meanwhile."""

    ports: Ports
    caller: Caller
    commands: Mapping[str, "Command"] = field(default_factory=dict)
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command. `changes` makes Slack tell the answer in the channel and not to the caller alone.

    `lock` names a lease held while it runs, "{number}" and the like are filled from the parameters. `secret` names
    parameters that the audit line masks. `form_title` heads its modal.
    """

    name: str
    run: Callable[..., Awaitable[Card]]
    click: click.Command
    role: Role
    changes: bool = False
    lock: str = ""
    secret: frozenset[str] = frozenset()
    form_title: str = ""

    @property
    def summary(self) -> str:
        """First line of the help."""
        return (self.click.help or "").split("\n", 1)[0]

    @property
    def usage(self) -> str:
        """How to type it: "ack NUMBER [--comment TEXT]"."""
        context = click.Context(self.click, info_name=self.name)
        return " ".join([self.name, *self.click.collect_usage_pieces(context)[1:], *self._options()])

    def _options(self) -> list[str]:
        shown = []
        for p in self.click.params:
            if isinstance(p, click.Option):
                value = "" if p.is_flag else f" {p.make_metavar(click.Context(self.click))}"
                shown.append(f"{p.opts[0]}{value}" if p.required else f"[{p.opts[0]}{value}]")
        return shown


def command(
    name: str,
    *,
    role: Role = Role.VIEWER,
    changes: bool = False,
    lock: str = "",
    secret: Sequence[str] = (),
    form_title: str = "",
) -> Callable[[Callable[..., Awaitable[Card]]], Command]:
    """Turn `async def f(ctx, **parameters) -> Card` under click's decorators into a `Command`."""

    def make(run: Callable[..., Awaitable[Card]]) -> Command:
        params = list(reversed(getattr(run, "__click_params__", [])))
        inner = click.Command(name, params=params, help=inspect.cleandoc(run.__doc__ or ""), add_help_option=False)
        return Command(
            name=name,
            run=run,
            click=inner,
            role=role,
            changes=changes,
            lock=lock,
            secret=frozenset(secret),
            form_title=form_title,
        )

    return make


def words(text: str) -> list[str]:
    """Split a typed line as a shell does, after mending what phones do to quotes, and to dashes at the start of a word.

    Raises `Usage` for an unbalanced quote, naming it.
    """
    straight = text.translate(_QUOTES)
    try:
        split = shlex.split(_APOSTROPHE.sub(_HIDDEN, straight))
    except ValueError:
        quote = '"' if straight.count('"') % 2 else "'"
        raise Usage(
            f"unbalanced quote {quote} in: {text.strip()[:200]}",
            f"Close the {quote}, or write \\{quote} to mean the sign itself.",
        ) from None
    return [_mended(word.replace(_HIDDEN, "'")) for word in split]


def find(argv: Sequence[str], commands: Mapping[str, Command]) -> tuple[Command, list[str]]:
    """The command that the longest beginning of `argv` names, and the words left; raises `Usage` with near names."""
    for length in (3, 2, 1):
        name = " ".join(argv[:length]).lower()
        if len(argv) >= length and name in commands:
            return commands[name], list(argv[length:])
    typed = " ".join(argv[:2]) if argv else ""
    family = sorted(n for n in commands if argv and n.startswith(f"{argv[0].lower()} "))
    names = family or nearest(typed, commands) or nearest(argv[0] if argv else "", commands)
    if family:
        raise Usage(f"`{argv[0]}` needs one more word", f"One of: {', '.join(n.split(' ', 1)[1] for n in family)}.")
    raise Usage(f"there is no command `{argv[0] if argv else ''}`", _did_you_mean(names))


def parse(cmd: Command, argv: Sequence[str]) -> dict[str, Any]:
    """The parameters of `argv`, converted and checked by click; raises `Usage`, or `HelpWanted` for --help."""
    if any(word in {"--help", "-h"} for word in argv):
        raise HelpWanted
    try:
        return dict(cmd.click.make_context(cmd.name, list(argv)).params)
    except click.NoSuchOption as e:
        close = nearest(e.option_name, [o for p in cmd.click.params for o in p.opts if o.startswith("-")])
        hint = f"Did you mean {' or '.join(close)}? " if close else ""
        raise Usage(f"`{cmd.name}` has no option {e.option_name}", f"{hint}Usage: {cmd.usage}") from None
    except click.ClickException as e:
        raise Usage(e.format_message().rstrip("."), f"Usage: {cmd.usage}") from None


def nearest(name: str, names: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """Up to three known names that look like `name`."""
    return difflib.get_close_matches(name.lower(), list(names), n=3, cutoff=0.55)


def argv_of(body: Mapping[str, Any], commands: Mapping[str, Command]) -> list[str]:
    """The command line of a JSON body: {"argv": [...]} or {"command": "ack", "number": 1, "comment": "..."}.

    Raises `Usage` for a body of another shape, an unknown command or an unknown parameter.
    """
    if "argv" in body:
        argv = body["argv"]
        if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv) or set(body) != {"argv"}:
            raise Usage('"argv" must be a list of strings and stand alone', 'For example {"argv": ["ack", "1"]}.')
        return list(argv)
    name = body.get("command")
    if not isinstance(name, str):
        raise Usage('the body needs "command" or "argv"', 'For example {"command": "health"}.')
    cmd, rest = find(name.split(), commands)
    given = {k: v for k, v in body.items() if k != "command"}
    return [*cmd.name.split(), *rest, *_arguments(cmd, given)]


def _arguments(cmd: Command, given: Mapping[str, Any]) -> list[str]:
    by_name = {p.name: p for p in cmd.click.params}
    if unknown := sorted(set(given) - set(by_name)):
        allowed = ", ".join(sorted(str(n) for n in by_name)) or "nothing"
        raise Usage(f"`{cmd.name}` has no parameter {unknown[0]}", f"It takes: {allowed}.")
    options, arguments = [], []
    for name, param in by_name.items():
        value = given.get(str(name))
        if value is None or value is False:
            continue
        values = [_word(v) for v in value] if isinstance(value, list) else [_word(value)]
        if isinstance(param, click.Argument):
            arguments += values
        elif getattr(param, "is_flag", False):
            options.append(param.opts[0])
        else:
            options += [f"{param.opts[0]}={v}" for v in values]
    return [*options, "--", *arguments] if arguments else options


def schema(cmd: Command) -> dict[str, Any]:
    """The JSON Schema of the command's parameters, as tool calls want it."""
    properties = {str(p.name): _property(p) for p in cmd.click.params}
    required = [str(p.name) for p in cmd.click.params if p.required]
    return {
        "name": cmd.name,
        "description": cmd.summary,
        "parameters": {"type": "object", "properties": properties, "required": required, "additionalProperties": False},
    }


def _property(param: click.Parameter) -> dict[str, Any]:
    about = {"description": getattr(param, "help", "") or ""}
    if isinstance(param.type, click.Choice):
        return about | {"type": "string", "enum": list(param.type.choices)}
    if getattr(param, "is_flag", False):
        return about | {"type": "boolean"}
    if isinstance(param.type, click.types.IntParamType):
        return about | {"type": "integer"}
    if isinstance(param.type, click.types.FloatParamType):
        return about | {"type": "number"}
    one = about | {"type": "string"}
    return {"type": "array", "items": one} if param.nargs == -1 or param.multiple else one


def _did_you_mean(names: Sequence[str]) -> str:
    return f"Did you mean {' or '.join(f'`{n}`' for n in names)}?" if names else "Type `help` for all commands."


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _mended(word: str) -> str:
    rest = word.lstrip("–—―")  # noqa: RUF001 - what phones make of --
    return f"--{rest}" if rest != word and rest[:1].isalpha() else word
