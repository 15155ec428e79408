"""A small unit of work on SQLite, in the event loop's own thread: no change of threads, no waiting for the disk.

The commit is there for everybody, and for the next process too should this one die; only a loss of power can take it
back until the log is flushed, which is asked for apart.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy import Engine as SyncEngine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.writer import Direct

T = TypeVar("T")


class Briefs:
    """One connection that writes, of one thread alone, and waits for no other writer; close it."""

    def __init__(self, engine: SyncEngine, log: Path) -> None:
        self._engine = engine
        self._path = log
        self._conn: Connection | None = None
        self._log = -1
        self._busy = False
        self._known = False  # whether the log is that of this connection

    @property
    def log(self) -> int:
        """SQLite's log, open since the first unit of work: once it is flushed, all commits are on disk."""
        return self._log

    @property
    def free(self) -> bool:
        """False while a unit of work lets the loop turn."""
        return not self._busy

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in one transaction and commit it, or nothing of it when it raises or somebody else writes.

        As long as `work` waits for nothing but its connection, this does not wait either.
        """
        self._busy = True
        try:
            if self._conn is None:
                self._conn, self._known = self._engine.connect(), False
            with self._conn.begin():
                # Only what `Direct` has is used of it; a method that it lacks raises at the first test.
                result = await work(cast("AsyncConnection", Direct(self._conn)))
        except SQLAlchemyError:
            self._let_go()
            raise
        finally:
            self._busy = False
        if not self._known:
            self._open_log()
        return result

    def close(self) -> None:
        """Close the connection; whoever writes afterwards gets a new one."""
        self._let_go()
        log, self._log = self._log, -1
        if log >= 0:
            os.close(log)

    def _let_go(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()
            self._engine.dispose()

    def _open_log(self) -> None:
        """Open the log, unless it is still the same: somebody may be about to flush it."""
        self._known = True
        if self._log >= 0 and os.path.samestat(os.fstat(self._log), self._path.stat()):
            return
        former, self._log = self._log, os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        if former >= 0:
            os.close(former)
