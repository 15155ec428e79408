"""Words and marks that all cards about alerts share (pure)."""

from collections.abc import Mapping

from bot.cards.card import Mark, Person
from bot.phrasing import cut
from storage.records.alerts import Instance

SHOWN = 10
"""Instances that a card names; the others are counted."""
MOST_LABELS = 120


def target(target: str) -> str | Mark:
    """Whom a page goes to: a person is mentioned, a channel or a number stands as it is."""
    return Person(target[1:]) if target.startswith("@") else target


def sets_apart(instance: Instance, shared: Mapping[str, str]) -> str:
    """The labels that tell an instance from the others of its alert, by name; its own name when there are none."""
    own = [f"{label}={value}" for label, value in sorted(instance.labels.items()) if label not in shared]
    return cut(", ".join(own), MOST_LABELS) or instance.name
