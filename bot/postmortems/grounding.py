"""Holds each statement against the entries that it cites, and marks what they do not bear out (pure).

What is compared are the cited entries alone, not the whole incident: a right number beside a wrong citation is found
too. Durations may be differences between cited entries, counts may be counts of them. What no program can find is a
lie whose every word is right: docs/postmortems.md says which these are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.postmortems import blameless, contradiction, order, wording
from bot.postmortems.claims import Claims, Clock, Day, claims
from bot.postmortems.cleaning import REMOVED, cleaned
from bot.postmortems.evidence import Evidence, Pack
from bot.postmortems.figures import Figure
from bot.postmortems.matching import Index, index
from bot.postmortems.offered import (
    Offered,
    Shelf,
    is_day,
    is_figure,
    is_named,
    is_quoted,
    is_time,
    is_unit,
    offered,
    shelf,
)
from bot.postmortems.sections import Part
from storage.records.postmortems import Statement, StatementKind

MOST_REASONS = 3
LONGEST = 2500
"""Characters of a statement that are checked; more is no statement."""
FAMILIAR, WEAK = 0.15, 0.3
"""Least shares of a fact's words, weighed by how rare they are, that its cited entries must and should have as well."""
RANKED = 3
"""Of so many entries one may be called the third."""
_CAUSING = ("factors", "wrong")


class Code(StrEnum):
    """What is wrong with a statement."""

    UNCITED = "uncited"
    STRANGER = "unknown entry"
    LENGTH = "too long"
    NUMBER = "number"
    TIME = "time"
    DATE = "date"
    DURATION = "duration"
    PERCENT = "percentage"
    AMOUNT = "amount"
    WEEKDAY = "weekday"
    NAME = "name"
    QUOTE = "quotation"
    LINK = "link"
    ORDER = "order"
    CAUSE = "cause"
    SUSPICION = "suspicion"
    NEGATION = "negation"
    OPPOSITE = "opposite"
    ACTOR = "actor"
    CITATION = "citation"
    UNRELATED = "unrelated"


@dataclass(frozen=True)
class Failure:
    """Why a statement is not borne out: a code for programs, a reason for readers."""

    code: Code
    reason: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A statement as the check leaves it, marked and cleaned, and everything that was found."""

    statement: Statement
    failures: tuple[Failure, ...] = ()
    blames: tuple[blameless.Blame, ...] = ()


@dataclass(frozen=True)
class _Desk:
    pack: Pack
    part: Part | None
    shelf: Shelf
    index: Index
    people: Sequence[str]


def check(statements: Iterable[Statement], pack: Pack, part: Part | None = None) -> tuple[Statement, ...]:
    """The statements, cleaned of what is hidden in them, each marked with why it is not borne out ("" when it is).

    A reviewer's own words (notes) are cleaned and looked at for blame only. `part` is given for what a model wrote: in
    a concluding section what no person said becomes an inference.
    """
    return tuple(verdict.statement for verdict in examine(statements, pack, part))


def examine(statements: Iterable[Statement], pack: Pack, part: Part | None = None) -> tuple[Verdict, ...]:
    """Like `check`, with every failure of each statement under its code."""
    desk = _Desk(pack, part, shelf(pack), index(pack.items), contradiction.people(pack))
    return tuple(_examined(statement, desk) for statement in statements)


def copied(statements: Iterable[Statement], pack: Pack) -> tuple[Statement, ...]:
    """The statements, cleaned and looked at for blame: what code copied out of the entries needs no comparing."""
    by_id = {item.id: item for item in pack.items}
    return tuple(_copied(s, [e for number in s.evidence if (e := by_id.get(number))]) for s in statements)


def _copied(statement: Statement, known: Sequence[Evidence]) -> Statement:
    text = cleaned(statement.text, known)
    blames = blameless.blames(text[:LONGEST], evidence=" ".join(e.words for e in known))
    return replace(statement, text=text, blame=blameless.advice(blames))


def unverified(statements: Iterable[Statement]) -> list[Statement]:
    """Those that are marked."""
    return [statement for statement in statements if statement.unverified]


def _examined(statement: Statement, desk: _Desk) -> Verdict:
    numbers = dict.fromkeys(statement.evidence)
    known = tuple(e for number in numbers if (e := desk.shelf.by_id.get(number)))
    text = cleaned(statement.text[: 2 * LONGEST], known)
    people = desk.pack.people if desk.part is not None and desk.part.name in _CAUSING else ()
    blames = blameless.blames(text[:LONGEST], evidence=" ".join(e.words for e in known), people=tuple(people))
    marked = replace(statement, text=text, unverified="", weak="", blame=blameless.advice(blames))
    if statement.kind is StatementKind.NOTE:
        return Verdict(statement=marked, blames=blames)
    settled = replace(marked, kind=_kind(marked, known, desk.part))
    strangers = [number for number in numbers if number not in desk.shelf.by_id]
    failures, weak = _failures(settled, known, strangers, desk)
    said = "; ".join(f.reason for f in failures[:MOST_REASONS])
    return Verdict(
        statement=replace(settled, unverified=said, weak="" if said else weak), failures=failures, blames=blames
    )


def _failures(
    statement: Statement, known: Sequence[Evidence], strangers: Sequence[int], desk: _Desk
) -> tuple[tuple[Failure, ...], str]:
    failures: list[Failure] = []
    if strangers:
        listed = ", ".join(f"#{number}" for number in strangers)
        failures.append(Failure(Code.STRANGER, f"cites {listed}, no entry of this incident"))
    if len(statement.text) > LONGEST:
        return (
            *failures,
            Failure(Code.LENGTH, f"is longer than {LONGEST} characters, too long to be one statement"),
        ), ""
    # a question needs no source, but it may not bring in what nobody said
    asks = statement.kind is StatementKind.UNKNOWN
    against = known or (desk.pack.items if asks else ())
    if not against:
        if not failures and not asks:
            failures.append(Failure(Code.UNCITED, "cites nothing"))
        return tuple(failures), ""
    found = claims(statement.text)
    if asks and found == Claims() and REMOVED not in statement.text:
        return tuple(failures), ""  # nothing to look up, and nothing is read that would only be looked up in
    source = offered(against, desk.shelf)
    failures += _missing(found, source)
    if REMOVED in statement.text:
        failures.append(Failure(Code.LINK, "had a link that no cited entry has"))
    if asks:
        return tuple(failures), ""
    failures += _contradictions(statement, known, source, desk)
    related, weak = _related(statement, source, desk, bare=found == Claims())
    return (*failures, *related), weak


def _kind(statement: Statement, cited: Sequence[Evidence], part: Part | None) -> StatementKind:
    """What nobody said is concluded: in a section of conclusions anything, elsewhere a cause."""
    if statement.kind is not StatementKind.FACT or not cited:
        return statement.kind
    human = [e for e in cited if e.human]
    concluded = part is not None and part.concluding and not human
    caused = bool(human) and order.causal(statement.text) and not any(order.causal(e.words) for e in human)
    return StatementKind.INFERENCE if concluded or caused else statement.kind


def _missing(found: Claims, source: Offered) -> list[Failure]:
    """What the statement names and the cited entries do not have."""
    gone: dict[Code, list[str]] = {}
    for code, item in _strays(found, source):
        gone.setdefault(code, []).append(item)
    failures = [
        Failure(code, f"{_listed(items)} stands in no cited entry and is not computed from them")
        for code, items in gone.items()
    ]
    if not set(found.weekdays) <= source.weekdays:
        failures.append(Failure(Code.WEEKDAY, "names another day of the week than the cited entries"))
    names = [n for n in (*found.names, *found.links) if not is_named(n, source.haystack)]
    if names:
        failures.append(Failure(Code.NAME, f"no cited entry names {_listed(names)}"))
    quotes = [quote for quote in found.quotes if not is_quoted(quote, source.haystack)]
    if quotes:
        failures.append(Failure(Code.QUOTE, f"no cited entry says “{quotes[0]}”"))
    return failures


def _strays(found: Claims, source: Offered) -> Iterator[tuple[Code, str]]:
    """The times, dates and numbers that are not there."""
    yield from ((Code.TIME, _clock(clock)) for clock in found.clocks if not is_time(clock, found, source))
    yield from ((Code.DATE, _day(day)) for day in found.days if not is_day(day, source))
    yield from ((_code(figure), figure.shown) for figure in found.figures if not is_figure(figure, source))
    yield from ((Code.DURATION, f"“{unit}”") for unit in found.units if not is_unit(unit, source))
    if len(source.cited) < RANKED:
        yield from ((Code.NUMBER, rank) for rank in found.ranks if not is_named(rank, source.haystack))


def _contradictions(statement: Statement, cited: Sequence[Evidence], source: Offered, desk: _Desk) -> list[Failure]:
    """What the cited entries have, but otherwise."""
    failures = []
    if stranger := contradiction.stranger(statement.text, source, desk.people):
        failures.append(Failure(Code.ACTOR, f"{stranger} has no part in any cited entry"))
    elif swapped := contradiction.swapped(statement.text, source, desk.people, desk.index.score):
        failures.append(
            Failure(Code.ACTOR, f"says of {swapped[0]} what entry #{swapped[1].id} has {swapped[1].actor} do")
        )
    if denied := contradiction.denied(statement.text, source):
        failures.append(Failure(Code.NEGATION, denied))
    if opposed := contradiction.opposed(statement.text, source):
        failures.append(Failure(Code.OPPOSITE, f"says “{opposed}” where the cited entries say the opposite"))
    for joint in order.joints(statement.text):
        if pair := order.misordered(joint, cited, desk.index.score):
            earlier, later = pair[1], pair[0]
            failures.append(
                Failure(
                    Code.ORDER, f"“{joint.word}” does not agree with the times: #{later.id} came after #{earlier.id}"
                )
            )
    failures += _causes(statement, cited, source, desk)
    return failures


def _causes(statement: Statement, cited: Sequence[Evidence], source: Offered, desk: _Desk) -> list[Failure]:
    causes = [joint for joint in order.joints(statement.text) if joint.causal]
    stated = order.causal(source.haystack)
    if (
        order.causal(statement.text)
        and not stated
        and not any(e.human for e in cited)
        and statement.kind is StatementKind.FACT
    ):
        return [Failure(Code.CAUSE, "states a cause that no cited entry states")]
    for joint in causes:
        words = wording.stems(joint.first)
        if words and not any(words & r.stems for r in source.cited) and not claims(joint.first).figures:
            return [
                Failure(Code.CAUSE, f"gives a cause that no cited entry has: “{' '.join(joint.first.split())[:80]}”")
            ]
        best = max(cited, key=lambda e: desk.index.score(words, e))
        if order.hedged(best.words) and not order.hedged(statement.text):
            return [Failure(Code.SUSPICION, f"gives as a cause what entry #{best.id} only suspects")]
    return []


def _related(statement: Statement, source: Offered, desk: _Desk, *, bare: bool) -> tuple[list[Failure], str]:
    """Whether the sentence is about what it cites; without anything to look up two words are enough to tell.

    What code worked out of the cited entries counts as said: its words stand in none of them.
    """
    worked_out, cited = wording.stems(source.computed), [read.entry for read in source.cited]
    words = wording.stems(statement.text) - worked_out
    share = desk.index.share(words, cited)
    better = desk.index.better(words, cited)
    for segment in wording.segments(statement.text) if better is None else ():
        stems = segment.stems - worked_out
        if len(stems) > 1 and not desk.index.share(stems, cited):
            better = desk.index.better(stems, cited, least=2)
            break
    if better is not None:
        return [Failure(Code.CITATION, f"entry #{better.id} says this, not what it cites")], ""
    if statement.kind is not StatementKind.FACT:
        return [], ""  # what is concluded may be put in words of its own
    if len(words) >= (2 if bare else 4) and share < FAMILIAR:
        return [Failure(Code.UNRELATED, "says something else than the entries it cites")], ""
    return [], "shares few words with the entries it cites" if len(words) >= 3 and share < WEAK else ""


def _code(figure: Figure) -> Code:
    return {"s": Code.DURATION, "%": Code.PERCENT, "$": Code.AMOUNT, "B": Code.AMOUNT}.get(figure.unit, Code.NUMBER)


def _day(day: Day) -> str:
    year, month, number = day
    return f"{year}-{month:02}-{number:02}" if year else f"{month:02}-{number:02}"


def _clock(clock: Clock) -> str:
    hour, minute, second = clock
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second is not None else "")


def _listed(items: Sequence[str]) -> str:
    shown = list(dict.fromkeys(items))
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
