"""How often escalation asks the rota, which is most of what a step and a page read: as often as it needs the answer."""

from typing import Any

import pytest

from bot.alerts import escalating, service, whom
from bot.oncall import service as rota
from bot.ports import Ports
from tests.rooms.alerts.test_reports import report
from tests.rooms.alerts.world import MANAGE, World


@pytest.fixture
def config() -> dict[str, Any]:
    steps = [{"after": "5m", "notify": ["oncall"]}]
    return MANAGE | {"escalation": {"default": steps}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The schedules that were asked for, in order."""
    schedules: list[str] = []

    async def everyone(ports: Ports, schedule: str = "") -> tuple[str, ...]:
        schedules.append(schedule)
        return await rota.everyone(ports, schedule)

    monkeypatch.setattr(whom, "everyone", everyone)
    return schedules


async def test_a_step_that_is_due_asks_the_rota_once(world: World, asked: list[str]) -> None:
    await world.ports.report([report()])
    world.clock.forward(300)
    asked.clear()

    decision = await escalating.take_step(world.ports, 1, 0)

    assert decision.events
    assert asked == [""]


async def test_an_alert_whose_steps_were_all_taken_is_shown_without_the_rota(world: World, asked: list[str]) -> None:
    await world.ports.report([report()])
    world.clock.forward(300)
    await escalating.take_step(world.ports, 1, 0)
    asked.clear()

    view = await service.view(world.ports, 1)

    assert view.upcoming is None
    assert asked == []


async def test_an_alert_with_a_step_to_come_is_shown_with_whom_the_rota_names(world: World, asked: list[str]) -> None:
    await world.ports.report([report()])
    asked.clear()

    view = await service.view(world.ports, 1)

    assert view.upcoming is not None
    assert view.upcoming.targets
    assert asked == [""]
