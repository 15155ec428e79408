"""Callers that wait until what they report is on disk, and the way there: the inbox, a row for all that wait together.

Two rows are under way at a time: what comes while one is written is the next one, and nobody waits for more to come.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from bot.alerts import keeping
from bot.alerts.keeping import Batch
from storage.tables import inbox
from storage.unit_of_work import Store
from storage.writer import Statement

MOST = 200_000
"""Reports in the inbox from which on callers wait until some are decided."""

COMING = 0.005
"""Seconds after a row for which more are expected."""

Caller = tuple[Batch, "asyncio.Future[None]"]


class Inlet:
    """Where callers wait. `backlog` counts the reports in the inbox; `kept` is called when there are more of them."""

    def __init__(self, store: Store, kept: Callable[[], None]) -> None:
        self.backlog = 0
        self._store = store
        self._kept = kept
        self._waiting: deque[Caller] = deque()  # filled by the event loop, emptied by SQLite's writer too
        self._asked = False
        self._pouring: set[asyncio.Future[None]] = set()
        self._written_at = -COMING
        self._loop: asyncio.AbstractEventLoop | None = None  # asking which one runs is a system call each time

    def __len__(self) -> int:
        """How many callers wait."""
        return len(self._waiting)

    @property
    def reports(self) -> int:
        """How many reports they wait for; to be asked while nothing is poured."""
        return sum(len(batch) for batch, _ in self._waiting)

    @property
    def pouring(self) -> bool:
        """Whether reports are on their way into the inbox."""
        return bool(self._pouring)

    @property
    def busy(self) -> bool:
        """Whether reports come in, or did a moment ago."""
        return self.pouring or time.monotonic() < self._written_at + COMING

    def add(self, batch: Batch) -> "asyncio.Future[None]":
        """Let a caller wait; the future is done when the reports are on disk, or fails."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        taken: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((batch, taken))
        return taken

    def take(self) -> list[Caller]:
        """All who wait, who then wait no longer."""
        taken: list[Caller] = []
        try:
            while True:
                taken.append(self._waiting.popleft())
        except IndexError:
            return taken

    def pour(self) -> None:
        """Have all who wait, and who come until the disk is free, written into the inbox."""
        if not self._waiting or self._asked or self.backlog > MOST:
            return
        self._asked = True
        group: list[Caller] = []

        def content() -> Statement | None:
            self._asked = False  # before they are taken: whoever comes from now on asks for the next row
            group.extend(self.take())
            return inbox.putting(*_row(group)) if group else None

        written = self._store.insert(content)
        if written is None:
            self._asked = False
            self._begin(self._put(self.take()))
        else:
            self._pouring.add(written)
            written.add_done_callback(partial(self._poured, group))

    async def poured(self) -> None:
        """Wait until nothing is on its way."""
        while self._pouring:
            await asyncio.wait(self._pouring)

    def _poured(self, group: list[Caller], written: "asyncio.Future[None]") -> None:
        self._pouring.discard(written)
        if written.exception() is None:
            if group:
                self._written(group)
        else:  # tried once more the long way, which tells what is wrong
            self._asked = False
            self._begin(self._put(group or self.take()))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="intake:pour")
        self._pouring.add(task)
        task.add_done_callback(self._pouring.discard)

    async def _put(self, group: list[Caller]) -> None:
        """Write the group as other units of work are written; each caller alone when that fails."""
        if not group:
            return
        try:
            row, count = _row(group)
            await self._store.transact(lambda unit: inbox.put(unit.conn, row, count), urgent=True)
        except Exception as error:  # noqa: BLE001 - each caller gets its own
            if len(group) == 1:
                settle(group[0][1], error)
                return
            for caller in group:
                await self._put([caller])
        else:
            self._written(group)

    def _written(self, group: list[Caller]) -> None:
        self.backlog += sum(len(batch) for batch, _ in group)
        self._written_at = time.monotonic()
        for _, taken in group:
            settle(taken)
        self._kept()


def settle(taken: "asyncio.Future[None]", error: Exception | None = None) -> None:
    """Let the caller hear of it, unless it is gone."""
    if taken.done():
        return
    if error is None:
        taken.set_result(None)
    else:
        taken.set_exception(error)


def _row(group: list[Caller]) -> tuple[str, int]:
    return keeping.row([batch for batch, _ in group]), sum(len(batch) for batch, _ in group)
