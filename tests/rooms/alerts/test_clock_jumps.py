"""The machine's clock is set back and forth: no step twice, none lost, none after an acknowledgement, all ends come."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.alerts.intake import Intake
from bot.alerts.reactions import audit
from bot.events import (
    AcknowledgementExpired,
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertResolved,
    EscalationExhausted,
    EscalationStepFired,
    PageDelivered,
    SilenceExpired,
    SilenceStarted,
)
from bot.report import Report
from storage.records.alerts import AlertState, Severity
from tests.fakes.ports import T0
from tests.rooms.alerts.world import MANAGE, ONCALL, World

STEPS = [{"after": f"{n * 7}m", "notify": "oncall", "via": "slack"} for n in range(4)]


@pytest.fixture
def config() -> dict[str, Any]:
    return MANAGE | {
        "escalation": {"default": STEPS},
        "incidents": {"open_for": []},
        "alerts": {"acknowledged_for": "1h", "remind_before": "10m", "group_by": ["alertname", "service"]},
    }


def one(name: str, ends: timedelta | None, world: World) -> Report:
    return Report(
        name=name,
        labels={},
        severity=Severity.HIGH,
        source="prometheus",
        summary=f"{name} is broken",
        ends_at=world.clock() + ends if ends else None,
    )


async def report(world: World, name: str, ends: timedelta | None = None) -> None:
    await world.ports.report([one(name, ends, world)])
    await world.settle()


async def set_clock(world: World, minutes: float) -> None:
    """The clock shows another time at once, and what is due then is run."""
    world.clock.time += timedelta(minutes=minutes)
    await world.settle()


async def set_clock_to(world: World, time: datetime) -> None:
    """The same, given as the time that it shows."""
    world.clock.time = time
    await world.settle()


async def steps(world: World, number: int = 1) -> list[tuple[int, int]]:
    return [(fact.round, fact.step) for fact in await world.facts(f"alert:{number}", EscalationStepFired)]


@pytest.mark.parametrize("seed", range(6))
async def test_each_step_is_taken_once_and_in_order_however_the_clock_jumps(world: World, seed: int) -> None:
    chance = random.Random(seed)
    await report(world, "Broken")
    for _ in range(12):
        if chance.random() < 0.4:
            await world.forward(minutes=chance.uniform(0, 6))
        else:
            await set_clock(world, chance.uniform(-25, 25))
    await set_clock_to(world, max(world.clock(), T0))
    await world.forward(minutes=120)

    assert await steps(world) == [(0, n) for n in range(len(STEPS))]
    pages = [(page.round, page.step) for page in await world.facts("alert:1", PageDelivered)]
    assert pages == [(0, n) for n in range(len(STEPS))]
    assert len(await world.facts("alert:1", EscalationExhausted)) == 1
    assert world.died == []


@pytest.mark.parametrize("seed", range(6))
async def test_no_step_is_taken_while_somebody_has_the_alert_however_the_clock_jumps(world: World, seed: int) -> None:
    chance = random.Random(seed)
    await report(world, "Broken")
    for _ in range(14):
        match chance.randrange(4):
            case 0:
                await world.run("ack", "1", by=ONCALL)
            case 1:
                await world.run("unack", "1", by=ONCALL)
            case 2:
                await world.forward(minutes=chance.uniform(0, 30))
            case _:
                await set_clock(world, chance.uniform(-90, 90))
    await set_clock_to(world, max(world.clock(), T0))
    await world.forward(minutes=60 * 24)

    kinds = (AlertAcknowledged, AcknowledgementExpired, AcknowledgementWithdrawn, EscalationStepFired)
    held = False
    for fact in await world.facts("alert:1", *kinds):
        if isinstance(fact, EscalationStepFired):
            assert not held, "a step was taken though somebody has the alert"
        else:
            held = isinstance(fact, AlertAcknowledged)
    taken = await steps(world)
    assert [step for step, times in Counter(taken).items() if times > 1] == []
    last = max(number for number, _ in taken)
    alert = await world.alert()
    assert alert.state is AlertState.FIRING  # every hold has ended
    assert alert.next_step == len(STEPS)
    assert last == alert.rounds


async def test_an_acknowledgement_holds_by_the_clock_and_ends_once(world: World) -> None:
    await report(world, "Broken")
    await world.run("ack", "1", by=ONCALL)
    await set_clock(world, -180)
    assert (await world.alert()).state is AlertState.ACKNOWLEDGED
    await set_clock(world, 239)
    assert (await world.alert()).state is AlertState.ACKNOWLEDGED
    await set_clock(world, 2)
    await set_clock(world, -30)
    await world.forward(minutes=60)
    assert len(await world.facts("alert:1", AcknowledgementExpired)) == 1


async def test_a_silence_begins_and_ends_once_and_its_alert_is_told_again(world: World) -> None:
    await report(world, "Broken")
    await world.run("silence", "add", "alertname=Broken", "--for=1h")
    assert (await world.alert()).state is AlertState.SILENCED
    await set_clock(world, -30)
    await set_clock(world, 85)
    assert (await world.alert()).state is AlertState.SILENCED
    await set_clock(world, 10)
    assert (await world.alert()).state is AlertState.FIRING
    await set_clock(world, -20)
    await world.forward(minutes=60)
    told = await world.facts("silence:1", SilenceStarted, SilenceExpired)
    assert told == [SilenceStarted(silence=1), SilenceExpired(silence=1)]
    assert (await world.alert()).state is AlertState.FIRING
    taken = await steps(world)
    assert [step for step, times in Counter(taken).items() if times > 1] == []
    assert [step for _, step in taken][-len(STEPS) :] == list(range(len(STEPS)))


async def test_what_falls_silent_after_the_clock_was_set_back_is_resolved_too(world: World) -> None:
    world.ports = replace(world.ports, report=Intake(world.ports))
    five = timedelta(minutes=5)
    world.clock.forward(3600)  # the bot has run for long
    await report(world, "First", five)
    await set_clock(world, 20)
    assert len(await world.facts("alert:1", AlertResolved)) == 1
    await set_clock(world, -20)
    await report(world, "Second", five)
    await world.forward(minutes=20)
    await audit.run(world.ports)  # every minute
    await world.settle()
    assert len(await world.facts("alert:2", AlertResolved)) == 1
