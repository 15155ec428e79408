"""Spans of time with people in them: laid over each other, cut, and what they leave open (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Span:
    """These people are on call from `since` until `until` (UTC); `source` is what says so: "layer 2", "override 5"."""

    since: datetime
    until: datetime
    people: tuple[str, ...]
    source: str = ""

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since


def covered(layers: Sequence[Sequence[Span]]) -> tuple[Span, ...]:
    """The layers in one: where several say something, the last one counts. Spans of one layer never overlap.

    Turns stay as they are: two that follow each other are two, even of the same people.
    """
    above: list[Span] = []
    for layer in reversed(layers):
        fresh = [piece for span in _sorted(layer) for piece in _outside(span, above)]
        above = _sorted([*above, *fresh])
    return tuple(above)


def substituted(spans: Sequence[Span], leaving: str, taking: str, interval: Interval, source: str) -> tuple[Span, ...]:
    """The spans with `taking` in the place of `leaving` during the interval; spans of others stay as they are."""
    theirs = [span for span in spans if leaving in span.people]
    new = [
        replace(
            piece,
            people=tuple(dict.fromkeys(taking if user == leaving else user for user in piece.people)),
            source=source,
        )
        for piece in within(theirs, [interval])
    ]
    return covered([spans, new])


def within(spans: Iterable[Span], intervals: Sequence[Interval]) -> tuple[Span, ...]:
    """What of the spans lies in the intervals, which are sorted and do not overlap."""
    return tuple(
        replace(span, since=max(span.since, since), until=min(span.until, until))
        for span in spans
        for since, until in intervals
        if span.since < until and since < span.until
    )


def uncovered(spans: Sequence[Span], above: Sequence[Span]) -> tuple[Span, ...]:
    """What of the spans those `above`, which may overlap, leave open."""
    higher = together(_sorted(above))
    return tuple(piece for span in _sorted(spans) for piece in _outside(span, higher))


def gaps(spans: Sequence[Span], since: datetime, until: datetime) -> list[Interval]:
    """The times from `since` until `until` in which nobody is on call."""
    found, end = [], since
    for span in _sorted(spans):
        if span.since > end:
            found.append((end, min(span.since, until)))
        end = max(end, span.until)
        if end >= until:
            return [gap for gap in found if gap[0] < gap[1]]
    return [gap for gap in [*found, (end, until)] if gap[0] < gap[1]]


def together(shifts: Sequence[Span]) -> tuple[Span, ...]:
    """Shifts that may overlap as spans that do not: whoever has a shift at a time is on call at that time."""
    edges = sorted({edge for shift in shifts for edge in (shift.since, shift.until)})
    found = []
    for since, until in pairwise(edges):
        there = [shift for shift in shifts if shift.since <= since and until <= shift.until]
        if there:
            people = tuple(dict.fromkeys(user for shift in there for user in shift.people))
            found.append(Span(since=since, until=until, people=people, source=there[0].source))
    return tuple(found)


def at(spans: Sequence[Span], moment: datetime) -> Span | None:
    """The span that the moment falls into."""
    return next((span for span in spans if span.since <= moment < span.until), None)


def _sorted(spans: Iterable[Span]) -> list[Span]:
    return sorted((span for span in spans if span.since < span.until), key=lambda span: span.since)


def _outside(span: Span, above: Sequence[Span]) -> Iterable[Span]:
    begin = span.since
    for higher in above:
        if higher.until <= begin:
            continue
        if higher.since >= span.until:
            break
        if higher.since > begin:
            yield replace(span, since=begin, until=higher.since)
        begin = higher.until
    if begin < span.until:
        yield replace(span, since=begin)
