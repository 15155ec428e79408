"""SQLite's one writer in this process: a thread of its own, which runs a whole unit of work without leaving it.

Statements of a driver that is asked through the event loop cost a change of threads each; here the coroutine of the
work itself runs in the writer's thread, its statements answer at once, and only the end goes back to the loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect
from sqlalchemy import Engine as SyncEngine
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class Direct:
    """A connection with the face of `AsyncConnection`, as far as units of work need it, that never waits."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @property
    def dialect(self) -> Dialect:
        """The database's kind."""
        return self._conn.dialect

    @property
    def sync_connection(self) -> Connection:
        """What listens to events."""
        return self._conn

    async def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """Run a statement."""
        return self._conn.execute(statement, parameters, **options)

    async def scalar(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement and return the first value."""
        return self._conn.scalar(statement, parameters)

    async def scalars(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement and return the first value of each row."""
        return self._conn.scalars(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> Any:
        """Run the driver's own SQL."""
        return self._conn.exec_driver_sql(statement, parameters)


class Writer:
    """Runs units of work one after another in its thread; close it."""

    def __init__(self, engine: SyncEngine) -> None:
        self._engine = engine
        self._thread: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `work` in one transaction and commit it, or nothing of it when it raises.

        A caller that is cancelled meanwhile waits for the end all the same: nobody else may write before. Raises
        `RuntimeError` when the work waits for anything but its connection.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if not running.done():
                await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # the caller is gone, nobody else will ask
            raise

    async def close(self) -> None:
        """End the thread and close the connection; whoever runs something afterwards gets new ones."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._engine.dispose)
            thread.shutdown()

    def _run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        with self._engine.begin() as conn:
            # Only what `Direct` has is used of it; a method that it lacks raises at the first test.
            return _finished(cast("Coroutine[Any, Any, T]", work(cast("AsyncConnection", Direct(conn)))))


def _finished(work: Coroutine[Any, Any, T]) -> T:
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    work.close()
    raise RuntimeError("a unit of work may wait for nothing but its own connection")
