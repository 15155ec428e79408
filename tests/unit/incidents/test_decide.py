from dataclasses import replace
from datetime import timedelta

import pytest

from bot.events import IncidentDeclared, NoteAdded, SeverityChanged, StatusChanged, UpdatePosted
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
