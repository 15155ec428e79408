"""An incident's life as people see it: its channel, its card, its timeline, its end."""

from datetime import timedelta
from typing import Any

import pytest

from bot.events import (
    AlertJoinedIncident,
    ChannelArchived,
    IncidentDeclared,
    IncidentResolved,
    PostmortemPublished,
    RespondersInvited,
)
from storage.records.incidents import IncidentStatus
from tests.fakes.ports import T0
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, World

CARD, DIGEST, CHANNEL = "incident:1:card", "incident:1:digest", "C0000001"


@pytest.fixture
def database_url(either_url: str) -> str:
    return either_url


async def test_a_grave_alert_opens_an_incident_with_a_channel_of_its_own(world: World) -> None:
    await world.check("down", detail="connection refused")

    incident = await world.incident()
    assert (incident.title, incident.severity.value, incident.declared_by) == ("shop is down", "high", "bot")
    assert (incident.channel, incident.channel_name) == (CHANNEL, "incident-1")
    assert incident.started_at == (await world.alert()).started_at
    assert (await world.alert()).incident_id == 1


async def test_the_channel_has_a_pinned_card_with_all_there_is_to_know(world: World) -> None:
    await world.check("down", detail="connection refused")

    card = await world.message(CARD)
    assert [(pin.channel, pin.ts) for pin in world.slack.pins] == [(CHANNEL, card.ts)]
    for said in (
        "Incident #1: shop is down",
        "shop is down: connection refused",
        "Severity: high",
        "Status: investigating",
        "Commander: nobody yet",
        "Alerts: #1 shop is down (firing)",
        "Links: alert #1",
    ):
        assert said in card.text
    assert world.slack.topics == {CHANNEL: "high | investigating | no lead yet"}


async def test_who_is_on_call_and_who_declared_it_are_invited(world: World) -> None:
    await world.run("incident", "declare", "Checkout", "is", "slow")

    assert world.slack.invited == {CHANNEL: [ONCALL, LEAD]}
    (fact,) = await world.facts("incident:1", RespondersInvited)
    assert fact.users == (ONCALL, LEAD)


async def test_all_incidents_are_announced_in_one_channel(world: World) -> None:
    await world.check("down")

    assert (await world.message(DIGEST)).channel == "#incidents"


async def test_a_harmless_alert_opens_none(world: World) -> None:
    await world.check("degraded")

    assert (await world.run("incidents")).title == "No incidents"


async def test_an_alert_that_comes_back_joins_the_incident_that_is_open(world: World) -> None:
    await world.check("down")
    await world.check("healthy", previous="down")
    await world.check("down")

    assert (await world.incident()).alert_ids == (1, 2)
    assert (await world.alert(2)).incident_id == 1
    assert len(await world.facts("incident:1", IncidentDeclared)) == 1
    assert len(await world.facts("incident:1", AlertJoinedIncident)) == 1
    assert world.slack.channels == {"incident-1": CHANNEL}
    assert any("Alert #2 belongs to this as well" in said for said in world.told(CHANNEL))


async def test_the_acknowledgement_of_its_alert_shows_on_the_incident(world: World) -> None:
    await world.check("down")
    await world.run("ack", "1")

    assert (await world.incident()).acknowledged_at == T0
    assert "Alerts: #1 shop is down (acknowledged)" in (await world.message(CARD)).text


async def test_recovery_offers_to_resolve_the_incident_in_its_channel(world: World) -> None:
    await world.check("down")
    await world.check("healthy", previous="down")

    (offer,) = [m for m in world.slack.messages if "Is the incident over?" in m.text]
    assert offer.channel == CHANNEL
    assert [b.argv for b in offer.card.buttons] == [("incident", "resolve", "1")]


class TestDeclaredFromMessage:
    async def declare(self, world: World) -> str:
        at = T0 - timedelta(minutes=3)
        ts = f"{at.timestamp():.6f}"
        world.slack.say("C0000GEN", ts, "checkout hangs for me", user="U0000TWO")
        await world.run("incident", "declare", "Checkout hangs", "--channel=C0000GEN", f"--ts={ts}", channel="C0000GEN")
        return ts

    async def test_the_message_is_the_first_entry_of_the_timeline(self, world: World) -> None:
        await self.declare(world)

        card = await world.run("incident", "timeline", "1")
        assert card.data["timeline"][0]["said"] == "“checkout hangs for me”"
        assert card.data["timeline"][0]["actor"] == "U0000TWO"
        assert "C0000GEN" in card.data["timeline"][0]["link"]

    async def test_the_impact_began_with_the_message(self, world: World) -> None:
        await self.declare(world)

        assert (await world.incident()).started_at == T0 - timedelta(minutes=3)

    async def test_the_card_leads_back_to_it(self, world: World) -> None:
        await self.declare(world)

        assert "Links: the message it was declared from" in (await world.message(CARD)).text

    async def test_of_another_channel_is_refused_because_not_all_may_read_there(self, world: World) -> None:
        world.slack.say("C00HIDDEN", "1.0", "the treasurer it was", user="U0000TWO")
        card = await world.run("incident", "declare", "Slow", "--channel=C00HIDDEN", "--ts=1.0", channel="C0000GEN")

        assert (card.level.value, card.body) == ("usage", ("a message is taken in its own channel alone",))
        assert (await world.ask("incidents")).data["incidents"] == []


class TestPushpin:
    async def pin(self, world: World, ts: str) -> None:
        world.slack.say(CHANNEL, ts, "failed over to the replica", user="U0000TWO")
        words = ("--text=failed over to the replica", "--author=U0000TWO", f"--at={ts}")
        await world.run("incident", "note", *words, f"--channel={CHANNEL}", f"--ts={ts}", channel=CHANNEL)

    async def test_puts_a_message_on_the_timeline_as_its_author_said_it(self, world: World) -> None:
        await world.check("down")
        ts = f"{T0.timestamp():.6f}"
        await self.pin(world, ts)

        card = await world.run("incident", "timeline", "1")
        (line,) = [line for line in card.data["timeline"] if "failed over" in line["said"]]
        assert (line["actor"], line["at"]) == ("U0000TWO", T0.isoformat())

    async def test_is_answered_below_the_message_once(self, world: World) -> None:
        await world.check("down")
        world.twice = True
        ts = f"{T0.timestamp():.6f}"
        await self.pin(world, ts)
        await self.pin(world, ts)

        answers = [m.text.strip() for m in world.slack.messages if m.thread_ts == ts]
        assert answers == [f"📌 Put on the timeline by {LEAD}."]

    async def test_taken_away_takes_the_message_off_again(self, world: World) -> None:
        await world.check("down")
        ts = f"{T0.timestamp():.6f}"
        await self.pin(world, ts)
        await world.run("incident", "unnote", f"--channel={CHANNEL}", f"--ts={ts}", channel=CHANNEL)

        card = await world.run("incident", "timeline", "1")
        assert not [line for line in card.data["timeline"] if "failed over" in line["said"]]
        assert [m.text.strip() for m in world.slack.messages if m.thread_ts == ts] == [
            f"📌 Taken off the timeline by {LEAD}."
        ]


async def test_an_update_is_said_in_the_channel_and_shown_on_both_cards(world: World) -> None:
    await world.check("down")
    await world.run("incident", "update", "--text", "a fix is on its way", "--status", "identified", channel=CHANNEL)

    assert any("Update by" in said and "a fix is on its way" in said for said in world.told(CHANNEL))
    for key in (CARD, DIGEST):
        card = await world.message(key)
        assert "Status: identified" in card.text
        assert "Latest: a fix is on its way" in card.text


async def test_taking_command_is_said_and_shown(world: World) -> None:
    await world.check("down")
    await world.run("incident", "role", "1")

    assert f"Commander: {LEAD}" in (await world.message(CARD)).text
    assert any(f"{LEAD} is commander" in said for said in world.told(CHANNEL))


async def test_its_mttr_is_recorded_and_said_when_it_is_resolved(world: World) -> None:
    await world.check("down")
    await world.forward(minutes=2)
    await world.run("ack", "1")
    await world.forward(minutes=10)

    await world.run("incident", "resolve", "1", "--comment", "rolled back")

    (fact,) = await world.facts("incident:1", IncidentResolved)
    assert (fact.time_to_detect, fact.time_to_acknowledge, fact.time_to_resolve) == (60, 180, 780)
    (closing,) = [said for said in world.told(CHANNEL) if "is resolved" in said]
    assert "Time to resolve: 13 min (detected after 1 min and acknowledged after 3 min)." in closing
    assert "rolled back" in closing


async def test_it_can_be_resolved_once(world: World) -> None:
    await world.check("down")
    await world.run("incident", "resolve", "1")

    card = await world.run("incident", "resolve", "1")

    assert card.title == "Incident #1 stays as it is"
    assert len(await world.facts("incident:1", IncidentResolved)) == 1


async def test_a_new_alert_after_the_resolution_opens_another_incident(world: World) -> None:
    await world.check("down")
    await world.run("incident", "resolve", "1")
    await world.check("healthy", previous="down")
    await world.check("down")

    assert (await world.incident(2)).alert_ids == (2,)


class TestArchiving:
    @pytest.fixture(params=["after_postmortem", "at_once", "never"])
    def setting(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def config(self, setting: str) -> dict[str, Any]:
        return MANAGE | {"incidents": {"archive": setting}}

    async def test_after_the_resolution_is_done_at_once_where_the_setting_says_so(
        self, world: World, setting: str
    ) -> None:
        await world.check("down")
        await world.run("incident", "resolve", "1")

        assert world.slack.archived == ([CHANNEL] if setting == "at_once" else [])

    async def test_after_the_postmortem_is_done_where_the_setting_says_so(self, world: World, setting: str) -> None:
        await world.check("down")
        await world.run("incident", "resolve", "1")
        await world.happen(PostmortemPublished(incident=1, text_version=1))

        assert world.slack.archived == ([] if setting == "never" else [CHANNEL])

    async def test_waits_for_no_postmortem_where_none_is_due(self, world: World, setting: str) -> None:
        await world.run("incident", "declare", "Typo on the start page", "--severity", "low")
        await world.run("incident", "resolve", "1")

        assert world.slack.archived == ([] if setting == "never" else [CHANNEL])
        assert len(await world.facts("incident:1", ChannelArchived)) == len(world.slack.archived)

    async def test_happens_after_the_closing_message_and_shows_in_the_announcement(
        self, world: World, setting: str
    ) -> None:
        await world.check("down")
        await world.run("incident", "resolve", "1")

        assert any("is resolved" in said for said in world.told(CHANNEL))
        assert ("(archived)" in (await world.message(DIGEST)).text) is (setting == "at_once")


async def test_every_job_run_twice_leaves_one_message_one_channel_and_one_fact(world: World) -> None:
    world.twice = True
    await world.check("down")
    await world.run("ack", "1")
    await world.run("incident", "update", "1", "--text", "a fix is on its way")
    await world.check("healthy", previous="down")
    await world.run("incident", "resolve", "1")
    await world.happen(PostmortemPublished(incident=1, text_version=1))
    await world.forward(seconds=5)

    keys = [m.key for m in world.slack.messages]
    assert len(keys) == len(set(keys))
    assert world.slack.channels == {"incident-1": CHANNEL}
    kinds = [type(fact).__name__ for fact in await world.facts("incident:1")]
    assert len(kinds) == len(set(kinds)), kinds
    assert (await world.incident()).status is IncidentStatus.RESOLVED
    assert world.died == []
