"""What the public status page says: of each component, of all of them, and of maintenance (pure).

What comes out may be told to everybody: names of checks, details, matchers and values stay behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.alerts.rules import FAILED
from bot.config.statuspage import Component, StatusPage
from bot.matchers import matches
from bot.silences.maintenance import Window
from storage.records.checks import CheckState, Status

AHEAD = timedelta(days=14)
"""How far ahead planned maintenance is announced."""
MOST_PLANNED = 20
"""Planned times that are listed; of more than these only their number is told."""


class Condition(StrEnum):
    """How a component is, from good to bad."""

    OPERATIONAL = "operational"
    MAINTENANCE = "under_maintenance"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    OUTAGE = "major_outage"


_ORDER = tuple(Condition)
_OF_STATUS = {
    Status.HEALTHY: Condition.OPERATIONAL,
    Status.UNKNOWN: Condition.UNKNOWN,
    Status.DEGRADED: Condition.DEGRADED,
    Status.DOWN: Condition.OUTAGE,
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A component as the page shows it; `since` is when a trouble began, None of what is none."""

    name: str
    condition: Condition
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Notice:
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
    current: tuple[Notice, ...]
    planned: tuple[Notice, ...]
    unlisted: int
    at: datetime


def page(
    config: StatusPage,
    states: Mapping[str, CheckState],
    windows: Sequence[Window],
    *,
    now: datetime,
    fresh_for: timedelta,
) -> Page:
    """What the page says now: `states` by name of the check, `windows` up to `AHEAD`; those not public are left out.

    A result older than `fresh_for` says nothing of now.
    """
    public = sorted((w for w in windows if w.public), key=lambda w: (w.starts_at, w.title))
    current = [w for w in public if w.starts_at <= now < w.ends_at]
    planned = [w for w in public if now < w.starts_at < now + AHEAD]
    known = {name: state for name, state in states.items() if state.observed_at >= now - fresh_for}
    shown = tuple(_component(component, known, current) for component in config.components)
    return Page(
        title=config.title,
        condition=_worst([one.condition for one in shown]) if shown else Condition.UNKNOWN,
        components=shown,
        current=tuple(_notice(window, config.components) for window in current),
        planned=tuple(_notice(window, config.components) for window in planned[:MOST_PLANNED]),
        unlisted=len(planned[MOST_PLANNED:]),
        at=now,
    )


def _component(component: Component, known: Mapping[str, CheckState], current: Sequence[Window]) -> Shown:
    """The worst of its checks: a check that is in maintenance is not held against it, the others still are."""
    found = {name: _check(component, name, known, current) for name in component.checks}
    condition = _worst(list(found.values()))
    troubled = condition in {Condition.DEGRADED, Condition.OUTAGE}
    since = min(known[name].since for name, one in found.items() if one is condition) if troubled else None
    return Shown(name=component.name, condition=condition, since=since)


def _check(component: Component, name: str, known: Mapping[str, CheckState], current: Sequence[Window]) -> Condition:
    if any(_covers(window, component, name) for window in current):
        return Condition.MAINTENANCE
    return _OF_STATUS[known[name].status] if name in known else Condition.UNKNOWN


def _covers(window: Window, component: Component, check: str) -> bool:
    return matches(window.matchers, FAILED, {**component.labels, "check": check})


def _notice(window: Window, components: Sequence[Component]) -> Notice:
    return Notice(
        title=window.title or window.name,
        comment=window.comment,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        components=tuple(one.name for one in components if any(_covers(window, one, name) for name in one.checks)),
    )


def _worst(conditions: Sequence[Condition]) -> Condition:
    return max(conditions, key=_ORDER.index)
