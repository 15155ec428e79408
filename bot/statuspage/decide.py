"""What the public status page says: of each component, of all of them, of maintenance and of incidents (pure).

What comes out may be told to everybody: names of checks, details, matchers, values and titles of incidents stay behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.alerts.rules import FAILED
from bot.config.statuspage import Component, StatusPage
from bot.matchers import matches
from bot.phrasing import listing
from bot.silences.maintenance import Window
from bot.statuspage.uptime import Uptime
from storage.records.alerts import Severity
from storage.records.checks import CheckState, Status
from storage.records.incidents import Incident
from storage.records.notices import Notice

AHEAD = timedelta(days=14)
"""How far ahead planned maintenance is announced."""
MOST_PLANNED = 20
"""Planned times that are listed; of more than these only their number is told."""


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Before everything."""


class Condition(StrEnum):
    """How a component is, from good to bad."""

    OPERATIONAL = "operational"
    MAINTENANCE = "under_maintenance"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    PARTIAL = "partial_outage"
    OUTAGE = "major_outage"

    @property
    def words(self) -> str:
        """As notices and outside pages spell it: "major outage"."""
        return self.value.replace("_", " ")


_ORDER = tuple(Condition)
_OF_STATUS = {
    Status.HEALTHY: Condition.OPERATIONAL,
    Status.UNKNOWN: Condition.UNKNOWN,
    Status.DEGRADED: Condition.DEGRADED,
    Status.DOWN: Condition.OUTAGE,
}


_OF_SEVERITY = {
    Severity.CRITICAL: Condition.OUTAGE,
    Severity.HIGH: Condition.PARTIAL,
    Severity.MEDIUM: Condition.DEGRADED,
}
_TROUBLES = frozenset({Condition.DEGRADED, Condition.PARTIAL, Condition.OUTAGE})


@dataclass(frozen=True, kw_only=True)
class Held:
    """What open incidents do to a component, and since when."""

    condition: Condition
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A component as the page shows it; `since` is when a trouble began, None of what is none."""

    name: str
    condition: Condition
    since: datetime | None = None
    uptime: Uptime | None = None


@dataclass(frozen=True, kw_only=True)
class Update:
    """One published text; `number` tells it from all others."""

    number: int
    phase: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Story:
    """What was published of one incident, newest first. Its heading is made of the components, never of its title.

    It is over when the incident is, whether or not somebody published that: `ended` says since when.
    """

    heading: str
    began: datetime
    phase: str
    updates: tuple[Update, ...]
    over: bool = False
    ended: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A time of maintenance, and the names of the components that it covers."""

    title: str
    comment: str
    starts_at: datetime
    ends_at: datetime
    components: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that the page says as of `at`; `unlisted` counts planned times beyond those in `planned`."""

    title: str
    condition: Condition
    components: tuple[Shown, ...]
    current: tuple[Planned, ...]
    planned: tuple[Planned, ...]
    unlisted: int
    at: datetime
    stories: tuple[Story, ...] = ()

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """Each component's condition by its name."""
        return {one.name: one.condition for one in self.components}


def holds(incident: Incident) -> bool:
    """Whether the incident may hold a component down: an open one that is neither a test nor private nor a double."""
    return incident.open and public(incident) and incident.merged_into is None


def public(incident: Incident) -> bool:
    """Whether the public may hear of it at all."""
    return not incident.private and not incident.test


def held(incidents: Iterable[Incident]) -> Mapping[str, Held]:
    """What holds each component down: the worst of all open incidents that affect it, since the first such one."""
    found: dict[str, Held] = {}
    for incident in incidents:
        condition = _OF_SEVERITY.get(incident.severity)
        if condition is None or not holds(incident):
            continue
        for name in incident.components:
            found[name] = _worse(found.get(name), Held(condition=condition, since=incident.started_at))
    return found


def freed(config: StatusPage, states: Mapping[str, CheckState], past: Iterable[Incident]) -> frozenset[str]:
    """The components of which a person's word is the latest: an incident was resolved since their checks got worse.

    Where their checks say nothing of now, that word says how they are; `past` are incidents, those still open too.
    """
    ended: dict[str, datetime] = {}
    for incident in past:
        if not incident.open and public(incident) and incident.merged_into is None and incident.resolved_at:
            for name in incident.components:
                ended[name] = max(incident.resolved_at, ended.get(name, incident.resolved_at))
    return frozenset(
        one.name for one in config.components if one.name in ended and _worse_since(one, states) <= ended[one.name]
    )


def _worse_since(component: Component, states: Mapping[str, CheckState]) -> datetime:
    """When the last of its checks that hold a trouble began to."""
    held = [states[name] for name in component.checks if name in states]
    return max((one.since for one in held if _OF_STATUS[one.status] in _TROUBLES), default=LONG_AGO)


def stories(notices: Iterable[Notice], incidents: Mapping[int, Incident]) -> tuple[Story, ...]:
    """What was published, by incident, the latest incident first; `notices` are in their order.

    One whose incident is not public any more is left out.
    """
    told: dict[int, list[Notice]] = {}
    for notice in notices:
        if notice.decided_at is not None and notice.incident in incidents and public(incidents[notice.incident]):
            told.setdefault(notice.incident, []).append(notice)
    made = [_story(incidents[number], some) for number, some in told.items()]
    return tuple(sorted(made, key=lambda story: story.began, reverse=True))


def heading(components: Iterable[str]) -> str:
    """What an incident is called in public."""
    names = list(dict.fromkeys(components))
    return f"Trouble with {listing(names)}" if names else "Incident"


def page(
    config: StatusPage,
    states: Mapping[str, CheckState],
    windows: Sequence[Window],
    *,
    now: datetime,
    fresh_for: timedelta,
    incidents: Iterable[Incident] = (),
) -> Page:
    """What the page says now: `states` by name of the check, `windows` up to `AHEAD`; those not public are left out.

    A result older than `fresh_for` says nothing of now. A component is as bad as its checks and its incidents have it.
    """
    down = held(incidents)
    told = sorted((w for w in windows if w.public), key=lambda w: (w.starts_at, w.title))
    current = [w for w in told if w.starts_at <= now < w.ends_at]
    planned = [w for w in told if now < w.starts_at < now + AHEAD]
    known = {name: state for name, state in states.items() if state.observed_at >= now - fresh_for}
    shown = tuple(_with(_component(one, known, current), down.get(one.name)) for one in config.components)
    return Page(
        title=config.title,
        condition=_worst([one.condition for one in shown]) if shown else Condition.UNKNOWN,
        components=shown,
        current=tuple(_planned(window, config.components) for window in current),
        planned=tuple(_planned(window, config.components) for window in planned[:MOST_PLANNED]),
        unlisted=len(planned[MOST_PLANNED:]),
        at=now,
    )


def with_history(page: Page, past: Mapping[str, Uptime]) -> Page:
    """The page with the uptime of each component."""
    return replace(page, components=tuple(replace(one, uptime=past.get(one.name)) for one in page.components))


def _component(component: Component, known: Mapping[str, CheckState], current: Sequence[Window]) -> Shown:
    """The worst of its checks: a check that is in maintenance is not held against it, the others still are."""
    found = {name: _check(component, name, known, current) for name in component.checks}
    condition = _worst(list(found.values()))
    troubled = condition in _TROUBLES
    since = min(known[name].since for name, one in found.items() if one is condition) if troubled else None
    return Shown(name=component.name, condition=condition, since=since)


def _with(shown: Shown, down: Held | None) -> Shown:
    """The component under what incidents do to it."""
    if down is None or _ORDER.index(down.condition) < _ORDER.index(shown.condition):
        return shown
    same = [since for since in (shown.since,) if since and shown.condition is down.condition]
    return replace(shown, condition=down.condition, since=min([*same, down.since]))


def _worse(a: Held | None, b: Held) -> Held:
    if a is None or _ORDER.index(b.condition) > _ORDER.index(a.condition):
        return b
    return replace(a, since=min(a.since, b.since)) if a.condition is b.condition else a


def _story(incident: Incident, notices: Sequence[Notice]) -> Story:
    updates = [
        Update(number=one.id, phase=one.phase, text=one.text, at=one.decided_at) for one in notices if one.decided_at
    ]
    updates.sort(key=lambda update: (update.at, update.number), reverse=True)
    return Story(
        heading=heading(name for notice in notices for name in notice.components),
        began=incident.started_at,
        phase=updates[0].phase,
        updates=tuple(updates),
        over=not incident.open,
        ended=None if incident.open else incident.resolved_at,
    )


def _check(component: Component, name: str, known: Mapping[str, CheckState], current: Sequence[Window]) -> Condition:
    if any(_covers(window, component, name) for window in current):
        return Condition.MAINTENANCE
    return _OF_STATUS[known[name].status] if name in known else Condition.UNKNOWN


def _covers(window: Window, component: Component, check: str) -> bool:
    return matches(window.matchers, FAILED, {**component.labels, "check": check})


def _planned(window: Window, components: Sequence[Component]) -> Planned:
    return Planned(
        title=window.title or window.name,
        comment=window.comment,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        components=tuple(one.name for one in components if any(_covers(window, one, name) for name in one.checks)),
    )


def _worst(conditions: Sequence[Condition]) -> Condition:
    return max(conditions, key=_ORDER.index)
