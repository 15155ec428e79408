"""Tokens: how many a text has, and which evidence fits into how many (pure)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Generic, TypeVar

T = TypeVar("T")

CHARACTERS_PER_TOKEN = 3.5
"""A cautious mean for English, JSON and identifiers: no tokenizer fits every model, and theirs must be downloaded."""

_WIDE = re.compile(r"[\u2e80-\U0010ffff]")  # scripts and emoji that take a token or more each


def estimate(text: str) -> int:
    """How many tokens the text has, about; more than most tokenizers count."""
    wide = 0 if text.isascii() else len(_WIDE.findall(text))
    return ceil((len(text) - wide) / CHARACTERS_PER_TOKEN) + wide


@dataclass(frozen=True)
class Fit(Generic[T]):
    """What fits, in the given order, and what was left out."""

    kept: tuple[T, ...]
    left_out: tuple[T, ...]


def fit(
    items: Sequence[T],
    room: int,
    *,
    cost: Callable[[T], int],
    weight: Callable[[T], int],
    at: Callable[[T], datetime],
) -> Fit[T]:
    """Keep whole items within `room` tokens: the lightest go first, of equal ones the oldest."""
    spent = sum(cost(item) for item in items)
    dropped: set[int] = set()
    for index in sorted(range(len(items)), key=lambda i: (weight(items[i]), at(items[i]), i)):
        if spent <= room:
            break
        dropped.add(index)
        spent -= cost(items[index])
    return Fit(
        kept=tuple(item for i, item in enumerate(items) if i not in dropped),
        left_out=tuple(item for i, item in enumerate(items) if i in dropped),
    )


def split(items: Sequence[T], room: int, *, cost: Callable[[T], int]) -> tuple[tuple[T, ...], ...]:
    """The items in their order, in as few parts as hold `room` tokens each; one that is larger is a part by itself."""
    parts: list[list[T]] = []
    left = 0
    for item in items:
        if not parts or cost(item) > left:
            parts.append([])
            left = room
        parts[-1].append(item)
        left -= cost(item)
    return tuple(tuple(part) for part in parts)
