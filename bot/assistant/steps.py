"""What becomes of what a model asks for: looked at, offered as a button, or refused (pure)."""

import shlex
from dataclasses import dataclass

from bot.cards.card import Level


@dataclass(frozen=True)
class Look:
    """A command line that only reads: it may be run in the asker's name."""

    argv: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """A command line that changes something: a person may run it by pressing a button."""

    argv: tuple[str, ...]

    @property
    def line(self) -> str:
        """As it is typed behind the slash command."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class Refused:
    """What cannot be had, in words for the model."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command that was looked at: its line, and how it came out."""

    argv: tuple[str, ...]
    level: Level
