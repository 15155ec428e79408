"""Callers that wait until what they report is in the inbox."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.alerts import inlet, keeping
from bot.alerts.inlet import Inlet
from bot.report import Report
from storage.inbox import Inbox
from storage.records.alerts import Severity
from storage.unit_of_work import Store, StoreError
from tests.rooms.engine.conftest import store

__all__ = ["store"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def into(store: Store) -> AsyncIterator[Inlet]:
    """An inlet that is open, and tells nobody of what it keeps."""
    opened = Inlet(store, lambda: None)
    await opened.open()
    yield opened
    await opened.close()


def a_report(name: str) -> Report:
    return Report(name=name, labels={"instance": name}, severity=Severity.HIGH, source="test")


def records(into: Inlet) -> list[list[str]]:
    """The names in each record of the inbox."""
    assert into.inbox is not None
    return [[one.name for one in keeping.read(into.inbox.content(place))] for place in into.inbox.oldest(1000)]


async def test_all_who_wait_are_one_record(store: Store) -> None:
    told: list[int] = []
    into = Inlet(store, lambda: told.append(into.backlog))
    await into.open()
    waiting = [into.add([a_report(name)]) for name in "abc"]
    into.pour()
    await asyncio.gather(*waiting)
    assert records(into) == [["a", "b", "c"]]
    assert told == [3]
    await into.close()


async def test_who_comes_while_one_is_written_is_in_the_next(into: Inlet, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, later = Inbox.put, list[asyncio.Future[None]]()

    async def put(inbox: Inbox, content: bytes, count: int) -> None:
        if not later:
            later.extend(into.add([a_report(name)]) for name in "bc")
            into.pour()
        await whole(inbox, content, count)

    monkeypatch.setattr(Inbox, "put", put)
    first = into.add([a_report("a")])
    into.pour()
    await first
    await asyncio.gather(*later)
    assert records(into) == [["a"], ["b", "c"]]


async def test_more_than_can_be_kept_waits_until_some_are_decided(into: Inlet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlet, "MOST", 1)
    assert into.inbox is not None
    await into.inbox.put(keeping.record([[a_report("x"), a_report("y")]]), 2)
    waits = into.add([a_report("a")])
    into.pour()
    await into.poured()
    assert not waits.done()
    into.inbox.forget(1)
    into.pour()
    await waits
    assert records(into) == [["a"]]


async def test_what_cannot_be_written_is_told_to_its_caller_alone(into: Inlet, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = keeping.record

    def refuses(batches: list[keeping.Batch]) -> bytes:
        if any(report.name == "bad" for batch in batches for report in keeping.reports(batch)):
            raise ValueError("it cannot be written")
        return whole(batches)

    monkeypatch.setattr(keeping, "record", refuses)
    waiting = [into.add([a_report(name)]) for name in ("a", "bad", "b")]
    into.pour()
    first, bad, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(bad, ValueError)
    assert (first, last) == (None, None)
    assert records(into) == [["a"], ["b"]]


async def test_a_failing_disk_is_told_to_all_and_nothing_counts_as_kept(
    into: Inlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_inbox: Inbox, _content: bytes, _count: int) -> None:
        raise StoreError("the disk fails")

    monkeypatch.setattr(Inbox, "put", fails)
    waiting = [into.add([a_report(name)]) for name in "ab"]
    into.pour()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(error) for error in told] == ["the disk fails"] * 2
    assert into.backlog == 0


async def test_a_caller_that_is_gone_holds_up_nobody(into: Inlet) -> None:
    gone, waits = into.add([a_report("a")]), into.add([a_report("b")])
    gone.cancel()
    into.pour()
    await waits
    assert records(into) == [["a", "b"]]


async def test_it_is_busy_while_records_are_written_and_idle_before(
    into: Inlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inlet, "COMING", 10.0)
    assert not Inlet(into._store, lambda: None).busy
    waits = into.add([a_report("a")])
    into.pour()
    assert into.pouring
    await waits
    await into.poured()
    assert not into.pouring
    assert into.busy
