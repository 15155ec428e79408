"""The shape of the house: small files, each where its kind of thing belongs, nothing kept outside the database."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from bot import registry
from bot.app import OUTSIDE, parts
from bot.bus import Reaction, Schedule, Task
from bot.command import Command
from bot.permissions import Role
from bot.ports import Channel, Check, Source, Tracker

ROOT = Path(__file__).parents[2]
LONGEST = 350
CODE = sorted(path for top in ("bot", "handlers", "storage") for path in (ROOT / top).rglob("*.py"))
MODULES = [path.relative_to(ROOT).as_posix() for path in CODE]
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common|base|core|shared|stuff|types|models|lib)(_|$)")
EMPTY = {"dict", "list", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter", "WeakValueDictionary"}
CHANGING = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse",
    "setdefault", "sort", "update",
}  # fmt: skip
PARTS = parts()


@cache
def parsed(name: str) -> ast.Module:
    """That file, read when a test asks for it: each process that runs tests collects all of them."""
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MODULES)
def test_a_file_is_short_enough_to_be_read(name: str) -> None:
    lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{name} has {lines} lines: it wants to be two"


@pytest.mark.parametrize("name", MODULES)
def test_a_file_says_what_it_is(name: str) -> None:
    assert not VAGUE.search(Path(name).stem), f"{name}: name it by what it holds"
    assert ast.get_docstring(parsed(name)) or not parsed(name).body, f"{name} has no docstring"


def places(kind: type[object]) -> Iterator[tuple[str, str]]:
    """Module and name of each value of the kind at the top of the bot's own modules."""
    for module in registry.modules("bot", skip=OUTSIDE):
        yield from (
            (module.__name__, name)
            for name, value in vars(module).items()
            if isinstance(value, kind) and not name.startswith("__")
        )


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        (Command, r"bot\.(\w+\.(\w+_)?commands|help)"),
        (Reaction, r"bot\.\w+\.(\w+_)?reactions"),
        (Task, r"bot\.\w+\.(\w+_)?reactions"),
        (Schedule, r"bot\.\w+\.reactions"),
        (Check, r"bot\.health\.checks\.\w+"),
        (Channel, r"bot\.channels\.\w+"),
        (Source, r"bot\.metrics\.sources\.\w+"),
        (Tracker, r"bot\.follow_ups\.trackers\.\w+"),
    ],
)
def test_each_kind_of_thing_is_where_one_looks_for_it(kind: type[object], where: str) -> None:
    found = list(places(kind))
    assert found
    assert [place for place in found if not re.fullmatch(where, place[0])] == []


@pytest.mark.parametrize("kind", [Check, Channel, Source])
def test_a_kind_of_check_channel_or_source_is_a_file_of_its_own(kind: type[object]) -> None:
    modules = [module for module, _ in places(kind)]
    assert len(modules) == len(set(modules))


def test_every_folder_is_on_the_map() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    folders = {path.name for path in (ROOT / "bot").iterdir() if (path / "__init__.py").is_file()}
    assert {name for name in folders if f"`bot/{name}/`" not in page} == set()


@pytest.mark.parametrize("name", PARTS.commands)
def test_every_command_says_what_it_does_in_a_sentence(name: str) -> None:
    assert re.fullmatch(r"[A-Z].{10,160}\.", PARTS.commands[name].summary)


@pytest.mark.parametrize("name", PARTS.commands)
def test_every_command_needs_a_role(name: str) -> None:
    assert PARTS.commands[name].role > Role.NOBODY


@pytest.mark.parametrize("name", PARTS.commands)
def test_a_number_that_people_type_may_be_written_as_cards_do(name: str) -> None:
    plain = [
        p.name for p in PARTS.commands[name].click.params if type(p.type) in {click.IntRange, click.types.IntParamType}
    ]
    assert plain == [], "type=NUMBER reads #42 too, and keeps out what no database holds"


@pytest.mark.parametrize("name", [name for name, cmd in PARTS.commands.items() if cmd.changes])
def test_what_changes_shared_state_takes_more_than_a_viewer(name: str) -> None:
    assert PARTS.commands[name].role >= Role.RESPONDER


@pytest.mark.parametrize("kind", [*PARTS.checks.values(), *PARTS.channels.values()], ids=lambda kind: kind.type)
def test_every_option_of_a_check_or_channel_is_explained(kind: Check | Channel) -> None:
    assert (kind.options.__doc__ or "").strip()
    unexplained = [name for name, field in kind.options.model_fields.items() if not (field.description or "").strip()]
    assert unexplained == []


def kept(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The names at the top of a module with what they are bound to."""
    for node in module.body:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def can_change(value: ast.expr) -> bool:
    match value:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in EMPTY
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in EMPTY
    return False


def is_empty(value: ast.expr) -> bool:
    match value:
        case ast.List(elts=[]) | ast.Dict(keys=[]) | ast.Call(args=[], keywords=[]):
            return True
    return False


def changed(module: ast.Module) -> Iterator[tuple[str, int]]:
    """What is bound, filled or emptied through a name: the name and the line."""
    for node in ast.walk(module):
        match node:
            case ast.Global(names=names):
                yield from ((name, node.lineno) for name in names)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name, node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute in CHANGING:
                yield name, node.lineno


def bound_inside(module: ast.Module) -> set[str]:
    """Names that functions bind for themselves: they hide those of the module."""
    functions = [n for n in ast.walk(module) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    return {
        inner.arg if isinstance(inner, ast.arg) else inner.id
        for function in functions
        for inner in ast.walk(function)
        if isinstance(inner, ast.arg) or (isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store))
    }


def state_in(source: ast.Module) -> list[str]:
    """What a module keeps between calls."""
    holders = {name: value for name, value in kept(source) if can_change(value)}
    growing = [f"{name} begins empty" for name, value in holders.items() if is_empty(value) and name != "__all__"]
    written = [f"line {line} changes {name}" for name, line in changed(source) if name in holders]
    rebound = [f"global {n}" for node in ast.walk(source) if isinstance(node, ast.Global) for n in node.names]
    return [*growing, *(said for said in written if said.split()[-1] not in bound_inside(source)), *rebound]


@pytest.mark.parametrize("name", MODULES)
def test_nothing_is_kept_in_a_module(name: str) -> None:
    assert state_in(parsed(name)) == []


@pytest.mark.parametrize(
    "source",
    [
        "SEEN = {}",
        "SEEN: set[str] = set()",
        "SEEN = [1]\ndef f(): SEEN.append(2)",
        "SEEN = {1: 2}\ndef f(): SEEN[3] = 4",
        "n = 1\ndef f():\n    global n\n    n = 2",
        "from collections import deque\nSEEN = deque()",
    ],
)
def test_what_a_module_could_keep_would_be_seen(source: str) -> None:
    assert state_in(ast.parse(source))


@pytest.mark.parametrize("source", ["UNITS = {'s': 1}\nx = UNITS['s']", "def f():\n    said = []\n    said.append(1)"])
def test_constants_and_what_a_call_keeps_are_no_state(source: str) -> None:
    assert state_in(ast.parse(source)) == []
