"""What is kept until it is decided: on disk when it is said to be, once, in order, whatever ends the process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import flush as flushing
from storage import inbox
from storage.engine import StoreError
from storage.flush import Flush
from storage.inbox import Inbox
from storage.unit_of_work import Store


@pytest.fixture
async def flush() -> AsyncIterator[Flush]:
    opened = Flush()
    yield opened
    opened.close()


def opened(path: Path, flush: Flush, decided: int | None) -> Inbox:
    file = inbox.claim(path)
    assert file is not None
    return Inbox.claimed(path, file, flush, decided)


def held(kept: Inbox) -> list[bytes]:
    return [kept.content(place) for place in kept.oldest(10**9)]


async def test_what_was_put_is_there_after_the_next_start_in_its_order(tmp_path: Path, flush: Flush) -> None:
    kept = opened(tmp_path / "inbox", flush, 0)
    for number in range(5):
        await kept.put(b"report %d" % number, number)
    kept.close()

    again = opened(tmp_path / "inbox", flush, 2)

    assert held(again) == [b"report 2", b"report 3", b"report 4"]
    assert again.waiting == 2 + 3 + 4
    again.close()


async def test_records_are_taken_until_they_hold_as_many_reports_as_are_wanted(tmp_path: Path, flush: Flush) -> None:
    kept = opened(tmp_path / "inbox", flush, 0)
    for number in range(4):
        await kept.put(b"%d" % number, 10)

    assert [place.number for place in kept.oldest(15)] == [1, 2]
    kept.close()


async def test_numbers_go_on_when_all_is_decided_and_the_file_begins_anew(tmp_path: Path, flush: Flush) -> None:
    kept = opened(tmp_path / "inbox", flush, 0)
    for content in (b"long enough to reach behind the next", b"second"):
        await kept.put(content, 1)
    kept.forget(2)
    await kept.put(b"third", 1)
    assert [(place.number, place.offset) for place in kept.oldest(1)] == [(3, inbox._HEAD.size)]
    kept.close()

    again = opened(tmp_path / "inbox", flush, 2)

    assert held(again) == [b"third"]
    again.close()


async def test_a_record_that_was_cut_off_is_not_there_and_the_next_one_takes_its_place(
    tmp_path: Path, flush: Flush
) -> None:
    kept = opened(tmp_path / "inbox", flush, 0)
    await kept.put(b"whole", 1)
    await kept.put(b"cut off", 1)
    end = kept.oldest(9)[-1].offset + len(b"cut off")
    kept.close()
    os.truncate(tmp_path / "inbox", end - 1)

    again = opened(tmp_path / "inbox", flush, 0)
    assert held(again) == [b"whole"]
    await again.put(b"another", 1)
    again.close()

    last = opened(tmp_path / "inbox", flush, 0)
    assert held(last) == [b"whole", b"another"]
    last.close()


@pytest.mark.parametrize("decided", [None, 3])
async def test_what_cannot_follow_from_the_database_is_thrown_away(
    tmp_path: Path, flush: Flush, decided: int | None
) -> None:
    kept = opened(tmp_path / "inbox", flush, 99)
    await kept.put(b"of another database", 1)
    kept.close()

    again = opened(tmp_path / "inbox", flush, decided)

    assert held(again) == []
    await again.put(b"own", 1)
    assert again.oldest(1)[0].number == (decided or 0) + 1
    again.close()


async def test_one_process_has_it_alone(tmp_path: Path, flush: Flush) -> None:
    kept = opened(tmp_path / "inbox", flush, 0)
    words = (
        f"from storage import inbox; from pathlib import Path; print(inbox.claim(Path({str(tmp_path / 'inbox')!r})))"
    )

    def asked() -> str:
        return subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True).stdout.strip()

    assert await asyncio.to_thread(asked) == "None"
    kept.close()
    assert await asyncio.to_thread(asked) != "None"


async def test_a_record_that_was_written_ahead_is_the_next_processes_to_decide(tmp_path: Path, flush: Flush) -> None:
    kept = opened(tmp_path / "inbox", flush, 6)
    place = kept.write_ahead(b"decided just now", 2)
    assert place is not None
    assert (place.number, kept.waiting) == (7, 0)
    kept.close()

    again = opened(tmp_path / "inbox", flush, 6)
    assert (held(again), again.waiting) == ([b"decided just now"], 2)
    again.close()


async def test_a_record_that_was_written_ahead_and_decided_is_written_over(tmp_path: Path, flush: Flush) -> None:
    kept = opened(tmp_path / "inbox", flush, 6)
    first = kept.write_ahead(b"first", 1)
    assert first is not None
    kept.decided(first)
    second = kept.write_ahead(b"second", 1)
    assert second is not None
    assert (second.number, second.offset) == (8, first.offset)
    kept.close()

    again = opened(tmp_path / "inbox", flush, 7)
    assert held(again) == [b"second"]
    again.close()


async def test_nothing_is_written_ahead_of_a_record_that_is_on_its_way(tmp_path: Path) -> None:
    on_disk = asyncio.Event()

    async def flush(_file: int) -> None:
        await on_disk.wait()

    kept = opened(tmp_path / "inbox", flush, 0)  # type: ignore[arg-type]  # a disk that takes its time
    putting = asyncio.create_task(kept.put(b"first", 1))
    await asyncio.sleep(0)
    assert kept.write_ahead(b"second", 1) is None
    on_disk.set()
    await putting
    assert held(kept) == [b"first"]
    kept.close()


async def test_a_record_that_was_written_ahead_is_kept_even_if_the_flush_fails(tmp_path: Path) -> None:
    async def flush(_file: int) -> None:
        raise OSError(5, "Input/output error")

    kept = opened(tmp_path / "inbox", flush, 0)  # type: ignore[arg-type]  # a disk cannot be made to fail here
    place = kept.write_ahead(b"its page is out", 1)
    assert place is not None
    with pytest.raises(StoreError, match="Input/output error"):
        await kept.keep(place)
    assert held(kept) == [b"its page is out"]
    kept.close()


async def test_a_disk_that_fails_is_told_and_the_record_is_not_kept(tmp_path: Path) -> None:
    broken = True

    async def flush(_file: int) -> None:
        if broken:
            raise OSError(5, "Input/output error")

    kept = opened(tmp_path / "inbox", flush, 0)  # type: ignore[arg-type]  # a disk cannot be made to fail here
    with pytest.raises(StoreError, match="Input/output error"):
        await kept.put(b"lost", 1)
    assert (held(kept), kept.waiting) == ([], 0)
    broken = False
    await kept.put(b"kept", 1)
    kept.close()

    again = opened(tmp_path / "inbox", Flush(), 0)
    assert held(again) == [b"kept"]
    again.close()


async def test_a_disk_that_is_full_is_told_and_what_is_left_of_it_is_not_filled_with_zeros(
    tmp_path: Path, flush: Flush, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "inbox"
    kept = opened(path, flush, 0)

    def full(file: int, _content: object, offset: int) -> int:
        os.truncate(file, offset + 5)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(StoreError, match="No space left"):
            await kept.put(b"one", 1)
    assert path.stat().st_size == 0
    await kept.put(b"two", 1)
    assert held(kept) == [b"two"]
    kept.close()


async def test_the_file_shrinks_once_a_flood_is_decided(
    tmp_path: Path, flush: Flush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "STEP", 1000)
    monkeypatch.setattr(inbox, "KEPT", 3000)
    path = tmp_path / "inbox"
    kept = opened(path, flush, 0)
    for _ in range(10):
        await kept.put(bytes(900), 1)
    assert path.stat().st_size == 10_000
    kept.forget(10)
    assert path.stat().st_size == 3000
    kept.close()


async def test_a_record_that_is_on_its_way_behind_a_flood_is_not_cut_off_when_the_flood_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "STEP", 1000)
    monkeypatch.setattr(inbox, "KEPT", 3000)
    on_disk = asyncio.Event()
    on_disk.set()

    async def flush(_file: int) -> None:
        await on_disk.wait()

    kept = opened(tmp_path / "inbox", flush, 0)  # type: ignore[arg-type]  # a disk that takes its time
    for _ in range(10):
        await kept.put(bytes(900), 1)
    on_disk.clear()
    last = asyncio.create_task(kept.put(b"last", 1))
    await asyncio.sleep(0)
    kept.forget(10)
    on_disk.set()
    await last
    assert held(kept) == [b"last"]
    kept.close()


async def test_a_large_record_is_kept_as_a_small_one_is(
    tmp_path: Path, flush: Flush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "STEP", 100)
    kept = opened(tmp_path / "inbox", flush, 0)
    for content in (b"small", bytes(5000), b"small again"):
        await kept.put(content, 1)
    kept.close()

    again = opened(tmp_path / "inbox", flush, 0)
    assert held(again) == [b"small", bytes(5000), b"small again"]
    again.close()


async def test_it_has_the_permissions_of_the_database(tmp_path: Path, flush: Flush) -> None:
    database = tmp_path / "bot.db"
    database.touch()
    database.chmod(0o600)
    opened(tmp_path / f"bot.db{inbox.SUFFIX}", flush, 0).close()
    assert (tmp_path / f"bot.db{inbox.SUFFIX}").stat().st_mode & 0o777 == 0o600


async def test_without_the_kernels_way_a_thread_flushes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(flushing, "_kernel", lambda: None)
    monkeypatch.setattr(flushing, "_flush", flushed.append)
    kept = opened(tmp_path / "inbox", Flush(), 0)
    await kept.put(b"one", 1)
    assert len(flushed) == 1
    kept.close()


async def test_a_flush_of_which_the_kernel_told_in_vain_ends_all_the_same(
    tmp_path: Path, flush: Flush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flushing, "LOOK_AGAIN", 0.01)
    kernel = flushing._kernel()
    if kernel is None:
        pytest.skip("this system has no asynchronous flush (io_submit)")
    monkeypatch.setattr(flushing, "_kernel", lambda: kernel)
    asyncio.get_running_loop().remove_reader(kernel.context.fileno)
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    async with asyncio.timeout(60):
        await flush(file)
    os.close(file)


async def test_a_file_that_is_closed_cannot_be_flushed(tmp_path: Path, flush: Flush) -> None:
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    await flush(file)
    os.close(file)
    with pytest.raises(OSError, match=r"."):
        await flush(file)


async def test_a_database_and_its_inbox_begin_together(sqlite_url: str) -> None:
    store = await Store.open(sqlite_url)
    kept = await store.inbox()
    assert kept is not None
    assert await store.inbox() is None  # taken
    async with store.read() as conn:
        assert await inbox.decided(conn) == 0
    kept.close()
    await store.close()


@pytest.mark.parametrize("either_url", ["postgresql"], indirect=True)
async def test_postgresql_has_none(store: Store) -> None:
    assert await store.inbox() is None
