"""The reference part of docs/configuration.md, made from the models: every key, type, default and meaning (pure)."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.config.durations import spell
from bot.config.manage import Manage
from bot.config.plugins import Kind
from bot.config.settings import Settings

WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    Decimal: "number",
    bool: "`true` or `false`",
    timedelta: "duration",
    SecretStr: "text (secret)",
}


PLACES: Mapping[tuple[str, ...], str] = {
    ("incidents", "calendars"): "Kinds of calendars",
    ("follow_ups", "trackers"): "Kinds of issue trackers",
    ("postmortems", "publish"): "Kinds of places for postmortems",
    ("statuspage", "pages"): "Kinds of outside status pages",
}
"""Headings of the plug-ins that lead to systems outside, by where manage.yml names them."""


def reference(
    checks: Mapping[str, Kind],
    channels: Mapping[str, Kind],
    sources: Mapping[str, Kind],
    places: Mapping[tuple[str, ...], Mapping[str, Kind]] | None = None,
) -> str:
    """Everything that can be set, as Markdown."""
    parts = ["## Environment", "", *_environment(), ""]
    for name, field in Manage.model_fields.items():
        parts += [f"## `{name}`", "", _sentence(field.description), "", *_section(name, field)]
    parts += ["## Kinds of health checks", "", *_kinds(checks)]
    parts += ["## Kinds of notification channels", "", *_kinds(channels)]
    parts += ["## Kinds of metric sources", "", *_kinds(sources)]
    for at, kinds in (places or {}).items():
        parts += [f"## {PLACES[at]}", "", f"Under `{'.'.join(at)}.NAME`.", "", *_kinds(kinds)]
    return "\n".join(parts).rstrip() + "\n"


def _environment() -> Iterator[str]:
    yield from ("| Variable | Value | Default | Meaning |", "| --- | --- | --- | --- |")
    for name, field in Settings.model_fields.items():
        yield _row(f"`{name.upper()}`", field)


def _section(name: str, field: FieldInfo) -> Iterator[str]:
    """One section of manage.yml: its own keys, then those of the models inside, one table for each."""
    annotation = field.annotation
    if _is_list(annotation):
        yield from _model_tables(f"{name}[]", _inner(annotation))
    elif _model(annotation) is None:
        yield from _model_tables(f"{name}.NAME" + ("[]" if _is_list(_value_of(annotation)) else ""), _inner(annotation))
    else:
        yield from _model_tables(name, _model(annotation))


def _model_tables(path: str, model: type[BaseModel] | None) -> Iterator[str]:
    if model is None:
        return
    yield from ("| Key | Value | Default | Meaning |", "| --- | --- | --- | --- |")
    deeper: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        key = f"{path}.{field.alias or name}"
        inner = _inner(field.annotation)
        if inner is not None and name != "options":
            deeper.append((f"{key}[]" if _is_list(field.annotation) else f"{key}.NAME", inner))
        elif (direct := _model(field.annotation)) is not None and name != "options":
            deeper.append((key, direct))
        elif (part := _model(field.annotation)) is not None and name != "options":
            deeper.append((key, part))
        yield _row(f"`{key}`", field)
    yield ""
    for key, inside in deeper:
        yield from _model_tables(key, inside)


def _kinds(kinds: Mapping[str, Kind]) -> Iterator[str]:
    if not kinds:
        yield from ("None.", "")
    for word, kind in sorted(kinds.items()):
        summary = (kind.options.__doc__ or "").strip().partition("\n")[0]
        yield from (f"### `type: {word}`", "", *([summary, ""] if summary else []))
        if kind.options.model_fields:
            yield from _model_tables("options", kind.options)
        else:
            yield from ("It takes no options.", "")


def _row(key: str, field: FieldInfo) -> str:
    cells = (key, _type(field.annotation, field), _default(field), _sentence(field.description))
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _sentence(description: str | None) -> str:
    return (description or "").strip()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value is None or value in ((), {}, "") or isinstance(value, BaseModel | Mapping):
        return ""
    return f"`{_spelled(value)}`"


def _spelled(value: Any) -> str:
    if isinstance(value, timedelta):
        return spell(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(_spelled(item) for item in value)}]"
    return f"{value:g}" if isinstance(value, float) else json.dumps(value) if isinstance(value, bool) else str(value)


def _type(annotation: Any, field: FieldInfo | None = None) -> str:  # noqa: PLR0911 - one line for each kind of type
    origin, arguments = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _type(annotation.__origin__, field)
    if origin in (Union, UnionType):
        return " or ".join(_type(part, field) for part in arguments if part is not type(None))
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in arguments)
    if origin in (tuple, list):
        inner = _model(arguments[0])
        return "list of mappings" if inner else f"list of {_type(arguments[0])}"
    if _is_mapping(annotation):
        return "mapping by name"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())


def _bare(annotation: Any) -> Any:
    """The annotation without metadata and None around it."""
    if hasattr(annotation, "__metadata__"):
        return _bare(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation


def _model(annotation: Any) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _is_list(annotation: Any) -> bool:
    return get_origin(_bare(annotation)) in (tuple, list)


def _is_mapping(annotation: Any) -> bool:
    origin = get_origin(_bare(annotation))
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _value_of(annotation: Any) -> Any:
    """What a mapping maps to, what a list lists."""
    bare = _bare(annotation)
    if _is_mapping(bare):
        return get_args(bare)[1]
    return get_args(bare)[0] if _is_list(bare) else None


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The model inside mappings and lists around it, None where there is none."""
    value = _value_of(annotation)
    while value is not None and _model(value) is None:
        value = _value_of(value)
    return _model(value) if value is not None else None
