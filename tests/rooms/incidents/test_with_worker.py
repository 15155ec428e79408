"""The whole story with the real worker: what was decided happens, at its time, whatever runs beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.bus import Fact, following, on, runners
from bot.engine.worker import Worker
from bot.events import EscalationStepFired, PageDelivered, RoleAssigned
from bot.ports import Ports
from storage.records.jobs import JobState
from storage.tables import jobs
from tests.rooms.alerts.world import LEAD, ONCALL, REACTIONS, TASKS, World

CHANNEL, DM = "C0000001", f"D{ONCALL[1:]}"


@pytest.fixture
def database_url(either_url: str) -> str:
    return either_url


@on(RoleAssigned)
async def break_down(_ports: Ports, _fact: Fact[RoleAssigned]) -> None:
    """A reaction that no trying again helps."""
    error = RuntimeError("the wiki is gone")
    error.retry = False  # type: ignore[attr-defined] # as errors tell the worker
    raise error


class Running(World):
    """A world whose jobs are run by a worker, so that nothing has to be settled."""

    worker: Worker

    async def settle(self, most: int = 300) -> None:
        """Wait until nothing is due any more."""
        del most
        calm = 0

        async def quiet() -> bool:
            nonlocal calm
            async with self.store.read() as conn:
                pending = await jobs.listing(conn, states=[JobState.PENDING], limit=1000)
            busy = self.worker._running or [job for job in pending if job.due_at <= self.clock()]
            calm = 0 if busy else calm + 1
            return calm == 5  # a job that was just claimed is due no more and does not run yet

        self.worker.wake()
        await eventually(quiet)


@pytest.fixture
async def live(world: World) -> AsyncIterator[Running]:
    reactions = (*REACTIONS, break_down)
    ports = replace(world.ports, jobs_for=following(reactions))
    running = Running(world.store, world.clock, world.chat, ports)
    running.worker = Worker(world.store, runners(reactions, TASKS), ports, now=world.clock)
    await running.worker.start()
    yield running
    await running.worker.stop()


async def eventually(condition: Callable[[], Awaitable[bool]], within: float = 60) -> None:
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - a table raises no event
            await asyncio.sleep(0.01)


async def test_from_a_failing_check_to_a_closed_incident(live: Running) -> None:
    await live.check("down", detail="connection refused")
    assert len(live.told(DM)) == 1
    assert live.slack.channels == {"incident-1": CHANNEL}
    assert live.slack.invited == {CHANNEL: [ONCALL]}
    assert len(live.slack.pins) == 1

    await live.forward(minutes=5)
    assert len(live.told(DM)) == 2

    await live.run("ack", "1")
    await live.forward(minutes=30)
    assert len(await live.facts("alert:1", EscalationStepFired)) == 2
    assert f"acknowledged by {LEAD}" in (await live.message("alert:1:card")).text

    await live.check("healthy", previous="down")
    await live.run("incident", "resolve", "1")
    await live.forward(seconds=5)
    assert (await live.message("alert:1:card")).text.startswith("✅")
    assert any("Time to resolve" in said for said in live.told(CHANNEL))
    keys = [message.key for message in live.slack.messages]
    assert len(keys) == len(set(keys))


async def test_work_that_is_given_up_raises_an_alert(live: Running) -> None:
    await live.check("down")
    await live.run("incident", "role", "1")

    alert = await live.alert(2)
    assert (alert.rule, alert.summary) == ("job-dead", f"work of kind {break_down.kind} was given up")
    assert "the wiki is gone" in alert.reading
    assert "the wiki is gone" in (await live.message("alert:2:card")).text


async def test_what_came_due_while_no_bot_ran_is_done_once_when_one_starts(live: Running) -> None:
    await live.check("down")
    await live.worker.stop()
    live.clock.forward(timedelta(hours=2).total_seconds())

    live.worker = Worker(live.store, runners(REACTIONS, TASKS), live.ports, now=live.clock)
    await live.worker.start()
    await live.settle()

    assert [fact.step for fact in await live.facts("alert:1", EscalationStepFired)] == [0, 1, 2]
    assert len(await live.facts("alert:1", PageDelivered)) == 3
