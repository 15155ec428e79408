"""Numbers in running text, normalised: 1,451, five million, 12.5 %, 88x, $2M, 4.5 GB, 24 h and 11 min (pure)."""

import re
from dataclasses import dataclass

SECOND, MINUTE, HOUR, DAY = 1.0, 60.0, 3600.0, 86_400.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number as it was said. Durations are in seconds, sizes in bytes; `unit` is "s", "%", "x", "B", "$" or "".

    `grain` is the smallest unit named, `rounding` the place of the last digit that is not zero; `about` is true when
    the words around say that it is no exact number, `bound` is 1 for "over" and -1 for "under". `after` is the text
    that follows: what is counted stands there.
    """

    value: float
    unit: str
    shown: str
    grain: float = 1.0
    rounding: float = 1.0
    about: bool = False
    bound: int = 0
    after: str = ""


_TIMES = (
    (("ms", "msec", "millisecond", "milliseconds"), SECOND / 1000),
    (("s", "sec", "secs", "second", "seconds"), SECOND),
    (("m", "min", "mins", "minute", "minutes"), MINUTE),
    (("h", "hr", "hrs", "hour", "hours"), HOUR),
    (("d", "day", "days"), DAY),
    (("week", "weeks"), 7 * DAY),
)
_SPANS = {word: seconds for words, seconds in _TIMES for word in words}
_MAGNITUDES = {
    "k": 1e3,
    "K": 1e3,
    "thousand": 1e3,
    "M": 1e6,
    "million": 1e6,
    "B": 1e9,
    "bn": 1e9,
    "G": 1e9,
    "billion": 1e9,
    "T": 1e12,
    "trillion": 1e12,
}
_SIZES = {"KB": 1e3, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15} | {
    f"{letter}iB": 1024.0**power for power, letter in enumerate("KMGTP", start=1)
}
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: float(i) for i, word in enumerate(_ONES.split())}
_WORDS |= {word: 20.0 + 10 * i for i, word in enumerate(_TENS.split())}
_WORDS |= {"dozen": 12.0, "hundred": 100.0}

_DIGITS = r"\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
# not inside an identifier (db2, v1.2, #465, USA-2) and not the beginning of one (5xx, 10.0.0.1)
_NUMBER = rf"(?<![\w.#@/:$€£])(?<![A-Za-z]-)(?P<sign>[$€£])?(?P<digits>{_DIGITS})(?!\.\d|:\d)"
_UNITS = "|".join(
    sorted(map(re.escape, {*_SPANS, *_SIZES, *_MAGNITUDES, "percent", "x", "times"}), key=len, reverse=True)
)
_MORE = r"(?:(?:more|further|extra|additional|full|whole|consecutive) )?"
_FIGURE = re.compile(rf"{_NUMBER}(?:\s?(?P<percent>%)|[ \u00a0-]?{_MORE}(?P<unit>{_UNITS}|fold)\b)?(?!\w)")
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_SPELLED = re.compile(
    rf"\b(?P<first>(?:a|three) quarters? of an|half an?|{_WORD}|an?)"
    rf"(?:[ -](?P<then>{_WORD}))?(?P<half> and a half)?"
    rf"(?:[ -]?{_MORE}(?P<unit>{_UNITS}|fold))?\b(?P<tail> and (?:a half|a quarter|three quarters))?",
    re.IGNORECASE,
)
_FRACTIONS = {"a half": 0.5, "a quarter": 0.25, "three quarters": 0.75}
_FOLD = {"twice": 2.0, "doubled": 2.0, "doubling": 2.0, "tripled": 3.0, "tripling": 3.0, "halved": 0.5}
_MULTIPLIED = re.compile(rf"\b({'|'.join(_FOLD)})\b", re.IGNORECASE)
_MAGNITUDE_AFTER = re.compile(r"\s?(thousand|million|billion|trillion)\b")
_ABOUT = re.compile(
    r"(?:~|≈|\b(?:about|around|roughly|approximately|some|circa|approx\.|close to)"
    r"|\b(?P<up>over|above|more than|at least)"
    r"|\b(?P<down>nearly|almost|under|below|less than|fewer than|at most|up to|within))\s?[$€£]?$",
    re.IGNORECASE,
)
_MINUS = re.compile(r"(?:^|\s|\()(?:[-\u2212]|minus )$")
_MOST_ZEROS = 300
_JOINS = re.compile(r"^(?:,? and |, | )?$")


def figures(text: str) -> list[Figure]:
    """All numbers of the text in order; spans that belong together ("1 h 5 min") are one."""
    found = [(m.start(), m.end(), f) for m in _FIGURE.finditer(text) if (f := _digits(m, text))]
    taken = [(start, end) for start, end, _ in found]
    for match in _SPELLED.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            figure = _spelled(match, text)
            if figure:
                found.append((match.start(), match.end(), figure))
    for match in _MULTIPLIED.finditer(text):
        figure = Figure(value=_FOLD[match[1].lower()], unit="x", shown=match[0], rounding=0.0)
        found.append((match.start(), match.end(), figure))
    return _joined(sorted(found, key=lambda item: item[0]), text)


def blanked(text: str) -> str:
    """The text with its numbers blanked out, so that what is left can be searched for names."""
    return _FIGURE.sub(lambda m: " " * len(m[0]), text)


def without_numbers(text: str) -> str:
    """The text with all its numbers blanked out, those in words too, each with its unit."""
    return _SPELLED.sub(lambda m: " " * len(m[0]), blanked(text))


def _digits(match: re.Match[str], text: str) -> Figure | None:
    digits = re.sub(r"[^\d.]", "", match["digits"])
    value = -float(digits) if _MINUS.search(text[: match.start()]) else float(digits)
    places = len(digits.partition(".")[2])
    last = (
        10.0**-places if places else 10.0 ** min(len(digits) - len(digits.rstrip("0")), _MOST_ZEROS) if value else 1.0
    )
    return _measured(value, last, "%" if match["percent"] else match["unit"] or "", match, text)


def _spelled(match: re.Match[str], text: str) -> Figure | None:
    first, then, unit = match["first"].lower(), (match["then"] or "").lower(), match["unit"] or ""
    more = _FRACTIONS.get((match["tail"] or "").removeprefix(" and ").lower(), 0.0) + 0.5 * bool(match["half"])
    if first in {"a", "an", "half a", "half an"} or "quarter" in first:
        # "a second alert" counts, "half a" anything but a span is no number
        if unit.lower() not in {"minute", "hour", "day", "week"} and not (
            unit == "second" and first.startswith("half")
        ):
            return None if then not in {"dozen", "hundred"} else _measured(_WORDS[then], 1.0, unit, match, text)
        part = 0.75 if first.startswith("three") else 0.25 if "quarter" in first else 0.5
        whole = 1.0 if first in {"a", "an"} else part
        return _measured(whole + more, 0.25 if more or whole < 1 else 0.5, unit.lower(), match, text)
    if first == "one" and not unit and not more:
        return None  # "one of them"
    value = _WORDS[first]
    if then:
        value = value * _WORDS[then] if then in {"dozen", "hundred"} else value + _WORDS[then]
    return _measured(value + more, 0.5 if more else 1.0, unit, match, text)


def _measured(value: float, last: float, unit: str, match: re.Match[str], text: str) -> Figure:
    rounded = _ABOUT.search(text[max(match.start() - 20, 0) : match.start()])
    sign = match.groupdict().get("sign")
    shown = match[0].strip()
    if unit in _MAGNITUDES:
        scale, kind, grain = _MAGNITUDES[unit], "", 1.0
    elif after := _MAGNITUDE_AFTER.match(text, match.end()):
        scale, kind, grain = _MAGNITUDES[after[1]], "", 1.0
        shown += after[0]
    elif unit in _SPANS:
        scale, kind, grain = _SPANS[unit], "s", _SPANS[unit]
    elif unit in _SIZES:
        scale, kind, grain = _SIZES[unit], "B", 1.0
    else:
        scale, kind, grain = 1.0, {"%": "%", "percent": "%", "x": "x", "times": "x", "fold": "x"}.get(unit, ""), 1.0
    return Figure(
        value=value * scale,
        unit="$" if sign else kind,
        shown=shown,
        grain=grain,
        rounding=last * scale,
        about=bool(rounded),
        bound=bool(rounded["up"]) - bool(rounded["down"]) if rounded else 0,
        after=text[match.end() : match.end() + 40],
    )


def _joined(found: list[tuple[int, int, Figure]], text: str) -> list[Figure]:
    """Neighbouring spans, each finer than the one before, are one duration."""
    joined: list[tuple[int, Figure]] = []
    for start, end, figure in found:
        if joined and figure.unit == "s":
            before_end, before = joined[-1]
            if before.unit == "s" and figure.grain < before.grain and _JOINS.match(text[before_end:start]):
                whole = Figure(
                    value=before.value + figure.value,
                    unit="s",
                    shown=f"{before.shown} {figure.shown}",
                    grain=figure.grain,
                    rounding=figure.rounding,
                    about=before.about,
                    bound=before.bound,
                    after=figure.after,
                )
                joined[-1] = (end, whole)
                continue
        joined.append((end, figure))
    return [figure for _, figure in joined]
