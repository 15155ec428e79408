from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts import acknowledgement, decide, escalation
from bot.alerts.decide import Breach
from bot.alerts.escalation import Page, Whom
from bot.config.alerts import RuleConfig
from bot.config.escalation import Policy, Step
from bot.events import AlertOpened, EscalationExhausted, EscalationStepFired
from storage.records.alerts import AlertState, Severity
from tests.fakes.ports import T0

STEPS = (
    Step(after=timedelta(0), notify=("oncall",)),
    Step(after=timedelta(minutes=5), notify=("oncall", "#incidents")),
)
BREACH = Breach(
    rule="health-check-failed",
    summary="shop is down",
    started_at=T0 - timedelta(minutes=1),
    labels={"check": "shop"},
    reading="connection refused",
)
LATER = T0 + timedelta(minutes=2)


def opened(steps=STEPS):
    return decide.observe(None, BREACH, RuleConfig(runbook="https://wiki/shop"), steps, number=7, now=T0)


def acknowledged():
    return acknowledgement.acknowledge(opened().state, by="U0000ONE", now=LATER).state


def taken(alert, index, steps=STEPS, now=T0):
    whom = Whom(fallback="#alerts", oncall={"": "U0000ONE"})
    return escalation.take_step(alert, Policy(steps=steps), index, whom=whom, now=now)


def test_a_breach_opens_an_alert_that_began_when_the_breach_did():
    decision = opened()
    (event,) = decision.events

    assert isinstance(event, AlertOpened)
    assert (decision.state.id, decision.state.severity, decision.state.started_at) == (
        7,
        Severity.HIGH,
        T0 - timedelta(minutes=1),
    )


def test_an_alert_never_began_in_the_future():
    ahead = replace(BREACH, started_at=T0 + timedelta(hours=1))

    assert decide.observe(None, ahead, RuleConfig(), STEPS, number=7, now=T0).state.started_at == T0


def test_only_the_first_step_is_planned():
    (timer,) = opened().timers

    assert (timer.kind, timer.at, timer.payload) == ("alerts.step", T0, {"alert": 7, "step": 0})


def test_a_policy_without_steps_plans_nothing():
    assert (opened(steps=()).timers, opened(steps=()).state.next_step_at) == ((), None)


def test_an_alert_that_is_open_is_seen_again_without_a_fact():
    again = decide.observe(opened().state, BREACH, RuleConfig(), STEPS, number=8, now=LATER)

    assert (again.state.id, again.state.last_seen_at, again.events, again.timers) == (7, LATER, (), ())


def test_another_reading_brings_the_card_up_to_date():
    seen = replace(BREACH, reading="HTTP 503")
    again = decide.observe(opened().state, seen, RuleConfig(), STEPS, number=8, now=LATER)

    assert [timer.kind for timer in again.timers] == ["alerts.refresh"]


def test_the_same_trouble_has_one_fingerprint():
    assert replace(BREACH, reading="x").fingerprint == BREACH.fingerprint
    assert replace(BREACH, labels={"check": "mail"}).fingerprint != BREACH.fingerprint


def test_a_step_tells_its_targets_and_plans_the_next():
    decision = taken(opened().state, 0)

    assert decision.events == (EscalationStepFired(alert=7, step=0, via="slack", targets=("@U0000ONE",)),)
    assert [timer.kind for timer in decision.timers] == ["alerts.page", "alerts.step"]
    assert decision.state.next_step_at == T0 + timedelta(minutes=5)


def test_the_last_step_ends_the_escalation():
    decision = taken(taken(opened().state, 0).state, 1)

    assert decision.events[-1] == EscalationExhausted(alert=7, steps=2)
    assert [timer.kind for timer in decision.timers] == ["alerts.page", "alerts.page"]
    assert decision.state.next_step_at is None


def test_nobody_on_call_means_the_fallback_is_told_once():
    steps = (Step(notify=("oncall", "#alerts")),)
    decision = escalation.take_step(opened(steps).state, Policy(steps=steps), 0, whom=Whom(fallback="#alerts"), now=T0)

    assert decision.events[0].targets == ("#alerts",)


@pytest.mark.parametrize(
    ("alert", "index", "steps", "reason"),
    [
        (acknowledged, 0, STEPS, "acknowledged by U0000ONE"),
        (lambda: decide.resolve(opened().state, by="bot", now=T0).state, 0, STEPS, "the alert is resolved"),
        (lambda: taken(opened().state, 0).state, 0, STEPS, "step 1 was taken already"),
        (lambda: taken(opened().state, 0).state, 1, STEPS[:1], "the policy default has no step 2 any more"),
    ],
)
def test_a_step_that_is_not_wanted_is_not_taken_and_says_why(alert, index, steps, reason):
    decision = taken(alert(), index, steps)

    assert (decision.changed, decision.reason) == (False, reason)


def test_an_acknowledgement_cancels_steps_and_pages():
    decision = acknowledgement.acknowledge(opened().state, by="U0000ONE", now=LATER, comment="on it")

    assert [(c.subject, c.kind) for c in decision.cancels] == [("alert:7", "alerts.step"), ("alert:7", "alerts.page")]
    assert (decision.state.acknowledged_by, decision.state.comment) == ("U0000ONE", "on it")


def test_giving_back_plans_the_next_step_at_its_own_time():
    alert = acknowledgement.acknowledge(taken(opened().state, 0).state, by="U0000ONE", now=LATER).state
    (timer,) = acknowledgement.withdraw(alert, STEPS, by="U0000ONE", now=LATER).timers

    assert (timer.key, timer.at) == ("alert:7:step:1", T0 + timedelta(minutes=5))


def test_giving_back_plans_an_overdue_step_for_now():
    late = T0 + timedelta(hours=1)
    (timer,) = acknowledgement.withdraw(acknowledged(), STEPS, by="U0000ONE", now=late).timers

    assert timer.at == late


def test_giving_back_sends_the_pages_that_were_stopped():
    owed = [Page(step=0, target="@U0000ONE", via="slack")]
    timers = acknowledgement.withdraw(acknowledged(), STEPS, owed, by="U0000ONE", now=LATER).timers

    assert [timer.key for timer in timers] == ["alert:7:page:0:slack:@U0000ONE", "alert:7:step:0"]


def test_an_alert_that_nobody_has_cannot_be_given_back():
    assert acknowledgement.withdraw(opened().state, STEPS, by="U0000ONE", now=T0).reason == "nobody has acknowledged it"


def test_an_alert_is_linked_to_an_incident_once():
    first = decide.link(opened().state, 3)

    assert first.state.incident_id == 3
    assert not decide.link(first.state, 3).changed


def test_what_is_resolved_stays_so():
    done = decide.resolve(opened().state, by="bot", now=LATER).state

    assert done.state is AlertState.RESOLVED
    for decision in (
        decide.resolve(done, by="U0000ONE", now=LATER),
        acknowledgement.acknowledge(done, by="U0000ONE", now=LATER),
        acknowledgement.withdraw(done, STEPS, by="U0000ONE", now=LATER),
    ):
        assert (decision.changed, decision.reason) == (False, "it is resolved already")
