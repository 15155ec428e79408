"""The first step of an alert that a running bot opens: its pages go out without waiting for a look at the queue."""

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts.intake import Intake
from bot.engine.worker import Runner, Worker
from bot.events import AlertOpened, EscalationStepFired, PageDelivered
from bot.ports import Delivery, Receipt
from storage.records.jobs import Job, JobState, NewJob
from storage.tables import jobs
from storage.unit_of_work import UnitOfWork
from tests.rooms.alerts.test_reports import report
from tests.rooms.alerts.world import RUNNERS, World

LEASE = timedelta(seconds=4)


@pytest.fixture
def database_url(either_url: str) -> str:
    return either_url


class FakeHands:
    """Takes what is handed over; `crashed` loses it between the commit and its run, as a killed process does."""

    def __init__(self, world: World, *, crashed: bool = False, has_room: bool = True) -> None:
        self._world = world
        self._crashed = crashed
        self.has_room = has_room
        self.handed: list[tuple[Job, Runner | None]] = []
        self.begun: list[asyncio.Task[str]] = []

    async def lease(self, unit: UnitOfWork, new: Iterable[NewJob]) -> list[Job]:
        return await jobs.start(unit.conn, new, owner="us", until=self._world.clock() + LEASE)

    def ahead(self, work: Coroutine[Any, Any, str]) -> asyncio.Task[str]:
        self.begun.append(asyncio.ensure_future(work))
        return self.begun[-1]

    def run(self, job: Job, runner: Runner | None = None) -> None:
        if not self._crashed:
            self.handed.append((job, runner))

    async def send(self) -> None:
        for job, runner in self.handed:
            assert runner is not None
            await runner(self._world.ports, job)


@pytest.fixture
def sent(world: World) -> list[tuple[str, str, int]]:
    """Target, key and attempt of each page through the hook."""
    told: list[tuple[str, str, int]] = []

    async def deliver(_card: Any, *, target: str, key: str, attempt: int) -> Receipt:
        told.append((target, key, attempt))
        return Receipt("taken")

    hook: Delivery = deliver
    world.ports = hooked(world, hook)
    return told


def hooked(world: World, hook: Delivery) -> Any:
    from dataclasses import replace

    from bot.config.manage import Manage

    steps = [
        {"after": "immediately", "via": "hook", "notify": ["here"]},
        {"after": "5m", "via": "hook", "notify": ["x"]},
    ]
    manage = world.ports.manage
    options = {"type": "webhook", "options": {"url": "http://127.0.0.1:9/"}}
    read = Manage.model_validate({"notifications": {"hook": options}, "escalation": {"default": steps}})
    manage = manage.model_copy(update={"escalation": read.escalation})
    return replace(world.ports, manage=manage, channels={**world.ports.channels, "hook": hook})


async def pages(world: World) -> list[Job]:
    async with world.store.read() as conn:
        return [job for job in await jobs.listing(conn, limit=100) if job.kind == "alerts.page"]


async def test_the_first_page_goes_out_by_what_was_committed_alone(world: World, sent: list[Any]) -> None:
    intake, hands = Intake(world.ports), FakeHands(world)
    intake.hand_to(hands)

    await intake([report()])
    await hands.send()

    assert sent == [("here", "alert:1:page:0:0:hook:here", 1)]
    assert len(await world.facts("alert:1", PageDelivered)) == 1


async def test_the_step_is_told_after_the_opening_and_the_next_one_is_planned(world: World, sent: list[Any]) -> None:
    intake = Intake(world.ports)
    intake.hand_to(FakeHands(world))

    await intake([report()])

    assert len(await world.facts("alert:1", AlertOpened)) == 1
    assert [fact.targets for fact in await world.facts("alert:1", EscalationStepFired)] == [("here",)]
    alert = await world.alert()
    assert (alert.next_step, alert.next_step_at) == (1, world.clock() + timedelta(minutes=5))
    assert sent == []


async def test_the_card_that_is_posted_shows_the_step_and_is_not_edited_for_it(world: World, sent: list[Any]) -> None:
    intake = Intake(world.ports)
    intake.hand_to(FakeHands(world))

    await intake([report()])
    async with world.store.read() as conn:
        planned = [job.kind for job in await jobs.listing(conn, limit=100) if job.lane.startswith("card:")]
    await world.settle()

    assert planned == ["reaction:alerts.post_card"]
    assert "x through hook" in (await world.message("alert:1:card")).text
    assert sent == []


async def test_a_page_whose_process_died_after_the_commit_goes_out_once_its_lease_is_over(
    world: World, sent: list[Any]
) -> None:
    intake = Intake(world.ports)
    intake.hand_to(FakeHands(world, crashed=True))
    await intake([report()])

    await world.settle()
    assert sent == []
    await world.forward(seconds=5)

    assert sent == [("here", "alert:1:page:0:0:hook:here", 2)]
    assert [job.state for job in await pages(world)] == [JobState.DONE]


async def test_without_room_the_step_waits_for_its_timer(world: World, sent: list[Any]) -> None:
    intake, hands = Intake(world.ports), FakeHands(world, has_room=False)
    intake.hand_to(hands)

    await intake([report()])
    assert await pages(world) == []
    await world.settle()

    assert [target for target, *_ in sent] == ["here"]
    assert hands.handed == []


async def test_a_worker_runs_what_is_handed_to_it_and_marks_it_done(world: World, sent: list[Any]) -> None:
    worker = Worker(world.store, RUNNERS, world.ports, now=world.clock)
    intake = Intake(world.ports)
    intake.hand_to(worker)
    await worker.start()
    try:
        await intake([report()])
        async with asyncio.timeout(20):
            while [job.state for job in await pages(world)] != [JobState.DONE]:  # noqa: ASYNC110 - the worker changes it
                await asyncio.sleep(0.01)
    finally:
        await worker.stop()

    assert sent == [("here", "alert:1:page:0:0:hook:here", 1)]


async def test_a_stopped_worker_is_handed_nothing(world: World) -> None:
    worker = Worker(world.store, RUNNERS, world.ports, now=world.clock)

    assert not worker.has_room
