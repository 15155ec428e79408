"""The world of alerts, with reports coming in for real."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.alerts.intake import Intake
from bot.report import Report, severity_of
from storage.unit_of_work import Store
from tests.fakes.chat import FakeChat
from tests.fakes.ports import FrozenClock
from tests.rooms.alerts.world import MANAGE, World, world_of


@pytest.fixture
def config() -> dict[str, Any]:
    return MANAGE


class Room(World):
    """The world, in which sources report."""

    async def report(self, name: str, *, resolved: bool = False, **labels: str) -> None:
        """A source tells of one instance; everything that follows at once happens."""
        severity = severity_of(labels.get("severity", "high"))
        one = Report(name=name, labels=labels, severity=severity, source="test", summary=name, resolved=resolved)
        await self.ports.report([one])
        await self.settle()


@pytest.fixture
async def room(database_url: str, config: dict[str, Any]) -> AsyncIterator[Room]:
    store = await Store.open(database_url)
    nowhere = httpx.MockTransport(lambda _request: httpx.Response(503))  # and no certificates are read for it
    async with httpx.AsyncClient(transport=nowhere) as http:
        made = world_of(store, FrozenClock(), FakeChat(), config, http)
        yield Room(store, made.clock, made.chat, replace(made.ports, report=Intake(made.ports)))
    await store.close()
