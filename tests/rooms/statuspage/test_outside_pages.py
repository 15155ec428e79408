"""Outside pages are told once, told again where that can help, and what they refuse is said."""

from typing import Any

import pytest

from bot.events import NoticeProposed, PageMirrored, PageTroubled
from bot.outside import PublicIncident
from bot.statuspage import mirroring
from bot.statuspage.decide import Condition
from tests.fakes.ports import T0
from tests.fakes.status_pages import Statuspage
from tests.rooms.alerts.world import World
from tests.rooms.statuspage.situations import declared, shop


async def test_an_incident_that_is_over_frees_its_component_outside_though_its_check_is_silent(
    world: World, outside: Statuspage
) -> None:
    await declared(world)
    await world.forward(minutes=30)  # no result of a check in this time
    await world.run("incident", "resolve", "1")
    assert (await shop(world), outside.components["11"]) == (Condition.UNKNOWN, "operational")


async def test_each_job_that_runs_twice_tells_once(world: World, outside: Statuspage) -> None:
    world.twice = True
    await declared(world)
    await world.run("status", "publish", "1")
    await world.run("incident", "resolve", "1")
    await world.run("status", "publish", "2")
    assert len(outside.incidents) == 1
    assert len(outside.updates()) == 2
    assert len(await world.facts("incident:1", NoticeProposed)) == 2
    assert len(await world.facts("incident:1", PageMirrored)) == 2


async def test_a_crash_between_the_call_and_the_commit_tells_no_second_time(
    world: World, outside: Statuspage, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, crashes = mirroring._keep, [RuntimeError("the process dies here")]

    async def crashing(*given: Any) -> None:
        if crashes:
            raise crashes.pop()
        await keep(*given)

    monkeypatch.setattr(mirroring, "_keep", crashing)
    await declared(world)
    await world.run("status", "publish", "1")
    assert len(outside.updates()) == 1
    assert await world.facts("incident:1", PageMirrored) == []
    await world.forward(minutes=1)
    assert (len(outside.incidents), len(outside.updates())) == (1, 1)
    assert len(await world.facts("incident:1", PageMirrored)) == 1
    crashes.append(RuntimeError("and here again"))
    await world.run("status", "say", "1", "--text", "Still on it.")
    await world.forward(minutes=1)
    assert outside.updates().count("Still on it.") == 1


async def test_what_was_taken_back_is_neither_told_again_nor_told_late(world: World, outside: Statuspage) -> None:
    await declared(world)
    await world.run("status", "publish", "1", "--text", "One.")
    await world.run("status", "withdraw", "1")
    await world.run("status", "say", "1", "--text", "Two.")
    assert outside.updates() == ["This update was withdrawn.", "Two."]
    await world.ask("status", "say", "1", "--text", "Three.")  # before the page is told
    card = await world.ask("status", "withdraw", "3")
    assert (card.level.value, card.data["told"]) == ("ok", [])
    await world.settle()
    await world.run("statuspage", "sync")
    assert outside.updates() == ["This update was withdrawn.", "Two."]


async def test_what_a_page_does_not_take_back_is_said_on_the_card_and_mended_by_a_sync(
    world: World, outside: Statuspage
) -> None:
    await declared(world)
    await world.run("status", "publish", "1", "--text", "One.")
    await world.run("incident", "resolve", "1")
    await world.run("status", "publish", "2", "--text", "Two.")
    outside.fail(403)
    await world.run("status", "withdraw", "1")
    assert "Status page public could not be told" in (await world.incident()).trouble
    await world.run("statuspage", "sync")
    assert outside.updates() == ["This update was withdrawn.", "Two."]
    assert (await world.incident()).trouble == ""


async def test_a_connection_that_is_cut_tells_no_second_time(world: World, outside: Statuspage) -> None:
    await declared(world)
    outside.cut()
    await world.run("status", "publish", "1")
    await world.forward(minutes=1)
    assert (len(outside.incidents), len(outside.updates())) == (1, 1)


async def test_what_another_bot_told_under_the_same_numbers_is_not_taken_for_ours(
    world: World, outside: Statuspage
) -> None:
    before = PublicIncident(
        key="1-1", reference="", title="x", phase="resolved", text="It is over.", components={}, started_at=T0
    )
    await world.ports.pages["public"](before)
    await declared(world)
    await world.run("status", "publish", "1")
    assert (len(outside.incidents), len(outside.updates())) == (2, 2)


async def test_a_refusal_stands_on_the_card_with_the_mend_until_it_is_mended(world: World, outside: Statuspage) -> None:
    await declared(world)
    outside.fail(401)
    await world.run("status", "publish", "1")
    (fact,) = await world.facts("incident:1", PageTroubled)
    assert (fact.page, fact.mend) == ("public", "Mend it, then run `statuspage sync`.")
    said = "Status page public could not be told: Statuspage refuses the token (HTTP 401): set a valid one."
    assert (await world.incident()).trouble == said
    assert said in (await world.message("incident:1:card")).text

    answer = await world.run("statuspage", "sync")
    assert answer.data["incidents"] == 1
    assert len(outside.updates()) == 1
    assert (await world.incident()).trouble == ""
    assert said not in (await world.message("incident:1:card")).text


async def test_a_page_that_refuses_components_is_said_on_the_card_too_and_raises_no_alert(
    world: World, outside: Statuspage
) -> None:
    outside.fail(401)
    await declared(world)
    assert "refuses the token" in (await world.incident()).trouble
    assert world.died == []
    await world.run("statuspage", "sync")
    assert ((await world.incident()).trouble, outside.components["11"]) == ("", "major_outage")


async def test_incidents_without_components_are_no_business_of_outside_pages(world: World, outside: Statuspage) -> None:
    outside.fail(401)
    await world.run("incident", "declare", "The", "office", "is", "dark")
    assert (len(outside.planned), world.died) == (1, [])


async def test_what_may_pass_by_itself_is_tried_again_before_it_is_said(world: World, outside: Statuspage) -> None:
    await declared(world)
    outside.fail(429, Retry_After="60")
    await world.run("status", "publish", "1")
    assert ((await world.incident()).trouble, outside.updates()) == ("", [])
    await world.forward(minutes=2)
    assert len(outside.updates()) == 1
    assert await world.facts("incident:1", PageTroubled) == []


async def test_what_fails_for_long_is_said_and_goes_by_itself(world: World, outside: Statuspage) -> None:
    await declared(world)
    for _ in range(3):
        outside.fail(503)
    await world.run("status", "publish", "1")
    await world.forward(seconds=1)
    assert "Statuspage answered HTTP 503" in (await world.incident()).trouble
    await world.forward(minutes=2)
    assert ((await world.incident()).trouble, len(outside.updates())) == ("", 1)
