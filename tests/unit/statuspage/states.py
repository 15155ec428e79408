"""Pieces of which the tests put status pages together."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.config.manage import Manage
from bot.silences.maintenance import windows
from bot.statuspage import decide
from bot.statuspage.decide import AHEAD, Page
from storage.records.checks import CheckState, Status
from tests.fakes.ports import T0

COMPONENTS = [
    {"name": "Shop", "checks": ["api", "database"], "labels": {"service": "shop"}},
    {"name": "Mail", "checks": ["smtp"]},
]
FRESH_FOR = timedelta(minutes=3)


def state(name: str, status: Status, **changes: Any) -> CheckState:
    """A check that has held this status for ten minutes, seen a minute ago."""
    given = {
        "since": T0 - timedelta(minutes=10),
        "streak": 3,
        "streak_since": T0 - timedelta(minutes=10),
        "observed_at": T0 - timedelta(minutes=1),
        "detail": "10.1.2.3:5432 refused the password of user shop",
    }
    return CheckState(name=name, type="http", status=status, observed=status, **{**given, **changes})


def healthy(**others: Status) -> dict[str, CheckState]:
    """All checks of COMPONENTS by name, healthy but for the others."""
    statuses = dict.fromkeys(("api", "database", "smtp"), Status.HEALTHY) | others
    return {name: state(name, status) for name, status in statuses.items()}


def window(name: str, start: str, end: str, matchers: str = "service=shop", **more: Any) -> dict[str, Any]:
    """A window of manage.yml that everybody may see."""
    return {"name": name, "start": start, "end": end, "matchers": matchers, "public": True, **more}


def page(states: Mapping[str, CheckState], *maintenance: dict[str, Any], components: Any = COMPONENTS) -> Page:
    """The page of T0: Monday, 23 November 2026, 12:00 UTC."""
    manage = Manage.model_validate({"statuspage": {"components": components}, "maintenance": maintenance})
    found = windows(manage, T0, T0 + AHEAD)
    return decide.page(manage.statuspage, states, found, now=T0, fresh_for=FRESH_FOR)
