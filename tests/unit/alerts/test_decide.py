from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts import acknowledgement, decide, instances
from bot.alerts.decide import Change
from bot.alerts.grouping import Group, group
from bot.config.alerts import Flapping, RuleConfig
from bot.config.escalation import Step
from bot.events import (
    AlertOpened,
    AlertResolved,
    AlertSilenced,
    AlertUnsilenced,
    AlertWorsened,
    FlappingStarted,
    FlappingStopped,
    InstancesOpened,
    InstancesResolved,
)
from bot.report import Report
from storage.records.alerts import AlertState, Severity
from tests.fakes.ports import T0

STEPS = (
    Step(after=timedelta(0), notify=("oncall",)),
    Step(after=timedelta(minutes=5), notify=("oncall", "#incidents")),
)
GROUP = Group("f00d", {"service": "shop"})
REPORT = Report(
    name="errors",
    labels={"service": "shop", "pod": "1"},
    severity=Severity.HIGH,
    source="prometheus",
    started_at=T0 - timedelta(minutes=1),
    reading="connection refused",
)
LATER = T0 + timedelta(minutes=2)
EVERY = timedelta(seconds=3)


def instance(pod="1", muted_by="", now=T0, **changes):
    report = replace(REPORT, labels={"service": "shop", "pod": pod}, **changes)
    return instances.opened(
        report,
        fingerprint=f"f{pod}",
        alert=7,
        count=1,
        before=None,
        muted_by=muted_by,
        flapping=Flapping(),
        now=now,
    )


def raised(*opened, steps=STEPS, **changes):
    opened = opened or (instance(),)
    change = Change(opened=opened, reports=len(opened), last=REPORT, muted=sum(bool(i.muted_by) for i in opened))
    change = replace(change, **changes)
    return decide.raised(change, GROUP, number=7, policy="default", runbook="", steps=steps, now=T0)


def changed(alert, now=LATER, **change):
    return decide.changed(alert, Change(**change), STEPS, every=EVERY, now=now)


def kinds(decision):
    return [type(event) for event in decision.events]


def test_an_alert_began_when_its_breach_did():
    decision = raised()

    assert kinds(decision) == [AlertOpened]
    assert (decision.state.id, decision.state.started_at) == (7, T0 - timedelta(minutes=1))


def test_an_alert_never_began_in_the_future():
    assert raised(instance(started_at=T0 + timedelta(hours=1))).state.started_at == T0


def test_an_alert_is_as_bad_as_its_worst_instance():
    assert raised(instance(), instance("2", severity=Severity.CRITICAL)).state.severity is Severity.CRITICAL


def test_without_a_summary_it_is_called_by_rule_and_shared_labels():
    assert raised().state.summary == "errors (service shop)"


def test_only_the_first_step_is_planned():
    (timer,) = raised().timers

    assert (timer.kind, timer.at) == ("alerts.step", T0)


def test_a_policy_without_steps_plans_nothing():
    decision = raised(steps=())

    assert (decision.timers, decision.state.next_step_at) == ((), None)


def test_what_opens_muted_is_on_record_and_tells_nobody():
    decision = raised(instance(muted_by="silence 3"))

    assert (decision.state.state, decision.state.muted_by, decision.timers) == (AlertState.SILENCED, "silence 3", ())
    assert decision.events[0].muted_by == "silence 3"


def test_one_loud_instance_makes_the_alert_loud():
    assert raised(instance(muted_by="silence 3"), instance("2")).state.state is AlertState.FIRING


def test_another_instance_joins_without_another_page():
    decision = changed(raised().state, opened=(instance("2"),), reports=1)

    assert kinds(decision) == [InstancesOpened]
    assert [timer.kind for timer in decision.timers] == ["alerts.refresh"]
    assert (decision.state.firing, decision.state.total) == (2, 2)


def test_an_instance_that_joins_is_covered_by_the_acknowledgement():
    taken = acknowledgement.acknowledge(raised().state, by="U0000ONE", now=T0).state

    assert changed(taken, opened=(instance("2"),)).state.state is AlertState.ACKNOWLEDGED


def test_a_worse_one_is_not_covered_by_the_acknowledgement():
    taken = acknowledgement.acknowledge(raised().state, by="U0000ONE", now=T0).state
    decision = changed(taken, opened=(instance("2", severity=Severity.CRITICAL),))

    assert AlertWorsened(alert=7, severity="critical", previous="high") in decision.events
    assert (decision.state.state, decision.state.acknowledged_by) == (AlertState.FIRING, "")
    assert "alerts.step" in [timer.kind for timer in decision.timers]


def test_a_worse_one_that_is_muted_changes_nothing_about_who_has_it():
    taken = acknowledgement.acknowledge(raised().state, by="U0000ONE", now=T0).state
    worse = instance("2", muted_by="silence 3", severity=Severity.CRITICAL)

    assert changed(taken, opened=(worse,), muted=1).state.state is AlertState.ACKNOWLEDGED


def test_some_of_its_instances_may_be_over():
    two = raised(instance(), instance("2")).state
    decision = changed(two, resolved=(instances.closed(instance("2"), LATER),))

    assert kinds(decision) == [InstancesResolved]
    assert (decision.state.firing, decision.state.open) == (1, True)


def test_it_is_over_when_the_last_one_is():
    decision = changed(raised().state, resolved=(instances.closed(instance(), LATER),), reading="HTTP 200")

    assert decision.events == (AlertResolved(alert=7, reading="HTTP 200"),)
    assert [c.kind for c in decision.cancels][:2] == ["alerts.step", "alerts.page"]


def test_when_all_that_fires_is_muted_escalation_stops():
    quiet = replace(instance(), muted_by="silence 3", state=AlertState.SILENCED)
    decision = changed(raised().state, seen=(quiet,), muted=1)

    assert AlertSilenced(alert=7, by="silence 3") in decision.events
    assert decision.cancels


def test_an_acknowledgement_outlasts_a_silence():
    taken = acknowledgement.acknowledge(raised().state, by="U0000ONE", now=T0).state
    quiet = replace(instance(), muted_by="silence 3", state=AlertState.SILENCED)
    muted = changed(taken, seen=(quiet,), muted=1)
    heard = changed(muted.state, seen=(instance(),), muted=-1)

    assert (kinds(muted), muted.cancels) == ([AlertSilenced], ())
    assert heard.events == (AlertUnsilenced(alert=7, held_by="U0000ONE"),)
    assert (heard.state.state, heard.state.muted_by) == (AlertState.ACKNOWLEDGED, "")
    assert "alerts.step" not in [timer.kind for timer in heard.timers]


def test_what_is_worse_when_the_silence_ends_is_not_covered_by_the_acknowledgement():
    taken = acknowledgement.acknowledge(raised(instance(muted_by="silence 3")).state, by="U0000ONE", now=T0).state
    decision = changed(taken, seen=(instance(severity=Severity.CRITICAL),), muted=-1)

    assert kinds(decision) == [AlertUnsilenced, AlertWorsened]
    assert (decision.state.state, decision.state.acknowledged_by) == (AlertState.FIRING, "")


@pytest.mark.parametrize("ends", ["given back", "expired"])
def test_an_acknowledgement_that_ends_while_it_is_muted_tells_nobody(ends):
    hold = acknowledgement.Hold(until=LATER)
    muted = raised(instance(muted_by="silence 3")).state
    taken = acknowledgement.acknowledge(muted, by="U0000ONE", now=T0, hold=hold).state
    decision = (
        acknowledgement.withdraw(taken, STEPS, by="U0000ONE", now=T0)
        if ends == "given back"
        else acknowledgement.expire(taken, STEPS, until=LATER, now=LATER)
    )

    assert (decision.state.state, decision.state.next_step_at) == (AlertState.SILENCED, None)
    assert (decision.events[0].muted_by, decision.timers) == ("silence 3", ())


def test_what_mutes_it_may_change():
    other = replace(instance(), muted_by="silence 4", state=AlertState.SILENCED)
    decision = changed(raised(instance(muted_by="silence 3")).state, seen=(other,))

    assert (decision.state.muted_by, kinds(decision)) == ("silence 4", [])


def test_when_it_is_muted_no_more_escalation_begins_again():
    silenced = raised(instance(muted_by="silence 3")).state
    decision = changed(silenced, seen=(instance(),), muted=-1)

    assert AlertUnsilenced(alert=7) in decision.events
    assert (decision.state.state, decision.state.next_step, decision.state.muted_by) == (AlertState.FIRING, 0, "")
    assert "alerts.step" in [timer.kind for timer in decision.timers]


def test_the_loud_instance_may_go_and_leave_the_muted_ones():
    both = raised(instance(muted_by="silence 3"), instance("2")).state
    decision = changed(both, resolved=(instances.closed(instance("2"), LATER),))

    assert AlertSilenced in kinds(decision)


def test_what_says_nothing_new_edits_no_card():
    decision = changed(raised().state, seen=(instance(),), reports=1, last=REPORT)

    assert (decision.events, decision.timers, decision.state.count) == ((), (), 2)


def test_many_readings_in_a_while_are_one_edit():
    keys = {
        changed(raised().state, T0 + timedelta(milliseconds=n), seen=(instance(),), last=replace(REPORT, value=n))
        .timers[0]
        .key
        for n in (1, 900, 2999)
    }

    assert len(keys) == 1


def test_flapping_is_said_once():
    decision = changed(raised().state, opened=(instance("2"),), flapping=4)
    again = changed(decision.state, seen=(instance("2"),), flapping=5)

    assert FlappingStarted(alert=7, openings=4) in decision.events
    assert FlappingStarted not in kinds(again)
    assert kinds(decide.steady(decision.state)) == [FlappingStopped]


def test_what_does_not_flap_does_not_stop_flapping():
    assert not decide.steady(raised().state).changed


def test_an_alert_is_linked_to_an_incident_once():
    first = decide.link(raised().state, 3)

    assert first.state.incident_id == 3
    assert not decide.link(first.state, 3).changed


def test_what_is_resolved_stays_so():
    done = decide.resolve(raised().state, by="bot", now=LATER).state
    decision = decide.resolve(done, by="U0000ONE", now=LATER)

    assert (decision.changed, decision.reason) == (False, "it is resolved already")


@pytest.mark.parametrize(
    ("group_by", "shared"),
    [
        (("alertname", "service"), {"service": "shop"}),
        (("alertname", "zone"), {}),
        (("...",), {"service": "shop", "pod": "1"}),
    ],
)
def test_a_group_has_the_labels_that_it_is_grouped_by(group_by, shared):
    assert group("errors", {"service": "shop", "pod": "1", "zone": ""}, group_by).labels == shared


def test_rules_of_one_group_may_have_several_names_when_the_name_is_not_grouped_by():
    assert group("a", {"service": "x"}, ("service",)) == group("b", {"service": "x"}, ("service",))
    assert group("a", {"service": "x"}, ("alertname",)) != group("b", {"service": "x"}, ("alertname",))


def test_the_policy_is_the_reports_the_rules_or_the_severitys():
    policies = {"default": None, "high": None}
    plain, named = {"errors": RuleConfig()}, {"errors": RuleConfig(policy="slow")}

    assert decide.policy(replace(REPORT, policy="mine"), Severity.HIGH, named, policies) == "mine"
    assert decide.policy(REPORT, Severity.HIGH, named, policies) == "slow"
    assert decide.policy(REPORT, Severity.HIGH, plain, policies) == "high"
    assert decide.policy(REPORT, Severity.HIGH, {}, policies) == "high"
    assert decide.policy(REPORT, Severity.LOW, plain, policies) == "default"


def test_a_worse_alert_begins_anew_with_the_policy_it_gets():
    worse = instance("2", severity=Severity.CRITICAL)
    decision = decide.changed(
        raised().state, Change(opened=(worse,)), STEPS[:1], every=EVERY, now=LATER, policy="critical"
    )

    assert (decision.state.policy, decision.state.rounds, decision.state.next_step_at) == ("critical", 1, LATER)
    assert "alerts.step" in [cancel.kind for cancel in decision.cancels]


def test_a_worse_alert_goes_on_with_the_policy_that_it_keeps():
    decision = changed(raised().state, opened=(instance("2", severity=Severity.CRITICAL),))

    assert (decision.state.policy, decision.state.rounds) == ("default", 0)
    assert decision.cancels == ()
