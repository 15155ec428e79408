"""The meeting about a postmortem, from the resolution to the calendars, and what people may do with it."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.app import calendars, parts
from bot.cards.card import Level
from bot.config.manage import Manage
from bot.events import MeetingArranged, MeetingPlanned, MeetingTroubled
from bot.meetings import service
from bot.outside import Booked, Invitation
from bot.ports import Profile
from bot.postmortems.evidence import collect
from storage.tables import journal
from storage.tables import meetings as table
from tests.fakes.calendars import Google
from tests.fakes.crashes import Died, Fate, MortalStore
from tests.rooms.alerts.world import LEAD, ONCALL, SECOND, World, refusal
from tests.servers.smtp import MailServer

TUESDAY = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


async def resolved(world: World, *words: str) -> None:
    """An incident comes and goes."""
    await world.run("incident", "declare", "Checkout", "is", "slow", *words)
    await world.run("incident", "resolve", "1")


def channel(world: World) -> list[str]:
    return world.told(world.slack.channels["incident-1"])


def announcements(world: World) -> list[str]:
    return [text for text in channel(world) if "🗓️" in text]


async def test_a_grave_incident_has_its_meeting_a_day_later_in_each_calendar_once(
    world: World, google: Google, mail: MailServer
) -> None:
    world.twice = True
    await resolved(world)
    (entry,) = google.standing()
    assert entry == {
        "title": "Incident postmortem #1",
        "starts_at": TUESDAY,
        "attendees": ["lead@example.com"],
    }
    assert [m["Subject"] for m in mail.received] == [
        "Invitation: Incident postmortem #1, Tue 24 Nov 2026, 13:00 to 13:30 (Europe/Berlin)"
    ]
    assert len(await world.facts("incident:1", MeetingArranged)) == 1
    assert {fact.calendar for fact in await world.facts("incident:1", MeetingPlanned)} == {"team", "mail"}
    assert world.died == []


async def test_the_channel_is_told_once_with_what_calendars_answered_and_a_file(world: World) -> None:
    await resolved(world)
    (said,) = announcements(world)
    assert "The postmortem is talked over: 2026-11-24 12:00 UTC" in said
    assert "Calendars: mail (1 person invited), team (1 person invited)" in said
    (file,) = world.slack.files
    assert (file["channel"], file["name"]) == (world.slack.channels["incident-1"], "incident-1-postmortem.ics")
    assert "DTSTART:20261124T120000Z" in file["content"]
    assert "ATTENDEE" not in file["content"]


async def test_who_has_no_address_is_named(world: World) -> None:
    await resolved(world)
    (said,) = announcements(world)
    assert f"No mail address is known of {ONCALL}: tell them" in said
    card = await world.run("incident", "meeting", "1")
    assert card.level is Level.WARNING
    assert card.data["unreached"] == [ONCALL]


async def test_programs_and_those_who_have_left_are_not_asked(world: World) -> None:
    world.slack.profiles[ONCALL] = Profile(user=ONCALL, email="bot@example.com", bot=True)
    await world.run("incident", "declare", "Checkout", "is", "slow")
    await world.run("incident", "role", "1", "--role", "scribe", "--user", SECOND)
    world.slack.profiles[SECOND] = Profile(user=SECOND, email="left@example.com", gone=True)
    await world.run("incident", "resolve", "1")
    (fact,) = await world.facts("incident:1", MeetingArranged)
    assert fact.people == (LEAD,)


@pytest.mark.parametrize("words", [("--severity", "medium"), ("--test",)], ids=["medium", "test"])
async def test_others_have_none(world: World, google: Google, words: tuple[str, ...]) -> None:
    await resolved(world, *words)
    assert google.standing() == []
    assert announcements(world) == []
    assert world.slack.files == []


async def test_of_a_private_incident_calendars_hear_no_title(world: World, google: Google, mail: MailServer) -> None:
    await resolved(world, "--private")
    assert [m["Subject"].partition(",")[0] for m in mail.received] == ["Invitation: Incident postmortem #1"]
    told = [*google.events.values(), *[m.as_string() for m in mail.received], *world.slack.files]
    assert "Checkout" not in repr(told)
    assert not [m for m in world.slack.messages if "🗓️" in m.text and m.channel != world.slack.channels["incident-1"]]


async def test_an_incident_that_is_opened_again_loses_its_meeting_everywhere(
    world: World, google: Google, mail: MailServer
) -> None:
    await resolved(world)
    await world.run("incident", "reopen", "1")
    assert google.standing() == []
    assert mail.received[-1]["Subject"] == "Cancelled: Incident postmortem #1"
    assert "The meeting about the postmortem of #1 is cancelled." in announcements(world)[-1]
    assert "was changed, see below" in announcements(world)[0]


async def test_one_that_is_resolved_again_has_one_meeting_again(world: World, google: Google) -> None:
    await resolved(world)
    await world.run("incident", "reopen", "1")
    await world.forward(minutes=60)
    await world.run("incident", "resolve", "1")
    assert [entry["starts_at"] for entry in google.standing()] == [TUESDAY + timedelta(hours=1)]
    assert len(google.events) == 2


async def test_one_that_took_place_stays_in_calendars_when_the_incident_is_opened_again(
    world: World, google: Google, mail: MailServer
) -> None:
    await resolved(world)
    await world.forward(minutes=3 * 24 * 60)
    sent = len(mail.received)
    await world.run("incident", "reopen", "1")
    assert ([entry["starts_at"] for entry in google.standing()], len(mail.received)) == ([TUESDAY], sent)

    card = await world.run("incident", "meeting", "1", "--cancel")
    assert (card.level, "it is over already" in str(card)) == (Level.USAGE, True)
    await world.run("incident", "resolve", "1")
    assert len(google.standing()) == 2
    assert mail.received[-1]["Subject"].startswith("Invitation: ")


async def test_all_that_becomes_of_it_stands_on_the_timeline_and_in_no_postmortem(world: World) -> None:
    await resolved(world)
    await world.run("incident", "meeting", "1", "--at", "wed 9:00")
    await world.run("incident", "meeting", "1", "--cancel")
    timeline = (await world.run("incident", "timeline", "1")).data["timeline"]
    assert [line["said"] for line in timeline if "Meeting" in line["said"]] == [
        "Meeting about the postmortem set for 2026-11-24 12:00 UTC",
        "Meeting about the postmortem moved to 2026-11-25 08:00 UTC",
        "Meeting about the postmortem cancelled",
    ]
    async with world.store.read() as conn:
        entries = await journal.of_subjects(conn, ["incident:1"])
    assert "Meeting" not in str([item.words for item in collect(await world.incident(), entries).items])


async def test_it_is_moved_by_command_on_the_callers_clock(world: World, google: Google, mail: MailServer) -> None:
    await resolved(world)
    card = await world.run("incident", "meeting", "1", "--at", "wed 9:00")
    assert card.data["starts_at"] == WEDNESDAY.isoformat()
    assert [entry["starts_at"] for entry in google.standing()] == [WEDNESDAY]
    assert mail.received[-1]["Subject"].startswith("Updated invitation: Incident postmortem #1, Wed 25 Nov 2026, 09:00")
    assert "talked over: 2026-11-25 08:00 UTC" in announcements(world)[-1]
    assert len(world.slack.files) == 2


async def test_it_is_cancelled_by_command_once(world: World, google: Google) -> None:
    await resolved(world)
    card = await world.run("incident", "meeting", "1", "--cancel")
    assert card.data["cancelled"]
    assert google.standing() == []
    again = await world.run("incident", "meeting", "1", "--cancel")
    assert (again.level, "it is cancelled already" in str(again)) == (Level.USAGE, True)


async def test_one_can_be_set_where_none_was_planned(world: World, google: Google) -> None:
    await resolved(world, "--severity", "low")
    assert (await world.run("incident", "meeting", "1")).title == "Incident #1 has no meeting"
    await world.run("incident", "meeting", "1", "--at", "wed 9:00")
    assert [entry["starts_at"] for entry in google.standing()] == [WEDNESDAY]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "2026-11-20 09:00"), "`2026-11-20 09:00` is over"),
        (("--at", "soon"), '"soon" is no moment'),
        (("--at", "wed 9:00", "--cancel"), "either moved or cancelled"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_mend(world: World, words: tuple[str, ...], said: str) -> None:
    await resolved(world)
    card = await world.run("incident", "meeting", "1", *words)
    assert card.level is Level.USAGE
    assert said in f"{card.title} {card.body} {card.hint}"


async def test_an_open_incident_has_none(world: World) -> None:
    await world.run("incident", "declare", "Checkout", "is", "slow")
    card = await world.run("incident", "meeting", "1", "--at", "wed 9:00")
    assert "it is open" in f"{card.title} {card.body}"


async def test_who_may_only_look_moves_nothing(world: World, google: Google) -> None:
    await resolved(world)
    world.ports = replace(world.ports, manage=viewers(world.ports.manage))
    assert (await world.run("incident", "meeting", "1", by="U0VIEWER")).data["number"] == 1
    card = await world.run("incident", "meeting", "1", "--at", "wed 9:00", by="U0VIEWER")
    assert "role responder" in f"{card.title} {card.body}"
    assert [entry["starts_at"] for entry in google.standing()] == [TUESDAY]


def viewers(manage: Manage) -> Manage:
    return manage.model_copy(update={"roles": manage.roles.model_copy(update={"default": "viewer"})})


async def test_a_calendar_that_refuses_is_told_of_once_and_holds_up_no_other(
    world: World, google: Google, mail: MailServer
) -> None:
    google.refuse = (403, "accessNotConfigured")
    world.twice = True
    await resolved(world)
    (fact,) = await world.facts("incident:1", MeetingTroubled)
    assert "HTTP 403" in fact.error
    assert [text for text in channel(world) if "The calendar team did not take" in text and "Turn the Google" in text]
    assert "team (⚠️ refused)" in announcements(world)[-1]
    assert len(mail.once) == 1
    assert world.died == []


async def test_a_calendar_that_refused_is_told_again_when_asked_to(world: World, google: Google) -> None:
    google.refuse = (403, "accessNotConfigured")
    await resolved(world)
    google.refuse = None
    card = await world.run("incident", "meeting", "1", "--at", "2026-11-24 13:00")
    assert [entry["starts_at"] for entry in google.standing()] == [TUESDAY]
    assert card.title.startswith("Meeting")
    assert "team (1 person invited)" in announcements(world)[-1]


async def test_a_calendar_that_is_away_for_a_while_is_told_later_and_nobody_hears_of_it(
    world: World, google: Google
) -> None:
    google.refuse = (503, "backendError")
    await resolved(world)
    google.refuse = None
    await world.forward(minutes=1)
    assert len(google.standing()) == 1
    assert await world.facts("incident:1", MeetingTroubled) == []


async def test_a_calendar_that_stays_away_is_given_up_without_an_alert(world: World, google: Google) -> None:
    google.refuse = (503, "backendError")
    await resolved(world)
    await world.forward(minutes=180)
    assert world.died == []
    said = {fact.mend for fact in await world.facts("incident:1", MeetingTroubled)}
    assert any("tried again by itself" in mend for mend in said)
    assert await world.waiting("meetings.sync") == []


async def test_addresses_that_slack_cannot_tell_yet_are_waited_for(world: World, google: Google) -> None:
    await world.run("incident", "declare", "Checkout", "is", "slow")
    world.slack.refusals["profile"] = [refusal("ratelimited", retry=True)] * 9
    await world.run("incident", "resolve", "1")
    world.slack.refusals.clear()
    await world.forward(minutes=2)
    assert [entry["attendees"] for entry in google.standing()] == [["lead@example.com"]]


async def test_without_slack_those_in_the_configuration_are_invited(world: World, google: Google) -> None:
    manage = world.ports.manage.model_validate({**MANAGE_PEOPLE, "oncall": world.ports.manage.oncall})
    world.ports = replace(world.ports, chat=None, manage=manage)
    await resolved(world)
    assert [entry["attendees"] for entry in google.standing()] == [["lead@example.org"]]


MANAGE_PEOPLE: dict[str, Any] = {"people": {LEAD: {"email": "lead@example.org"}}}


async def test_without_any_calendar_there_is_the_file(world: World) -> None:
    world.ports = replace(world.ports, calendars={})
    await resolved(world)
    assert len(world.slack.files) == 1
    assert len(announcements(world)) == 1


@pytest.mark.parametrize("commits", [1, 2])
async def test_whom_a_calendar_left_out_is_told_whenever_the_process_dies(world: World, commits: int) -> None:
    async def book(_what: Invitation) -> Booked:
        return Booked("r1", {"lead@example.com": "550 there is no such mailbox"})

    whole = replace(world.ports, calendars={"team": book})
    world.ports = replace(whole, calendars={})
    await resolved(world)
    incident = await world.incident()
    await service.arrange(whole, incident, by=LEAD, at=WEDNESDAY)
    with suppress(Died):
        await service.tell(replace(whole, store=MortalStore(whole.store, Fate(commits))), 1, "team", 1)
    await service.tell(whole, 1, "team", 2)

    (told,) = await world.facts("incident:1", MeetingTroubled)
    assert "Tell lead@example.com yourself" in told.mend


async def test_a_calendar_that_is_no_longer_named_is_told_of(world: World) -> None:
    await resolved(world)
    world.ports = replace(world.ports, calendars={"mail": world.ports.calendars["mail"]})
    await world.run("incident", "reopen", "1")
    (fact,) = await world.facts("incident:1", MeetingTroubled)
    assert fact.calendar == "team"
    assert "see to its entry by hand" in fact.mend


async def test_a_file_that_slack_refuses_is_told_with_the_mend(world: World) -> None:
    await world.run("incident", "declare", "Checkout", "is", "slow")
    world.slack.refusals["upload"] = [refusal("missing_scope")]
    await world.run("incident", "resolve", "1")
    assert "could not be attached as a file" in (await world.incident()).trouble
    assert world.died == []


async def test_in_a_closed_channel_the_announcements_thread_is_told(world: World) -> None:
    incidents = world.ports.manage.incidents.model_copy(update={"archive": "at_once"})
    world.ports = replace(world.ports, manage=world.ports.manage.model_copy(update={"incidents": incidents}))
    await resolved(world)
    assert [text for text in await world.thread("incident:1:digest") if "The postmortem is talked over" in text]
    (file,) = world.slack.files
    assert file["thread_ts"] == (await world.message("incident:1:digest")).ts


async def test_all_that_a_meeting_holds_is_kept(world: World) -> None:
    await resolved(world)
    async with world.store.read() as conn:
        itself, *copies = await table.of_incident(conn, 1)
    assert (itself.calendar, itself.people, itself.unreached, itself.zone) == (
        "",
        (LEAD, ONCALL),
        (ONCALL,),
        "Europe/Berlin",
    )
    assert [(one.calendar, one.uid, one.begun) for one in copies] == [
        ("mail", itself.uid, True),
        ("team", itself.uid, True),
    ]


def test_where_no_calendar_is_named_mail_invites_if_it_is_configured(world: World) -> None:
    assert set(calendars(parts().calendars, world.ports.manage, world.ports)) == {"mail"}
    assert calendars(parts().calendars, Manage(), world.ports) == {}
