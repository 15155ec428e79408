"""The base of all facts, and how a fact is stored: `payload_of` writes it, `event_of` reads it back."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all facts; `subject` is what it happened to ("alert:42")."""

    @property
    def subject(self) -> str:
        """The subject's name, as journal, jobs and posts spell it."""
        raise TypeError(f"{type(self).__name__} names no subject")


def payload_of(event: Event) -> dict[str, Any]:
    """The event's fields as JSON values: datetimes as ISO 8601, tuples as lists."""
    kind: Any = type(event)
    return {name: _to_json(getattr(event, name)) for name in _names(kind)}


def event_of(kind: str, payload: Mapping[str, Any]) -> Event:
    """The event that `payload_of` wrote. Unknown fields are ignored, so that older programs can read newer entries.

    Raises `KeyError` for a kind that this program does not know.
    """
    cls, hints = _shape(kind)
    return cls(**{k: _from_json(hints[k], v) for k, v in payload.items() if k in hints})


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))


@cache
def _shape(kind: str) -> tuple[type[Event], Mapping[str, Any]]:
    """The class of that name, and the types of its fields: finding them takes longer than what is done with them."""
    cls = _kinds()[kind]
    hints = get_type_hints(cls)
    return cls, {f.name: hints[f.name] for f in fields(cls)}


def _kinds(base: type[Event] = Event) -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for cls in base.__subclasses__():
        found |= {cls.__name__: cls, **_kinds(cls)}
    return found


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_to_json(v) for v in value]
    return value


def _from_json(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (UnionType, Union):
        return _from_json(next(a for a in get_args(hint) if a is not type(None)), value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if get_origin(hint) is tuple:
        return tuple(_from_json(get_args(hint)[0], v) for v in value)
    return value
