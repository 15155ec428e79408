from dataclasses import replace
from datetime import timedelta

import pytest

from bot.events import (
    IncidentDeclared,
    IncidentReopened,
    IncidentResolved,
    NoteAdded,
    SeverityChanged,
    StatusChanged,
    UpdatePosted,
)
from bot.incidents import decide
from bot.incidents.decide import Source
from storage.records.alerts import Alert, Severity
from storage.records.incidents import IncidentStatus
from tests.fakes.ports import T0

BEGAN = T0 - timedelta(minutes=4)
ALERT = Alert(
    id=7,
    fingerprint="f",
    rule="health-check-failed",
    severity=Severity.HIGH,
    summary="shop is down",
    started_at=BEGAN,
    opened_at=T0,
    last_seen_at=T0,
)
MESSAGE = Source(channel="C1", ts="1.0", text="it hangs", author="U0000TWO", said_at=BEGAN)


def declared(**changes):
    given = {"title": "Shop is down", "severity": Severity.HIGH, "by": "U0000ONE", "now": T0, **changes}
    return decide.declare(3, **given)


def test_a_person_who_declares_an_incident_has_noticed_it():
    assert declared().state.acknowledged_at == T0


def test_the_bot_that_declares_one_has_not():
    assert declared(by="bot", alert=ALERT).state.acknowledged_at is None


def test_whoever_acknowledged_the_alert_before_was_first():
    taken = replace(ALERT, acknowledged_at=BEGAN + timedelta(minutes=1))

    assert declared(alert=taken).state.acknowledged_at == BEGAN + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("given", "began"),
    [
        ({}, T0),
        ({"alert": ALERT}, BEGAN),
        ({"source": MESSAGE}, BEGAN),
        ({"source": replace(MESSAGE, said_at=T0 + timedelta(minutes=1))}, T0),
    ],
)
def test_the_impact_began_with_the_alert_or_the_message_and_never_in_the_future(given, began):
    assert declared(**given).state.started_at == began


def test_the_message_is_noted_before_the_declaration():
    note, event = declared(source=MESSAGE).events

    assert isinstance(note, NoteAdded)
    assert isinstance(event, IncidentDeclared)
    assert (event.source_channel, event.source_ts) == ("C1", "1.0")


def test_an_alert_joins_once():
    first = decide.join(declared().state, ALERT)

    assert first.state.alert_ids == (7,)
    assert not decide.join(first.state, ALERT).changed


def test_an_update_may_say_and_change_all_at_once():
    decision = decide.update(
        declared().state, now=T0, text="found it", status=IncidentStatus.IDENTIFIED, severity=Severity.CRITICAL
    )

    assert [type(event) for event in decision.events] == [SeverityChanged, StatusChanged, UpdatePosted]
    assert decision.state.latest_update == "found it"


def test_an_update_with_nothing_new_changes_nothing():
    decision = decide.update(declared().state, now=T0, status=IncidentStatus.INVESTIGATING, severity=Severity.HIGH)

    assert not decision.changed
    assert decision.reason.startswith("nothing in it is new: it is investigating: it can be identified")


def test_a_resolved_incident_takes_words_only():
    over = decide.resolve(declared().state, by="U0000ONE", now=T0).state

    assert not decide.update(over, now=T0, status=IncidentStatus.MONITORING).changed
    assert decide.update(over, now=T0, text="the cause was a certificate").changed


def test_resolving_is_no_update():
    assert not decide.update(declared().state, now=T0, status=IncidentStatus.RESOLVED).changed


def test_mttr_counts_from_the_start_of_the_impact():
    incident = decide.acknowledged(declared(by="bot", alert=ALERT).state, T0 + timedelta(minutes=1)).state
    (event,) = decide.resolve(incident, by="U0000ONE", now=T0 + timedelta(minutes=6)).events

    assert (event.time_to_detect, event.time_to_acknowledge, event.time_to_resolve) == (240, 300, 600)


def test_a_clock_that_was_set_back_makes_no_span_negative():
    (event,) = decide.resolve(declared().state, by="U0000ONE", now=T0 - timedelta(days=1)).events

    assert (event.time_to_detect, event.time_to_acknowledge, event.time_to_resolve) == (0, 0, 0)


def test_people_are_written_down_as_invited_once():
    decision = decide.invited(declared().state, ["U0000ONE", "U0000TWO"], frozenset({"U0000ONE"}))

    assert decision.events[0].users == ("U0000TWO",)
    assert not decide.invited(declared().state, ["U0000ONE"], frozenset({"U0000ONE"})).changed


def test_trouble_is_said_once_and_beside_other_trouble():
    first = decide.troubled(declared().state, what="No pin", error="e", mend="pin it")
    second = decide.troubled(first.state, what="No topic", error="e", mend="set it")

    assert second.state.trouble == "No pin: pin it.\nNo topic: set it."
    assert not decide.troubled(second.state, what="No pin", error="e", mend="pin it").changed


def test_a_channel_that_could_be_opened_after_all_is_no_trouble_any_more():
    troubled = decide.troubled(declared().state, what="No channel", error="e", mend="try").state

    assert decide.open_channel(troubled, "C1", "incident-3").state.trouble == ""


def test_there_is_no_channel_to_close_twice():
    opened = decide.open_channel(declared().state, "C1", "incident-3").state
    closed = decide.archived(opened, T0).state

    assert closed.archived_at == T0
    assert not decide.archived(closed, T0).changed
    assert not decide.archived(declared().state, T0).changed


@pytest.mark.parametrize(
    ("archive", "severity", "at_once"),
    [
        ("at_once", Severity.HIGH, True),
        ("after_postmortem", Severity.HIGH, False),
        ("after_postmortem", Severity.LOW, True),
        ("never", Severity.LOW, False),
    ],
)
def test_the_channel_closes_with_the_resolution_where_nothing_holds_it_open(archive, severity, at_once):
    incident = declared(severity=severity).state

    assert decide.archives_on_resolve(incident, archive, (Severity.CRITICAL, Severity.HIGH)) is at_once


def test_a_typed_note_may_be_repeated_but_a_message_stands_once():
    typed = replace(MESSAGE, channel="", ts="")

    assert decide.note(declared().state, typed, frozenset({("", "")})).changed
    assert not decide.note(declared().state, MESSAGE, frozenset({("C1", "1.0")})).changed


EVERY = {Severity.CRITICAL: timedelta(minutes=30), Severity.HIGH: timedelta(hours=1)}
LATER = T0 + timedelta(minutes=6)


def over(**changes):
    return decide.resolve(declared(**changes).state, by="U0000ONE", now=LATER).state


class TestWhatIsLegal:
    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (IncidentStatus.INVESTIGATING, "it is investigating: it can be identified, be monitoring or be resolved"),
            (IncidentStatus.MONITORING, "it is monitoring: it can be investigating, be identified or be resolved"),
        ],
    )
    def test_of_an_open_incident_are_all_other_states(self, status, said):
        assert decide.legal(replace(declared().state, status=status)) == said

    def test_of_a_resolved_one_are_words_and_opening_it_again(self):
        assert decide.legal(over()) == "it is resolved: it takes words, or `incident reopen 3` opens it again"

    def test_of_a_merged_one_is_taking_that_back(self):
        merged = replace(over(), merged_into=5)
        assert decide.legal(merged) == "it was merged into #5; `incident reopen 3` takes that back"

    @pytest.mark.parametrize(
        "move",
        [
            lambda i: decide.update(i, now=LATER, status=IncidentStatus.IDENTIFIED),
            lambda i: decide.update(i, now=LATER, severity=Severity.LOW),
            lambda i: decide.resolve(i, by="U0000ONE", now=LATER),
            lambda i: decide.join(i, ALERT),
        ],
    )
    def test_is_the_answer_to_what_a_resolved_one_cannot_do(self, move):
        decision = move(over())

        assert (decision.changed, decision.reason) == (False, decide.legal(over()))


@pytest.mark.parametrize("start", decide.OPEN)
@pytest.mark.parametrize("end", decide.OPEN)
def test_it_moves_from_each_open_state_to_each_other(start, end):
    moved = decide.update(replace(declared().state, status=start), now=T0, status=end)

    assert moved.state.status is end
    assert moved.changed is (start is not end)


class TestMitigation:
    def mitigated(self, minutes):
        at = T0 + timedelta(minutes=minutes)
        return decide.update(declared(alert=ALERT).state, now=at, status=IncidentStatus.MONITORING).state

    def test_is_the_first_time_that_it_is_monitored(self):
        again = decide.update(self.mitigated(2), now=LATER, status=IncidentStatus.IDENTIFIED).state
        again = decide.update(again, now=LATER, status=IncidentStatus.MONITORING).state

        assert again.mitigated_at == T0 + timedelta(minutes=2)

    def test_is_a_part_of_mttr(self):
        (event,) = decide.resolve(self.mitigated(2), by="U0000ONE", now=LATER).events

        assert (event.time_to_mitigate, event.time_to_resolve) == (360, 600)

    def test_is_not_known_of_what_was_never_monitored(self):
        (event,) = decide.resolve(declared().state, by="U0000ONE", now=LATER).events

        assert event.time_to_mitigate is None

    def test_never_lies_after_the_resolution_though_the_clock_was_set_back(self):
        (event,) = decide.resolve(self.mitigated(9), by="U0000ONE", now=T0).events

        assert event.time_to_mitigate == event.time_to_resolve

    def test_is_taken_back_with_the_resolution(self):
        ended = decide.resolve(self.mitigated(2), by="U0000ONE", now=LATER).state

        assert decide.reopen(ended, now=LATER).state.mitigated_at is None


class TestNextUpdate:
    def test_is_due_as_the_severity_has_it(self):
        assert declared(every=EVERY).state.update_due_at == T0 + timedelta(hours=1)

    def test_is_not_asked_for_where_the_severity_is_left_out(self):
        assert declared(every=EVERY, severity=Severity.LOW).state.update_due_at is None

    @pytest.mark.parametrize(
        ("given", "after"),
        [
            ({"text": "found it"}, timedelta(hours=1)),
            ({"status": IncidentStatus.IDENTIFIED}, timedelta(hours=1)),
            ({"severity": Severity.CRITICAL}, timedelta(minutes=30)),
            ({"text": "found it", "due_in": timedelta(minutes=5)}, timedelta(minutes=5)),
        ],
    )
    def test_is_put_off_by_an_update(self, given, after):
        updated = decide.update(declared(every=EVERY).state, now=LATER, every=EVERY, **given).state

        assert updated.update_due_at == LATER + after

    def test_is_not_put_off_by_an_update_that_says_nothing_new(self):
        decision = decide.update(declared(every=EVERY).state, now=LATER, every=EVERY, severity=Severity.HIGH)

        assert decision.state.update_due_at == T0 + timedelta(hours=1)

    def test_is_due_no_more_once_it_is_resolved_and_again_once_it_is_open(self):
        ended = over(every=EVERY)
        worded = decide.update(ended, now=LATER, text="it was a certificate", every=EVERY).state

        assert (ended.update_due_at, worded.update_due_at) == (None, None)
        assert decide.reopen(ended, now=LATER, every=EVERY).state.update_due_at == LATER + timedelta(hours=1)

    def test_remembers_when_somebody_told_last(self):
        assert decide.update(declared().state, now=LATER, text="found it").state.updated_at == LATER


class TestReopening:
    def test_begins_with_investigating_and_counts(self):
        decision = decide.reopen(over(), now=LATER, reason="it hangs again")
        again = decision.state

        assert (again.status, again.reopened) == (IncidentStatus.INVESTIGATING, 1)
        assert (again.resolved_at, again.resolved_by) == (None, "")
        assert decision.events == (IncidentReopened(incident=3, reason="it hangs again"),)

    def test_of_what_is_open_is_refused_with_what_is_legal(self):
        decision = decide.reopen(declared().state, now=LATER)

        assert (decision.changed, decision.reason) == (False, decide.legal(declared().state))

    def test_is_refused_while_another_one_holds_its_alert(self):
        rival = replace(declared(alert=ALERT).state, id=7)
        decision = decide.reopen(over(alert=ALERT), now=LATER, rival=rival)

        assert not decision.changed
        assert decision.reason == "#7 is open for the same alert: go on there, or resolve #7 first"

    def test_takes_a_merge_back(self):
        assert decide.reopen(replace(over(), merged_into=5), now=LATER).state.merged_into is None

    def test_counts_its_time_from_the_first_start(self):
        again = decide.reopen(over(), now=LATER).state
        (event,) = decide.resolve(again, by="U0000ONE", now=LATER + timedelta(minutes=4)).events

        assert isinstance(event, IncidentResolved)
        assert event.time_to_resolve == 600


class TestSetApart:
    """Incidents that are private or tests."""

    @pytest.mark.parametrize("kind", ["private", "test"])
    def test_keep_nothing_by_which_an_alert_could_join(self, kind):
        decision = declared(alert=ALERT, labels={"service": "shop"}, **{kind: True})

        assert (decision.state.fingerprint, decision.state.labels) == ("", {})
        assert decision.state.alert_ids == (7,)
        assert getattr(decision.events[0], kind)

    def test_are_others_than_the_rest(self):
        state = declared(alert=ALERT, labels={"service": "shop"}).state

        assert (state.fingerprint, state.labels) == ("f", {"service": "shop"})
        assert (state.private, state.test) == (False, False)


def test_a_duplicate_that_began_and_was_noticed_before_counts_for_mttr():
    duplicate = replace(
        declared().state,
        id=2,
        started_at=T0 - timedelta(minutes=10),
        declared_at=T0 - timedelta(minutes=8),
        acknowledged_at=T0 - timedelta(minutes=5),
    )
    decision = decide.resolve(declared().state, by="U0000ONE", now=T0, duplicates=[duplicate])
    (event,) = decision.events

    assert (event.time_to_detect, event.time_to_acknowledge, event.time_to_resolve) == (120, 300, 600)
    assert decision.state.started_at == duplicate.started_at
