"""SQLite's one writer: what waits together is committed together, and what fails takes nothing else with it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from storage.unit_of_work import Store, UnitOfWork
from storage.writer import CHECKPOINT

Work = Callable[[UnitOfWork], Awaitable[int]]


@asynccontextmanager
async def held(path: Path) -> AsyncIterator[tuple[Store, threading.Event, list[str]]]:
    """A store whose writer is held up until the event is set, and the commits that it made since."""
    store = await Store.open(f"sqlite:///{path}/bot.db")
    commits: list[str] = []
    free, begun = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    assert store._writer is not None

    async def hold(_unit: UnitOfWork) -> None:
        loop.call_soon_threadsafe(begun.set)
        free.wait(10)

    holding = asyncio.create_task(store.transact(hold))
    await begun.wait()
    event.listen(store._writer._engine, "commit", lambda _conn: commits.append("commit"))
    try:
        yield store, free, commits
    finally:
        free.set()
        await holding
        await store.close()


async def number(unit: UnitOfWork) -> int:
    return await unit.next_id("alert")


async def much(unit: UnitOfWork) -> None:
    """More than what SQLite's log holds before it is copied into the file."""
    payload = {"text": "x" * (CHECKPOINT * 5000)}
    await unit.append(at=datetime.now(UTC), kind="Much", subject="test:1", actor="test", payload=payload)


async def fails(unit: UnitOfWork) -> int:
    await unit.next_id("alert")
    raise LookupError("there is no such thing")


async def test_units_that_wait_together_share_a_commit(tmp_path: Path) -> None:
    async with held(tmp_path) as (store, free, commits):
        waiting = [asyncio.create_task(store.transact(number)) for _ in range(5)]
        await asyncio.sleep(0)
        free.set()
        assert sorted(await asyncio.gather(*waiting)) == [1, 2, 3, 4, 5]
        assert len(commits) < 5


async def test_a_unit_that_fails_is_told_so_and_leaves_nothing_while_the_others_are_kept(tmp_path: Path) -> None:
    async with held(tmp_path) as (store, free, _commits):
        waiting = [asyncio.create_task(store.transact(work)) for work in (number, fails, number)]
        await asyncio.sleep(0)
        free.set()
        first, failed, last = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(failed, LookupError)
        assert [first, last] == [1, 2]
        assert await store.transact(number) == 3


@pytest.mark.parametrize("urgent", [True, False])
async def test_urgent_work_waits_for_no_group_of_other_work(tmp_path: Path, urgent: bool) -> None:
    order: list[str] = []

    def named(name: str) -> Work:
        async def work(unit: UnitOfWork) -> int:
            order.append(name)
            return await unit.next_id("alert")

        return work

    async with held(tmp_path) as (store, free, _commits):
        others = [asyncio.create_task(store.transact(named("other"))) for _ in range(3)]
        await asyncio.sleep(0)
        last = asyncio.create_task(store.transact(named("last"), urgent=urgent))
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*others, last)
    assert order.index("last") == (0 if urgent else 3)


async def test_urgent_work_leaves_it_to_other_work_to_copy_the_log_into_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    store = await Store.open(f"sqlite:///{file}")
    try:
        await store.transact(number)
        before = file.stat().st_size
        await store.transact(much, urgent=True)
        after_urgent = file.stat().st_size
        await store.transact(number)
        assert after_urgent == before
        assert file.stat().st_size > before + CHECKPOINT * 4096
    finally:
        await store.close()
