"""True sentences about the recorded incidents: those written by hand, and others made from the entries by rule."""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.postmortems.evidence import Evidence, Pack
from storage.records.postmortems import Statement, StatementKind
from tests.unit.postmortems.incidents import statements

_SYNONYMS = (
    (r"\bstarts\b", "begins"), (r"\bbegins\b", "starts"), (r"\bremoved\b", "deleted"), (r"\brestarted\b", "started again"),
    (r"\bincrease\b", "rise"), (r"\braise\b", "increase"), (r"\balerts\b", "alarms"), (r"\bfinds\b", "discovers"),
    (r"\bInforms\b", "Notifies"), (r"\bshow\b", "reveal"), (r"\brestored\b", "recovered"), (r"\bdeployed\b", "rolled out"),
    (r"\blowered\b", "reduced"), (r"\bcompletes\b", "finishes"), (r"\bSends\b", "Routes"), (r"\bfail\b", "crash"),
    (r"\bends\b", "is over"), (r"\bcreated\b", "opened"), (r"\bquickly\b", "fast"), (r"\bearlier\b", "previous"),
)  # fmt: skip
_NUMBERS = (
    ("47 000", "47,000"), ("80 thousand", "80,000"), ("five million", "5,000,000"), ("200,000", "200 thousand"), ("43 seconds", "43 s"),
    ("two hours", "120 minutes"), ("four hours", "4 hours"), ("30 minutes", "half an hour"), ("4.5 GB", "4.5GB"), ("300 GB", "0.3 TB"),
    ("1%", "1 percent"), ("88x", "88 times"), ("10x", "ten times"), ("8000", "8,000"), ("6 hours", "360 minutes"), ("2x", "twofold"),
)  # fmt: skip
Made = Iterator[tuple[str, Statement]]


def fact(text: str, *evidence: int) -> Statement:
    return Statement(kind=StatementKind.FACT, text=text, evidence=evidence)


def numbers(cites: str) -> tuple[int, ...]:
    return tuple(int(n) for n in cites.split(",") if n.strip())


def written(name: str) -> list[Statement]:
    lines = (line.split(" | ", 1) for line in statements(name, "true"))
    return [fact(text, *numbers(cites)) for cites, text in lines]


def made(told: Pack) -> Made:
    """Paraphrases by rule, each under the name of its rule."""
    for item in told.items:
        yield from _one(item)
        for old, new in _NUMBERS:
            if re.search(rf"(?<![\d,.]){re.escape(old)}(?!\d)", item.words):
                yield "number said otherwise", fact(re.sub(rf"(?<![\d,.]){re.escape(old)}", new, item.words), item.id)
        for old, new in _SYNONYMS:
            if re.search(old, item.words):
                yield "synonym", fact(re.sub(old, new, item.words), item.id)
    for a, b in pairwise(told.items):
        yield from _two(a, b)
    first, last = told.items[0], told.items[-1]
    hours = (last.at - first.at) / timedelta(hours=1)
    yield "rounded", fact(f"About {hours:.0f} hours lay between the first and the last of it.", first.id, last.id)


def told_in_berlin(told: Pack) -> Made:
    """Times as people in Berlin tell them, for a pack of that zone."""
    for item in told.items:
        local = item.at.astimezone(ZoneInfo("Europe/Berlin"))
        yield "local time", fact(f"At {local:%H:%M}: {item.words}", item.id)
        yield "named zone", fact(f"At {local:%H:%M} {local:%Z}: {item.words}", item.id)


def _one(item: Evidence) -> Made:
    at = item.at
    half = f"{at:%I:%M}".lstrip("0") + (" am" if at.hour < 12 else " p.m.")
    yield "copied", fact(f"At {at:%H:%M} UTC: {item.words}.", item.id)
    yield "time of day", fact(f"At {half} UTC, as {item.actor} noted: {item.words}.", item.id)
    yield "time of day", fact(f"{item.words} ({at:%H%M}Z).", item.id)
    yield "date", fact(f"On {at.day} {at:%B %Y} at {at:%H:%M}: {item.words}.", item.id)
    yield "date", fact(f"{item.words} on {at:%B} {at.day}, {at.year}.", item.id)
    yield "date", fact(f"{at:%A}, {at:%H:%M}: {item.words}", item.id)
    pieces = item.words.split("; ")
    if len(pieces) > 1:
        yield "reordered", fact("; ".join(reversed(pieces)) + ".", item.id)
        yield "shortened", fact(f"{pieces[0]}.", item.id)


def _two(a: Evidence, b: Evidence) -> Made:
    minutes = round((b.at - a.at).total_seconds() / 60)
    if not minutes:
        return
    one, other = _clause(a), _clause(b)
    yield "merged", fact(f"{one}, then {other}.", a.id, b.id)
    yield "duration", fact(f"{other} {minutes} minutes after {one}.", a.id, b.id)
    yield "duration", fact(f"{one}. {minutes // 60} h {minutes % 60} min later {other}.", a.id, b.id)
    yield "rounded", fact(f"Roughly {round(minutes, -1) or minutes} minutes after {one}, {other}.", a.id, b.id)


def _clause(item: Evidence) -> str:
    return item.words.split("; ")[0]
