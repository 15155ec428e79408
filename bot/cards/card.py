"""`Card`: everything the bot says, before it is known where it will be read.

A card holds meaning, never markup: text is plain strings and marks, so that no renderer can mistake what a person or a
model wrote for a mention or a link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class Level(StrEnum):
    """How the answer turned out; the shell's exit code follows from it (see `exit_code`)."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    BAD = "bad"
    USAGE = "usage"
    DENIED = "denied"

    @property
    def exit_code(self) -> int:
        """0 done, 1 bad news or failed, 2 wrong usage, 3 not allowed."""
        return {Level.BAD: 1, Level.USAGE: 2, Level.DENIED: 3}.get(self, 0)


class Accent(StrEnum):
    """Colour of a live card, by meaning; every card also says it in words."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    TAKEN = "taken"
    GOOD = "good"
    CALM = "calm"


@dataclass(frozen=True)
class Person:
    """A mention of a user; `id` is a Slack user id, or any actor's name ("bot", "shell:root") shown as it is."""

    id: str


@dataclass(frozen=True)
class Room:
    """A mention of a channel, by id; `name` is shown where channels cannot be linked."""

    id: str
    name: str = ""


@dataclass(frozen=True)
class Moment:
    """A point in time, shown in the reader's own zone where the medium can: clock time alone, or with its date."""

    at: datetime
    style: Literal["time", "date"] = "time"


@dataclass(frozen=True)
class Link:
    """An http(s) address with its text; any other scheme is shown as plain text."""

    url: str
    text: str


@dataclass(frozen=True)
class Bold:
    """Stressed text."""

    text: str


@dataclass(frozen=True)
class Code:
    """Something to type or a verbatim value, in fixed width."""

    text: str


@dataclass(frozen=True)
class CommandLine:
    """A command line to type: ("ack", "1") is `/do manage ack 1` in Slack and `./do manage ack 1` in a shell."""

    argv: tuple[str, ...]


Mark = Person | Room | Moment | Link | Bold | Code | CommandLine
Text = str | Mark | tuple[str | Mark, ...]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A labelled value."""

    label: str
    value: Text


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under named columns. `numeric` names the columns to align right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    numeric: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Button:
    """A button that runs a command line, or opens a form of it (`form`), or leads to an address (`url`).

    `confirm`, when set, is asked before it runs.
    """

    label: str
    argv: tuple[str, ...] = ()
    form: bool = False
    url: str = ""
    style: Literal["", "primary", "danger"] = ""
    confirm: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One answer, notice or page.

    `body` are paragraphs; `steps` are lines of a list (progress, timeline, statements); `data` is what `--json` prints
    (the renderer makes it from the rest when empty; `title` and `level` are always the card's own). `accent` marks a
    live card. `hint` is the next step, said last. `more` is the command line that shows the rest where a medium cuts.
    A `private` answer is for whoever asked alone: no door shows it to others.
    """

    title: str
    level: Level = Level.INFO
    body: tuple[Text, ...] = ()
    fields: tuple[Field, ...] = ()
    table: Table | None = None
    steps: tuple[Text, ...] = ()
    buttons: tuple[Button, ...] = ()
    footer: Text = ""
    hint: Text = ""
    accent: Accent | None = None
    more: tuple[str, ...] = ()
    private: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
