"""What incidents do to components, and what of them the public reads."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.config.manage import Manage
from bot.statuspage.decide import Condition, Page, freed, held, page, stories
from storage.records.alerts import Severity
from storage.records.checks import Status
from storage.records.incidents import Incident, IncidentStatus
from storage.records.notices import Notice, NoticeStatus
from tests.fakes.ports import T0
from tests.unit.statuspage.states import COMPONENTS, FRESH_FOR, healthy

HOSTILE = "payments-db-3 <script>alert(1)</script>"


def incident(number: int = 1, severity: Severity = Severity.CRITICAL, **changes: Any) -> Incident:
    """An open incident that affects the shop, an hour old."""
    given: dict[str, Any] = {
        "title": HOSTILE,
        "severity": severity,
        "declared_by": "U000LEAD",
        "started_at": T0 - timedelta(hours=1),
        "declared_at": T0 - timedelta(minutes=50),
        "components": ("Shop",),
    }
    return Incident(id=number, **{**given, **changes})


def resolved(one: Incident) -> Incident:
    return replace(one, status=IncidentStatus.RESOLVED, resolved_at=T0)


def shown(*incidents: Incident, **others: Status) -> Page:
    manage = Manage.model_validate({"statuspage": {"components": COMPONENTS}})
    return page(manage.statuspage, healthy(**others), (), now=T0, fresh_for=FRESH_FOR, incidents=incidents)


def notice(number: int, about: int = 1, **changes: Any) -> Notice:
    given: dict[str, Any] = {
        "phase": "investigating",
        "text": f"Text {number}",
        "components": {"Shop": "major outage"},
        "author": "template",
        "created_at": T0,
        "status": NoticeStatus.PUBLISHED,
        "decided_by": "U000LEAD",
        "decided_at": T0 + timedelta(minutes=number),
    }
    return Notice(id=number, incident=about, **{**given, **changes})


@pytest.mark.parametrize(
    ("severity", "condition"),
    [
        (Severity.CRITICAL, Condition.OUTAGE),
        (Severity.HIGH, Condition.PARTIAL),
        (Severity.MEDIUM, Condition.DEGRADED),
        (Severity.LOW, Condition.OPERATIONAL),
    ],
)
def test_an_incident_holds_its_components_down_by_its_severity(severity: Severity, condition: Condition) -> None:
    found = shown(incident(severity=severity))
    assert found.conditions == {"Shop": condition, "Mail": Condition.OPERATIONAL}
    assert found.condition is condition


@pytest.mark.parametrize("how", ["private", "test"])
def test_what_the_public_may_not_hear_of_changes_nothing(how: str) -> None:
    assert shown(incident(**{how: True})).condition is Condition.OPERATIONAL


def test_a_double_of_another_incident_holds_nothing() -> None:
    assert shown(incident(merged_into=7)).condition is Condition.OPERATIONAL


def test_of_two_incidents_on_one_component_the_end_of_one_keeps_it_red() -> None:
    first, second = incident(1), incident(2)
    assert shown(resolved(first), second).conditions["Shop"] is Condition.OUTAGE
    assert shown(resolved(first), resolved(second)).conditions["Shop"] is Condition.OPERATIONAL


def test_the_worse_of_two_incidents_counts_and_then_the_other() -> None:
    grave, mild = incident(1), incident(2, Severity.MEDIUM)
    assert shown(grave, mild).conditions["Shop"] is Condition.OUTAGE
    assert shown(resolved(grave), mild).conditions["Shop"] is Condition.DEGRADED


def test_after_the_incident_its_checks_still_count() -> None:
    assert shown(resolved(incident()), database=Status.DOWN).conditions["Shop"] is Condition.OUTAGE


def test_a_trouble_has_lasted_since_the_first_of_what_makes_it() -> None:
    (shop, _) = shown(incident(), api=Status.DOWN).components
    assert shop.since == T0 - timedelta(hours=1)
    (shop, _) = shown(incident(severity=Severity.MEDIUM), api=Status.DOWN).components
    assert shop.since == T0 - timedelta(minutes=10)
    early = incident(2, started_at=T0 - timedelta(hours=5))
    assert held([incident(), early])["Shop"].since == T0 - timedelta(hours=5)


def test_published_texts_are_told_by_incident_the_latest_first() -> None:
    older, newer = incident(1), incident(2, started_at=T0)
    found = stories([notice(1), notice(2, 2), notice(3, phase="resolved")], {1: older, 2: newer})
    assert [(story.phase, [update.text for update in story.updates]) for story in found] == [
        ("investigating", ["Text 2"]),
        ("resolved", ["Text 3", "Text 1"]),
    ]


def test_the_heading_is_made_of_components_and_never_of_the_title() -> None:
    both = [notice(1), notice(2, components={"Shop": "operational", "Mail": "degraded"})]
    (story,) = stories(both, {1: incident()})
    assert story.heading == "Trouble with Shop and Mail"
    assert HOSTILE not in repr(story)


@pytest.mark.parametrize("how", ["private", "test"])
def test_what_became_private_is_told_no_more(how: str) -> None:
    assert stories([notice(1)], {1: incident(**{how: True})}) == ()


CONFIG = Manage.model_validate({"statuspage": {"components": COMPONENTS}}).statuspage


def test_a_person_s_word_that_it_is_over_is_the_latest_where_no_check_got_worse_since() -> None:
    over = resolved(incident())
    assert freed(CONFIG, {}, [over]) == {"Shop"}
    assert freed(CONFIG, healthy(api=Status.DOWN), [over]) == {"Shop"}  # down for ten minutes when it was resolved
    assert freed(CONFIG, healthy(api=Status.DOWN), [replace(over, resolved_at=T0 - timedelta(hours=1))]) == set()


@pytest.mark.parametrize("changes", [{"private": True}, {"test": True}, {"merged_into": 7}, {"components": ()}])
def test_of_some_incidents_the_end_says_nothing_of_components(changes: dict[str, Any]) -> None:
    assert freed(CONFIG, {}, [replace(resolved(incident()), **changes), incident(2)]) == set()
