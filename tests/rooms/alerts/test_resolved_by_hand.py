"""An alert of a metric rule that a person resolves while the rule still fires."""

from typing import Any

import pytest

from bot.rules import service
from storage.records.alerts import Alert, AlertState
from storage.records.samples import Sample
from storage.tables import alerts, samples
from tests.rooms.alerts.world import MANAGE, World

RULES = {"errors": {"condition": "error_rate > 0.05"}, "error-rate": {"enabled": False}}


@pytest.fixture
def config() -> dict[str, Any]:
    return {**MANAGE, "alerts": {"rules": RULES}}


async def measured(world: World, *values: float) -> None:
    """The values, one a minute, each judged by the rules, with all that follows."""
    for value in values:
        await world.forward(minutes=1)
        one = Sample(metric="error_rate", at=world.clock(), value=value, labels={"service": "shop"})
        await world.store.transact(lambda unit, one=one: samples.insert(unit.conn, [one]))
        await service.evaluate_all(world.ports)
        await world.settle()


async def states(world: World) -> list[AlertState]:
    async with world.store.read() as conn:
        found: list[Alert] = await alerts.listing(conn)
    return [alert.state for alert in sorted(found, key=lambda alert: alert.id)]


@pytest.mark.parametrize("values", [[0.07] * 3, [0.07, 0.08, 0.09]], ids=["unchanged", "changing"])
async def test_it_stays_resolved_for_a_while(world: World, values: list[float]) -> None:
    await measured(world, 0.07)
    await world.run("resolve", "1")

    await measured(world, *values)

    assert await states(world) == [AlertState.RESOLVED]


@pytest.mark.parametrize("values", [[0.07] * 6, [0.07, 0.08, 0.09] * 2], ids=["unchanged", "changing"])
async def test_it_opens_again_with_the_reason_when_it_still_fires_after_that(world: World, values: list[float]) -> None:
    await measured(world, 0.07)
    await world.run("resolve", "1")

    await measured(world, *values)

    assert await states(world) == [AlertState.RESOLVED, AlertState.FIRING]
    assert "a person resolved it as #1" in (await world.message("alert:2:card")).text


async def test_it_stays_resolved_when_the_rule_ends_meanwhile(world: World) -> None:
    await measured(world, 0.07)
    await world.run("resolve", "1")

    await measured(world, 0.07, 0.01, *[0.01] * 8)

    assert await states(world) == [AlertState.RESOLVED]


async def test_a_new_breach_opens_it_at_once(world: World) -> None:
    await measured(world, 0.07)
    await world.run("resolve", "1")

    await measured(world, 0.01, 0.07)

    assert await states(world) == [AlertState.RESOLVED, AlertState.FIRING]
