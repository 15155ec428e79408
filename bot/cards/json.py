"""`to_json`: a card as what `--json` and the HTTP door print (pure)."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

import orjson

from bot.cards.card import Card, Link, Moment, Text
from bot.cards.marks import empty, plain

_OURS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS  # these have their own spelling here


def to_json(card: Card) -> dict[str, Any]:
    """The card's `data`, or what its parts say where it has none, as JSON values; always with `title` and `level`.

    Times are RFC 3339 in UTC, spans are seconds; numbers that JSON does not have (NaN, infinity) are null.
    """
    said: dict[str, Any] = json_value(_said(card))
    return said


def encoded(card: Card, **besides: str | int) -> bytes:
    """The object that has the card as `card`, and `besides`, as JSON."""
    try:
        return orjson.dumps({**besides, "card": _said(card)}, default=json_value, option=_OURS)
    except orjson.JSONEncodeError:  # it takes no half of a surrogate pair, no very large number
        return json.dumps({**besides, "card": to_json(card)}).encode()


def _said(card: Card) -> dict[str, Any]:
    own = {"title": plain(card.title), "level": card.level.value}
    return own | dict(card.data or _derived(card)) | own  # first, and not overwritten


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


def json_value(value: Any) -> Any:  # noqa: PLR0911 - one line for each kind of value
    """The value as JSON has it; what it does not know becomes text."""
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
            return {str(json_value(key)): json_value(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return json_value(asdict(value))
        case Iterable():
            return [json_value(item) for item in value]
        case _:
            return str(value)
