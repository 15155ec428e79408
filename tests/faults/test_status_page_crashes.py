"""The bot dies after each step of telling the public, and is started again: an outside page was told each text once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from bot.statuspage import service
from bot.statuspage.pages.statuspage import STATUSPAGE, StatuspageOptions
from storage.records.incidents import IncidentStatus
from storage.records.notices import NoticeStatus
from storage.unit_of_work import Store
from tests.fakes.crashes import Died, Fate, Mortal, MortalStore
from tests.fakes.ports import FrozenClock
from tests.fakes.status_pages import PAGE, TOKEN, Statuspage, serving
from tests.faults.test_incident_crashes import MOST, leases_run_out
from tests.rooms.alerts.conftest import clock, logged
from tests.rooms.alerts.world import MANAGE, World, world_of

__all__ = ["clock", "logged"]

CONFIG: dict[str, Any] = {**MANAGE, "statuspage": {"components": [{"name": "Shop", "checks": ["shop"]}]}}


class MortalClient(Mortal):
    """A client whose requests that change something are deeds."""

    async def request(self, method: str, url: str, **given: Any) -> httpx.Response:
        """Ask, and die if it is time to."""
        if method == "GET":
            return await self._whole.request(method, url, **given)
        return await self._fate.meet(f"{method} {url}", lambda: self._whole.request(method, url, **given))


@dataclass
class Public:
    """A bot without chat, and an outside page."""

    page: Statuspage
    world: World

    def connected(self, http: Any) -> Any:
        """The page, through a client that may be mortal."""
        options = StatuspageOptions(page=PAGE, token=TOKEN, components={"Shop": "11"}, url=f"{self.page.url}/v1")
        return STATUSPAGE.connect(options, replace(self.world.ports, http=http))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: which steps there are is the same on any database."""
    return sqlite_url


@pytest.fixture
async def public(database_url: str, clock: FrozenClock) -> AsyncIterator[Public]:
    store = await Store.open(database_url)
    async with serving(Statuspage) as page, httpx.AsyncClient(trust_env=False) as http:
        assert isinstance(page, Statuspage)
        page.components = {"11": "operational"}
        made = Public(page, world_of(store, clock, None, CONFIG, http))
        made.world.ports = replace(made.world.ports, pages={"public": made.connected(http)})
        yield made
    await store.close()


async def tell_all(world: World, number: int) -> None:
    """People publish what is proposed, resolve the incident, and publish its end; what they did already is no matter."""
    await publish_waiting(world, number)
    if (await world.incident(number)).status is not IncidentStatus.RESOLVED:
        await world.run("incident", "resolve", str(number))
    await publish_waiting(world, number)


async def publish_waiting(world: World, number: int) -> None:
    for one in await service.latest(world.ports, 5):
        if one.incident == number and one.status is NoticeStatus.PROPOSED:
            await world.run("status", "publish", str(one.id))


async def live_and_die(public: Public, number: int, at: int) -> Fate:
    """Tell the public, die after step `at`, start again and go on."""
    world, whole, fate = public.world, public.world.ports, Fate(at=at)
    page = public.connected(MortalClient(whole.http, fate, frozenset()))
    world.ports = replace(whole, store=MortalStore(world.store, fate), pages={"public": page})
    try:
        await tell_all(world, number)
    except Died:
        world.ports = whole
        await world.store.transact(lambda unit: leases_run_out(unit, world))
    world.ports = whole
    await world.settle()
    await tell_all(world, number)
    return fate


@pytest.mark.timeout(300)
async def test_death_at_each_step_tells_an_outside_page_nothing_twice(public: Public) -> None:
    for at in range(1, MOST):
        await public.world.run("incident", "declare", "Paying fails", "--severity", "critical", "--component", "Shop")
        fate = await live_and_die(public, at, at)
        told = list(public.page.incidents.values())
        assert len(told) == at
        assert len(told[-1]["texts"]) == 2, f"after {fate.deeds}"
        assert "is over" in told[-1]["texts"][1]
        assert public.page.components == {"11": "operational"}
        assert public.world.died == []
        if len(fate.deeds) < at:
            break
    assert at > 10
