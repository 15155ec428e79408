"""What alerts cost people: which rules are noisy, what was acknowledged for nothing, who was woken (pure).

Counted from the journal. An alert was acted on when it became part of an incident, when a person resolved it, or when
somebody ran a command that changes something while it was open, other than handling the alert itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.events import (
    AlertAcknowledged,
    AlertLinked,
    AlertOpened,
    AlertResolved,
    CommandRun,
    Event,
    FlappingStarted,
    PageDelivered,
)

BOT = "bot"
NIGHT = (time(22), time(7))
"""From when until when, in a person's own time zone, a page wakes."""
HANDLING = frozenset({"ack", "unack", "resolve", "silence", "alerts test"})
KINDS = (AlertOpened, AlertAcknowledged, AlertLinked, AlertResolved, CommandRun, FlappingStarted, PageDelivered)
_PERSON = re.compile(r"@?([UW][A-Z0-9]{2,20})")


@dataclass(frozen=True, kw_only=True)
class Noted:
    """A fact with when it was and by whom."""

    at: datetime
    actor: str
    event: Event


@dataclass(frozen=True, kw_only=True)
class Course:
    """How one alert went."""

    number: int
    rule: str
    opened_at: datetime
    resolved_at: datetime | None = None
    acknowledged: bool = False
    acted: bool = False
    flapped: bool = False
    pages: int = 0

    @property
    def for_nothing(self) -> bool:
        """Acknowledged, and over by itself without anybody having done anything."""
        return self.acknowledged and not self.acted and self.resolved_at is not None


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What one rule cost."""

    rule: str
    alerts: int
    pages: int
    acknowledged: int
    for_nothing: int
    acted: int
    flapped: int


@dataclass(frozen=True, kw_only=True)
class Fatigue:
    """What all alerts of a period cost. `nights` are pages at night by person."""

    since: datetime
    until: datetime
    courses: Sequence[Course]
    rules: Sequence[Noise]
    nights: Mapping[str, int] = field(default_factory=dict)
    pages: Mapping[str, int] = field(default_factory=dict)

    @property
    def for_nothing(self) -> float | None:
        """The share of acknowledged alerts that nobody did anything about; None when none was acknowledged."""
        acknowledged = [course for course in self.courses if course.acknowledged]
        return sum(course.for_nothing for course in acknowledged) / len(acknowledged) if acknowledged else None


def fatigue(facts: Iterable[Noted], *, since: datetime, until: datetime, zones: Mapping[str, str]) -> Fatigue:
    """Count a period. `zones` are people's time zones by user id; who has none lives in UTC."""
    ordered = sorted(facts, key=lambda fact: fact.at)
    courses = _courses(ordered)
    pages, nights = Counter[str](), Counter[str]()
    for fact in ordered:
        if isinstance(fact.event, PageDelivered) and (match := _PERSON.fullmatch(fact.event.target)):
            pages[match[1]] += 1
            nights[match[1]] += at_night(fact.at, zones.get(match[1], ""))
    return Fatigue(
        since=since,
        until=until,
        courses=courses,
        rules=_noise(courses),
        nights={user: count for user, count in nights.most_common() if count},
        pages=dict(pages.most_common()),
    )


def people(facts: Iterable[Noted]) -> set[str]:
    """Everybody who was paged, by user id."""
    targets = (fact.event.target for fact in facts if isinstance(fact.event, PageDelivered))
    return {match[1] for target in targets if (match := _PERSON.fullmatch(target))}


def at_night(at: datetime, zone: str) -> bool:
    """Whether it is night then where the person lives."""
    clock = at.astimezone(ZoneInfo(zone or "UTC")).time()
    return clock >= NIGHT[0] or clock < NIGHT[1]


def _courses(facts: Sequence[Noted]) -> list[Course]:
    found: dict[int, Course] = {}
    for fact in facts:
        match fact.event:
            case AlertOpened(alert=number, rule=rule):
                found[number] = Course(number=number, rule=rule, opened_at=fact.at)
            case AlertAcknowledged(alert=number) if number in found:
                found[number] = replace(found[number], acknowledged=True)
            case AlertLinked(alert=number) if number in found:
                found[number] = replace(found[number], acted=True)
            case FlappingStarted(alert=number) if number in found:
                found[number] = replace(found[number], flapped=True)
            case PageDelivered(alert=number) if number in found:
                found[number] = replace(found[number], pages=found[number].pages + 1)
            case AlertResolved(alert=number) if number in found:
                by_hand = found[number].acted or fact.actor != BOT
                found[number] = replace(found[number], resolved_at=fact.at, acted=by_hand)
            case _:
                pass
    deeds = [fact.at for fact in facts if _is_deed(fact)]
    return [_with_deeds(course, deeds) for course in found.values()]


def _is_deed(fact: Noted) -> bool:
    event = fact.event
    return (
        isinstance(event, CommandRun)
        and event.changes
        and event.outcome in {"ok", "info", "warning"}
        and event.command not in HANDLING
    )


def _with_deeds(course: Course, deeds: Sequence[datetime]) -> Course:
    end = course.resolved_at
    done = any(course.opened_at <= at and (end is None or at <= end) for at in deeds)
    return replace(course, acted=course.acted or done)


def _noise(courses: Sequence[Course]) -> list[Noise]:
    by_rule: dict[str, list[Course]] = {}
    for course in courses:
        by_rule.setdefault(course.rule, []).append(course)
    found = [
        Noise(
            rule=rule,
            alerts=len(those),
            pages=sum(course.pages for course in those),
            acknowledged=sum(course.acknowledged for course in those),
            for_nothing=sum(course.for_nothing for course in those),
            acted=sum(course.acted for course in those),
            flapped=sum(course.flapped for course in those),
        )
        for rule, those in by_rule.items()
    ]
    return sorted(found, key=lambda noise: (-noise.alerts, -noise.pages, noise.rule))
