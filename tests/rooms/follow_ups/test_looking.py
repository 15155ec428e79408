"""Issues that were closed in their trackers end their follow-ups, unless a person has opened these again since."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.events import FollowUpClosed
from bot.follow_ups import looking, reactions
from bot.follow_ups.looking import EVERY, MOST, turn
from bot.outside import Ended, Filed, Issue
from bot.ports import Undeliverable
from storage.records.follow_ups import FollowUp, FollowUpStatus
from storage.tables import follow_ups as table
from tests.fakes.ports import T0
from tests.rooms.alerts.world import World
from tests.rooms.follow_ups.conftest import CHANNEL, star


@dataclass
class Desk:
    """A tracker: issues by number, those that ended, what was looked at, and refusals to come."""

    name: str
    opened: int = 0
    ended: dict[str, Ended] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)
    refusals: list[Undeliverable] = field(default_factory=list)

    async def file(self, _issue: Issue, /, *, attempt: int) -> Filed:
        assert attempt == 1
        self.opened += 1
        return Filed(reference=f"{self.name}-{self.opened}", address=f"https://{self.name}.example.com/{self.opened}")

    async def look(self, reference: str, /) -> Ended | None:
        self.looked.append(reference)
        if self.refusals:
            raise self.refusals.pop(0)
        return self.ended.get(reference)


@pytest.fixture
def desks() -> dict[str, Desk]:
    return {"ops": Desk("OPS"), "shop": Desk("SHOP")}


@pytest.fixture
async def filed(incident: World, desks: dict[str, Desk]) -> World:
    """Two follow-ups with an issue each in `ops`; the first one's card stands below its message."""
    trackers = {name: desk.file for name, desk in desks.items()}
    looks = {name: desk.look for name, desk in desks.items()}
    incident.ports = replace(incident.ports, trackers=trackers, looks=looks)
    await incident.run(*star(incident, "raise the pool"), channel=CHANNEL)
    await incident.run("followup", "add", "test the failover")
    for number in ("1", "2"):
        await incident.run("followup", "file", number, "--in=ops")
    return incident


async def look(world: World) -> None:
    """A round later, with all that follows."""
    world.clock.forward(EVERY.total_seconds())
    await looking.look(world.ports)
    await world.settle()


async def status(world: World, number: int) -> FollowUpStatus:
    async with world.store.read() as conn:
        found = await table.get(conn, number)
    assert found is not None
    return found.status


async def test_a_closed_issue_ends_its_follow_up_and_the_card_says_why(filed: World, desks: dict[str, Desk]) -> None:
    desks["ops"].ended["OPS-1"] = Ended(T0)
    await look(filed)

    assert (await status(filed, 1), await status(filed, 2)) == (FollowUpStatus.DONE, FollowUpStatus.OPEN)
    assert "Done by bot: OPS-1 in ops was closed" in (await filed.message("follow-up:1:card")).text


async def test_an_issue_that_was_put_aside_drops_it(filed: World, desks: dict[str, Desk]) -> None:
    desks["ops"].ended["OPS-2"] = Ended(T0, done=False)
    await look(filed)

    assert await status(filed, 2) is FollowUpStatus.DROPPED


async def test_what_has_ended_is_not_looked_at_again(filed: World, desks: dict[str, Desk]) -> None:
    desks["ops"].ended["OPS-1"] = Ended(T0)
    await look(filed)
    desks["ops"].looked.clear()
    await look(filed)

    assert desks["ops"].looked == ["OPS-2"]
    assert len(await filed.facts("follow-up:1", FollowUpClosed)) == 1


async def test_who_opens_it_again_is_not_overruled_by_the_same_closing(filed: World, desks: dict[str, Desk]) -> None:
    desks["ops"].ended["OPS-1"] = Ended(filed.clock() + timedelta(minutes=1))
    await look(filed)
    await filed.run("followup", "reopen", "1")
    await look(filed)
    assert await status(filed, 1) is FollowUpStatus.OPEN

    desks["ops"].ended["OPS-1"] = Ended(filed.clock())
    await look(filed)
    assert await status(filed, 1) is FollowUpStatus.DONE


async def test_with_issues_in_several_trackers_the_last_one_ends_it(filed: World, desks: dict[str, Desk]) -> None:
    await filed.run("followup", "file", "1", "--in=shop")
    desks["ops"].ended["OPS-1"] = Ended(T0, done=False)
    await look(filed)
    assert await status(filed, 1) is FollowUpStatus.OPEN

    desks["shop"].ended["SHOP-1"] = Ended(T0)
    await look(filed)
    (told,) = await filed.facts("follow-up:1", FollowUpClosed)
    assert (told.status, told.reason) == ("done", "OPS-1 in ops and SHOP-1 in shop were closed")


async def test_a_tracker_that_limits_is_asked_once_a_round_and_holds_up_no_other(
    filed: World, desks: dict[str, Desk], logged: list[MutableMapping[str, Any]]
) -> None:
    await filed.run("followup", "add", "buy more disks")
    await filed.run("followup", "file", "3", "--in=shop")
    desks["ops"].refusals.append(Undeliverable("OPS was asked too often (HTTP 429)", retry=True, after=60.0))
    desks["ops"].ended |= {"OPS-1": Ended(T0), "OPS-2": Ended(T0)}
    desks["shop"].ended["SHOP-1"] = Ended(T0)
    await look(filed)

    assert desks["ops"].looked == ["OPS-1"]
    assert [await status(filed, number) for number in (1, 2, 3)] == ["open", "open", "done"]
    assert [entry["tracker"] for entry in logged if entry["event"] == "issue_not_looked_at"] == ["ops"]
    await look(filed)
    assert [await status(filed, number) for number in (1, 2)] == ["done", "done"]


async def test_a_tracker_that_is_configured_no_more_ends_nothing(filed: World, desks: dict[str, Desk]) -> None:
    desks["ops"].ended["OPS-1"] = Ended(T0)
    filed.ports = replace(filed.ports, trackers={}, looks={"shop": desks["shop"].look})
    await look(filed)

    assert await status(filed, 1) is FollowUpStatus.OPEN


def test_of_very_many_everybodys_turn_comes() -> None:
    def some(number: int) -> FollowUp:
        return FollowUp(id=number, incident=None, title="x", created_by="U1", created_at=T0)

    found = [some(number) for number in range(2 * MOST + 1)]
    rounds: list[datetime] = [T0 + n * EVERY for n in range(3)]
    seen = [turn(found, at) for at in rounds]

    assert max(map(len, seen)) == MOST
    assert sorted(one.id for part in seen for one in part) == [one.id for one in found]
    assert turn([], T0) == []


def test_the_round_of_the_clock_is_the_one_that_is_counted_by() -> None:
    assert reactions.look_at_issues.spec == f"@every {EVERY // timedelta(minutes=1)}m"
