"""Planted falsehoods: those written by hand, and others made from true sentences by changing one thing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from bot.postmortems.claims import claims
from bot.postmortems.evidence import Evidence, Pack
from storage.records.postmortems import Statement
from tests.unit.postmortems.incidents import statements
from tests.unit.postmortems.truths import Made, fact, numbers

_CLOCK = re.compile(r"\b(\d\d):(\d\d)\b")
_DAY = re.compile(r"\b(\d{1,2}) (October|November|January|February)\b|\b(October) (\d{1,2})\b")
_SPAN = re.compile(r"(?<![\d:.])(\d+)( (?:more )?(?:seconds?|minutes?|hours?))\b")
_PERCENT = re.compile(r"\b(\d+)%")
_NUMBER = re.compile(
    r"(?<![\w:.,#-])(\d[\d,]*)(?! ?(?:%|am|pm|UTC|October|November|January|February))(?![\w:,.]|-\w| (?:minutes?|hours?|seconds?)\b)"
)
_UNITS = (
    ("minutes", "hours"),
    ("hours", "days"),
    ("seconds", "minutes"),
    ("GB", "MB"),
    ("million", "billion"),
    ("thousand", "million"),
    ("%", "x"),
)
_SIGNS = (
    ("rises", "falls"), ("rose", "fell"), ("lowered", "raised"), ("reduced", "increased"), ("raised from", "lowered from"), ("grows", "shrinks"),
    ("grew", "shrank"), ("increase the", "decrease the"), ("went up", "went down"), ("lowered from", "raised from"),
)  # fmt: skip
_AUXILIARY = re.compile(r"\b(was|were|had been|could|is|are)\b(?! (?:not|no|still|only|unavailable|missing|off)\b)")
_DENIED = re.compile(
    r"\b(?:not|no|never|none|without|unavailable|missing|stop\w*|refus\w*|fail\w*|lost|further|degraded)\b|n't\b"
)
_HOSTS = re.compile(r"\b(db1\.staging|db1|db2|nfs-share01|USA-2)\b")
PEOPLE = (
    "docbrown",
    "jennifer",
    "martym",
    "clarac",
    "agoogler",
    "team-member-1",
    "incident coordinator",
    "orchestrator",
)


def written(name: str) -> Iterator[tuple[str, Statement]]:
    for line in statements(name, "false"):
        kind, cites, text = line.split(" | ", 2)
        yield kind, fact(text, *numbers(cites))


def made(told: Pack, true: list[Statement]) -> Made:
    """One lie after the other, each under its kind."""
    for statement in true:
        yield from _changed(statement)
        yield "uncited", replace(statement, evidence=())
        yield "uncited", replace(statement, evidence=(999,))
        yield (
            "quote",
            replace(statement, text=f"{statement.text} “We knew that this would break one day,” somebody said."),
        )
        yield "host", replace(statement, text=f"{statement.text.rstrip('.')} on web-17.")
        yield "version", replace(statement, text=f"{statement.text.rstrip('.')}, with v4.7.2.")
        yield "name", replace(statement, text=f"{statement.text.rstrip('.')}, as Mallory saw.")
        if not _DENIED.search(statement.text) and len(_AUXILIARY.findall(statement.text)) == 1:
            yield "negation", replace(statement, text=_AUXILIARY.sub(r"\1 not", statement.text))
    for item in told.items:
        copy = fact(f"At {item.at:%H:%M} UTC {item.actor}: {item.words}.", item.id)
        yield from _changed(copy)
        yield from _by_another(item, told)
    yield from _misordered(told)


def _changed(statement: Statement) -> Made:
    text = statement.text
    for kind, pattern in (
        ("time", _CLOCK),
        ("date", _DAY),
        ("duration", _SPAN),
        ("percent", _PERCENT),
        ("number", _NUMBER),
    ):
        for match in pattern.finditer(text):
            yield kind, replace(statement, text=text[: match.start()] + _other(match[0], kind) + text[match.end() :])
    for kind, pairs in (("unit", _UNITS), ("sign", _SIGNS)):
        for old, new in pairs:
            place = re.search(rf"(?<=[\d ]){re.escape(old)}(?!\w)" if kind == "unit" else rf"\b{old}\b", text)
            if place and (kind == "sign" or claims(text).figures != claims(text.replace(old, new, 1)).figures):
                yield kind, replace(statement, text=text.replace(old, new, 1))
    for match in _HOSTS.finditer(text):
        yield "host", replace(statement, text=text[: match.start()] + match[0][:-1] + "7" + text[match.end() :])
    for name in dict.fromkeys(n for n in claims(text).names if n.isalpha() and n[0].isupper()):
        yield "name", replace(statement, text=re.sub(rf"\b{name}\b", "Zanzibar", text))


def _other(said: str, kind: str) -> str:
    digits = re.search(r"\d[\d,]*", said) if kind != "time" else re.search(r"\d\d$", said)
    assert digits
    value = int(digits[0].replace(",", ""))
    new = (value + 7) % 60 if kind == "time" else value + 3 if kind in {"duration", "date"} else value + 2
    shown = f"{new:02}" if kind == "time" else f"{new:,}" if "," in digits[0] else str(new)
    return said[: digits.start()] + shown + said[digits.end() :]


def _by_another(item: Evidence, told: Pack) -> Made:
    there = f"{item.actor} {item.words}"
    for person in PEOPLE:
        if item.actor in PEOPLE and person not in there and any(person in other.actor for other in told.items):
            yield "actor", fact(f"{person} did this: {item.words}", item.id)


def _misordered(told: Pack) -> Made:
    """Neighbours and entries two apart, the wrong way round; only where both name something of their own."""
    for a, b in combinations(told.items, 2):
        if a.at < b.at and b.id - a.id <= 2:
            one, other = (item.words.split("; ")[0] for item in (a, b))
            yield "order", fact(f"{other} before {one}.", a.id, b.id)
            yield "order", fact(f"{other}, then {one}.", a.id, b.id)
            yield "cause", fact(f"{one} because {other}.", a.id, b.id)
            yield "cause", fact(f"{other}, which led to this: {one}.", a.id, b.id)


def miscited(told: Pack, true: list[Statement]) -> Made:
    """True sentences that cite the entry after the right one instead."""
    for statement in true:
        after = max(statement.evidence) + 1
        if after <= len(told.items):
            yield "citation", replace(statement, evidence=(after,))
