"""What a sentence claims that can be looked up: times, dates, numbers, names, quotations (pure)."""

import re
from dataclasses import dataclass
from datetime import datetime

from bot.postmortems.figures import Figure, blanked, figures

Clock = tuple[int, int, int | None]
"""Hour, minute, and second where it was said."""
Day = tuple[int | None, int, int]
"""Year where it was said, month, day."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What was found in one text."""

    clocks: tuple[Clock, ...] = ()
    days: tuple[Day, ...] = ()
    weekdays: tuple[int, ...] = ()
    figures: tuple[Figure, ...] = ()
    names: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def _each(words: str) -> list[str]:
    return words.split()


_MONTH_NAMES = _each("january february march april may june july august september october november december")
_WEEKDAY_NAMES = _each("monday tuesday wednesday thursday friday saturday sunday")
_MONTHS = {name: i for i, name in enumerate(_MONTH_NAMES, start=1)}
_MONTHS |= {name[:3]: i for name, i in _MONTHS.items()} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_LINK = re.compile(r"\b(?:https?|ftp|mailto|slack):(?://)?[^\s<>\"'`]+|\bwww\.[^\s<>\"'`]+", re.IGNORECASE)
_QUOTE = re.compile(r"“([^“”]{2,})”|\"([^\"]{2,})\"|«([^«»]{2,})»")
_CODE = re.compile(r"`([^`]+)`")
_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?=T|\b)")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}})\b)?", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?", re.IGNORECASE)
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAY_NAMES)})s?\b", re.IGNORECASE)
_TIME = re.compile(
    r"(?<![\d.:])T?(\d{1,2})[:h]([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?(?![\d:])(?:\s?([ap])\.?m\b\.?)?"
    r"(?:\s?(?:UTC|GMT|Z)\b)?",
    re.IGNORECASE,
)
_HOUR = re.compile(r"\b(1[0-2]|0?[1-9])\s?([ap])\.?m\b\.?(?:\s?(?:UTC|GMT)\b)?", re.IGNORECASE)
_ORDINAL = re.compile(r"\b\d+(?:st|nd|rd|th)\b")
# a digit, a dot, an underscore or a capital inside, or a sign in front, make a name of a word
_IDENTIFIER = re.compile(
    r"[@#][\w][\w.:/-]*"
    r"|(?<![\w/])/[\w.-]+(?:/[\w.-]+)*/?"
    r"|\b[A-Za-z][\w]*(?:[._:/-][\w]+)*[._/-]?\d[\w]*(?:[._:/-][\w]+)*"
    r"|\b\d[\w]*[A-Za-z_][\w]*(?:[._:/-][\w]+)*"
    r"|\b\d+(?:\.\d+){2,}(?::\d+)?\b"
    r"|\b[\w-]+(?:\.[A-Za-z][\w-]+)+(?::\d+)?\b"
    r"|\b[A-Za-z]\w*_\w+\b"
    r"|\b[A-Za-z]+[a-z][A-Z]\w*\b"
)
_CAPITAL = re.compile(r"\b[A-Z][A-Za-z]+\b")
_ENDS = re.compile(r"(?:^|[.!?:;\n]|[-\u2013\u2014•(“\"])\s*$")
# Words of the trade and of the language that are capitals without being anybody's name.
_COMMON = frozenset(
    _each(
        "API APIs CD CDN CI CPU DB DNS DDoS GMT HTTP HTTPS I ID IDs IO IP IPs JSON MTTA MTTD MTTR OK OOM OS PR QA RAM"
        " RPC SEV SLA SLI SLO SLOs SQL SRE SSD SSH SSL TCP TLS TTL UDP UI URL URLs UTC UX VM VMs VPN WAL XML YAML"
    )
)


def claims(text: str) -> Claims:
    """Everything in the text that names a time, a number, a thing, or somebody's words."""
    left, links = _taken(text, _LINK)
    left, quotes = _taken(left, _QUOTE)
    left, spans = _taken(left, _CODE)
    left, days = _days(left)
    left, clocks = _clocks(left)
    left, weekdays = _taken(left, _WEEKDAY)
    left = _ORDINAL.sub(_blank, left)
    numbers = figures(left)
    left, identifiers = _taken(blanked(left), _IDENTIFIER)
    return Claims(
        clocks=tuple(clocks),
        days=tuple(days),
        weekdays=tuple(_WEEKDAY_NAMES.index(m[1].lower()) for m in weekdays),
        figures=tuple(numbers),
        names=(*(m[1] for m in spans), *(_name(m[0]) for m in identifiers), *_capitals(left)),
        quotes=tuple(next(group for group in m.groups() if group) for m in quotes),
        links=tuple(m[0].rstrip(".,;:!?)") for m in links),
    )


def clock_of(at: datetime) -> Clock:
    """The clock time of a moment."""
    return at.hour, at.minute, at.second


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _taken(text: str, pattern: re.Pattern[str]) -> tuple[str, list[re.Match[str]]]:
    return pattern.sub(_blank, text), list(pattern.finditer(text))


def _days(text: str) -> tuple[str, list[Day]]:
    left, iso = _taken(text, _DAY)
    found: list[Day] = [(int(m[1]), int(m[2]), int(m[3])) for m in iso]
    left, day_first = _taken(left, _DAY_FIRST)
    found += [(int(m[3]) if m[3] else None, _MONTHS[m[2].lower()], int(m[1])) for m in day_first]
    left, month_first = _taken(left, _MONTH_FIRST)
    found += [(int(m[3]) if m[3] else None, _MONTHS[m[1].lower()], int(m[2])) for m in month_first]
    return left, found


def _clocks(text: str) -> tuple[str, list[Clock]]:
    left, times = _taken(text, _TIME)
    found: list[Clock] = [(_hour(int(m[1]), m[4]), int(m[2]), int(m[3]) if m[3] else None) for m in times]
    left, hours = _taken(left, _HOUR)
    return left, found + [(_hour(int(m[1]), m[2]), 0, None) for m in hours]


def _hour(hour: int, half: str | None) -> int:
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half.lower() == "p" else 0)


def _name(found: str) -> str:
    return found.rstrip(".,;:!?-")


def _capitals(text: str) -> list[str]:
    """Capitalised words inside a sentence; at its beginning every word is one."""
    months = {name.capitalize() for name in (*_MONTHS, *_WEEKDAY_NAMES)}
    return [
        m[0]
        for m in _CAPITAL.finditer(text)
        if m[0] not in _COMMON and m[0] not in months and not _ENDS.search(text[: m.start()])
    ]
