"""What past incidents add up to: MTTR and its parts, their trend, by service and by cause (pure).

All spans count from the start of the impact, see docs/decisions/0004-what-mttr-measures.md.
"""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.records.incidents import Incident

PARTS = ("detect", "acknowledge", "mitigate", "resolve")
UNNAMED = "not named"
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One incident as statistics see it. `spans` are the parts of its MTTR that are known, in seconds.

    What is open has no spans yet.
    """

    number: int
    severity: str
    declared_at: datetime
    services: tuple[str, ...] = ()
    cause: str = ""
    spans: Mapping[str, float]
    private: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Of so many incidents (`count`), what one lasted, in seconds: on average, and in the middle of them."""

    count: int
    mean: float
    median: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """One period of the trend: how many were declared in it, and how long those took that are resolved."""

    since: datetime
    declared: int
    resolve: Figure | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Incidents that have a service, or a cause, in common; `total` is how long all of them lasted, in seconds."""

    name: str
    declared: int
    resolve: Figure | None
    total: float


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What the incidents add up to that were declared from `since` to `until`; a point of the trend spans `step`."""

    since: datetime
    until: datetime
    step: timedelta
    declared: int
    still_open: int
    parts: Mapping[str, Figure]
    trend: tuple[Point, ...]
    services: tuple[Group, ...]
    causes: tuple[Group, ...]


def spans(began: datetime, *ends: datetime | None) -> dict[str, float]:
    """The parts of MTTR in seconds, given when each of `PARTS` ended, in that order; what nobody knows is left out."""
    known = zip(PARTS, ends, strict=True)
    return {part: max((at - began).total_seconds(), 0.0) for part, at in known if at}


def outcome(incident: Incident, services: Iterable[str] = (), checks: Iterable[str] = ()) -> Outcome:
    """The incident as statistics see it; without services it goes by the components it affects, else by its checks."""
    ended = incident.resolved_at
    ends = (incident.declared_at, incident.acknowledged_at, incident.mitigated_at, ended)
    return Outcome(
        number=incident.id,
        severity=incident.severity.value,
        declared_at=incident.declared_at,
        services=tuple(dict.fromkeys(services)) or incident.components or tuple(dict.fromkeys(checks)),
        cause=incident.cause,
        spans=spans(incident.started_at, *ends) if ended else {},
        private=incident.private,
    )


def summed(outcomes: Iterable[Outcome], *, since: datetime, until: datetime) -> Statistics:
    """What those add up to that were declared between these moments."""
    counted = [one for one in outcomes if since <= one.declared_at <= until]
    step = step_of(until - since)
    by_part = {part: [one.spans[part] for one in counted if part in one.spans] for part in PARTS}
    return Statistics(
        since=since,
        until=until,
        step=step,
        declared=len(counted),
        still_open=sum(not one.spans for one in counted),
        parts={part: figure for part, spans in by_part.items() if (figure := _figure(spans))},
        trend=_trend(counted, since, until, step),
        services=_groups(counted, lambda one: one.services),
        causes=_groups(counted, lambda one: (one.cause,) if one.cause else ()),
    )


def step_of(span: timedelta) -> timedelta:
    """How much one point of the trend covers: days within two weeks, weeks within half a year, else thirty days."""
    if span <= 14 * _DAY:
        return _DAY
    return 7 * _DAY if span <= 183 * _DAY else 30 * _DAY


def _trend(outcomes: Sequence[Outcome], since: datetime, until: datetime, step: timedelta) -> tuple[Point, ...]:
    """The periods, counted back from the end, so that the last one is whole; the first one may be cut."""
    count = max(-(-(until - since) // step), 1)
    held: list[list[Outcome]] = [[] for _ in range(count)]
    for one in outcomes:
        back = min(max((until - one.declared_at - timedelta.resolution) // step, 0), count - 1)
        held[count - 1 - back].append(one)
    return tuple(
        Point(since=max(until - step * (count - n), since), declared=len(there), resolve=_resolve(there))
        for n, there in enumerate(held)
    )


def _groups(outcomes: Sequence[Outcome], names: Callable[[Outcome], Sequence[str]]) -> tuple[Group, ...]:
    """The groups, what lasted longest in all first; one incident may be in several, one without any is unnamed."""
    held: dict[str, list[Outcome]] = {}
    for one in outcomes:
        for name in names(one) or (UNNAMED,):
            held.setdefault(name, []).append(one)
    found = (
        Group(
            name=name,
            declared=len(there),
            resolve=_resolve(there),
            total=sum(one.spans.get("resolve", 0.0) for one in there),
        )
        for name, there in held.items()
    )
    return tuple(sorted(found, key=lambda group: (group.name == UNNAMED, -group.total, -group.declared, group.name)))


def _resolve(outcomes: Iterable[Outcome]) -> Figure | None:
    return _figure([one.spans["resolve"] for one in outcomes if "resolve" in one.spans])


def _figure(spans: Sequence[float]) -> Figure | None:
    if not spans:
        return None
    return Figure(count=len(spans), mean=statistics.fmean(spans), median=statistics.median(spans))
