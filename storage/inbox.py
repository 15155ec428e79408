"""What was taken but not decided yet: records in a file beside SQLite's, in the order in which they came.

A commit of SQLite writes several pages for one row, and waits while another transaction is open. Here a record is one
write and one flush. The number of the last one that was decided is kept in the database, in the transaction that
decides; once all are, the next one is written to the file's beginning again. Writing over what is there is quicker than
making a file longer, so it grows by large steps, filled with zeros.
"""

import asyncio
import fcntl
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import failing
from storage.flush import Flush
from storage.tables import counters

SUFFIX = "-inbox"
"""What the file's name adds to the database's."""
STEP = 1 << 20
"""Bytes by which the file grows."""
KEPT = 16 * STEP
"""Bytes that it keeps once all is decided."""

_NAME = "inbox"
_HEAD = struct.Struct("<IIQI")
"""Length of the content, CRC-32 of all behind these two, number, count."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is kept: its number, for how many reports it counts, and its content's place in the file."""

    number: int
    count: int
    offset: int
    length: int


class Inbox:
    """The file of one process, which has it alone; close it. `waiting` counts the reports that are not decided."""

    def __init__(self, path: Path, file: int, flush: Flush, last: int, places: list[Place]) -> None:
        self._path = path
        self._file = file
        self._flush = flush
        self._last = last
        self._places = deque(places)
        self._size = os.fstat(file).st_size
        self._putting = False
        self._ahead: Place | None = None
        self.waiting = sum(place.count for place in places)

    @classmethod
    def claimed(cls, path: Path, file: int, flush: Flush, decided: int | None) -> Self:
        """Read the claimed file; the database says that record `decided` was the last one, or None: it knows of none.

        What the file holds is kept only if it can follow from that. Raises `StoreError`.
        """
        known = -1 if decided is None else decided
        try:
            places = list(_read(file))
            if places and places[0].number > known + 1:
                os.ftruncate(file, 0)
                _log.warning("inbox_of_another_database", path=str(path), records=len(places))
                places = []
        except OSError as error:
            raise failing(path, error) from error
        last = max(known, 0, *(place.number for place in places[-1:]))
        return cls(path, file, flush, last, [place for place in places if place.number > known])

    async def put(self, content: bytes, count: int) -> None:
        """Keep a record, behind all others: when this returns it is on disk. One at a time.

        Raises `StoreError`; then it is not kept.
        """
        place = self._next(content, count)
        self._putting = True
        try:
            if len(content) > STEP:
                await asyncio.to_thread(self._lay, place, content)
            else:
                self._lay(place, content)
            await self._flush(self._file)
        except OSError as error:
            raise failing(self._path, error) from error
        finally:
            self._putting = False
        self._last = place.number
        self._places.append(place)
        self.waiting += count

    def write_ahead(self, content: bytes, count: int) -> Place | None:
        """Write a small record that is decided in the same breath: the next process finds it, should this one die.

        It is not flushed. None while others are kept, which are decided before. Say `decided` of it, or `keep` it.
        Raises `StoreError`.
        """
        if self._places or self._putting or self._ahead is not None:
            return None
        place = self._next(content, count)
        try:
            self._lay(place, content)
        except OSError as error:
            raise failing(self._path, error) from error
        self._ahead = place
        return place

    def decided(self, place: Place) -> None:
        """A record that was written ahead is decided, and that is committed."""
        self._ahead, self._last = None, max(self._last, place.number)

    async def keep(self, place: Place) -> None:
        """A record that was written ahead could not be decided: keep it as if it had been put. Raises `StoreError`."""
        self._ahead, self._last = None, max(self._last, place.number)
        self._places.appendleft(place)  # whatever the disk says now: its page is out
        self.waiting += place.count
        try:
            await self._flush(self._file)
        except OSError as error:
            raise failing(self._path, error) from error

    def oldest(self, most: int) -> list[Place]:
        """The oldest records that are not decided, as many as hold `most` reports."""
        found: list[Place] = []
        for place in self._places:
            if most <= 0:
                break
            found.append(place)
            most -= place.count
        return found

    def content(self, place: Place) -> bytes:
        """What a record holds. Any thread may ask. Raises `StoreError`."""
        try:
            return os.pread(self._file, place.length, place.offset)
        except OSError as error:
            raise failing(self._path, error) from error

    def forget(self, through: int) -> None:
        """Forget the records up to that number: they are decided, and that is committed."""
        while self._places and self._places[0].number <= through:
            self.waiting -= self._places.popleft().count
        if not self._places and not self._putting and self._size > KEPT:
            with suppress(OSError):  # it only stays longer than it need be
                os.ftruncate(self._file, KEPT)
                self._size = KEPT

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._file)

    def _next(self, content: bytes, count: int) -> Place:
        before = self._places[-1] if self._places else self._ahead
        number = max(self._last, before.number if before else 0) + 1
        return Place(number, count, (before.offset + before.length if before else 0) + _HEAD.size, len(content))

    def _lay(self, place: Place, content: bytes) -> None:
        """Write a record where it belongs. Large ones are written by a thread, which only one at a time does."""
        number, count = place.number, place.count
        self._grow(place.offset + place.length)
        head = _HEAD.pack(len(content), _checksum(number, count, content), number, count)
        _write(self._file, head + content, place.offset - _HEAD.size)

    def _grow(self, size: int) -> None:
        if size > self._size:
            larger = -(-size // STEP) * STEP
            try:
                _write(self._file, bytes(larger - self._size), self._size)
            except OSError:
                os.ftruncate(self._file, self._size)  # what is left of the disk is for deciding
                raise
            self._size = larger


def claim(path: Path) -> int | None:
    """Open the file for this process alone; None while another one has it. Raises `StoreError`."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _mode(path))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _keep_name(path)
        except BaseException:
            os.close(file)
            raise
    except BlockingIOError:
        return None
    except OSError as error:
        raise failing(path, error) from error
    return file


async def decided(conn: AsyncConnection) -> int | None:
    """The number of the last record that was decided; None in a database that never heard of one."""
    return await counters.value(conn, _NAME)


async def decide(conn: AsyncConnection, through: int) -> None:
    """Say in the open transaction that the records up to that number are decided."""
    await counters.put(conn, _NAME, through)


def _read(file: int) -> Iterator[Place]:
    """The records from the file's beginning on, as long as one follows the other."""
    size, offset, expected = os.fstat(file).st_size, 0, 0
    while offset + _HEAD.size <= size:
        length, checksum, number, count = _HEAD.unpack(os.pread(file, _HEAD.size, offset))
        if number == 0 or (expected and number != expected):
            return
        offset += _HEAD.size
        content = os.pread(file, length, offset) if offset + length <= size else b""
        if len(content) != length or checksum != _checksum(number, count, content):
            return
        yield Place(number, count, offset, length)
        offset += length
        expected = number + 1


def _checksum(number: int, count: int, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(_HEAD.pack(0, 0, number, count)))


def _write(file: int, content: bytes, offset: int) -> None:
    """Write all of it, for a disk that fills up takes a part."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written


def _keep_name(path: Path) -> None:
    """Have the disk know the file's name: flushing a new file does not see to that."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _mode(path: Path) -> int:
    """The permissions of the database beside it, as SQLite does with its own files."""
    database = path.with_name(path.name.removesuffix(SUFFIX))
    return database.stat().st_mode & 0o666 if database.exists() else 0o600
