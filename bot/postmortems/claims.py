"""What a sentence claims that can be looked up: times, dates, numbers, names, quotations (pure)."""

import re
from dataclasses import dataclass
from datetime import datetime

from bot.postmortems.figures import Figure, blanked, figures, without_numbers

Clock = tuple[int, int, int | None]
"""Hour, minute, and second where it was said."""
Day = tuple[int | None, int, int]
"""Year where it was said, month, day."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What was found in one text.

    `clocks` of a named zone are in UTC and stand in `zoned` as well; those said to be about that time in `rough` too.
    """

    clocks: tuple[Clock, ...] = ()
    zoned: tuple[Clock, ...] = ()
    rough: tuple[Clock, ...] = ()
    days: tuple[Day, ...] = ()
    weekdays: tuple[int, ...] = ()
    figures: tuple[Figure, ...] = ()
    names: tuple[str, ...] = ()
    ranks: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def _each(words: str) -> list[str]:
    return words.split()


_MONTH_NAMES = _each("january february march april may june july august september october november december")
_WEEKDAY_NAMES = _each("monday tuesday wednesday thursday friday saturday sunday")
_MONTHS = {name: i for i, name in enumerate(_MONTH_NAMES, start=1)}
_MONTHS |= {name[:3]: i for name, i in _MONTHS.items()} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_ZONES = {
    "UTC": 0.0, "GMT": 0.0, "Z": 0.0, "CET": 1.0, "CEST": 2.0, "BST": 1.0, "WET": 0.0, "WEST": 1.0, "EET": 2.0,
    "EEST": 3.0,
    "EST": -5.0, "EDT": -4.0, "CST": -6.0, "CDT": -5.0, "MST": -7.0, "MDT": -6.0, "PST": -8.0, "PDT": -7.0, "IST": 5.5,
    "JST": 9.0, "SGT": 8.0, "AEST": 10.0, "AEDT": 11.0,
}  # fmt: skip
_ZONED = rf"(?:\s?\(?((?:UTC|GMT)?[+\u2212-]\d{{1,2}}(?::?\d\d)?|{'|'.join(_ZONES)})\b\)?)?"
_PARTS = {"five": 5, "ten": 10, "quarter": 15, "a quarter": 15, "twenty": 20, "twenty-five": 25, "half": 30}
_HOURS = {
    word: i for i, word in enumerate(_each("one two three four five six seven eight nine ten eleven twelve"), start=1)
}

_LINK = re.compile(r"\b(?:https?|ftp|mailto|slack):(?://)?[^\s<>\"'`]+|\bwww\.[^\s<>\"'`]+", re.IGNORECASE)
_QUOTE = re.compile(
    r"“([^“”]{2,})”|\"([^\"]{2,})\"|«([^«»]{2,})»|„([^„“”]{2,})[“”]"
    r"|(?<!\w)['\u2018]([^'\u2018\u2019\s]+(?: [^'\u2018\u2019]+)+)['\u2019](?!\w)"
)
_CODE = re.compile(r"`([^`]+)`")
_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?=T|\b)")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}})\b)?", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?", re.IGNORECASE)
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAY_NAMES)})s?\b", re.IGNORECASE)
_TIME = re.compile(
    r"(?<![\d.:])T?(\d{1,2})[:h]([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?(?![\d:])(?:\s?([ap])\.?m\b\.?)?"
    rf"{_ZONED}",
    re.IGNORECASE,
)
_HOUR = re.compile(rf"\b(1[0-2]|0?[1-9])()()\s?([ap])\.?m\b\.?{_ZONED}", re.IGNORECASE)
_MILITARY = re.compile(r"\b([01]\d|2[0-3])([0-5]\d)()()\s?(UTC|GMT|Z)\b")
_NAMED_HOUR = re.compile(rf"\b(noon|midday|midnight)\b{_ZONED}", re.IGNORECASE)
_SPOKEN = re.compile(
    rf"\b({'|'.join(_PARTS)}) (past|to) ({'|'.join(_HOURS)})\b(?: (?:in the )?(morning|afternoon|evening|at night))?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"([+\u2212-])(\d{1,2}):?(\d\d)?$")
_ROUGH = re.compile(r"(?:~|≈|\b(?:about|around|roughly|approximately|some|circa|close to))\s?$", re.IGNORECASE)
_ORDINAL = re.compile(r"\b\d+(?:st|nd|rd|th)\b")
_RANK = re.compile(r"\b(third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d+(?:st|nd|rd|th))\b", re.IGNORECASE)
_LONG = re.compile(r"\b\d{12,}\b")  # longer than any quantity: a number of something, compared digit by digit
_UNIT = re.compile(r"\b(?:seconds|minutes|hours|days|weeks|months)\b", re.IGNORECASE)
_STATE = re.compile(r"\b(red|yellow|green|amber|orange)\b", re.IGNORECASE)
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
# "Mallory deployed" names somebody, "Replication stopped" does not: a bare word that acts, and is no word for a matter
_ACTS = re.compile(
    r" (?:(?:then|also|later|first|quickly|manually) )?(?:[a-z]+ed|was|is|had|has|did|began|took|made|found|ran|sent"
    r"|set|went|told|gave|fell|rose|brought|chose|broke|wrote|led|held|kept|left|put|cut|came|thought|said|saw"
    r"|lost|shut|built|stood|grew|hit|met|spent|spoke|threw|won|drew|drove|caught"
    r"|bought|got|dealt|froze|spun|'s|and [A-Z]\w+ [a-z]+ed)\b"
)
_ORDINARY = re.compile(
    r"[A-Z]\w*(?:ion|ment|ing|ness|ity|ance|ence|ship|age|al|ly|s|ed|ure|ware|work|ble)|A|An|The|Its|His|Her|Their|Our|Your|My|These|Those|It|This|That|What|Which|Who|He|She|They|We|I"
    r"|You|There|Then|Here|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|All|Both|Each|Everyone|Everybody|Someone|Somebody|No"
    r"|None|Nobody|Nothing|Everything|Something|Anyone|Another|Other|Some|Many|Most|Few|More|Half|Much|Traffic|Load|Code|Data"
    r"|Recovery|Delivery|Memory|Latency|Capacity|Support|Staff|Management|Demand|Output|Input|Backlog|Throughput|Root|After|Before"
    r"|Once|When|While|Since|Until|If|As|Because|Later|Only|Even|Never|Not|And|But|So|Or|In|On|At|By|For|From|With|Without|People"
    r"|Production|Downtime|Uptime|Spam|Cache|Disk|Storage|Hardware|Customer|User|Team|Engineer|Email|Mail|Help|Proof|Word|Service|Any|Every|Several"
)
# Words of the trade and of the language that are capitals without being anybody's name.
_COMMON = frozenset(
    _each("API APIs GMT HTTP HTTPS I ID IDs IP IPs MTTA MTTD MTTR OK PR SEV SLA SLI SLO SLOs SRE UI URL URLs UTC")
)


def claims(text: str) -> Claims:
    """Everything in the text that names a time, a number, a thing, or somebody's words."""
    left, links = _taken(text, _LINK)
    left, quotes = _taken(left, _QUOTE)
    left, spans = _taken(left, _CODE)
    left, days = _days(left)
    left, clocks, zoned, rough = _clocks(left)
    left, weekdays = _taken(left, _WEEKDAY)
    left, long = _taken(left, _LONG)
    states = [m[1].lower() for m in _STATE.finditer(left)]
    ranks = [m[1].lower() for m in _RANK.finditer(left)]
    left = _ORDINAL.sub(_blank, left)
    numbers = figures(left)
    left, identifiers = _taken(blanked(left), _IDENTIFIER)
    return Claims(
        clocks=tuple(clocks),
        zoned=tuple(zoned),
        rough=tuple(rough),
        days=tuple(days),
        weekdays=tuple(_WEEKDAY_NAMES.index(m[1].lower()) for m in weekdays),
        figures=tuple(numbers),
        names=(
            *(m[1] for m in spans),
            *(_name(m[0]) for m in identifiers),
            *_capitals(left),
            *states,
            *(m[0] for m in long),
        ),
        ranks=tuple(ranks),
        units=tuple(m[0].lower() for m in _UNIT.finditer(without_numbers(left))),
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


def _clocks(text: str) -> tuple[str, list[Clock], list[Clock], list[Clock]]:
    clocks: list[Clock] = []
    zoned: list[Clock] = []
    rough: list[Clock] = []
    for pattern in (_TIME, _MILITARY, _HOUR):
        for m in pattern.finditer(text):
            hour, minute = _hour(int(m[1]), m[4]), int(m[2] or 0)
            clock = _in_utc((hour, minute, int(m[3]) if m[3] else None), m[5] or "")
            clocks.append(clock)
            zoned += [clock] if m[5] else []
            rough += [clock] if _ROUGH.search(text[max(m.start() - 16, 0) : m.start()]) else []
        text = pattern.sub(_blank, text)
    named = _NAMED_HOUR.finditer(text)
    clocks += [_in_utc((0 if m[1].lower() == "midnight" else 12, 0, None), m[2] or "") for m in named]
    text, spoken = _taken(_NAMED_HOUR.sub(_blank, text), _SPOKEN)
    return text, clocks + [_spoken(m) for m in spoken], zoned, rough


def _spoken(match: re.Match[str]) -> Clock:
    minutes = _HOURS[match[3].lower()] % 12 * 60
    minutes += _PARTS[match[1].lower()] * (1 if match[2].lower() == "past" else -1)
    minutes += 12 * 60 if (match[4] or "").lower() in {"afternoon", "evening", "at night"} else 0
    return minutes // 60 % 24, minutes % 60, None


def _in_utc(clock: Clock, zone: str) -> Clock:
    """The clock time moved from a named zone or an offset like +02:00 or UTC-5 to UTC."""
    offset = _OFFSET.search(zone)
    if offset:
        hours = (int(offset[2]) + int(offset[3] or 0) / 60) * (1 if offset[1] == "+" else -1)
    else:
        hours = _ZONES.get(zone.upper(), 0.0)
    minutes = clock[0] * 60 + clock[1] - round(hours * 60)
    return (minutes // 60 % 24, minutes % 60, clock[2]) if hours else clock


def _hour(hour: int, half: str | None) -> int:
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half.lower() == "p" else 0)


def _name(found: str) -> str:
    return found.rstrip(".,;:!?-")


def _capitals(text: str) -> list[str]:
    """Capitalised words inside a sentence. At its beginning every word is one: there it must look like an actor."""
    months = {name.capitalize() for name in (*_MONTHS, *_WEEKDAY_NAMES)}
    return [
        m[0]
        for m in _CAPITAL.finditer(text)
        if m[0] not in _COMMON
        and m[0] not in months
        and (not _ENDS.search(text[: m.start()]) or (_ACTS.match(text, m.end()) and not _ORDINARY.fullmatch(m[0])))
    ]
