"""What the cited entries offer for comparison, and whether a number, a time or a name stands there (pure)."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import combinations
from zoneinfo import ZoneInfo

from bot.postmortems import wording
from bot.postmortems.claims import Claims, Clock, Day, claims
from bot.postmortems.evidence import Evidence, Pack
from bot.postmortems.figures import DAY, HOUR, MINUTE, Figure

PAIRWISE = 6
"""Up to so many cited entries any two may be subtracted; of more only the ends, or some difference always fits."""
NAMED_ONE_BY_ONE = 5
"""Up to so many things a sentence may count that an entry names one after the other."""

_REMEMBERED = 4096
_QUOTES = re.compile('[“”„«»"`]')
_APOSTROPHE = "\u2019"  # of phones
_PEOPLE = re.compile(r"people|person|responder|engineer|participant", re.IGNORECASE)
_ANYTHING = re.compile(
    r"(?:more |further |other )?(?:entr|step|event|update|attempt|time|thing|change|action|note|message|alert)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Read:
    """One entry, read."""

    entry: Evidence
    claims: Claims
    segments: tuple[wording.Segment, ...]
    stems: frozenset[str]


@dataclass(frozen=True)
class Shelf:
    """The entries of a pack, each read once and only when it is cited."""

    pack: Pack
    by_id: Mapping[int, Evidence]
    zone: ZoneInfo | None
    _read: dict[int, Read] = field(default_factory=dict)

    def read(self, entry: Evidence) -> Read:
        """The entry, read."""
        found = self._read.get(entry.id)
        if found is None:
            found = self._read[entry.id] = Read(entry, *_said(entry.actor, entry.words))
        return found


@dataclass(frozen=True)
class Offered:
    """What the cited entries offer for comparison."""

    cited: tuple[Read, ...]
    haystack: str
    computed: str
    figures: tuple[Figure, ...]
    clocks: frozenset[Clock]
    utc: frozenset[Clock]
    days: frozenset[tuple[int | None, int, int]]
    weekdays: frozenset[int]
    spans: tuple[float, ...]
    actors: int


def shelf(pack: Pack) -> Shelf:
    """The pack, ready to be cited from."""
    zone = ZoneInfo(pack.zone) if pack.zone not in {"", "UTC"} else None
    return Shelf(pack, {item.id: item for item in pack.items}, zone)


def offered(cited: Sequence[Evidence], on: Shelf) -> Offered:
    """All that these entries say, and what can be computed from them."""
    read = tuple(on.read(entry) for entry in cited)
    numbers = {entry.id for entry in cited}
    computed = " \n ".join(c.words for c in on.pack.computed if c.evidence and set(c.evidence) <= numbers)
    beside = claims(f"{on.pack.title} \n {computed}")
    said = [*(r.claims for r in read), beside]
    moments = sorted({moment.astimezone(UTC) for r in read for moment in (*r.entry.moments, *_told(r))})
    local = [moment.astimezone(on.zone) for moment in moments] if on.zone else []
    pairs = combinations(moments, 2) if len(cited) <= PAIRWISE else [(moments[0], moments[-1])] if moments else []
    words = " \n ".join(f"{e.actor} \n {e.words}" for e in cited)
    return Offered(
        cited=read,
        haystack=searchable(
            f"{words} \n {computed} \n {on.pack.title} \n incident #{on.pack.incident} {on.pack.severity}"
        ),
        computed=computed,
        figures=tuple(f for c in said for f in c.figures),
        clocks=frozenset(
            {(m.hour, m.minute, m.second) for m in (*moments, *local)} | {c for s in said for c in s.clocks}
        ),
        utc=frozenset({(m.hour, m.minute, m.second) for m in moments} | {c for s in said for c in s.clocks}),
        days=frozenset({(m.year, m.month, m.day) for m in (*moments, *local)} | {d for s in said for d in s.days}),
        weekdays=frozenset({m.weekday() for m in (*moments, *local)} | {w for s in said for w in s.weekdays}),
        spans=(*((b - a).total_seconds() for a, b in pairs), *(span for e in cited for span in e.spans)),
        actors=len({e.actor for e in cited}),
    )


@lru_cache(_REMEMBERED)
def _said(actor: str, words: str) -> tuple[Claims, tuple[wording.Segment, ...], frozenset[str]]:
    """What an entry claims, its segments and its stems: each section of a draft asks for the same entries."""
    whole = f"{actor} \n {words}"
    # what is quoted there was said: its numbers and times count
    return claims(_QUOTES.sub(" ", whole)), wording.segments(words), wording.stems(whole)


def _told(read: Read) -> Iterable[datetime]:
    """The clock times that stand in an entry's words, on its own day."""
    for hour, minute, second in read.claims.clocks:
        at = read.entry.at
        if hour < 24:
            yield at.replace(hour=hour, minute=minute, second=second or 0, microsecond=0)


def searchable(text: str) -> str:
    """The text as it is searched: in small letters, on one line, with plain apostrophes."""
    return f" {' '.join(text.lower().replace(_APOSTROPHE, chr(39)).split())} "


def is_named(name: str, haystack: str) -> bool:
    """Whether the name stands there as a word of its own, in singular or plural."""
    wanted = searchable(name).strip().removesuffix("'s")
    if not wanted:
        return True
    return any(
        re.search(rf"(?<![\w-]){re.escape(form)}(?:s|'s)?(?!\w)", haystack)
        for form in {wanted, wanted.rstrip("s"), wanted.lstrip("@#")}
        if form
    )


def is_quoted(quote: str, haystack: str) -> bool:
    """Whether these very words stand there; what an ellipsis leaves out may be anything."""
    pieces = [searchable(piece).strip(" .,;:!?") for piece in re.split(r"…|\.\.\.|\[[^\]]*\]", quote)]
    return all(piece in haystack for piece in pieces if piece)


def is_time(clock: Clock, found: Claims, source: Offered) -> bool:
    """Whether a moment of the cited entries has that clock time: in UTC, or, none said, in the incident's zone."""
    known = source.utc if clock in found.zoned else source.clocks
    if any(_same_clock(clock, other) for other in known):
        return True
    if clock not in found.rough:
        return False
    grain = next((g for g in (30, 15, 10, 5) if clock[1] % g == 0), 1)
    return any(_apart(clock, other) <= grain / 2 for other in known)


def is_day(day: Day, source: Offered) -> bool:
    """Whether a moment of the cited entries is on that day."""
    return any(day[1:] == other[1:] and (None in (day[0], other[0]) or day[0] == other[0]) for other in source.days)


def is_figure(figure: Figure, source: Offered) -> bool:
    """Whether the number stands there in that unit, or is a duration between them, or how many they are."""
    if any(_same(figure, said) for said in source.figures):
        return True
    if figure.unit == "s":
        return any(_spans(figure, span) for span in source.spans)
    return figure.unit in {"", "x"} and _counts(figure, source)


def is_unit(unit: str, source: Offered) -> bool:
    """Whether "hours" without a number are told of there, or lie between the entries."""
    seconds = {"second": 1.0, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}.get(
        unit.rstrip("s"), 30 * DAY
    )
    return (
        is_named(unit, source.haystack)
        or any(f.unit == "s" and f.grain == seconds for f in source.figures)
        or any(2 * seconds <= span <= 100 * seconds for span in source.spans)
    )


def _counts(figure: Figure, source: Offered) -> bool:
    """How many entries there are of what is counted: the words that follow stand in so many of them."""
    value = figure.value
    if (
        not figure.unit
        and figure.shown.isdigit()
        and len(figure.shown) == 4
        and any(value == d[0] for d in source.days)
    ):
        return True
    if figure.unit == "x":
        return value == len(source.cited) > 1
    if _PEOPLE.search(figure.after[:24]) and value == source.actors:
        return True
    counted = [stem for _, stem in wording.words(figure.after)][:2]
    if _ANYTHING.match(figure.after.strip()) and value == len(source.cited) > 1:
        return True
    if 1 < value <= NAMED_ONE_BY_ONE and any(value == _mentions(stem, source) for stem in counted[:1]):
        return True
    return value > 1 and any(
        value == sum(stem in r.stems or stem in wording.stems(r.entry.kind) for r in source.cited) for stem in counted
    )


def _mentions(stem: str, source: Offered) -> int:
    """How often an entry has the word: "the index subsystem and the placement subsystem" are two."""
    return max(sum(found == stem for _, found in wording.words(r.entry.words)) for r in source.cited)


def _same_clock(clock: Clock, other: Clock) -> bool:
    return clock[:2] == other[:2] and (clock[2] is None or clock[2] == other[2])


def _apart(clock: Clock, other: Clock) -> int:
    off = abs(clock[0] * 60 + clock[1] - other[0] * 60 - other[1])
    return min(off, 24 * 60 - off)


def _same(figure: Figure, said: Figure) -> bool:
    if figure.unit != said.unit:
        return False
    return math.isclose(figure.value, said.value, rel_tol=1e-12) or _rounds(figure, said.value)


def _rounds(figure: Figure, exact: float) -> bool:
    """Whether the figure is the exact value rounded, from the side that its words tell."""
    if not figure.about:
        return False
    off = figure.value - exact
    if figure.bound:
        return 0 <= -figure.bound * off <= figure.rounding
    return abs(off) <= figure.rounding / 2


def _spans(figure: Figure, span: float) -> bool:
    """Whether a stated duration is that computed one: minutes within one, hours within half, days within half a day."""
    off = abs(figure.value - span)
    if _rounds(figure, span):
        return True
    if figure.grain >= MINUTE and figure.rounding < figure.grain:  # one and a half hours, 1.5 h
        return off <= figure.rounding / 2
    if figure.grain >= DAY:
        return off <= DAY / 2
    if figure.grain >= HOUR:
        return off <= HOUR / 2
    return off < (MINUTE if figure.grain >= MINUTE else max(figure.grain, 0.001))
