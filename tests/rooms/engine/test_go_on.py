"""A small unit of work whose caller goes on before the disk has it."""

import asyncio
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from storage.unit_of_work import Conflict, Store, StoreError, UnitOfWork
from tests.rooms.engine.workers import a_job


@pytest.fixture
def on_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bot.db'}"


async def number(unit: UnitOfWork) -> int:
    return await unit.next_id("alert")


async def test_the_result_is_told_and_kept(store: Store) -> None:
    told: list[int] = []
    for _ in range(3):
        await store.go_on(number, told.append)
    assert told == [1, 2, 3]
    assert await store.transact(number) == 4


async def test_it_is_there_for_others_but_not_on_disk_when_it_is_told(
    on_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await Store.open(on_sqlite)
    events: list[str] = []
    flush = store._flush

    async def flushed(file: int) -> None:
        events.append("on its way to the disk")
        await flush(file)

    monkeypatch.setattr(store, "_flush", flushed)

    def told(result: int) -> None:
        with sqlite3.connect(tmp_path / "bot.db") as other:
            seen = other.execute("SELECT value FROM counters WHERE name = 'alert'").fetchall()
        other.close()
        events.append(f"told {result}, seen {seen[0][0]}")

    await store.go_on(number, told)
    assert events == ["told 1, seen 1", "on its way to the disk"]
    monkeypatch.undo()
    await store.close()


async def test_what_it_began_runs_before_the_flush(on_sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await Store.open(on_sqlite)
    events: list[str] = []

    async def send() -> None:
        events.append("sent")

    async def flush(_file: int) -> None:
        events.append("flushed")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_flush", flush)
        await store.go_on(number, lambda _: events.append(asyncio.create_task(send()).get_name()[:4]))
    assert events[1:] == ["sent", "flushed"]
    await store.close()


async def test_while_somebody_else_writes_it_waits_for_its_turn_and_is_done_once(on_sqlite: str) -> None:
    store = await Store.open(on_sqlite)
    free, begun = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hold(unit: UnitOfWork) -> int:
        loop.call_soon_threadsafe(begun.set)
        free.wait(10)
        return await unit.next_id("alert")

    holding = asyncio.create_task(store.transact(hold))
    await begun.wait()
    told: list[int] = []
    waiting = asyncio.create_task(store.go_on(number, told.append))
    await asyncio.sleep(0)
    assert told == []
    free.set()
    await asyncio.gather(holding, waiting)
    assert told == [2]
    await store.close()


async def test_one_that_lost_against_another_is_tried_again(store: Store) -> None:
    tries: list[int] = []

    async def loses_once(unit: UnitOfWork) -> int:
        tries.append(await unit.next_id("alert"))
        if len(tries) == 1:
            raise Conflict("somebody else was first")
        return tries[-1]

    told: list[int] = []
    await store.go_on(loses_once, told.append)
    assert (tries, told) == ([1, 1], [1])


async def test_one_that_fails_leaves_nothing_and_goes_nowhere(store: Store) -> None:
    async def fails(unit: UnitOfWork) -> int:
        await unit.next_id("alert")
        raise ValueError("no")

    told: list[int] = []
    with pytest.raises(ValueError, match="no"):
        await store.go_on(fails, told.append)
    assert told == []
    await store.go_on(number, told.append)
    assert told == [1]


async def test_a_lost_database_is_told_in_its_own_words(on_sqlite: str) -> None:
    store = await Store.open(on_sqlite)

    async def loses(_unit: UnitOfWork) -> int:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))

    with pytest.raises(StoreError, match="no space left"):
        await store.go_on(loses, lambda _: None)
    await store.close()


async def test_a_flush_that_fails_is_told_though_it_went_on(on_sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await Store.open(on_sqlite)
    told: list[int] = []

    async def fails(_file: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_flush", fails)
        with pytest.raises(StoreError, match="Input/output error"):
            await store.go_on(number, told.append)
    assert told == [1]
    await store.close()


async def test_workers_wake_for_its_jobs(store: Store) -> None:
    woken: list[Any] = []
    store.wake_on_commit(lambda: woken.append(1))
    await store.go_on(lambda unit: unit.enqueue([a_job("one")]), woken.append)
    assert woken.count(1) == 1


async def test_a_unit_of_work_within_it_is_refused(store: Store) -> None:
    async def nested(_unit: UnitOfWork) -> int:
        return await store.transact(number)

    with pytest.raises(RuntimeError, match="began another one"):
        await store.go_on(nested, lambda _: None)
    assert await store.transact(number) == 1


async def test_what_was_begun_goes_on_before_the_commit_when_the_unit_breathes(on_sqlite: str, tmp_path: Path) -> None:
    store = await Store.open(on_sqlite)
    seen: list[list[Any]] = []

    async def looks() -> None:
        with sqlite3.connect(tmp_path / "bot.db") as other:
            seen.append(other.execute("SELECT value FROM counters WHERE name = 'alert'").fetchall())
        other.close()

    begun: list[asyncio.Task[None]] = []

    async def work(unit: UnitOfWork) -> int:
        begun.append(asyncio.create_task(looks()))
        await unit.breathe()
        assert seen, "nothing went on"
        return await unit.next_id("alert")

    told: list[int] = []
    await store.go_on(work, told.append)
    assert (seen, told) == ([[]], [1])
    await store.close()


async def test_while_a_unit_breathes_others_wait_for_its_commit(on_sqlite: str) -> None:
    store = await Store.open(on_sqlite)
    others: list[asyncio.Task[Any]] = []
    told: list[int] = []

    async def work(unit: UnitOfWork) -> int:
        mine = await unit.next_id("alert")
        others.append(asyncio.create_task(store.go_on(number, told.append)))
        others.append(asyncio.create_task(store.transact(number)))
        await unit.breathe()
        return mine

    await store.go_on(work, told.append)
    await asyncio.gather(*others)
    assert told[0] == 1
    assert sorted([told[1], others[1].result()]) == [2, 3]
    await store.close()


async def test_one_that_fails_after_it_breathed_is_not_done_again(on_sqlite: str) -> None:
    store = await Store.open(on_sqlite)
    runs: list[int] = []

    async def loses(unit: UnitOfWork) -> int:
        runs.append(await unit.next_id("alert"))
        await unit.breathe()
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))

    with pytest.raises(StoreError, match="no space left"):
        await store.go_on(loses, lambda _: None)
    assert runs == [1]
    assert await store.transact(number) == 1
    await store.close()


async def test_a_unit_that_runs_elsewhere_cannot_breathe(store: Store) -> None:
    async def breathes(unit: UnitOfWork) -> None:
        assert not unit.brief
        await unit.breathe()

    with pytest.raises(RuntimeError, match="nothing but its own connection"):
        await store.transact(breathes)


async def test_after_a_lost_connection_the_log_that_is_flushed_is_the_one_that_is_written(on_sqlite: str) -> None:
    store = await Store.open(on_sqlite)
    briefs = store._briefs
    assert briefs is not None
    await store.go_on(number, lambda _: None)
    first = briefs.log

    async def loses(_unit: UnitOfWork) -> int:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("disk I/O error"))

    with pytest.raises(StoreError):
        await store.go_on(loses, lambda _: None)
    await store.go_on(number, lambda _: None)
    assert briefs.log == first  # the same file is open still
    assert os.path.samestat(os.fstat(briefs.log), briefs._path.stat())
    await store.close()
    assert briefs.log == -1
