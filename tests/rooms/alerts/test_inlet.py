"""Callers that wait until what they report is in the inbox."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from bot.alerts import inlet, keeping
from bot.alerts.inlet import Inlet
from bot.report import Report
from storage.records.alerts import Severity
from storage.tables import inbox
from storage.unit_of_work import Store, UnitOfWork
from tests.rooms.engine.conftest import database_url, store

__all__ = ["database_url", "store"]


def a_report(name: str) -> Report:
    return Report(name=name, labels={"instance": name}, severity=Severity.HIGH, source="test")


async def rows(store: Store) -> list[list[str]]:
    """The names in each row of the inbox, which is empty afterwards."""
    found: list[list[str]] = []

    async def take(unit: UnitOfWork) -> None:
        while (kept := await inbox.oldest(unit.conn)) is not None:
            found.append([report.name for report in keeping.read(kept[1])])
            await inbox.remove(unit.conn, kept[0])

    await store.transact(take)
    return found


@asynccontextmanager
async def busy(store: Store) -> AsyncIterator[threading.Event]:
    """SQLite's writer is at work until the event is set."""
    free, begun = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hold(_unit: UnitOfWork) -> None:
        loop.call_soon_threadsafe(begun.set)
        free.wait(10)

    holding = asyncio.create_task(store.transact(hold))
    await begun.wait()
    try:
        yield free
    finally:
        free.set()
        await holding


async def test_all_who_wait_are_one_row(store: Store) -> None:
    told: list[int] = []
    into = Inlet(store, lambda: told.append(into.backlog))
    waiting = [into.add([a_report(name)]) for name in "abc"]
    into.pour()
    await asyncio.gather(*waiting)
    assert await rows(store) == [["a", "b", "c"]]
    assert told == [3]


@pytest.mark.parametrize("either_url", ["sqlite"], indirect=True)
async def test_who_comes_before_the_disk_is_free_is_taken_along(store: Store) -> None:
    into = Inlet(store, lambda: None)
    async with busy(store) as free:
        first = into.add([a_report("a")])
        into.pour()
        later = into.add([a_report("b")])
        into.pour()
        free.set()
        await asyncio.gather(first, later)
    assert await rows(store) == [["a", "b"]]


async def test_more_than_can_be_kept_waits_until_some_are_decided(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inlet, "MOST", 1)
    into = Inlet(store, lambda: None)
    into.backlog = 2
    waits = into.add([a_report("a")])
    into.pour()
    await into.poured()
    assert not waits.done()
    into.backlog = 0
    into.pour()
    await waits
    assert await rows(store) == [["a"]]


async def test_what_cannot_be_written_is_told_to_its_caller_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = keeping.row

    def refuses(batches: list[keeping.Batch]) -> str:
        if any(report.name == "bad" for batch in batches for report in keeping.reports(batch)):
            raise ValueError("it cannot be written")
        return whole(batches)

    monkeypatch.setattr(keeping, "row", refuses)
    into = Inlet(store, lambda: None)
    waiting = [into.add([a_report(name)]) for name in ("a", "bad", "b")]
    into.pour()
    first, bad, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(bad, ValueError)
    assert (first, last) == (None, None)
    assert await rows(store) == [["a"], ["b"]]


async def test_a_lost_database_is_told_to_all(store: Store) -> None:
    await store.transact(lambda unit: unit.conn.execute(text("DROP TABLE inbox")))
    into = Inlet(store, lambda: None)
    waiting = [into.add([a_report(name)]) for name in "ab"]
    into.pour()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(error, Exception) for error in told)
    assert into.backlog == 0


async def test_a_caller_that_is_gone_holds_up_nobody(store: Store) -> None:
    into = Inlet(store, lambda: None)
    gone, waits = into.add([a_report("a")]), into.add([a_report("b")])
    gone.cancel()
    into.pour()
    await waits
    assert await rows(store) == [["a", "b"]]


async def test_it_is_busy_while_rows_are_written_and_idle_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlet, "COMING", 10.0)
    into = Inlet(store, lambda: None)
    assert not into.busy
    waits = into.add([a_report("a")])
    into.pour()
    assert into.pouring
    await waits
    await into.poured()
    assert not into.pouring
    assert into.busy
