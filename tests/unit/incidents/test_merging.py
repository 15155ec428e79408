from dataclasses import replace
from datetime import timedelta

import pytest

from bot.events import ComponentsAffected, IncidentAbsorbed, IncidentMerged, IncidentParted, RoleAssigned
from bot.incidents import merging
from storage.records.alerts import Severity
from storage.records.incidents import Incident, IncidentStatus
from tests.fakes.ports import T0

ONE = Incident(
    id=1, title="Shop is down", severity=Severity.HIGH, declared_by="U0000ONE", started_at=T0, declared_at=T0
)
TWO = replace(ONE, id=2, title="Checkout hangs", alert_ids=(7, 8), roles={"commander": "U0000TWO"})
LATER = T0 + timedelta(minutes=5)


def merge(duplicate=TWO, survivor=ONE, absorbed=()):
    return merging.merge(duplicate, survivor, by="U000LEAD", now=LATER, absorbed=absorbed)


def test_the_duplicate_is_over_and_says_into_which_it_went():
    over, _ = merge()

    assert (over.state.status, over.state.merged_into) == (IncidentStatus.RESOLVED, 1)
    assert (over.state.resolved_at, over.state.resolved_by) == (LATER, "U000LEAD")
    assert over.events == (IncidentMerged(incident=2, into=1, alerts=(7, 8)),)


def test_the_survivor_gets_the_alerts_that_it_does_not_have():
    _, grown = merge(survivor=replace(ONE, alert_ids=(8,)))

    assert grown.state.alert_ids == (8, 7)
    assert grown.events[0] == IncidentAbsorbed(incident=1, duplicate=2, alerts=(7,))


def test_roles_that_nobody_holds_move_and_the_others_stay():
    duplicate = replace(TWO, roles={"commander": "U0000TWO", "scribe": "U0000TWO"})
    _, grown = merge(duplicate, replace(ONE, roles={"commander": "U0000ONE"}))

    assert grown.state.roles == {"commander": "U0000ONE", "scribe": "U0000TWO"}
    assert [e for e in grown.events if isinstance(e, RoleAssigned)] == [
        RoleAssigned(incident=1, role="scribe", user="U0000TWO")
    ]


def test_the_survivor_affects_what_both_affected():
    _, grown = merge(replace(TWO, components=("api", "shop")), replace(ONE, components=("shop",)))

    assert grown.state.components == ("shop", "api")
    assert grown.events[-1] == ComponentsAffected(incident=1, components=("shop", "api"), previous=("shop",))


def test_a_clock_that_was_set_back_ends_the_duplicate_no_sooner_than_it_began():
    over, _ = merging.merge(TWO, ONE, by="U000LEAD", now=T0 - timedelta(days=1), absorbed=())

    assert over.state.resolved_at == T0


@pytest.mark.parametrize(
    ("duplicate", "survivor", "absorbed", "said"),
    [
        (ONE, ONE, (), "an incident cannot be merged into itself: name another one that goes on for both"),
        (
            replace(TWO, status=IncidentStatus.RESOLVED),
            ONE,
            (),
            "it is resolved: it takes words, or `incident reopen 2` opens it again",
        ),
        (
            replace(TWO, status=IncidentStatus.RESOLVED, merged_into=3),
            ONE,
            (),
            "it was merged into #3; `incident reopen 2` takes that back",
        ),
        (
            TWO,
            replace(ONE, status=IncidentStatus.RESOLVED, merged_into=3),
            (),
            "#1 was merged into #3: merge this one into that one",
        ),
        (
            TWO,
            replace(ONE, status=IncidentStatus.RESOLVED),
            (),
            "#1 is resolved: `incident reopen 1` first, or resolve this one",
        ),
        (
            TWO,
            ONE,
            (replace(ONE, id=9, merged_into=2),),
            "it goes on for #9: merge #1 into this one, or `incident reopen 9` first",
        ),
        (
            replace(TWO, private=True),
            ONE,
            (),
            "one of them is private and the other is not: those who may see them differ",
        ),
        (TWO, replace(ONE, test=True), (), "one of them is a test and the other is not"),
    ],
)
def test_what_cannot_be_merged_is_refused_with_what_can_be_done(duplicate, survivor, absorbed, said):
    both = merge(duplicate, survivor, absorbed)

    assert [decision.reason for decision in both] == [said, said]
    assert not any(decision.changed for decision in both)


def test_a_duplicate_that_was_none_takes_its_alerts_back_and_leaves_those_that_joined_since():
    _, grown = merge()
    since = replace(grown.state, alert_ids=(*grown.state.alert_ids, 9))

    decision = merging.part(since, 2, (7, 8))

    assert decision.state.alert_ids == (9,)
    assert decision.events == (IncidentParted(incident=1, duplicate=2, alerts=(7, 8)),)
