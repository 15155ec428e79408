"""A small unit of work on SQLite, in the event loop's own thread: no change of threads, no waiting for the disk.

The commit is there for everybody, and for the next process too should this one die; only a loss of power can take it
back until the log is flushed, which is asked for apart.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy import Engine as SyncEngine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import writer

T = TypeVar("T")


class Briefs:
    """One connection that writes, of one thread alone, and waits for no other writer; close it."""

    def __init__(self, engine: SyncEngine, log: Path) -> None:
        self._engine = engine
        self._path = log
        self._conn: Connection | None = None
        self._log = -1

    @property
    def log(self) -> int:
        """SQLite's log, open since the first unit of work: once it is flushed, all commits are on disk."""
        return self._log

    def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in one transaction and commit it, or nothing of it when it raises or somebody else writes."""
        try:
            if self._conn is None:
                self._conn = self._engine.connect()
            with self._conn.begin():
                result = writer.run(work, self._conn)
            if self._log < 0:
                self._log = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except SQLAlchemyError:
            self.close()
            raise
        return result

    def close(self) -> None:
        """Close the connection; whoever writes afterwards gets a new one."""
        conn, self._conn = self._conn, None
        log, self._log = self._log, -1
        if conn is not None:
            conn.close()
            self._engine.dispose()
        if log >= 0:
            os.close(log)
