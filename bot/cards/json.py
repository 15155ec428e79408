"""`to_json`: a card as what `--json` and the HTTP door print (pure)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

from bot.cards.card import Card, Link, Moment, Text
from bot.cards.marks import empty, plain

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def to_json(card: Card) -> dict[str, Any]:
    """The card's `data`, or what its parts say where it has none, as JSON values; always with `title` and `level`.

    Times are RFC 3339 in UTC, spans are seconds; numbers that JSON does not have (NaN, infinity) are null.
    """
    said = json_value(card.data) if card.data else _derived(card)
    return {"title": plain(card.title), "level": card.level.value} | {
        key: value for key, value in said.items() if key not in {"title", "level"}
    }


def _derived(card: Card) -> dict[str, Any]:
    derived: dict[str, Any] = {}
    if card.body:
        derived["body"] = [plain(text) for text in card.body if not empty(text)]
    if card.fields:
        derived["fields"] = {plain(field.label): _text(field.value) for field in card.fields}
    if card.table:
        names = card.table.columns
        derived["rows"] = [{plain(n): _text(c) for n, c in zip(names, row, strict=False)} for row in card.table.rows]
    if card.steps:
        derived["steps"] = [plain(text) for text in card.steps]
    for name, text in (("footer", card.footer), ("hint", card.hint)):
        if not empty(text):
            derived[name] = plain(text)
    return derived


def _text(text: Text) -> str:
    """A value that a program reads: a lone moment is its time, a lone link its address."""
    if isinstance(text, tuple) and len(text) == 1:
        return _text(text[0])
    match text:
        case Moment(at=at):
            return rfc3339(at)
        case Link(url=url):
            return url
        case _:
            return plain(text)


def rfc3339(at: datetime) -> str:
    """The time in UTC as RFC 3339 spells it ("2026-01-31T09:30:00Z")."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_value(value: Any) -> Any:
    """The value as JSON has it; what it does not know becomes text."""
    # most of them are such, and a match asks one question after the other
    return value if type(value) in _AS_THEY_ARE else _converted(value)


def _converted(value: Any) -> Any:  # noqa: PLR0911 - one line for each kind of value
    match value:
        case Enum():
            return json_value(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {_key(key): json_value(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return json_value(asdict(value))
        case Iterable():
            return [json_value(item) for item in value]
        case _:
            return str(value)


def _key(key: Any) -> str:
    return key if type(key) is str else str(json_value(key))
