"""The store: read transactions, and units of work that commit state, facts and jobs together."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Self, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import backoff, engine, inbox, migrations, saving
from storage.brief import Briefs
from storage.engine import Address, Conflict, Dialect, StoreError
from storage.flush import Flush
from storage.glance import Glances
from storage.inbox import Inbox
from storage.records.alerts import Alert
from storage.records.jobs import NewJob
from storage.records.journal import Entry
from storage.tables import alerts, counters, jobs, journal
from storage.tail import Tail
from storage.writer import Writer

__all__ = ["Conflict", "Store", "StoreError", "UnitOfWork"]

T = TypeVar("T")

_TURNS = 2  # of the loop: in the first one a request begins, in the second one it is sent


class UnitOfWork:
    """One write transaction. What is done through it is committed together or not at all.

    A `brief` one runs in the event loop's own thread: see `Store.go_on`.
    """

    def __init__(self, conn: AsyncConnection, *, brief: bool = False) -> None:
        self.conn = conn
        self.brief = brief
        self.breathed = False
        self.has_jobs = False

    async def save(self, record: Any) -> None:
        """Insert the record when its version is 0, else write it over that very version.

        The kept version is one higher; read the record again to save it again. Raises `Conflict` when it changed
        meanwhile, whereupon `Store.transact` tries the whole work again.
        """
        await saving.save(self.conn, record)

    async def save_alerts(self, records: Sequence[Alert]) -> None:
        """Do the same for many alerts at once; those that are kept already must be locked."""
        await alerts.save_all(self.conn, records)

    async def append_all(self, facts: Sequence[Mapping[str, Any]]) -> list[Entry]:
        """Write facts into the journal, given by the fields that `append` takes."""
        return await journal.append_all(self.conn, facts)

    async def append(self, *, at: datetime, kind: str, subject: str, actor: str, payload: Mapping[str, Any]) -> Entry:
        """Write one fact into the journal."""
        return await journal.append(self.conn, at=at, kind=kind, subject=subject, actor=actor, payload=payload)

    async def enqueue(self, jobs_: Iterable[NewJob]) -> None:
        """Insert jobs; one whose key exists already is dropped (a cancelled one comes back). Workers wake on commit."""
        new = list(jobs_)
        if new:
            await jobs.insert(self.conn, new)
            await self.wake()

    async def cancel(self, subject: str, kind: str) -> int:
        """Cancel the pending jobs of that kind about that subject; says how many."""
        return await jobs.cancel(self.conn, subject, kind)

    async def next_id(self, name: str, many: int = 1) -> int:
        """Return the next number of that name ("alert"), from 1, without gaps: a rollback takes it back.

        Of `many` that are taken together, the first.
        """
        return await counters.following(self.conn, name, many)

    async def breathe(self) -> None:
        """Let what was begun in the event loop go on for a moment; the transaction stays open. `brief` ones only."""
        if not self.brief:
            raise RuntimeError("this unit of work may wait for nothing but its own connection")
        self.breathed = True
        await _turned()

    async def wake(self) -> None:
        """Have every worker look for jobs once this is committed."""
        if not self.has_jobs:
            self.has_jobs = True
            await engine.notify(self.conn)


class Store:
    """The database. Make it with `Store.open`; close it."""

    def __init__(self, at: Address, writers: AsyncEngine) -> None:
        self.dialect: Dialect = at.dialect
        self._at = at
        self._writers = writers
        self._readers = engine.reading(writers)
        # SQLite has one writer; waiting for its thread is fair and costs nothing, waiting in the file does neither.
        self._writer = Writer(engine.create_writer(at)) if at.dialect == "sqlite" else None
        self._flush = Flush()
        self._briefs = Briefs(engine.create_brief(at), at.beside("-wal")) if at.dialect == "sqlite" else None
        self._glances = Glances(engine.create_reader(at)) if at.dialect == "sqlite" else None
        self._writing: set[asyncio.Task[Any] | None] = set()
        self._wakes: list[Callable[[], None]] = []

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect to DATABASE_URL, create what is missing, and migrate.

        Raises `StoreError` when that is not possible, within seconds, or when the database is newer than this program.
        """
        at = engine.address(url)
        writers = engine.create(at)
        try:
            await engine.prepare(at)
            await migrations.migrate(at, writers)
        except BaseException as error:
            await writers.dispose()
            mend = engine.explained(at, error)
            if mend:
                raise mend from error
            raise
        return cls(at, writers)

    async def close(self) -> None:
        """Close all connections."""
        if self._glances is not None:
            self._glances.close()
        if self._writer is not None:
            await self._writer.close()
        if self._briefs is not None:
            self._briefs.close()
        self._flush.close()
        await self._writers.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that sees one state and cannot write; raises `StoreError` when the database is lost."""
        try:
            async with self._readers.connect() as conn:
                yield conn
        except SQLAlchemyError as error:
            if engine.refuses_writes(error):
                raise RuntimeError("read() cannot write; use transact()") from error
            raise engine.explained(self._at, error) or error from error

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        """Do the same for a few rows that an index finds: SQLite answers at once, in the event loop's own thread.

        What reads more than that would hold up everything else; it belongs into `read`.
        """
        if self._glances is None or not self._glances.free:
            async with self.read() as conn:
                yield conn
            return
        try:
            with self._glances.open() as conn:
                yield conn
        except SQLAlchemyError as error:
            if engine.refuses_writes(error):
                raise RuntimeError("glance() cannot write; use transact()") from error
            raise engine.explained(self._at, error) or error from error

    async def transact(self, work: Callable[[UnitOfWork], Awaitable[T]], *, urgent: bool = False) -> T:
        """Run `work` in one write transaction and commit it, or nothing of it when it raises.

        SQLite has one writer: what is `urgent`, because somebody outside waits for the answer, goes before all else.

        It runs again from the start when another writer was first, so it must touch nothing but the database. Raises
        the last `Conflict` when it never wins, `StoreError` when the database is lost.
        """
        begun = time.monotonic()
        attempt = 1
        while True:
            try:
                return await self._once(work, urgent)
            except (Conflict, SQLAlchemyError) as error:
                if not engine.transient(error) or not backoff.worthwhile(attempt, time.monotonic() - begun):
                    raise engine.explained(self._at, error) or error from error
            await asyncio.sleep(backoff.delay(attempt, random.random()))  # noqa: S311 - spreads writers, keeps no secret
            attempt += 1

    def expect(self) -> None:
        """Have other work begin nothing for a moment: an urgent unit of work is about to come."""
        if self._writer is not None:
            self._writer.head_start()

    async def go_on(self, work: Callable[[UnitOfWork], Awaitable[T]], then: Callable[[T], None]) -> T:
        """Run a small, urgent unit of work, and go on with its result as soon as it is committed.

        On SQLite `then` is not kept waiting by the disk; this returns it when the disk has it, and the unit is `brief`.
        While somebody else writes, and on PostgreSQL, it is as with `transact`. Raises what that raises; then `then`
        was not called, or the disk failed behind it.
        """
        if self._writer is not None:
            await self._writer.passed()
        if (done := await self._briefly(work)) is None:
            result = await self.transact(work, urgent=True)
            then(result)
            return result
        log, unit, result = done
        then(result)
        try:
            await _turned()
            await self._flush(log)
        except OSError as error:
            raise engine.failing(self._at.shown, error) from error
        finally:
            self._woken(unit)
        return result

    async def inbox(self) -> Inbox | None:
        """Open what keeps reports until they are decided; None on PostgreSQL, and while another process has it."""
        if self.dialect != "sqlite":
            return None
        path = self._at.beside(inbox.SUFFIX)
        file = await asyncio.to_thread(inbox.claim, path)
        if file is None:
            return None
        try:
            async with self.read() as conn:
                decided = await inbox.decided(conn)
            found = await asyncio.to_thread(Inbox.claimed, path, file, self._flush, decided)
            if decided is None:
                await self.transact(lambda unit: inbox.decide(unit.conn, 0))
        except BaseException:
            os.close(file)
            raise
        return found

    def wake_on_commit(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each commit of this process that enqueued jobs."""
        self._wakes.append(wake)

    def sleep_on_commit(self, wake: Callable[[], None]) -> None:
        """Undo `wake_on_commit`."""
        self._wakes.remove(wake)

    def tail(self, kinds: Sequence[str]) -> Tail | None:
        """Follow the journal's entries of these kinds, whoever writes them; None where that would take waiting."""
        return Tail(self._at.path, kinds) if self.dialect == "sqlite" else None

    async def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever another process enqueued jobs (PostgreSQL), until cancelled."""
        await engine.listen(self._at, wake)

    async def _briefly(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> tuple[int, UnitOfWork, T] | None:
        """Do it in the event loop's own thread; give what must be flushed, too. None when it must go the long way."""
        if self._briefs is None or self._writer is None or not self._briefs.free:
            return None
        begun: list[UnitOfWork] = []

        async def whole(conn: AsyncConnection) -> T:
            begun.append(UnitOfWork(conn, brief=True))
            return await work(begun[0])

        try:
            with self._one_unit():
                result = await self._briefs.run(whole)
        except (Conflict, SQLAlchemyError) as error:
            if begun and begun[0].breathed:  # what it began goes on: it is not done again
                raise engine.explained(self._at, error) or error from error
            return None  # somebody else writes just now; if it is anything else, it is told there
        self._writer.head_start()
        return self._briefs.log, begun[0], result

    async def _once(self, work: Callable[[UnitOfWork], Awaitable[T]], urgent: bool) -> T:
        with self._one_unit():
            unit, result = await self._committed(work, urgent)
        self._woken(unit)
        return result

    @contextmanager
    def _one_unit(self) -> Iterator[None]:
        """Refuse a unit of work within another one, which would wait for itself."""
        me = _task()
        if me is None or me in self._writing:
            raise RuntimeError("a unit of work began another one; pass the open one on instead")
        self._writing.add(me)
        try:
            yield
        finally:
            self._writing.discard(me)

    async def _committed(self, work: Callable[[UnitOfWork], Awaitable[T]], urgent: bool) -> tuple[UnitOfWork, T]:
        if self._writer is not None:
            return await self._writer.run(partial(_whole, work), urgent=urgent)
        async with self._writers.begin() as conn:
            return await _whole(work, conn)

    def _woken(self, unit: UnitOfWork) -> None:
        if unit.has_jobs:
            for wake in self._wakes:
                wake()


async def _whole(work: Callable[[UnitOfWork], Awaitable[T]], conn: AsyncConnection) -> tuple[UnitOfWork, T]:
    unit = UnitOfWork(conn)
    return unit, await work(unit)


async def _turned() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _task() -> asyncio.Task[Any] | None:
    """The task that asks; None within a unit of work that runs in SQLite's writer thread."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
