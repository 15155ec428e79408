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
    assert [(button.argv, button.form) for button in card.buttons] == [(("incident", "resolve", "3"), True)]


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


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (e.RoleReleased(incident=3, role="scribe", user="U0000TWO"), "🧭 U0000TWO is scribe no longer; nobody is."),
        (
            e.ComponentsAffected(incident=3, components=("api", "shop")),
            "🧩 U0000ONE says this affects api and shop.",
        ),
        (e.ComponentsAffected(incident=3, components=()), "🧩 U0000ONE says this affects nothing public."),
        (e.CauseNamed(incident=3, cause="deploy"), "🔎 U0000ONE named the cause: deploy."),
        (e.UpdateSnoozed(incident=3, until=None), "⏰ U0000ONE wants nobody reminded until the next update."),
        (e.UpdateSnoozed(incident=3, until=T0), "⏰ U0000ONE put the next update off to 12:00 UTC."),
        (
            e.IncidentMerged(incident=3, into=1),
            "🔗 U0000ONE found this to be the same as incident #1, which goes on for both.",
        ),
        (
            e.IncidentAbsorbed(incident=3, duplicate=4, alerts=(7,)),
            "🔗 U0000ONE merged incident #4 into this one. 1 alert came with it.",
        ),
        (
            e.IncidentParted(incident=3, duplicate=4, alerts=(7,)),
            "🔗 U0000ONE took the merge of incident #4 back: it is one of its own again.",
        ),
        (e.IncidentReopened(incident=3, reason="it hangs"), "🔁 U0000ONE opened this again: it hangs"),
        (e.IncidentReopened(incident=3), "🔁 U0000ONE opened this again."),
        (e.ChannelReopened(incident=3, channel="C1"), "📂 This channel takes messages again."),
        (
            e.MeetingTroubled(incident=3, calendar="team", error="x", mend="Renew its password."),
            "⚠️ The calendar team did not take the meeting about the postmortem: Renew its password.",
        ),
    ],
)
def test_each_further_fact_is_said_in_a_line(event, said):
    assert plain(cards.happened(event, "U0000ONE", T0).body[0]) == said


class TestAtThreeInTheMorning:
    """What must be seen at once of an open incident."""

    def test_when_somebody_told_last_and_when_the_next_update_is_due(self):
        told = replace(OPEN, latest_update="found it", updated_at=T0, update_due_at=T0 + timedelta(minutes=30))
        said = fields(cards.live(told))

        assert (said["Latest"], said["Next update"]) == ("found it (12:00 UTC)", "due at 12:30 UTC")

    def test_how_old_that_is_where_it_is_read_at_once(self):
        told = replace(OPEN, latest_update="found it", updated_at=T0, update_due_at=T0 + timedelta(minutes=30))
        said = fields(cards.live(told, now=T0 + timedelta(minutes=40)))

        assert said["Latest"] == "found it (12:00 UTC, 40 min ago)"
        assert said["Next update"] == "due at 12:30 UTC, overdue since 10 min"

    def test_that_nobody_is_reminded(self):
        assert fields(cards.live(OPEN))["Next update"] == "nobody is reminded"

    def test_which_roles_nobody_holds(self):
        said = fields(cards.live(OPEN, roles=("commander", "communications")))

        assert (said["Commander"], said["Communications"]) == ("U0000ONE", "nobody yet")

    def test_what_it_affects_and_why_it_came(self):
        said = fields(cards.live(replace(OPEN, components=("api", "shop"), cause="deploy")))

        assert (said["Affects"], said["Cause"]) == ("api and shop", "deploy")


@pytest.mark.parametrize(
    ("status", "labels"),
    [
        (IncidentStatus.INVESTIGATING, ["Post update", "Mark identified", "Severity", "Timeline", "Resolve"]),
        (IncidentStatus.IDENTIFIED, ["Post update", "Mark monitoring", "Severity", "Timeline", "Resolve"]),
        (IncidentStatus.MONITORING, ["Post update", "Investigate again", "Severity", "Timeline", "Resolve"]),
    ],
)
def test_the_buttons_are_those_of_the_state(status, labels):
    assert [button.label for button in cards.live(replace(OPEN, status=status)).buttons] == labels


def test_what_was_merged_says_into_which_and_offers_to_take_it_back():
    card = cards.live(replace(OVER, merged_into=1))

    assert fields(card)["Status"] == "merged into #1 by U0000ONE at 12:09 UTC"
    assert [button.label for button in card.buttons] == ["Timeline", "Undo merge"]


def test_what_was_opened_again_says_so():
    assert fields(cards.live(replace(OPEN, reopened=1)))["Status"] == "investigating again"


@pytest.mark.parametrize(
    ("kind", "title", "said"),
    [
        ("private", "🟠 🔒 Incident #3: Shop is down", "This is private"),
        ("test", "🟠 🧪 Incident #3: Shop is down", "This is a test"),
    ],
)
def test_what_is_private_or_a_test_says_so_first(kind, title, said):
    card = cards.live(replace(OPEN, **{kind: True}))

    assert card.title == title
    assert said in plain(card.body[0])
