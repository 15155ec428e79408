"""`Command`: one value that serves Slack text, shell, HTTP body, button, emoji, form, help and tool schema.

Parameters are click parameters, so that click parses, converts and explains them; nothing here prints or exits.
"""

import difflib
import inspect
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from click import Parameter

from bot.cards.card import Card, CommandLine, Text
from bot.permissions import Caller, Role
from bot.phrasing import cut, listing
from bot.ports import Ports

Progress = Callable[[Card], Awaitable[None]]

HELP = frozenset({"--help", "-h"})
SHOWN = 80  # characters of what was typed, where a mistake is told

_LONG_NAME = re.compile(r"[a-z][a-z0-9:-]*( [a-z][a-z0-9:-]*){0,2}")
# What people type, and phones make of it. A quote after a letter is an apostrophe; curly quotes and long dashes mean
# straight ones at the start of a word (or behind the = of an option), and themselves anywhere else.
_TYPED = re.compile(
    r"""
      (?<=\w)(?P<apostrophe>')
    | (?P<kept>\\.|"(?:\\.|[^"\\])*")
    | '(?P<single>(?:[^']|(?<=\w)'(?=\w))*)'
    | (?<![^ \t\r\n=])(?:
        ["“”„«»](?![ \t\r\n])(?P<doubled>[^"“”„«»]*)["“”„«»](?![^ \t\r\n])
      | [‘‚](?P<curly>(?:[^'‘’‚]|(?<=\w)['’](?=\w))*)['‘’](?![^ \t\r\n])
      | (?P<open>[“”„«»])(?![ \t\r\n])
    )
    | (?<![^ \t\r\n])(?P<dash>-?[–—―]+-?)(?=[^\W\d_])
    """,  # noqa: RUF001 - what phones type
    re.VERBOSE | re.DOTALL,
)


class Usage(Exception):
    """The command line is wrong, in words for whoever typed it. `hint` is the next step to show."""

    def __init__(self, message: str, hint: Text = "") -> None:
        super().__init__(message)
        self.hint = hint


class Denied(Exception):
    """The caller's role does for the command, but not for what is asked of it; `hint` is the next step to show."""

    def __init__(self, message: str, hint: Text) -> None:
        super().__init__(message)
        self.hint = hint


class HelpWanted(Exception):
    """`--help` was among the words."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a command runs with. `progress` replaces what the caller sees of a slow command meanwhile.

    `conceal` is called where it is about what not everybody may know of: the words of the run are masked in its audit
    line, and only whoever asked sees the answer.
    """

    ports: Ports
    caller: Caller
    commands: Mapping[str, "Command"] = field(default_factory=dict)
    progress: Progress
    conceal: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command. `changes` makes Slack tell the answer in the channel and not to the caller alone.

    `lock` names a lease held while it runs, "{number}" and the like are filled from the parameters. `secret` names
    parameters that the audit line masks. `form_title` heads its modal; what stands in that at first is given by
    `prefill(ports, caller)`, or by `prefill_of(ports, argv)` where the command line so far tells what it is about.
    `shows` says that what it changes is told in the conversation anyway, so that the answer to its form is not.
    `reads` says that it only looks, unless a parameter named in `acts` is given: the assistant may run it by itself.
    `personal` says that its answer is about whoever asked, and kept for nobody else.
    `offered(ports)` says whether help lists it here.
    """

    name: str
    run: Callable[..., Awaitable[Card]]
    click: click.Command
    role: Role
    changes: bool = False
    lock: str = ""
    secret: frozenset[str] = frozenset()
    form_title: str = ""
    prefill: Callable[[Ports, Caller], Awaitable[Mapping[str, str]]] | None = None
    prefill_of: Callable[[Ports, Sequence[str]], Awaitable[Mapping[str, str]]] | None = None
    shows: bool = False
    reads: bool = False
    acts: frozenset[str] = frozenset()
    personal: bool = False
    offered: Callable[[Ports], bool] = lambda _ports: True

    @property
    def summary(self) -> str:
        """First paragraph of the help, in one line."""
        return " ".join((self.click.help or "").partition("\n\n")[0].split())

    @property
    def shown(self) -> list[Parameter]:
        """The parameters that people are told about."""
        return [p for p in self.click.params if not getattr(p, "hidden", False)]

    def only_reads(self, params: Mapping[str, Any]) -> bool:
        """Whether a run with these parameters changes nothing, for nobody."""
        return self.reads and not any(params.get(name) for name in self.acts)

    @property
    def usage(self) -> str:
        """How to type it: "ack NUMBER [--comment TEXT]"."""
        context = click.Context(self.click, info_name=self.name)
        words = [p.make_metavar(context) for p in self.shown if isinstance(p, click.Argument)]
        return " ".join([self.name, *words, *(spelled(p) for p in self.shown if isinstance(p, click.Option))])


def spelled(option: click.Option) -> str:
    """An option as usage lines have it: "--text TEXT" when required, "[--state open|all]", "[--fresh]"."""
    said = option.opts[0]
    if not option.is_flag:
        kind = option.type
        value = (
            "|".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else kind.name.partition(" ")[0].upper()
        )
        said = f"{said} {option.metavar or value}{'...' if option.multiple else ''}"
    return said if option.required else f"[{said}]"


def command(
    name: str,
    *,
    role: Role = Role.VIEWER,
    changes: bool = False,
    lock: str = "",
    secret: Sequence[str] = (),
    form_title: str = "",
    prefill: Callable[[Ports, Caller], Awaitable[Mapping[str, str]]] | None = None,
    prefill_of: Callable[[Ports, Sequence[str]], Awaitable[Mapping[str, str]]] | None = None,
    shows: bool = False,
    reads: bool = False,
    acts: Sequence[str] = (),
    personal: bool = False,
    offered: Callable[[Ports], bool] = lambda _ports: True,
) -> Callable[[Callable[..., Awaitable[Card]]], Command]:
    """Turn `async def f(ctx, **parameters) -> Card` under click's decorators into a `Command`; its docstring is help.

    Raises `ValueError` for a name that could not be typed (one to three words of small letters, digits, `:` and `-`),
    and for one that is said to read and to change.
    """
    if reads and changes:
        raise ValueError(f"{name!r} cannot both change what all see and only read")
    if not _LONG_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a command: one to three words of small letters, digits, : and -")

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
            prefill=prefill,
            prefill_of=prefill_of,
            shows=shows,
            reads=reads,
            acts=frozenset(acts),
            personal=personal,
            offered=offered,
        )

    return make


def words(text: str) -> list[str]:
    """Split a typed line as a shell does, after mending what phones do to quotes and dashes at the start of a word.

    Raises `Usage` for an unbalanced quote, naming it.
    """
    lexer = shlex.shlex(_TYPED.sub(lambda sign: _mended(sign, text), text), posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError:
        # its state is the sign that the lexer is inside of
        raise _unbalanced(lexer.state, text) from None  # type: ignore[attr-defined] # typeshed leaves it out


def _mended(sign: re.Match[str], text: str) -> str:
    match sign.lastgroup:
        case "apostrophe":
            return "\\'"
        case "dash":
            return "--"
        case "open":
            raise _unbalanced(sign[0], text)
        case "kept" | None:
            return sign[0]
        case group:
            return shlex.quote(sign[group])


def _unbalanced(sign: str, text: str) -> Usage:
    line = cut(text.strip(), SHOWN)
    if sign == "\\":
        return Usage(f"nothing follows the \\ at the end of: {line}", "Write \\\\ to mean the sign itself.")
    return Usage(f"unbalanced quote {sign} in: {line}", f"Close the {sign}, or write \\{sign} to mean the sign itself.")


def find(argv: Sequence[str], commands: Mapping[str, Command]) -> tuple[Command, list[str]]:
    """The command that the longest beginning of `argv` names, and the words left.

    No words, or --help without a command, are the command "help". Raises `Usage` with near names.
    """
    for length in (3, 2, 1):
        name = " ".join(argv[:length]).lower()
        if len(argv) >= length and name in commands:
            return commands[name], list(argv[length:])
    if "help" in commands and (not argv or HELP & set(argv)):
        return commands["help"], [word for word in argv if word not in HELP]
    first, typed = argv[0] if argv else "", " ".join(argv[:2])
    if below := family(first, commands):
        verbs = [name.partition(" ")[2] for name in below]
        if len(argv) < 2 or argv[1].startswith("-"):
            raise Usage(f"`{first}` needs one more word", f"One of: {', '.join(verbs)}.")
        close = [f"{first} {verb}" for verb in nearest(argv[1], verbs)]
        raise Usage(f"there is no command `{cut(typed, SHOWN)}`", _did_you_mean(close or below))
    close = nearest(typed, commands) or nearest(first, commands)
    raise Usage(f"there is no command `{cut(first, SHOWN)}`", _did_you_mean(close))


def family(name: str, commands: Mapping[str, Command]) -> list[str]:
    """The commands whose names begin with this word: "incident declare" and others for "incident"."""
    return [known for known in commands if name and known.startswith(f"{name.lower()} ")]


def parse(cmd: Command, argv: Sequence[str]) -> dict[str, Any]:
    """The parameters of `argv`, converted and checked by click; raises `Usage`, or `HelpWanted` for --help."""
    try:
        return dict(cmd.click.make_context(cmd.name, list(argv)).params)
    except click.ClickException as wrong:
        # no command has such an option: where it is one and not the value of another, click refuses it
        before = argv[: argv.index("--")] if "--" in argv else argv
        if HELP & set(before):
            raise HelpWanted from None
        raise _refused(cmd, wrong) from None


def _refused(cmd: Command, wrong: click.ClickException) -> Usage:
    usage = f"Usage: {cmd.usage}"
    if isinstance(wrong, click.NoSuchOption):
        known = {o.lstrip("-"): o for p in cmd.shown if isinstance(p, click.Option) for o in p.opts}
        close = [known[name] for name in nearest(wrong.option_name.lstrip("-"), known)]
        hint = f"Did you mean {listing(close, 'or')}? {usage}" if close else usage
        return Usage(f"`{cmd.name}` has no option {cut(wrong.option_name, SHOWN)}", hint)
    return Usage(cut(wrong.format_message().rstrip("."), 300), usage)


def nearest(name: str, names: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """Up to three known names that look like `name`, begin with it, or are its beginning."""
    said = name.lower()
    close = difflib.get_close_matches(said, list(names), n=3, cutoff=0.55)
    begun = [n for n in names if len(said) > 1 and (n.startswith(said) or said.startswith(n))]
    return list(dict.fromkeys([*close, *begun]))[:3]


def _did_you_mean(names: Sequence[str]) -> Text:
    if not names:
        return ("Type ", CommandLine(("help",)), " for all commands.")
    return f"Did you mean {listing([f'`{name}`' for name in names], 'or')}?"
