"""What people may answer to a page by text or mail: a few commands, and no others (pure)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.cards.card import Card, Code, CommandLine
from bot.cards.marks import parts
from bot.cards.text import to_text

ACK = "ack"
_WORDS = {"ack": ACK, "acknowledge": ACK, "resolve": "resolve", "oncall": "oncall", "help": "help"}
_NUMBER = re.compile(r"#?([1-9]\d{0,17})")
_MOST = 1000
HELP = Card(
    title="Answers that are understood",
    body=(
        "ack 42 takes alert 42, ack 42 43 several, ack all whatever fires, resolve 42 ends it, oncall tells who it is.",
        "Words behind are the comment.",
    ),
)
_QUOTED = re.compile(r"(?m)^(>.*|-- ?|[-_]{5,}.*|On .{5,200}wrote:|Am .{5,200}schrieb.*|From: .*)$")


def argv(text: str, alert: int | None = None) -> tuple[str, ...] | None:
    """The command line of an answer: ("ack", "42", "--comment=looking"); None when it is none that may be given.

    ("help",) stands for `HELP`. `alert` is the one meant where the answer names none.
    """
    words = text[:_MOST].split()
    command = _WORDS.get(words[0].lower().strip(".!,:")) if words else None
    if command is None or command in {"oncall", "help"}:
        return (command,) if command else None
    named = _named(words[1:], several=command == ACK)
    rest = " ".join(words[1 + len(named) :])
    numbers = named or ((str(alert),) if alert else ())
    if not numbers:
        return (command,)  # the command itself says what is missing
    return (command, *numbers, f"--comment={rest}") if rest else (command, *numbers)


def _named(words: Sequence[str], *, several: bool) -> tuple[str, ...]:
    """The number with which the words begin, or all of them where they are nothing but numbers, or "all"."""
    bare = [word.strip(".!,:;") for word in words]
    if several and [word.lower() for word in bare] == ["all"]:
        return ("all",)
    numbers = [match[1] if (match := _NUMBER.fullmatch(word)) else "" for word in bare]
    if several and all(numbers):
        return tuple(numbers)
    return tuple(numbers[:1]) if numbers and numbers[0] else ()


def own_words(text: str) -> str:
    """What somebody wrote above the mail that they answer."""
    quoted = _QUOTED.search(text)
    return (text[: quoted.start()] if quoted else text).strip()


def said(card: Card, now: datetime) -> str:
    """A card for whoever has no buttons: its words, without what could only be clicked or typed in Slack."""
    typed = any(isinstance(part, CommandLine | Code) for part in parts(card.hint))
    bare = replace(card, buttons=(), footer="", hint="" if typed else card.hint)
    return "\n".join(line for line in to_text(bare, now).splitlines() if line.strip())
