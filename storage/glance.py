"""A few rows of SQLite, read by the event loop's own thread: a change of threads for each step takes far longer.

Readers of a file in write-ahead mode never wait for its writers, so what is read by an index is there in microseconds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Connection
from sqlalchemy import Engine as SyncEngine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.writer import Direct


class Glances:
    """One connection that only reads, of one thread alone; close it."""

    def __init__(self, engine: SyncEngine) -> None:
        self._engine = engine
        self._conn: Connection | None = None
        self._busy = False

    @property
    def free(self) -> bool:
        """False while somebody reads, who waits for something else meanwhile."""
        return not self._busy

    @contextmanager
    def open(self) -> Iterator[AsyncConnection]:
        """A transaction that sees one state of the database."""
        if self._conn is None:
            self._conn = self._engine.connect()
        self._busy = True
        try:
            with self._conn.begin():
                # Only what `Direct` has is used of it; a method that it lacks raises at the first test.
                yield cast("AsyncConnection", Direct(self._conn))
        except SQLAlchemyError:
            self.close()
            raise
        finally:
            self._busy = False

    def close(self) -> None:
        """Close the connection; whoever reads afterwards gets a new one."""
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()
            self._engine.dispose()
