"""Callers that wait until what they report is on disk, and the way there: a record of the inbox for all that wait.

One record is under way at a time; what comes meanwhile is the next one.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from bot.alerts import keeping
from bot.alerts.keeping import Batch
from storage.inbox import Inbox
from storage.unit_of_work import Store

MOST = 200_000
"""Reports in the inbox from which on callers wait until some are decided."""

COMING = 0.005
"""Seconds after a record for which more are expected."""

_TURNS, _MOST_TURNS = 2, 20  # of the loop: in the first two answers are written, and what their readers send is read

Caller = tuple[Batch, "asyncio.Future[None]"]


class Inlet:
    """Where callers wait. `kept` is called when there are more reports in the inbox, None until it is opened."""

    def __init__(self, store: Store, kept: Callable[[], None]) -> None:
        self.inbox: Inbox | None = None
        self._store = store
        self._kept = kept
        self._waiting: deque[Caller] = deque()
        self._pouring: asyncio.Task[None] | None = None
        self._written_at = -COMING
        self._loop: asyncio.AbstractEventLoop | None = None  # asking which one runs is a system call each time

    def __len__(self) -> int:
        """How many callers wait."""
        return len(self._waiting)

    @property
    def reports(self) -> int:
        """How many reports they wait for."""
        return sum(len(batch) for batch, _ in self._waiting)

    @property
    def backlog(self) -> int:
        """How many reports are in the inbox."""
        return 0 if self.inbox is None else self.inbox.waiting

    @property
    def pouring(self) -> bool:
        """Whether reports are on their way into the inbox."""
        return self._pouring is not None and not self._pouring.done()

    @property
    def busy(self) -> bool:
        """Whether reports come in, or did a moment ago."""
        return self.pouring or time.monotonic() < self._written_at + COMING

    async def open(self) -> None:
        """Have an inbox, if there is one for this process. Raises `StoreError`."""
        self.inbox = await self._store.inbox()

    async def close(self) -> None:
        """Wait until nothing is on its way, and let go of the inbox."""
        await self.poured()
        inbox, self.inbox = self.inbox, None
        if inbox is not None:
            inbox.close()

    def add(self, batch: Batch) -> "asyncio.Future[None]":
        """Let a caller wait; the future is done when the reports are on disk, or fails."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        taken: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((batch, taken))
        return taken

    def take(self) -> list[Caller]:
        """All who wait, who then wait no longer."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    async def gathered(self, before: int) -> None:
        """Wait a moment, until as many wait as `before` were just answered: those are about to be read again."""
        for turn in range(_MOST_TURNS if before else 0):
            if turn >= _TURNS and len(self._waiting) >= before:
                return
            await asyncio.sleep(0)

    def pour(self) -> None:
        """Have all who wait, and who come meanwhile, written into the inbox."""
        if self.inbox is not None and self._waiting and not self.pouring and self.backlog <= MOST:
            self._pouring = asyncio.create_task(self._pour(self.inbox), name="intake:pour")

    async def poured(self) -> None:
        """Wait until nothing is on its way."""
        while self._pouring is not None and not self._pouring.done():
            await asyncio.wait([self._pouring])

    async def _pour(self, inbox: Inbox) -> None:
        before = 1
        while self._waiting and self.backlog <= MOST:
            await self.gathered(before)
            group = self.take()
            before = len(group)
            await self._put(inbox, group)

    async def _put(self, inbox: Inbox, group: list[Caller]) -> None:
        """Write a record for the group; for each caller alone when that fails, so that each hears of its own."""
        try:
            await inbox.put(keeping.record([batch for batch, _ in group]), sum(len(batch) for batch, _ in group))
        except Exception as error:  # noqa: BLE001 - each caller gets its own
            if len(group) == 1:
                settle(group[0][1], error)
                return
            for caller in group:
                await self._put(inbox, [caller])
        else:
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
