from datetime import timedelta

import pytest

from bot import events as e
from bot.cards.card import Person
from bot.cards.marks import plain
from bot.incidents import runs, timeline
from storage.records.journal import Entry
from tests.fakes.ports import T0


def journal(*events):
    """These facts, one a minute from T0 on."""
    return [
        Entry(
            id=number,
            at=T0 + timedelta(minutes=number),
            kind=type(event).__name__,
            subject=event.subject,
            actor="U0000ONE",
            payload=e.payload_of(event),
        )
        for number, event in enumerate(events, start=1)
    ]


def noted(ts="1.0", text="it hangs", at=T0):
    return e.NoteAdded(incident=3, text=text, author="U0000TWO", said_at=at, channel="C1", ts=ts)


REMOVED = e.NoteRemoved(incident=3, channel="C1", ts="1.0")
RESOLVED = e.IncidentResolved(incident=3, severity="high", time_to_resolve=600.0)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            e.CheckChanged(check="shop", status="down", previous="healthy", since=T0, detail="HTTP 503"),
            "Check shop went from healthy to down: HTTP 503",
        ),
        (
            e.AlertOpened(alert=7, rule="r", severity="high", summary="shop is down", started_at=T0, reading="HTTP 503"),
            "Alert #7 (high): shop is down (HTTP 503)",
        ),
        (e.AlertAcknowledged(alert=7, comment="on it"), "Alert #7 acknowledged: on it"),
        (e.AcknowledgementWithdrawn(alert=7), "Alert #7 given back"),
        (
            e.AcknowledgementExpired(alert=7, by="U0000ONE"),
            "Alert #7: the acknowledgement of U0000ONE ended",
        ),
        (
            e.EscalationRepeated(alert=7, rounds=1),
            "Alert #7: nobody acknowledged, round 2 of escalation begins",
        ),
        (
            e.EscalationStepSkipped(alert=7, step=1, reason="outside of its hours"),
            "Alert #7: step 2 was passed over: outside of its hours",
        ),
        (e.AlertResolved(alert=7, reading="shop is healthy"), "Alert #7 resolved: shop is healthy"),
        (
            e.PageDelivered(alert=7, target="@U0000ONE", via="slack", step=0),
            "Alert #7: told U0000ONE through slack",
        ),
        (
            e.PageFailed(alert=7, target="#ops", via="slack", step=0, error="no answer"),
            "Alert #7: could not tell #ops through slack: no answer",
        ),
        (
            e.IncidentDeclared(incident=3, title="Shop is down", severity="high", description="Nobody can pay"),
            "Incident declared (high): Shop is down. Nobody can pay",
        ),
        (e.AlertJoinedIncident(incident=3, alert=8, summary="mail is down"), "Alert #8 joined: mail is down"),
        (e.ChannelOpened(incident=3, channel="C1", name="incident-3"), "Channel #incident-3 opened"),
        (
            e.ChannelTroubled(incident=3, what="@U0000TWO could not be invited", error="user_is_restricted", mend="x"),
            "U0000TWO could not be invited: user_is_restricted",
        ),
        (e.RespondersInvited(incident=3, users=("U0000ONE", "U0000TWO")), "Invited U0000ONE, U0000TWO"),
        (e.StatusChanged(incident=3, status="identified", previous="investigating"), "Status went from investigating to identified"),
        (e.SeverityChanged(incident=3, severity="low", previous="high"), "Severity went from high to low"),
        (e.UpdatePosted(incident=3, text="found it"), "Update: found it"),
        (e.RoleAssigned(incident=3, role="commander", user="U0000ONE"), "U0000ONE is commander"),
        (noted(), "“it hangs”"),
        (noted(text=" "), "a message without words"),
        (RESOLVED, "Incident resolved after 10 min"),
        (e.ChannelArchived(incident=3, channel="C1"), "Channel archived"),
        (e.PostmortemScheduled(incident=3, due_at=T0), "Postmortem scheduled"),
        (e.DraftReady(incident=3, text_version=2), "Postmortem draft is ready for review (version 2)"),
        (e.PostmortemApproved(incident=3, text_version=2), "Postmortem approved (version 2)"),
    ],
)  # fmt: skip
def test_each_fact_is_one_line(event, said):
    (line,) = timeline.lines(journal(event))

    assert plain(line.said) == said


def test_a_message_stands_at_the_time_it_was_said_with_its_author_and_place():
    lines = timeline.lines(journal(e.UpdatePosted(incident=3, text="found it"), noted()))

    assert (lines[0].at, lines[0].actor, lines[0].ts) == (T0, "U0000TWO", "1.0")


def test_a_message_that_was_taken_off_is_gone():
    assert timeline.lines(journal(noted(), REMOVED)) == []


def test_a_message_that_was_put_on_again_stands_there_once():
    assert len(timeline.lines(journal(noted(), REMOVED, noted()))) == 1


def test_what_is_on_the_timeline_now_leaves_out_what_was_typed():
    entries = journal(noted("1.0"), noted("2.0"), REMOVED, noted(ts=""))

    assert timeline.pinned(entries) == {("C1", "2.0")}


def test_facts_that_an_older_program_does_not_know_are_passed_over():
    entry = Entry(id=1, at=T0, kind="MoonRose", subject="incident:3", actor="bot", payload={})

    assert timeline.lines([entry]) == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "10 min"),
        ({"time_to_detect": 60.0}, "10 min (detected after 1 min)"),
        (
            {"time_to_detect": 60.0, "time_to_acknowledge": 180.0},
            "10 min (detected after 1 min and acknowledged after 3 min)",
        ),
    ],
)
def test_mttr_is_said_with_the_parts_that_are_known(parts, said):
    assert timeline.spans(e.IncidentResolved(incident=3, severity="high", time_to_resolve=600.0, **parts)) == said


def test_the_message_it_was_declared_from_is_found_in_the_journal():
    event = e.IncidentDeclared(incident=3, title="t", severity="high", source_channel="C1", source_ts="1.0")

    assert timeline.source(journal(event)) == ("C1", "1.0")
    assert timeline.source([]) == ("", "")


def test_people_in_a_text_are_mentions_and_all_else_stays_words():
    assert timeline.with_people("@U0000ONE and user@U.example, @here") == (
        "",
        Person("U0000ONE"),
        " and user@U.example, @here",
    )


def test_the_pictures_of_a_message_are_its_images_alone() -> None:
    shared = [
        {"id": "F1", "mimetype": "image/png"},
        {"id": "F2", "mimetype": "text/plain"},
        {"mimetype": "image/png"},
        {"id": "F3", "mode": "tombstone"},
        "nonsense",
    ]

    assert timeline.pictures({"text": "look", "files": shared}) == ("F1",)
    assert timeline.pictures({"text": "look", "files": None}) == ()


@pytest.mark.parametrize(
    ("command", "through", "told"), [("health", "", 1), ("health", "assistant", 0), ("ask", "", 0)]
)
def test_of_commands_in_the_channel_those_that_people_ran_are_told(command: str, through: str, told: int) -> None:
    run = e.CommandRun(
        command=command, argv=(), via="slack", role="viewer", outcome="ok", seconds=0.1, channel="C1", through=through
    )
    assert len(runs.among(journal(run), "C1")) == told
