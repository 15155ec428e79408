from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts import cards, notes
from bot.alerts.escalation import Upcoming
from bot.alerts.listing import listing
from bot.alerts.wording import SHOWN
from bot.cards.card import Accent, Level
from bot.cards.marks import plain
from bot.events import (
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertLinked,
    AlertOpened,
    AlertResolved,
    AlertSilenced,
    AlertUnsilenced,
    AlertWorsened,
    EscalationExhausted,
    EscalationRepeated,
    FlappingStarted,
    InstancesOpened,
    PageDelivered,
    PageFailed,
)
from storage.records.alerts import Alert, AlertState, Instance, Severity
from tests.fakes.ports import T0

ALERT = Alert(
    id=7,
    fingerprint="f",
    rule="health-check-failed",
    severity=Severity.HIGH,
    summary="shop is down",
    started_at=T0,
    opened_at=T0,
    last_seen_at=T0,
    labels={"check": "shop"},
)
TAKEN = replace(ALERT, state=AlertState.ACKNOWLEDGED, acknowledged_at=T0, acknowledged_by="U0000ONE")
OVER = replace(ALERT, state=AlertState.RESOLVED, resolved_at=T0 + timedelta(minutes=9), resolved_by="bot")
MUTED = replace(ALERT, state=AlertState.SILENCED, muted_by="silence 3")
NEXT = Upcoming(at=T0 + timedelta(minutes=5), targets=("@U0000TWO", "#incidents"), via="slack")


def fields(card):
    return {field.label: plain(field.value) for field in card.fields}


@pytest.mark.parametrize(
    ("reading", "value", "threshold", "unit", "said"),
    [
        ("connection refused", None, None, "", "connection refused"),
        ("", 840.0, None, "ms", "840 ms"),
        ("", 840.0, 500.0, "ms", "840 ms (threshold 500 ms)"),
        ("HTTP 503", 840.0, 500.0, "ms", "HTTP 503: 840 ms (threshold 500 ms)"),
        ("HTTP 200 after 840 ms", 840.0, 500.0, "ms", "HTTP 200 after 840 ms (threshold 500 ms)"),
        ("took 840 ms, limit 500 ms", 840.0, 500.0, "ms", "took 840 ms, limit 500 ms"),
    ],
)
def test_the_reading_says_value_and_threshold_once(reading, value, threshold, unit, said):
    alert = replace(ALERT, reading=reading, value=value, threshold=threshold, unit=unit)

    assert fields(cards.live(alert))["Reading"] == said


def test_the_card_says_who_comes_next_and_when():
    said = fields(cards.live(ALERT, upcoming=NEXT, steps=3))["Next"]

    assert said == "U0000TWO, #incidents through slack at 12:05 UTC unless somebody acknowledges"


@pytest.mark.parametrize(
    ("alert", "steps", "said"),
    [
        (ALERT, 0, "nobody: the policy default has no steps"),
        (ALERT, 1, "nobody: its only step was taken"),
        (ALERT, 3, "nobody: all 3 steps were taken"),
        (TAKEN, 3, "nobody, while it is acknowledged"),
    ],
)
def test_the_card_says_why_nobody_comes_next(alert, steps, said):
    assert fields(cards.live(alert, steps=steps))["Next"] == said


def test_the_card_says_the_last_word_about_each_target():
    told = [
        PageFailed(alert=7, target="@U0000ONE", via="slack", step=0, error="no answer"),
        PageDelivered(alert=7, target="@U0000ONE", via="slack", step=1),
        PageFailed(alert=7, target="pager", via="webhook", step=1, error="HTTP 500"),
    ]

    assert fields(cards.live(ALERT, told))["Told"] == "U0000ONE (slack), pager (webhook, failed: HTTP 500)"


def test_what_is_over_says_how_long_it_lasted_and_offers_nothing():
    card = cards.live(OVER)

    assert (card.level, card.footer, card.buttons) == (Level.OK, "health-check-failed · lasted 9 min", ())
    assert "Next" not in fields(card)


def test_a_runbook_that_is_an_address_is_a_link_and_one_in_words_stays_words():
    assert fields(cards.live(replace(ALERT, runbook="restart it")))["Runbook"] == "restart it"
    assert "https://wiki" in fields(cards.live(replace(ALERT, runbook="https://wiki")))["Runbook"]


def test_declaring_an_incident_from_the_card_takes_over_its_severity_and_its_words_whatever_they_are():
    button = cards.live(replace(ALERT, summary="--force is down", severity=Severity.LOW)).buttons[-1]

    assert button.argv == ("incident", "declare", "--alert=7", "--severity=low", "--", "--force is down")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (AlertAcknowledged(alert=7), "👀 U0000ONE acknowledged this at 12:00 UTC. Nobody else will be told."),
        (AcknowledgementWithdrawn(alert=7), "↩️ U0000ONE gave this back at 12:00 UTC. Escalation goes on."),
        (AlertResolved(alert=7), "✅ Resolved at 12:00 UTC by U0000ONE."),
        (PageDelivered(alert=7, target="#ops", via="slack", step=0), "📣 Told #ops through slack at 12:00 UTC."),
        (
            PageFailed(alert=7, target="#ops", via="slack", step=0, error="no answer"),
            "⚠️ Could not tell #ops through slack: no answer",
        ),
        (
            EscalationExhausted(alert=7, steps=3),
            "⏭️ That was the last of 3 escalation steps: nobody else will be told by itself.",
        ),
        (AlertLinked(alert=7, incident=3), "🚨 This belongs to incident #3."),
    ],
)
def test_a_note_says_what_happened(event, said):
    assert plain(notes.note(event, "U0000ONE", T0).body[0]) == said


@pytest.mark.parametrize(
    "event",
    [
        EscalationExhausted(alert=7, steps=1),
        AlertOpened(alert=7, rule="r", severity="high", summary="s", started_at=T0),
    ],
)
def test_what_the_card_says_well_enough_has_no_note(event):
    assert notes.note(event, "bot", T0) is None


def test_a_page_says_all_that_is_needed_to_act():
    card = cards.page(replace(ALERT, reading="HTTP 503"), 0, 3, NEXT, "https://example.slack.com/archives/C1/p1")

    assert list(fields(card)) == ["Severity", "Since", "Reading", "Next", "Card"]
    assert [button.argv for button in card.buttons] == [("ack", "7")]
    assert card.footer == "health-check-failed · escalation step 1 of 3"


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        (TAKEN, "Acknowledged already by U0000ONE, 10 min ago."),
        (OVER, "Resolved already by bot, 1 min ago."),
        (ALERT, "nobody has acknowledged it."),
    ],
)
def test_a_change_that_changes_nothing_says_who_was_first_and_when(alert, said):
    card = cards.stays(alert, "nobody has acknowledged it", T0 + timedelta(minutes=10))

    assert plain(card.body[-1]) == said


def test_a_list_goes_on_only_while_there_is_more():
    first = listing([ALERT], total=16, page=1, size=15, state="all")
    last = listing([ALERT], total=16, page=2, size=15, state="all")

    assert (first.title, first.buttons[0].argv) == ("16 alerts", ("alerts", "--state=all", "--page=2"))
    assert (last.buttons, last.footer) == ((), "Page 2 of 2")


def an_instance(number: int, **more):
    return Instance(
        fingerprint=f"i{number}",
        alert_id=7,
        name="health-check-failed",
        labels={"check": "shop", "instance": f"web-{number}"},
        severity=Severity.HIGH,
        started_at=T0,
        opened_at=T0,
        last_seen_at=T0,
        **more,
    )


def test_an_alert_of_many_instances_counts_them_and_names_the_first_by_what_sets_them_apart():
    many = replace(ALERT, firing=17, total=20, muted=2)
    card = cards.live(many, instances=[an_instance(n, value=0.5) for n in range(17)])

    assert fields(card)["Instances"] == "17 of 20 fire, 2 muted"
    assert plain(card.steps[0]) == "instance=web-0: 0.5"
    assert len(card.steps) == SHOWN + 1
    assert plain(card.steps[-1]) == "and 7 more"


def test_without_a_reading_the_card_has_no_field_for_it():
    assert "Reading" not in fields(cards.live(ALERT))


def test_an_alert_of_one_instance_does_not_list_it():
    card = cards.live(ALERT, instances=[an_instance(1)])

    assert card.steps == ()
    assert "Instances" not in fields(card)


@pytest.mark.parametrize(
    ("alert", "labels"),
    [
        (ALERT, ["Acknowledge", "Silence", "Resolve", "Declare incident"]),
        (TAKEN, ["Give back", "Resolve", "Declare incident"]),
        (MUTED, ["Resolve", "Declare incident"]),
        (OVER, []),
    ],
)
def test_the_buttons_are_those_of_the_state(alert, labels):
    assert [button.label for button in cards.live(alert).buttons] == labels


def test_the_colour_is_that_of_the_state():
    accents = [cards.live(alert).accent for alert in (ALERT, TAKEN, MUTED, OVER)]

    assert accents == [Accent.HIGH, Accent.TAKEN, Accent.CALM, Accent.GOOD]


def test_a_muted_alert_says_what_mutes_it_and_that_nobody_is_told():
    said = fields(cards.live(MUTED))

    assert said["Status"] == "muted: silence 3"
    assert said["Next"] == "nobody, while it is muted"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (AlertSilenced(alert=7, by="silence 3"), "🔕 Muted by silence 3: nobody is told for now."),
        (AlertUnsilenced(alert=7), "🔔 Muted no more, and it still fires: escalation goes on."),
        (
            AlertUnsilenced(alert=7, held_by="U0000ONE"),
            "🔔 Muted no more, and it still fires: U0000ONE has it.",
        ),
        (AlertWorsened(alert=7, severity="critical", previous="high"), "⬆️ It is worse now: critical, it was high."),
        (
            FlappingStarted(alert=7, openings=4),
            "〰️ It comes and goes (4 times): it is held open until it has been steady.",
        ),
        (EscalationRepeated(alert=7, rounds=1), "🔁 Nobody has acknowledged: all steps are taken again, round 2."),
    ],
)
def test_the_thread_tells_what_became_of_the_alert(event, said):
    assert plain(notes.note(event, "bot", T0).body[0]) == said


def test_instances_that_come_and_go_are_shown_by_the_card_and_not_in_the_thread():
    assert notes.note(InstancesOpened(alert=7, fingerprints=("a",)), "bot", T0) is None
