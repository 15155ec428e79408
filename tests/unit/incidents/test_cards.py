from dataclasses import replace
from datetime import timedelta

import pytest

from bot import events as e
from bot.cards.card import Level, Link
from bot.cards.marks import plain
from bot.incidents import cards
from bot.incidents.timeline import Line
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.records.postmortems import Postmortem, PostmortemStatus
from tests.fakes.ports import T0

INCIDENT = Incident(
    id=3, title="Shop is down", severity=Severity.HIGH, declared_by="U0000ONE", started_at=T0, declared_at=T0
)
OPEN = replace(INCIDENT, channel="C1", channel_name="incident-3", roles={"commander": "U0000ONE", "scribe": "U0000TWO"})
OVER = replace(
    OPEN,
    status=IncidentStatus.RESOLVED,
    resolved_at=T0 + timedelta(minutes=9),
    resolved_by="U0000ONE",
    archived_at=T0 + timedelta(hours=1),
)
ALERT = Alert(
    id=7,
    fingerprint="f",
    rule="r",
    severity=Severity.HIGH,
    summary="shop is down",
    started_at=T0,
    opened_at=T0,
    last_seen_at=T0,
)


def fields(card):
    return {field.label: plain(field.value) for field in card.fields}


def test_the_card_names_roles_alerts_and_where_to_read_more():
    said = fields(cards.live(OPEN, [ALERT], links=[Link("https://wiki", "runbook"), Link("https://x", "alert #7")]))

    assert (said["Commander"], said["Scribe"]) == ("U0000ONE", "U0000TWO")
    assert said["Alerts"] == "#7 shop is down (firing)"
    assert said["Channel"] == "#incident-3"
    assert said["Links"].index("runbook") < said["Links"].index("alert #7")


def test_the_card_of_a_new_incident_asks_for_a_commander():
    card = cards.live(INCIDENT)

    assert fields(card)["Commander"] == "nobody yet"
    assert "I take command" in [button.label for button in card.buttons]


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (IncidentStatus.INVESTIGATING, "Mark identified"),
        (IncidentStatus.IDENTIFIED, "Mark monitoring"),
        (IncidentStatus.MONITORING, None),
    ],
)
def test_the_card_offers_the_next_status(status, offered):
    labels = [button.label for button in cards.live(replace(OPEN, status=status)).buttons]

    assert [label for label in labels if label.startswith("Mark")] == ([offered] if offered else [])


def test_what_is_over_says_how_long_it_took_and_offers_the_timeline():
    card = cards.live(OVER)

    assert fields(card)["Status"] == "resolved by U0000ONE at 12:09 UTC after 9 min"
    assert fields(card)["Channel"] == "#incident-3 (archived)"
    assert [button.label for button in card.buttons] == ["Timeline", "Name the cause", "Reopen"]
    assert card.level is Level.OK


def test_each_trouble_is_a_paragraph_that_names_people():
    card = cards.live(replace(OPEN, trouble="@U0000TWO could not be invited: ask.\nNo pin: pin it."))

    assert [plain(said) for said in card.body] == [
        "⚠️ U0000TWO could not be invited: ask.",
        "⚠️ No pin: pin it.",
    ]


@pytest.mark.parametrize(
    ("approved", "said"), [(None, "in review"), (2, "in review, version 2")]
)  # fmt: skip
def test_the_postmortem_stands_on_the_card(approved, said):
    postmortem = Postmortem(id=3, status=PostmortemStatus.IN_REVIEW, scheduled_at=T0, approved_version=approved)

    assert fields(cards.live(OVER, postmortem=postmortem))["Postmortem"] == said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (e.UpdatePosted(incident=3, text="found it"), "📣 Update by U0000ONE at 12:00 UTC:"),
        (
            e.StatusChanged(incident=3, status="identified", previous="investigating"),
            "➡️ U0000ONE moved this from investigating to identified.",
        ),
        (
            e.SeverityChanged(incident=3, severity="low", previous="high"),
            "↕️ U0000ONE changed the severity from high to low.",
        ),
        (e.RoleAssigned(incident=3, role="scribe", user="U0000TWO"), "🧭 U0000TWO is scribe."),
        (
            e.AlertJoinedIncident(incident=3, alert=8, summary="mail is down"),
            "🔔 Alert #8 belongs to this as well: mail is down",
        ),
        (e.ChannelTroubled(incident=3, what="No pin", error="x", mend="Pin it."), "⚠️ No pin: Pin it."),
        (e.IncidentResolved(incident=3, severity="high", time_to_resolve=60), "Resolved by U0000ONE at 12:00 UTC."),
    ],
)
def test_what_happened_is_said(event, said):
    assert plain(cards.happened(event, "U0000ONE", T0).body[0]) == said


def test_what_the_cards_show_well_enough_is_not_said():
    assert cards.happened(e.RespondersInvited(incident=3, users=("U0000ONE",)), "bot", T0) is None


def test_an_alert_that_is_over_asks_whether_the_incident_is():
    card = cards.alert_over(OPEN, 7, T0)

    assert plain(card.body[0]).endswith("Is the incident over?")
    assert [button.argv for button in card.buttons] == [("incident", "resolve", "3")]


def test_an_alert_that_is_over_beside_others_names_those_and_asks_nothing():
    card = cards.alert_over(OPEN, 7, T0, [replace(ALERT, id=8), replace(ALERT, id=9, summary="mail is down")])

    assert plain(card.body[0]).endswith("Still open are #8 shop is down and #9 mail is down.")
    assert card.buttons == ()


def a_line(number):
    return Line(entry=number, at=T0 + timedelta(minutes=number), actor="bot", said=f"line {number}")


def test_a_timeline_goes_on_from_page_to_page():
    lines = [a_line(number) for number in range(30)]
    first = cards.timeline(OPEN, lines, [""] * 30, 1, 25)
    second = cards.timeline(OPEN, lines, [""] * 30, 2, 25)

    assert (len(first.steps), first.buttons[0].argv) == (25, ("incident", "timeline", "3", "--page=2"))
    assert (len(second.steps), second.buttons) == (5, ())


def test_a_timeline_with_nothing_in_it_says_so():
    assert cards.timeline(OPEN, [], [], 1, 25).body == ("Nothing has happened yet.",)


def test_a_list_says_whether_nothing_happened_or_nothing_fits():
    quiet = cards.listing([], total=0, page=1, size=15, words=())
    other = cards.listing([], total=0, page=1, size=15, words=("--status=open",))

    assert (quiet.body, other.body) == (("All quiet.",), ("Nothing fits that.",))


def test_a_list_says_how_long_each_lasted_and_keeps_its_words_on_the_next_page():
    card = cards.listing([OVER, OPEN], total=20, page=1, size=15, words=("--severity=high",))

    assert [row[-1] for row in card.table.rows] == ["9 min", "open"]
    assert card.buttons[0].argv == ("incidents", "--severity=high", "--page=2")
