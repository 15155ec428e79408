"""Maintenance windows: those of manage.yml and those planned by command."""

from dataclasses import replace
from typing import Any

import pytest

from bot.cards.card import Level
from bot.config.manage import Manage
from bot.events import MaintenanceBegan, MaintenanceEnded
from bot.silences import planning
from storage.records.alerts import AlertState
from tests.rooms.alerts.world import MANAGE
from tests.rooms.silences.conftest import Room

WINDOW = {"name": "db", "matchers": "service=db", "every": "12:30", "for": "30m", "comment": "vacuum"}


@pytest.fixture
def config() -> dict[str, Any]:
    return {**MANAGE, "maintenance": [WINDOW]}


async def look(room: Room) -> None:
    await planning.look(room.ports)
    await room.settle()


async def test_a_window_of_the_configuration_mutes_what_fires_and_says_so(room: Room) -> None:
    await room.report("HighLoad", service="db")
    await room.report("HighLoad", service="api")
    await look(room)
    await room.forward(minutes=30)
    assert [(await room.alert(n)).state for n in (1, 2)] == [AlertState.SILENCED, AlertState.FIRING]
    assert (await room.alert(1)).muted_by == "maintenance db"
    assert "has begun" in (await room.message("maintenance:1")).text
    await room.forward(minutes=30)
    assert (await room.alert(1)).state is AlertState.FIRING
    assert "is over" in (await room.message("maintenance:1")).text


async def test_each_begin_and_end_is_told_once(room: Room) -> None:
    room.twice = True
    for _ in range(4):
        await look(room)
        await room.forward(minutes=20)
    facts = await room.facts("maintenance:1", MaintenanceBegan, MaintenanceEnded)
    assert [type(fact) for fact in facts] == [MaintenanceBegan, MaintenanceEnded]


async def test_a_window_that_began_while_the_bot_was_away_is_told_when_it_is_back(room: Room) -> None:
    await room.report("HighLoad", service="db")
    await room.forward(minutes=40)
    await look(room)
    assert (await room.alert(1)).muted_by == "maintenance db"


async def test_a_window_that_leaves_the_configuration_ends(room: Room) -> None:
    await room.report("HighLoad", service="db")
    await room.forward(minutes=40)
    await look(room)
    room.ports = replace(room.ports, manage=Manage.model_validate(MANAGE))
    await look(room)
    assert (await room.alert(1)).state is AlertState.FIRING


async def test_a_window_that_is_given_another_end_ends_then(room: Room) -> None:
    await room.forward(minutes=40)
    await look(room)
    longer = {**MANAGE, "maintenance": [{**WINDOW, "for": "1h"}]}
    room.ports = replace(room.ports, manage=Manage.model_validate(longer))
    await look(room)
    await room.forward(minutes=49)
    assert await room.facts("maintenance:1", MaintenanceEnded) == []
    await room.forward(minutes=1)
    assert len(await room.facts("maintenance:1", MaintenanceEnded)) == 1


async def test_a_planned_window_mutes_in_its_time_and_can_be_ended(room: Room) -> None:
    await room.report("HighLoad", service="net")
    card = await room.run(
        "maintenance", "add", "cables", "service=net", "--for=2h", "--starts=2026-11-23 14:00", via="shell"
    )
    assert (card.level, card.data["number"]) == (Level.OK, 1)
    await room.forward(minutes=120)
    assert (await room.alert(1)).muted_by == "maintenance cables"
    ended = await room.run("maintenance", "end", "1", via="shell")
    assert ended.data["changed"]
    assert (await room.alert(1)).state is AlertState.FIRING
    assert not (await room.run("maintenance", "end", "1", via="shell")).data["changed"]


async def test_a_planned_window_that_is_cancelled_does_not_take_place(room: Room) -> None:
    await room.report("HighLoad", service="net")
    await room.run("maintenance", "add", "cables", "service=net", "--for=2h", "--starts=2026-11-23 14:00", via="shell")
    assert "cancelled" in (await room.run("maintenance", "end", "1", via="shell")).title
    await room.forward(minutes=130)
    assert (await room.alert(1)).muted_by == ""
    assert await room.facts("maintenance:1", MaintenanceBegan) == []


async def test_the_list_tells_what_is_now_and_what_comes_next(room: Room) -> None:
    await room.run("maintenance", "add", "cables", "service=net", "--for=2h", via="shell")
    card = await room.run("maintenance")
    assert [w["name"] for w in card.data["now"]] == ["cables"]
    assert [(w["name"], w["starts_at"]) for w in card.data["next"]] == [("db", "2026-11-23T12:30:00+00:00")]


async def test_mistakes_are_told_with_the_next_step(room: Room) -> None:
    await room.run("maintenance", "add", "cables", "a=b", "--for=1h", via="shell")
    await room.forward(minutes=35)
    await look(room)
    for argv, said in {
        ("maintenance", "end", "9"): "there is no maintenance window 9",
        ("maintenance", "end", "2"): "comes from manage.yml",
        ("maintenance", "add", "x", "a", "--for=1h"): "is no matcher",
        ("maintenance", "add", "x", "a=~.*", "--for=1h"): "match every alert",
        ("maintenance", "add", "x", "a=b"): "Missing option '--for'",
        ("maintenance", "add", "", "a=b", "--for=1h"): "needs a name",
    }.items():
        card = await room.run(*argv, via="shell")
        assert card.level is Level.USAGE, argv
        assert said in str(card.body), argv
