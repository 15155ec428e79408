"""The world of the alerts' tests with a status page, and an outside one on loopback."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.statuspage.pages.statuspage import STATUSPAGE, StatuspageOptions
from storage.unit_of_work import Store
from tests.fakes.chat import FakeChat
from tests.fakes.ports import FrozenClock
from tests.fakes.status_pages import PAGE, TOKEN, Statuspage, serving
from tests.rooms.alerts.conftest import chat, clock, logged
from tests.rooms.alerts.world import MANAGE, World, world_of
from tests.rooms.statuspage.situations import healthy

__all__ = ["chat", "clock", "logged"]

CONFIG: dict[str, Any] = {
    **MANAGE,
    "statuspage": {
        "title": "Example status",
        "components": [{"name": "Shop", "checks": ["shop"]}, {"name": "Mail", "checks": ["smtp"]}],
    },
}
IDS = {"Shop": "11", "Mail": "12"}


@pytest.fixture
async def outside() -> AsyncIterator[Statuspage]:
    async with serving(Statuspage) as page:
        page.components = dict.fromkeys(IDS.values(), "operational")
        assert isinstance(page, Statuspage)
        yield page


@pytest.fixture
async def world(
    database_url: str, clock: FrozenClock, chat: FakeChat | None, outside: Statuspage
) -> AsyncIterator[World]:
    store = await Store.open(database_url)
    async with httpx.AsyncClient(trust_env=False) as http:
        made = world_of(store, clock, chat, CONFIG, http)
        options = StatuspageOptions(page=PAGE, token=TOKEN, components=IDS, url=f"{outside.url}/v1")
        made.ports = replace(made.ports, pages={"public": STATUSPAGE.connect(options, made.ports)})
        yield made
    await store.close()


@pytest.fixture(autouse=True)
async def _well(world: World) -> None:
    await healthy(world)
