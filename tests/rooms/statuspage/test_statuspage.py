"""From an incident to what the public reads: proposed, published by a person, told outside once."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.cards.card import Level
from bot.cards.text import to_text
from bot.config.settings import Settings
from bot.events import NoticeDiscarded, NoticeProposed, NoticePublished, NoticeWithdrawn
from bot.llm.client import connect
from bot.permissions import Role
from bot.statuspage import service
from bot.statuspage.decide import Condition
from bot.statuspage.feed import to_atom, to_json
from bot.statuspage.page import to_html
from handlers.slack.modals import fields
from storage.records.notices import NoticeStatus
from tests.fakes.ports import T0
from tests.fakes.status_pages import Statuspage
from tests.rooms.alerts.world import COMMANDS, LEAD, World, refusal
from tests.rooms.statuspage.situations import declared, notice, shop
from tests.servers.openai import openai_server, refuses, says

SECRET = "xoxb-1234567890-abcdefghij"


async def test_a_declared_incident_has_a_text_proposed_in_its_channel(world: World) -> None:
    await declared(world)
    card = await world.message("notice:1:card")
    assert card.channel == (await world.incident()).channel
    assert "Proposed: Trouble with Shop (investigating)" in card.text
    assert [button.label for button in card.card.buttons] == ["Publish", "Edit", "Discard"]
    assert "payments-db-3" not in card.text


async def test_where_no_channel_can_be_opened_it_is_proposed_where_all_incidents_are(world: World) -> None:
    world.slack.refusals["open_channel"] = [refusal("restricted_action")]
    await declared(world)
    await world.forward(minutes=2)
    assert (await world.message("notice:1:card")).channel == "#incidents"


async def test_a_proposal_waits_for_the_channel_that_is_being_opened(world: World) -> None:
    world.slack.refusals["open_channel"] = [refusal("internal_error", retry=True)] * 3
    await declared(world)
    await world.forward(minutes=1)
    assert (await world.message("notice:1:card")).channel == (await world.incident()).channel


async def test_nothing_is_public_before_somebody_publishes_it(world: World, outside: Statuspage) -> None:
    await declared(world)
    assert (await service.overview(world.ports)).stories == ()
    assert outside.incidents == {}
    assert outside.components["11"] == "major_outage"  # how components are follows by itself


async def test_a_click_publishes_it_here_and_outside(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("status", "publish", "1")

    (story,) = (await service.overview(world.ports)).stories
    assert story.heading == "Trouble with Shop"
    (made,) = outside.incidents.values()
    assert (made["name"], made["status"], made["texts"]) == (
        "Trouble with Shop",
        "investigating",
        [story.updates[0].text],
    )
    card = await world.message("notice:1:card")
    assert ([button.argv for button in card.card.buttons], card.card.level) == ([("status", "withdraw", "1")], Level.OK)
    assert f"Published: by {LEAD}" in card.text
    (fact,) = await world.facts("incident:1", NoticePublished)
    assert fact.text == story.updates[0].text


async def test_it_can_be_published_in_other_words(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("status", "publish", "1", "--text", "Paying fails. We are on it.")
    assert outside.updates() == ["Paying fails. We are on it."]


async def test_the_form_begins_with_the_proposed_words(world: World) -> None:
    await declared(world)
    command, argv = COMMANDS["status publish"], ["status", "publish", "1"]
    assert command.prefill_of is not None
    (field,) = fields(command, argv, await command.prefill_of(world.ports, argv))
    assert (field.name, field.kind, field.default) == ("text", "multiline", (await notice(world)).text)


async def test_a_discarded_text_is_never_told(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("status", "discard", "1")
    again = await world.run("status", "publish", "1")
    assert "stays as it is" in again.title
    assert (outside.incidents, (await notice(world)).status) == ({}, NoticeStatus.DISCARDED)
    assert len(await world.facts("incident:1", NoticeDiscarded)) == 1


async def test_a_published_text_is_taken_back_from_page_and_feed(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("status", "publish", "1", "--text", "Cards were stolen.")
    await world.run("status", "say", "1", "--text", "Paying fails.")
    assert "Cards were stolen" in to_atom(await service.overview(world.ports), "https://x.example/status")

    card = await world.run("status", "withdraw", "1")

    page = await service.overview(world.ports)
    for told in (
        to_atom(page, "https://x.example/status"),
        json.dumps(to_json(page)),
        to_html(page, world.ports.manage.statuspage.theme),
    ):
        assert "Cards were stolen" not in told
        assert "Paying fails" in told
    assert (card.level, card.title) == (Level.OK, "Notice 1 is withdrawn")
    assert "Asked to say “This update was withdrawn.” in its place: public." in str(card.body)
    assert outside.updates() == ["This update was withdrawn.", "Paying fails."]
    (fact,) = await world.facts("incident:1", NoticeWithdrawn)
    assert (fact.notice, fact.told) == (1, ("public",))
    shown = await world.message("notice:1:card")
    assert (shown.card.title, shown.card.buttons) == ("📢 Withdrawn: Trouble with Shop (investigating)", ())
    assert f"Was published: by {LEAD}" in shown.text


async def test_an_incident_of_which_nothing_stands_is_no_story(world: World) -> None:
    await declared(world)
    await world.run("status", "publish", "1")
    await world.run("status", "withdraw", "1")
    assert (await service.overview(world.ports)).stories == ()
    await world.run("incident", "resolve", "1")
    assert [one.id for one in await service.latest(world.ports, 9)] == [1]  # its end is told to nobody either


async def test_what_is_not_public_cannot_be_taken_back(world: World) -> None:
    await declared(world)
    card = await world.run("status", "withdraw", "1")
    assert "Nobody outside can read it: it is proposed." in str(card.body)
    await world.run("status", "publish", "1")
    await world.run("status", "withdraw", "1")
    assert "it is withdrawn" in str((await world.run("status", "withdraw", "1")).body)
    assert (await world.run("status", "publish", "1")).title == "Notice 1 stays as it is"
    assert (await world.run("status", "withdraw", "9")).level is Level.USAGE
    assert len(await world.facts("incident:1", NoticeWithdrawn)) == 1


def test_it_takes_a_responder_to_take_it_back() -> None:
    assert COMMANDS["status withdraw"].role is Role.RESPONDER


async def test_each_phase_has_a_text_and_what_still_waited_goes(world: World) -> None:
    await declared(world)
    await world.run("incident", "update", "1", "--status", "identified")
    assert [(await notice(world, n)).status for n in (1, 2)] == [NoticeStatus.DISCARDED, NoticeStatus.PROPOSED]
    assert (await notice(world, 2)).phase == "identified"
    assert "it is out of date since" in (await world.message("notice:1:card")).text


async def test_the_end_is_proposed_once_the_begin_was_published(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("status", "publish", "1")
    await world.run("incident", "resolve", "1")
    assert (await notice(world, 2)).phase == "resolved"
    await world.run("status", "publish", "2")
    (made,) = outside.incidents.values()
    assert (made["status"], len(made["texts"])) == ("resolved", 2)
    assert outside.components["11"] == "operational"


async def test_the_end_of_what_nobody_heard_of_is_not_proposed(world: World) -> None:
    await declared(world)
    await world.run("status", "discard", "1")
    await world.run("incident", "resolve", "1")
    assert len(await world.facts("incident:1", NoticeProposed)) == 1


async def test_a_text_that_nobody_published_goes_with_the_incident(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("incident", "resolve", "1")
    assert (await notice(world)).status is NoticeStatus.DISCARDED
    assert (await world.message("notice:1:card")).card.buttons == ()
    late = await world.run("status", "publish", "1")
    assert ("stays as it is" in late.title, outside.incidents) == (True, {})


async def test_a_click_that_comes_after_the_next_phase_publishes_nothing(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.ask("incident", "update", "1", "--status", "identified")  # what follows of it is still to come
    late = await world.run("status", "publish", "1")
    assert "it is about investigating, and incident #1 is identified by now" in str(late.body).lower()
    assert outside.incidents == {}


async def test_one_that_was_merged_has_its_end_proposed_and_the_page_stays_red(
    world: World, outside: Statuspage
) -> None:
    await declared(world)
    await world.run("status", "publish", "1")
    await declared(world)
    await world.run("incident", "merge", "1", "--into", "2")
    (end,) = [one for one in await service.latest(world.ports, 9) if one.incident == 1 and one.phase == "resolved"]
    assert (end.status, "belongs to other trouble" in end.text) == (NoticeStatus.PROPOSED, True)
    await world.run("status", "publish", str(end.id))
    assert [one["status"] for one in outside.incidents.values()] == ["resolved"]
    assert (await shop(world), outside.components["11"]) == (Condition.OUTAGE, "major_outage")


async def test_of_two_incidents_on_one_component_the_end_of_one_keeps_it_red(world: World, outside: Statuspage) -> None:
    await declared(world)
    await declared(world)
    await world.run("incident", "resolve", "1")
    assert (await shop(world), outside.components["11"]) == (Condition.OUTAGE, "major_outage")
    await world.run("incident", "resolve", "2")
    assert (await shop(world), outside.components["11"]) == (Condition.OPERATIONAL, "operational")


@pytest.mark.parametrize("flag", ["--private", "--test"])
async def test_of_private_and_test_incidents_the_public_hears_nothing(
    world: World, outside: Statuspage, flag: str
) -> None:
    await declared(world, flag)
    assert await world.facts("incident:1", NoticeProposed) == []
    refused = await world.run("status", "say", "1", "--text", "Something is wrong.")
    assert refused.level is Level.USAGE
    assert (await shop(world), outside.incidents, outside.components["11"]) == (
        Condition.OPERATIONAL,
        {},
        "operational",
    )


async def test_own_words_are_published_at_once(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("status", "say", "1", "--text", "Paying fails.")
    assert outside.updates() == ["Paying fails."]
    assert (await notice(world, 1)).status is NoticeStatus.DISCARDED  # the proposal is of no use any more
    assert (await notice(world, 2)).author == LEAD


async def test_own_words_can_be_seen_before_they_are_public(world: World, outside: Statuspage) -> None:
    await declared(world)
    shown = await world.run("status", "say", "1", "--text", "Paying fails.", "--dry-run")
    assert shown.title == "Everybody would read: Trouble with Shop (investigating)"
    assert (shown.body, shown.data["components"]) == (("Paying fails.",), {"Shop": "major outage"})
    assert (outside.incidents, (await notice(world)).status) == ({}, NoticeStatus.PROPOSED)


async def test_in_the_incident_s_channel_its_number_can_be_left_out(world: World, outside: Statuspage) -> None:
    await declared(world)
    here = (await world.incident()).channel
    await world.run("status", "say", "--text", "Paying fails.", channel=here)
    await world.run("status", "propose", channel=here)
    assert outside.updates() == ["Paying fails."]
    assert (await notice(world, 3)).incident == 1


async def test_of_a_private_incident_who_does_not_belong_to_it_hears_nothing(world: World) -> None:
    await declared(world, "--private")
    for argv in (("status", "propose", "1"), ("status", "say", "1", "--text", "x")):
        refused = await world.run(*argv, by="U0STRANGER")
        missing = await world.run(*(word.replace("1", "7") for word in argv), by="U0STRANGER")
        assert str(refused.body).replace("#1", "#7") == str(missing.body)


async def test_of_what_affects_nothing_the_way_to_tell_the_public_is_said(world: World) -> None:
    await world.run("incident", "declare", "The", "office", "is", "dark")
    refused = await world.run("status", "say", "1", "--text", "x")
    assert "incident affects 1 --component NAME" in to_text(refused, T0)


async def test_a_new_text_can_be_asked_for(world: World) -> None:
    await declared(world)
    await world.run("status", "discard", "1")
    card = await world.run("status", "propose", "1")
    assert "Proposed" in card.title
    assert (await notice(world, 2)).status is NoticeStatus.PROPOSED


async def test_where_the_page_is_stands_below_how_things_stand(world: World) -> None:
    assert "/status at the bot's HTTP door; set PUBLIC_URL" in to_text(await world.run("status"), T0)
    world.ports = replace(world.ports, settings=Settings(public_url="https://bot.example.com/"))
    assert "https://bot.example.com/status" in to_text(await world.run("status"), T0)


async def test_everybody_can_see_how_things_stand(world: World) -> None:
    await declared(world)
    card = await world.run("status")
    assert card.level is Level.BAD
    assert card.data["components"] == [
        {"name": "Shop", "status": "major_outage"},
        {"name": "Mail", "status": "operational"},
    ]
    assert [one["status"] for one in card.data["notices"]] == ["proposed"]


@pytest.mark.parametrize(
    "argv",
    [
        ("status", "publish", "9"),
        ("status", "discard", "9"),
        ("status", "propose", "9"),
        ("status", "say", "9", "--text", "x"),
        ("status", "say", "1", "--text", "  "),
        ("status", "publish", "1", "--text", "x" * 2001),
    ],
)
async def test_what_cannot_be_done_is_said_with_the_way_on(world: World, argv: Sequence[str]) -> None:
    await declared(world)
    refused = await world.run(*argv)
    assert (refused.level, bool(refused.hint)) == (Level.USAGE, True)


async def test_without_chat_texts_are_proposed_and_published_as_well(world: World, outside: Statuspage) -> None:
    world.ports = replace(world.ports, chat=None)
    await declared(world)
    await world.run("status", "publish", "1")
    assert len(outside.updates()) == 1
    assert world.died == []


async def test_the_model_words_it_and_hears_no_secret(world: World) -> None:
    async with openai_server(says('{"text": "Paying may fail at the moment."}')) as server:
        settings = Settings(openai_api_key=server.api_key, openai_base_url=server.base_url, openai_model=server.model)
        world.ports = replace(world.ports, writer=connect(settings, world.ports.manage))
        await declared(world, "--description", f"the token {SECRET} leaked")
        assert ((await notice(world)).text, (await notice(world)).author) == (
            "Paying may fail at the moment.",
            server.model,
        )
        assert server.requests
        assert SECRET not in str(server.requests)


async def test_a_model_that_fails_leaves_the_template(world: World) -> None:
    async with openai_server(*[refuses(500)] * 9) as server:
        settings = Settings(openai_api_key=server.api_key, openai_base_url=server.base_url, openai_model=server.model)
        world.ports = replace(world.ports, writer=connect(settings, world.ports.manage))
        await declared(world)
        assert (await notice(world)).author == "template"
        card = await world.run("status", "propose", "1")
        assert any("The model could not word it" in str(text) for text in card.body)
