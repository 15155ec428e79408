"""A card as JSON: as values, and as bytes that are sent."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest

from bot.cards.card import Card, Level
from bot.cards.json import encoded, to_json


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    _hidden: float


VALUES: dict[str, Any] = {
    "text": "line one\nü",
    "numbers": [1, -2.5, True, None],
    "no number": [float("nan"), float("inf")],
    "level": Level.BAD,
    "enum": Colour.RED,
    "moment in UTC": datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
    "moment elsewhere": datetime(2026, 1, 31, 9, 30, 0, 5, tzinfo=timezone(timedelta(hours=2))),
    "day": date(2026, 1, 31),
    "span": timedelta(minutes=1.5),
    "mapping": MappingProxyType({"a": (1, 2)}),
    "dataclass": Point(1, float("nan")),
    "set": {1},
    "half a surrogate pair": "\ud800",
    "a very large number": 2**70,
    "a key that is a number": {1: "one"},
    "anything else": object,
}


@pytest.mark.parametrize("name", VALUES)
def test_what_is_sent_says_what_the_values_say(name: str) -> None:
    card = Card(title="t", data={name: VALUES[name]})
    assert json.loads(encoded(card, key="k")) == {"key": "k", "card": to_json(card)}


def test_title_and_level_are_the_cards_own_and_come_first() -> None:
    card = Card(title="own", level=Level.BAD, data={"number": 1, "title": "of the data", "level": "ok"})
    assert list(to_json(card).items()) == [("title", "own"), ("level", "bad"), ("number", 1)]


def test_a_card_without_data_says_its_parts() -> None:
    card = Card(title="t", body=("some words",))
    assert json.loads(encoded(card))["card"] == {"title": "t", "level": "info", "body": ["some words"]}
