"""On SQLite a page goes out while its alert is written: what was reported is in the inbox before."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.intake import Intake
from bot.engine.worker import Worker
from bot.events import PageDelivered
from bot.ports import Receipt, Undeliverable
from storage.inbox import Inbox
from storage.records.jobs import JobState
from storage.tables import alerts, instances
from storage.unit_of_work import StoreError
from tests.rooms.alerts.test_opening import FakeHands, hooked, pages, sent
from tests.rooms.alerts.test_reports import report
from tests.rooms.alerts.world import RUNNERS, World

__all__ = ["sent"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def serving(world: World) -> AsyncIterator[Callable[[], Awaitable[Intake]]]:
    """Begins to serve, again when it is asked again, as after a crash: what an intake had in memory is gone."""
    begun: list[Intake] = []

    async def serve() -> Intake:
        if begun:
            await begun.pop().stop()
        intake = Intake(world.ports)
        intake.hand_to(FakeHands(world))
        await intake.start()
        begun.append(intake)
        return intake

    yield serve
    for intake in begun:
        await intake.stop()


async def opened(world: World) -> list[tuple[int, str]]:
    async with world.store.read() as conn:
        return [(alert.id, alert.summary) for alert in await alerts.open_alerts(conn)]


async def decided(world: World) -> list[tuple[int, str]]:
    """The open alerts, once there are any."""
    async with asyncio.timeout(20):
        while not (found := await opened(world)):  # noqa: ASYNC110 - another task writes them
            await asyncio.sleep(0.01)
    return found


async def test_the_page_is_out_before_the_alert_is_there(
    world: World, serving: Any, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    out: list[list[Any]] = []
    written = instances.insert

    async def insert(conn: AsyncConnection, new: Any) -> None:
        out.append(list(sent))
        await written(conn, new)

    monkeypatch.setattr(instances, "insert", insert)
    intake = await serving()
    await intake([report(summary="first")])

    assert out == [[("here", "alert:1:page:0:0:hook:here", 1)]]
    assert await opened(world) == [(1, "first")]


async def test_its_job_goes_on_with_what_was_begun_and_sends_nothing_again(
    world: World, serving: Any, sent: list[Any]
) -> None:
    intake = await serving()
    await intake([report()])
    await intake._hands.send()

    assert len(sent) == 1
    assert len(await world.facts("alert:1", PageDelivered)) == 1


async def test_a_page_that_was_refused_is_tried_again_by_its_job(world: World) -> None:
    tries: list[int] = []

    async def deliver(_card: Any, *, attempt: int, **_: str) -> Receipt:
        tries.append(attempt)
        if len(tries) == 1:
            raise Undeliverable("out of order", retry=True)
        return Receipt("taken")

    world.ports = hooked(world, deliver)
    worker = Worker(world.store, RUNNERS, world.ports, now=world.clock, lease=timedelta(hours=9))
    intake = Intake(world.ports)
    await intake.start()
    intake.hand_to(worker)
    await worker.start()
    try:
        await intake([report()])
        async with asyncio.timeout(20):
            while [job.state for job in await pages(world)] != [JobState.DONE]:
                world.clock.time += timedelta(seconds=10)
                worker.wake()
                await asyncio.sleep(0.01)
    finally:
        await worker.stop()
        await intake.stop()
    assert tries == [1, 2]


async def test_a_process_that_dies_in_between_leaves_the_same_alert_to_the_next_one(
    world: World, serving: Any, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def dies(*_: Any) -> None:
        raise Killed

    intake = await serving()
    with monkeypatch.context() as patch:
        patch.setattr(instances, "insert", dies)
        with pytest.raises(Killed):
            await intake._decide_now([[report(summary="first")]])
    assert [key for _, key, _ in sent] == ["alert:1:page:0:0:hook:here"]
    assert await opened(world) == []

    intake = await serving()
    await intake([report("2", name="other", summary="second")])

    assert (await decided(world))[0] == (1, "first")
    await world.settle()
    assert [key for _, key, _ in sent].count("alert:1:page:0:0:hook:here") == 2  # who has it already can tell


async def test_a_transaction_that_fails_behind_its_page_is_done_later_by_the_same_number(
    world: World, serving: Any, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    written, failed = instances.insert, list[int]()

    async def insert(conn: AsyncConnection, new: Any) -> None:
        if not failed:
            failed.append(1)
            raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))
        await written(conn, new)

    monkeypatch.setattr(instances, "insert", insert)
    intake = await serving()
    await intake([report(summary="first")])
    assert [key for _, key, _ in sent] == ["alert:1:page:0:0:hook:here"]

    assert await decided(world) == [(1, "first")]


async def test_it_is_done_later_even_if_the_disk_does_not_take_what_was_written_ahead(
    world: World, serving: Any, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("disk I/O error"))

    async def broken(_file: int) -> None:
        raise OSError(5, "Input/output error")

    intake = await serving()
    with monkeypatch.context() as patch:
        patch.setattr(instances, "insert", fails)
        patch.setattr(intake._inlet.inbox, "_flush", broken)
        with pytest.raises(StoreError, match="Input/output error"):
            await intake([report(summary="first")])
    assert [key for _, key, _ in sent] == ["alert:1:page:0:0:hook:here"]

    assert await decided(world) == [(1, "first")]


async def test_when_the_inbox_takes_nothing_the_page_waits_for_the_commit(
    world: World, serving: Any, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StoreError("no space left")

    monkeypatch.setattr(Inbox, "write_ahead", full)
    intake = await serving()
    await intake([report(summary="first")])

    assert sent == []
    assert await opened(world) == [(1, "first")]
    await intake._hands.send()
    assert len(sent) == 1


@pytest.mark.usefixtures("sent")
async def test_what_pages_nobody_is_not_written_ahead(
    world: World, serving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = await serving()
    await intake([report()])
    monkeypatch.setattr(Inbox, "write_ahead", None)
    await intake([report("2")])

    assert (await world.alert()).firing == 2
