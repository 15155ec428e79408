"""Holds each statement against the entries that it cites, and marks what they do not bear out (pure).

What is compared are the cited entries alone, not the whole incident: a right number beside a wrong citation is found
too. Durations may be differences between cited entries, counts may be counts of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

from bot.cards.marks import clean
from bot.postmortems.claims import Claims, Clock, Day, claims
from bot.postmortems.evidence import Evidence, Pack
from bot.postmortems.figures import DAY, HOUR, MINUTE, Figure
from bot.postmortems.sections import Part
from storage.records.postmortems import Statement, StatementKind

MOST_REASONS = 3
PAIRWISE = 6
"""Up to so many cited entries any two may be subtracted; of more only the ends, or some difference always fits."""
FAMILIAR = 0.15
"""Least share of a fact's longer words that its cited entries must have as well."""

_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_TOKEN = re.compile(r"<(?:[!@#][^<>]*|/?[A-Za-z][^<>]*)>")
_BROADCAST = re.compile(r"[@!](?=channel|here|everyone|group)", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_CITED_INLINE = re.compile(r"\s*[\[(]#?\d+(?:\s*,\s*#?\d+)*[\])]")
_CAUSAL = re.compile(
    r"\b(?:because|caused|causing|due to|as a result|result(?:ed|ing) (?:in|from)|led to|root cause|triggered)\b",
    re.IGNORECASE,
)
_BLAME = re.compile(
    r"\b(?:human error|operator error|user error|careless\w*|negligen\w+|incompeten\w+|fault of|to blame|inexcusable"
    r"|forgot|should have (?:known|noticed|checked|seen))\b",
    re.IGNORECASE,
)
_TYPED = "\u2019"  # the apostrophe of phones
_LONGER = re.compile(r"[A-Za-z]{4,}")
_EMPTY_WORDS = re.compile(
    r"(?:about|after|again|also|although|among|been|before|being|both|could|does|during|each|from|have|having|incident|into"
    r"|more|most|only|other|over|said|same|since|some|such|than|that|their|them|then|there|these|they|this|those|through"
    r"|under|until|very|were|what|when|where|which|while|will|with|within|without|would)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Source:
    """What the cited entries offer for comparison."""

    cited: tuple[Evidence, ...]
    haystack: str
    said: Claims
    moments: tuple[datetime, ...]
    spans: tuple[float, ...]
    counts: frozenset[float]


def check(statements: Iterable[Statement], pack: Pack, part: Part | None = None) -> tuple[Statement, ...]:
    """The statements, cleaned of what is hidden in them, each marked with why it is not borne out ("" when it is).

    A reviewer's own words (notes) are cleaned only. `part` is given for what a model wrote: in a concluding section
    what no person said becomes an inference.
    """
    return tuple(_checked(statement, pack, part) for statement in statements)


def unverified(statements: Iterable[Statement]) -> list[Statement]:
    """Those that are marked."""
    return [statement for statement in statements if statement.unverified]


def _checked(statement: Statement, pack: Pack, part: Part | None) -> Statement:
    known = tuple(e for number in dict.fromkeys(statement.evidence) if (e := pack.get(number)))
    text = cleaned(statement.text, known)
    if statement.kind is StatementKind.NOTE:
        return replace(statement, text=text, unverified="")
    settled = replace(statement, text=text, kind=_kind(statement.kind, known, part))
    strangers = [f"#{number}" for number in dict.fromkeys(statement.evidence) if pack.get(number) is None]
    reasons = [f"cites {', '.join(strangers)}, no entry of this incident"] if strangers else []
    # a question needs no source, but it may not bring in what nobody said
    against = known or (pack.items if statement.kind is StatementKind.UNKNOWN else ())
    if not against and not (statement.kind is StatementKind.UNKNOWN and not reasons):
        reasons = reasons or ["cites nothing"]
    else:
        reasons += _reasons(settled, pack, against)
    return replace(settled, unverified="; ".join(reasons[:MOST_REASONS]))


def _kind(kind: StatementKind, cited: Sequence[Evidence], part: Part | None) -> StatementKind:
    concluded = kind is StatementKind.FACT and part is not None and part.concluding
    return StatementKind.INFERENCE if concluded and not any(e.human for e in cited) else kind


def cleaned(text: str, cited: Iterable[Evidence] = ()) -> str:
    """The text on one line without what readers do not see or would be misled by.

    Invisible characters, tokens and tags, calls to whole channels, links that stand in no cited entry, and numbers of
    entries written into the sentence (they are shown beside it) are taken out.
    """
    allowed = " ".join(e.words for e in cited)
    kept, before = _INVISIBLE.sub("", clean(text)), ""
    while kept != before:  # taking one out may bring another together
        before = kept
        kept = _BROADCAST.sub("", _TOKEN.sub("", _CITED_INLINE.sub("", kept)))
        kept = _LINK.sub(lambda m: m[0] if m[0].rstrip(".,;:!?)") in allowed else "[link removed]", kept)
    return " ".join(kept.split())


def _source(cited: Sequence[Evidence], pack: Pack) -> _Source:
    words = " \n ".join(f"{e.actor} \n {e.words}" for e in cited)
    moments = tuple(sorted({moment for e in cited for moment in e.moments}))
    pairs = combinations(moments, 2) if len(cited) <= PAIRWISE else [(moments[0], moments[-1])] if moments else []
    spans = [(later - earlier).total_seconds() for earlier, later in pairs]
    kinds = Counter(e.kind for e in cited)
    counts = {len(cited), len({e.actor for e in cited}), *kinds.values(), *(m.year for m in moments)}
    computed = " \n ".join(c.words for c in pack.computed if c.evidence and set(c.evidence) <= {e.id for e in cited})
    return _Source(
        cited=tuple(cited),
        haystack=_searchable(f"{words} \n {computed} \n {pack.title} \n incident #{pack.incident} {pack.severity}"),
        said=claims(f"{words} \n {pack.title} \n {computed}"),
        moments=moments,
        spans=(*spans, *(span for e in cited for span in e.spans)),
        counts=frozenset(map(float, counts)),
    )


def _reasons(statement: Statement, pack: Pack, cited: Sequence[Evidence]) -> list[str]:
    source, found = _source(cited, pack), claims(statement.text)
    missing = [
        *(_clock_text(c) for c in found.clocks if not _is_time(c, source)),
        *(_day_text(d) for d in found.days if not _is_day(d, source)),
        *(f.shown for f in found.figures if not _is_figure(f, source)),
    ]
    reasons = [f"{_listed(missing)} stands in no cited entry and is not computed from them"] if missing else []
    if found.weekdays and not set(found.weekdays) & {m.weekday() for m in source.moments}:
        reasons.append("names another day of the week than the cited entries")
    names = [n for n in dict.fromkeys((*found.names, *found.links)) if not _is_named(n, source.haystack)]
    if names:
        reasons.append(f"no cited entry names {_listed(names)}")
    quotes = [q for q in found.quotes if _searchable(q).strip(" .,") not in source.haystack]
    if quotes:
        reasons.append(f"no cited entry says “{quotes[0]}”")
    bare = found == Claims()
    return reasons + _judgements(statement, source, least=2 if bare else 4)


def _judgements(statement: Statement, source: _Source, *, least: int) -> list[str]:
    """What words alone give away: a cause or a blame that nobody stated, or a sentence about something else.

    `least` is the number of longer words from which a sentence can be about something else.
    """
    reasons = []
    blame = _BLAME.search(statement.text)
    if blame and blame[0].lower() not in source.haystack:
        reasons.append(f"“{blame[0]}” blames a person: say what the system allowed")
    if statement.kind is not StatementKind.FACT:
        return reasons
    human = any(e.human for e in source.cited)
    if not human and _CAUSAL.search(statement.text) and not _CAUSAL.search(source.haystack):
        reasons.append("states a cause that no cited entry states")
    words, known = _stems(statement.text), _stems(source.haystack)
    if len(words) >= least and len(words & known) / len(words) < FAMILIAR:
        reasons.append("says something else than the entries it cites")
    return reasons


def _stems(text: str) -> set[str]:
    return {w.lower()[:5] for w in _LONGER.findall(text) if not _EMPTY_WORDS.fullmatch(w)}


def _searchable(text: str) -> str:
    return f" {' '.join(text.lower().replace(_TYPED, chr(39)).split())} "


def _is_named(name: str, haystack: str) -> bool:
    wanted = _searchable(name).strip().removesuffix("'s")
    if not wanted:
        return True
    return any(
        re.search(rf"(?<!\w){re.escape(form)}(?:s|'s)?(?!\w)", haystack)
        for form in {wanted, wanted.rstrip("s"), wanted.lstrip("@#")}
        if form
    )


def _is_time(clock: Clock, source: _Source) -> bool:
    hour, minute, second = clock
    if any((m.hour, m.minute) == (hour, minute) and second in (None, m.second) for m in source.moments):
        return True
    return any((h, m) == (hour, minute) and second in (None, s) for h, m, s in source.said.clocks)


def _is_day(day: Day, source: _Source) -> bool:
    dates = {(m.year, m.month, m.day) for m in source.moments}
    dates |= {(y if y is not None else day[0] or 0, m, d) for y, m, d in source.said.days}
    return any(day[1:] == date[1:] and day[0] in (None, date[0]) for date in dates)


def _is_figure(figure: Figure, source: _Source) -> bool:
    counts = not figure.unit or figure.shown.endswith("times")
    if counts and figure.value in source.counts:
        return True
    if any(_same(figure, said) for said in source.said.figures):
        return True
    return figure.unit == "s" and any(_spans(figure, span) for span in source.spans)


def _same(figure: Figure, said: Figure) -> bool:
    if figure.unit != said.unit:
        return False
    off = abs(figure.value - said.value)
    return off <= 1e-9 * max(abs(figure.value), 1.0) or (figure.about and off <= figure.rounding / 2)


def _spans(figure: Figure, span: float) -> bool:
    """Whether a stated duration is that computed one: minutes within one, hours within half, days within half a day."""
    off = abs(figure.value - span)
    if figure.about and off <= figure.rounding / 2:
        return True
    if figure.grain >= DAY:
        return off <= DAY / 2
    if figure.grain >= HOUR:
        return off <= HOUR / 2
    return off < (MINUTE if figure.grain >= MINUTE else max(figure.grain, 0.001))


def _clock_text(clock: Clock) -> str:
    hour, minute, second = clock
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second is not None else "")


def _day_text(day: Day) -> str:
    year, month, number = day
    return f"{year}-{month:02}-{number:02}" if year else f"{month:02}-{number:02}"


def _listed(items: Sequence[str]) -> str:
    shown = list(dict.fromkeys(items))
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
