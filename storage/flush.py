"""Files brought to the disk beside the event loop.

A thread that flushes has to get the interpreter back from the loop afterwards, which takes longer than the flush. Linux
flushes when it is asked to, and tells the loop's selector when that is done (IOCB_CMD_FDSYNC of io_submit(2)).
"""

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Protocol, cast

AT_ONCE = 16
"""Flushes that may be under way."""
LOOK_AGAIN = 1.0
"""Seconds after which the kernel is asked what is done, lest somebody waits for a word of it that is lost."""


class _Context(Protocol):
    def process_events(self) -> int: ...


class _Kernel(Protocol):
    context: _Context
    loop: asyncio.AbstractEventLoop

    async def fdsync(self, fd: int) -> object: ...

    def close(self) -> None: ...


class Flush:
    """Flushes files for one event loop; close it."""

    def __init__(self) -> None:
        self._kernel: _Kernel | None = None
        self._tried = False
        self._under_way = 0
        self._look: asyncio.TimerHandle | None = None

    async def __call__(self, file: int) -> None:
        """Return when the disk has what was written to the open file. Raises `OSError`."""
        if not self._tried:
            self._tried = True
            self._kernel = _kernel()
        if self._kernel is not None:
            try:
                await self._done(self._kernel, file)
            except (ValueError, OverflowError, NotImplementedError, OSError):  # not even begun, say for lack of room
                pass
            except SystemError as error:  # begun, and failed; a second try would be told of no failure
                raise OSError(errno.EIO, str(error)) from error
            else:
                return
        await asyncio.to_thread(_flush, file)

    def close(self) -> None:
        """Let go of the loop."""
        kernel, self._kernel = self._kernel, None
        self._tried = False
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if kernel is not None:
            kernel.close()

    async def _done(self, kernel: _Kernel, file: int) -> None:
        self._under_way += 1
        if self._look is None:
            self._look = kernel.loop.call_later(LOOK_AGAIN, self._asked, kernel)
        try:
            await kernel.fdsync(file)
        finally:
            self._under_way -= 1

    def _asked(self, kernel: _Kernel) -> None:
        """Ask what is done, as long as flushes are under way; the next one begins it again."""
        self._look = None
        if self._under_way:
            self._look = kernel.loop.call_later(LOOK_AGAIN, self._asked, kernel)
            while kernel.context.process_events():
                pass


def _kernel() -> _Kernel | None:
    """The running loop's way to the kernel; None where there is none: not Linux, or a sandbox that forbids it."""
    try:
        from caio.linux_aio_asyncio import AsyncioContext
    except ImportError:
        return None
    try:
        return cast("Callable[..., _Kernel]", AsyncioContext)(max_requests=AT_ONCE)
    except (OSError, SystemError):
        return None


def _flush(file: int) -> None:
    getattr(os, "fdatasync", os.fsync)(file)  # not every system has the lighter one
