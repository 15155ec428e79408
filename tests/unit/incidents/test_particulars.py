from dataclasses import replace
from datetime import timedelta

from bot.events import CauseNamed, ComponentsAffected, RoleReleased, UpdateSnoozed
from bot.incidents import particulars
from storage.records.alerts import Severity
from storage.records.incidents import Incident, IncidentStatus
from tests.fakes.ports import T0

INCIDENT = Incident(
    id=3, title="Shop is down", severity=Severity.HIGH, declared_by="U0000ONE", started_at=T0, declared_at=T0
)
LED = replace(INCIDENT, roles={"commander": "U0000ONE", "scribe": "U0000TWO"})


def test_a_role_can_be_given_to_another_than_holds_it():
    assert particulars.assign(LED, "commander", "U0000TWO").state.roles["commander"] == "U0000TWO"


def test_of_two_who_take_a_role_the_first_one_has_it():
    first = particulars.claim(INCIDENT, "commander", "U0000ONE")
    second = particulars.claim(first.state, "commander", "U0000TWO")

    assert first.state.roles == {"commander": "U0000ONE"}
    assert not second.changed
    assert second.reason.startswith("@U0000ONE is commander already")


def test_taking_a_role_twice_changes_nothing():
    assert not particulars.claim(LED, "commander", "U0000ONE").changed


def test_a_role_that_is_released_is_nobodys():
    decision = particulars.release(LED, "scribe")

    assert decision.state.roles == {"commander": "U0000ONE"}
    assert decision.events == (RoleReleased(incident=3, role="scribe", user="U0000TWO"),)


def test_a_role_that_nobody_holds_cannot_be_released():
    assert particulars.release(INCIDENT, "scribe").reason == "nobody is scribe"


def test_a_role_is_released_only_of_whom_was_named():
    decision = particulars.release(LED, "scribe", "U0000ONE")

    assert (decision.changed, decision.reason) == (False, "@U0000TWO is scribe, and nobody else")


def test_it_affects_just_the_components_that_were_named_last():
    decision = particulars.affects(replace(INCIDENT, components=("api",)), ("shop",))

    assert decision.state.components == ("shop",)
    assert decision.events == (ComponentsAffected(incident=3, components=("shop",), previous=("api",)),)
    assert not particulars.affects(decision.state, ("shop",)).changed


def test_a_cause_that_was_named_can_be_corrected():
    named = particulars.caused_by(INCIDENT, "deploy").state
    decision = particulars.caused_by(named, "capacity")

    assert decision.events == (CauseNamed(incident=3, cause="capacity", previous="deploy"),)
    assert not particulars.caused_by(named, "deploy").changed


def test_the_next_update_can_be_put_off_and_not_be_asked_for():
    later = T0 + timedelta(minutes=30)
    put_off = particulars.snooze(INCIDENT, later)
    stopped = particulars.snooze(put_off.state, None)

    assert (put_off.state.update_due_at, stopped.state.update_due_at) == (later, None)
    assert stopped.events == (UpdateSnoozed(incident=3, until=None),)
    assert particulars.snooze(stopped.state, None).reason == "nobody is reminded as it is"


def test_no_update_is_due_of_what_is_resolved():
    over = replace(INCIDENT, status=IncidentStatus.RESOLVED)

    assert not particulars.snooze(over, T0).changed
