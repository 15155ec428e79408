"""A command line as JSON: bodies of HTTP requests, calls of models, and the schema that both are told (pure)."""

import json
from collections.abc import Mapping
from typing import Any

import click

from bot.command import SHOWN, Command, Usage, find
from bot.phrasing import cut


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
    known = {name: p for p in cmd.click.params for name in (str(p.name), public(p))}
    if unknown := sorted(set(given) - set(known)):
        allowed = ", ".join(sorted(public(p) for p in cmd.shown)) or "nothing"
        raise Usage(f"`{cmd.name}` has no parameter {cut(unknown[0], SHOWN)}", f"It takes: {allowed}.")
    values = {known[name].name: value for name, value in given.items() if value is not None}
    options, arguments = [], []
    for param in cmd.click.params:
        if param.name not in values:
            continue
        value = values[param.name]
        if isinstance(param, click.Option) and param.is_flag:
            options += [param.opts[0]] if _flag(param, value) else []
        elif isinstance(param, click.Option):
            options += [f"{param.opts[0]}={word}" for word in _words_of(param, value)]
        else:
            arguments += _words_of(param, value)
    return [*options, "--", *arguments] if arguments else options


def public(param: click.Parameter) -> str:
    """The parameter's name for people and programs: that of its long option ("dry_run"), or of the argument."""
    name = max(param.opts, key=len).lstrip("-") if isinstance(param, click.Option) else str(param.name).rstrip("_")
    return name.replace("-", "_")


def _flag(param: click.Parameter, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Usage(f'"{public(param)}" must be true or false, not {cut(json.dumps(value), SHOWN)}')
    return value


def _words_of(param: click.Parameter, value: Any) -> list[str]:
    several = param.nargs == -1 or param.multiple
    if isinstance(value, dict | list) and not (several and isinstance(value, list)):
        raise Usage(f'"{public(param)}" takes one value, not {cut(json.dumps(value), SHOWN)}')
    return [_word(v) for v in value] if isinstance(value, list) else [_word(value)]


def schema(cmd: Command) -> dict[str, Any]:
    """The command and the JSON Schema of its parameters, as tool calls and `argv_of` take them."""
    properties = {public(p): _property(p) for p in cmd.shown}
    required = [public(p) for p in cmd.shown if p.required]
    return {
        "name": cmd.name,
        "description": cmd.summary,
        "parameters": {"type": "object", "properties": properties, "required": required, "additionalProperties": False},
    }


def _property(param: click.Parameter) -> dict[str, Any]:
    about = {"description": getattr(param, "help", "") or ""}
    if isinstance(param.type, click.Choice):
        one = about | {"type": "string", "enum": list(param.type.choices)}
    elif getattr(param, "is_flag", False):
        one = about | {"type": "boolean"}
    elif isinstance(param.type, click.types.IntParamType):
        one = about | {"type": "integer"}
    elif isinstance(param.type, click.types.FloatParamType):
        one = about | {"type": "number"}
    else:
        one = about | {"type": "string"}
    return {"type": "array", "items": one} if param.nargs == -1 or param.multiple else one


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
