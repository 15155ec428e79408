"""What becomes of an incident when Slack refuses or is not there, and what wrong words are answered with."""

from typing import Any

import pytest

from bot.events import ChannelArchived, ChannelOpened, ChannelTroubled, IncidentDeclared, IncidentResolved
from storage.records.incidents import IncidentStatus
from tests.fakes.chat import FakeChat
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, World, refusal

CARD, DIGEST, CHANNEL = "incident:1:card", "incident:1:digest", "C0000001"


class TestChannelThatCannotBeOpened:
    async def test_is_said_on_the_announcement_and_nothing_half_made_remains(self, world: World) -> None:
        world.slack.refusals["open_channel"] = [refusal("restricted_action")]

        await world.check("down")

        digest = await world.message(DIGEST)
        assert "⚠️ No channel could be opened: Slack refuses this: restricted_action" in digest.text
        assert (await world.incident()).channel == ""
        assert (world.slack.channels, world.slack.pins, world.slack.invited) == ({}, [], {})
        assert world.died == []

    async def test_has_its_messages_below_the_announcement(self, world: World) -> None:
        world.slack.refusals["open_channel"] = [refusal("restricted_action")]
        await world.check("down")

        await world.run("incident", "update", "1", "--text", "a fix is on its way")
        await world.check("healthy", previous="down")
        await world.run("incident", "resolve", "1")

        below = "\n".join(await world.thread(DIGEST))
        for said in ("a fix is on its way", "Is the incident over?", "Time to resolve"):
            assert said in below
        assert world.died == []

    async def test_is_opened_once_slack_answers_again(self, world: World) -> None:
        world.slack.refusals["open_channel"] = [refusal("unreachable", retry=True)]

        await world.check("down")
        await world.forward(minutes=1)

        assert (await world.incident()).channel == CHANNEL
        assert await world.facts("incident:1", ChannelTroubled) == []


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("pin", "The summary could not be pinned"),
        ("topic", "The channel's topic could not be set"),
        ("invite", "Nobody could be invited"),
    ],
)
async def test_what_slack_refuses_about_the_channel_is_said_and_the_rest_is_done(
    world: World, method: str, said: str
) -> None:
    world.slack.refusals[method] = [refusal("missing_scope") for _ in range(30)]

    await world.check("down")

    assert said in (await world.message(CARD)).text
    assert any(said in told for told in world.told(CHANNEL))
    done = {"pin": len(world.slack.pins), "topic": len(world.slack.topics), "invite": len(world.slack.invited)}
    assert done == {"pin": 1, "topic": 1, "invite": 1} | {method: 0}
    assert world.died == []


async def test_a_person_who_cannot_be_invited_is_named_and_the_others_come(world: World) -> None:
    world.slack.uninvitable = {ONCALL: "user_is_restricted"}

    await world.run("incident", "declare", "Checkout", "is", "slow")

    assert world.slack.invited == {CHANNEL: [LEAD]}
    assert f"{ONCALL} could not be invited" in (await world.message(CARD)).text.replace("@", "")
    (fact,) = await world.facts("incident:1", ChannelTroubled)
    assert fact.error == "user_is_restricted"


async def test_a_channel_of_all_incidents_that_does_not_exist_is_said_in_the_incidents_own(world: World) -> None:
    world.slack.missing.add("#incidents")

    await world.check("down")

    assert "It could not be announced in #incidents" in (await world.message(CARD)).text
    assert world.slack.invited == {CHANNEL: [ONCALL]}
    assert world.died == []


class TestChannelThatSomebodyArchived:
    async def test_is_written_down_and_told_below_the_announcement_from_then_on(self, world: World) -> None:
        await world.check("down")
        world.slack.archived.append(CHANNEL)

        await world.run("incident", "update", "1", "--text", "a fix is on its way")
        await world.run("incident", "resolve", "1")

        assert len(await world.facts("incident:1", ChannelArchived)) == 1
        below = "\n".join(await world.thread(DIGEST))
        assert "a fix is on its way" in below
        assert "Time to resolve" in below
        assert world.died == []

    async def test_is_noticed_by_an_edit_of_its_card_too(self, world: World) -> None:
        await world.check("down")
        world.slack.archived.append(CHANNEL)

        await world.run("ack", "1")

        assert "(archived)" in (await world.message(DIGEST)).text
        assert world.died == []


async def test_a_card_that_somebody_deleted_is_posted_anew(world: World) -> None:
    await world.check("down")
    world.slack.messages.remove(await world.message(CARD))

    await world.run("incident", "role", "1")

    assert f"Commander: {LEAD}" in (await world.message(CARD)).text
    assert world.died == []


async def test_an_announcement_that_somebody_deleted_is_posted_anew_before_it_is_answered(world: World) -> None:
    world.slack.refusals["open_channel"] = [refusal("restricted_action")]
    await world.check("down")
    world.slack.messages.remove(await world.message(DIGEST))
    world.slack.refusals["post"] = [refusal("cannot_reply_to_message")]

    await world.run("incident", "update", "1", "--text", "a fix is on its way")

    assert any("a fix is on its way" in said for said in await world.thread(DIGEST))
    assert world.died == []


class TestWithoutSlack:
    @pytest.fixture
    def chat(self) -> FakeChat | None:
        return None

    async def test_everything_is_still_decided_and_journaled(self, world: World) -> None:
        await world.check("down")
        await world.run("incident", "update", "1", "--status", "identified", via="shell", by="shell:root")
        await world.check("healthy", previous="down")
        await world.run("incident", "resolve", "1", via="shell", by="shell:root")

        kinds = {type(fact) for fact in await world.facts("incident:1")}
        assert {IncidentDeclared, IncidentResolved} <= kinds
        assert ChannelOpened not in kinds
        assert (await world.incident()).status is IncidentStatus.RESOLVED
        assert world.died == []


class TestWrongWords:
    @pytest.mark.parametrize(
        ("argv", "said"),
        [
            (["incident", "declare", " "], "an incident needs a title"),
            (["incident", "declare", "Slow", "--alert=9"], "there is no alert #9"),
            (["incident", "resolve", "9"], "there is no incident #9"),
            (["incident", "resolve"], "which incident? Name its number, or ask in its channel"),
            (["incident", "update", "1"], "an update needs words, a status or a severity"),
            (["incident", "role", "1", "--role= "], "a role needs a name"),
            (["incident", "note", "1", "--text= "], "a note needs words"),
            (["incident", "timeline", "1", "--page=4"], "there is no page 4"),
            (["incidents", "--page=4"], "there is no page 4"),
        ],
    )
    async def test_are_answered_with_what_is_wrong(self, world: World, argv: list[str], said: str) -> None:
        await world.check("down")

        card = await world.run(*argv)

        assert (card.level.value, card.body) == ("usage", (said,))

    async def test_a_time_beyond_the_calendar_is_refused(self, world: World) -> None:
        await world.check("down")

        card = await world.run("incident", "note", "1", "--text=x", "--at=1e18")

        assert card.level.value == "usage"


async def test_a_title_that_is_too_long_is_cut_where_it_shows(world: World) -> None:
    await world.run("incident", "declare", "x" * 500)

    assert (await world.incident()).title == "x" * 199 + "…"


async def test_incidents_can_be_asked_for_by_status_and_severity(world: World) -> None:
    await world.check("down")
    await world.run("incident", "declare", "Typo", "--severity=low")
    await world.run("incident", "resolve", "2")

    assert (await world.run("incidents", "--status=open")).data["total"] == 1
    assert (await world.run("incidents", "--severity=low")).data["total"] == 1
    assert (await world.run("incidents", "--severity=critical")).body == ("Nothing fits that.",)


class TestOtherPrefix:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        return MANAGE | {"incidents": {"channel_prefix": "ops-"}}

    async def test_names_the_channel(self, world: World) -> None:
        card = await world.ask("incident", "declare", "Typo")
        await world.settle()

        assert "Its channel will be #ops-1." in card.body
        assert list(world.slack.channels) == ["ops-1"]
