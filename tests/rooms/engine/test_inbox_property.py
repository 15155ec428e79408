"""Whatever happens to an inbox: what is not decided is there, once and in order."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import inbox
from storage.flush import Flush
from storage.inbox import Inbox, Place
from tests.rooms.engine.test_inbox import held, opened


class Life:
    """An inbox through puts, decisions and crashes, and what it must hold: `expected`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._flush = Flush()
        self._decided = 0
        self._kept = opened(path, self._flush, 0)
        self._count = 0
        self.expected: list[bytes] = []

    def close(self) -> None:
        self._kept.close()
        self._flush.close()

    def holds(self) -> list[bytes]:
        return held(self._kept)

    async def put(self, size: int) -> None:
        content = self._content(size)
        await self._kept.put(content, 1)
        self.expected.append(content)

    async def decide(self, most: int) -> None:
        if self.expected:
            places = self._kept.oldest(most)
            self._decided, self.expected = places[-1].number, self.expected[len(places) :]
            self._kept.forget(self._decided)

    async def crash(self, _: int) -> None:
        self._kept.close()
        self._kept = opened(self._path, self._flush, self._decided)

    async def torn(self, size: int) -> None:
        self._count += 1
        _half_written(self._kept, bytes([self._count % 256]) * 2 * size)  # no byte as what was there before
        await self.crash(0)

    async def ahead_decided(self, size: int) -> None:
        if (place := await self._ahead(size)) is not None:
            self._decided = place.number
            self._kept.decided(place)
            self.expected.pop(0)

    async def ahead_kept(self, size: int) -> None:
        if (place := await self._ahead(size)) is not None:
            await self._kept.keep(place)

    async def ahead_crash(self, size: int) -> None:
        if await self._ahead(size) is not None:
            await self.crash(0)

    async def _ahead(self, size: int) -> Place | None:
        """Write a record ahead, and sometimes another one behind it."""
        content = self._content(size)
        place = self._kept.write_ahead(content, 1)
        assert (place is None) == bool(self.expected)  # what came before is decided first
        if place is not None:
            self.expected.append(content)
            for _ in range(size % 3):
                await self.put(size)
        return place

    def _content(self, size: int) -> bytes:
        self._count += 1
        return b"%d:" % self._count + b"x" * size


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "decide", "crash", "torn", "ahead_decided", "ahead_kept", "ahead_crash"]),
        st.integers(1, 90),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_whatever_happens_what_is_not_decided_is_there_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    async def live() -> None:
        life = Life(tmp_path_factory.mktemp("inbox") / "inbox")
        for what, size in steps:
            await getattr(life, what)(size)
            assert life.holds() == life.expected
        life.close()

    asyncio.run(live())


def _half_written(kept: Inbox, content: bytes) -> None:
    """What a record leaves whose writing was cut short."""
    place = kept._next(content, 1)
    number, end = place.number, place.offset - inbox._HEAD.size
    head = inbox._HEAD.pack(len(content), inbox._checksum(number, 1, content), number, 1)
    os.pwrite(kept._file, (head + content)[: len(content) // 2 + inbox._HEAD.size], end)
