"""SQLite's one writer in this process: a thread of its own, which runs a whole unit of work without leaving it.

Statements of a driver that is asked through the event loop cost a change of threads each; here the coroutine of the
work itself runs in the writer's thread, its statements answer at once, and only the end goes back to the loop.

What somebody waits for outside goes first. While such work keeps coming, all other work has a share of the time only.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Dialect
from sqlalchemy import Engine as SyncEngine
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

COMING = 0.002
"""Seconds after urgent work for which more of it is expected."""
HEAD_START = 0.002
"""Seconds for which what follows from an urgent unit of work goes on alone: threads take turns in one interpreter."""
REST = 3
"""How many times as long as it took other work then leaves the writer to urgent work."""
LONGEST_REST = 0.25
"""Seconds after which other work goes on at the latest, between two units of urgent work if need be."""
TOGETHER = 0.003
"""Seconds for which units of work that wait already are added to a transaction: each commit waits for the disk."""
CHECKPOINT, URGENT_CHECKPOINT = 1000, 4000
"""Pages in SQLite's log from which on a commit also copies them into the file, which takes several times as long.

Urgent work leaves that to other work, up to a longer log.
"""

Work = Callable[[AsyncConnection], Awaitable[Any]]


class Direct:
    """A connection with the face of `AsyncConnection`, as far as units of work need it, that never waits."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @property
    def dialect(self) -> Dialect:
        """The database's kind."""
        return self._conn.dialect

    @property
    def driver(self) -> sqlite3.Connection:
        """The driver's own connection."""
        return cast("sqlite3.Connection", self._conn.connection.dbapi_connection)

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


@dataclass(slots=True)
class Turn:
    """A unit of work that waits for the writer, and what hears of its end."""

    do: Work
    urgent: bool
    over: Callable[[Any, BaseException | None], None]
    since: float = 0.0


class Turns:
    """Who is next: urgent work in the order in which it came, then the other. Many threads may put, one takes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bell: SimpleQueue[None] = SimpleQueue()  # a condition's locks take longer than all else that is done here
        self._urgent: deque[Turn] = deque()
        self._others: deque[Turn] = deque()
        self._urgent_at = self._rested_at = clock() - COMING
        self._was_urgent = False
        self._ended = False

    def put(self, turn: Turn) -> None:
        """Let it wait its turn."""
        turn.since = self._clock()
        (self._urgent if turn.urgent else self._others).append(turn)
        self._bell.put(None)

    def end(self) -> None:
        """Let `take` return None once nothing waits any more."""
        self._ended = True
        self._bell.put(None)

    def take(self) -> Turn | None:
        """Wait for the next one; None at the end."""
        while True:
            now = self._clock()
            rested = now >= self._rested_at or self._ended
            if self._urgent and not (rested and self._starves(now)):
                return self._urgent.popleft()
            if self._others and rested:
                return self._others.popleft()
            if self._ended and not self._others:
                return None
            with suppress(Empty):  # other work may have come since it was looked for: it rests for no time then
                self._bell.get(timeout=max(0.0, self._rested_at - now) if self._others else None)

    def another(self, urgent: bool) -> Turn | None:
        """A unit of work that waits and may share the transaction of one that is `urgent` or not; None for none."""
        waiting = self._urgent if urgent else self._others
        if not waiting or (self._urgent and not urgent):
            return None
        return waiting.popleft()

    def took(self, turn: Turn, since: float) -> None:
        """Count what it took, begun at `since`: by that other work rests while urgent work keeps coming."""
        now = self._clock()
        if turn.urgent:
            self.head_start()
        else:
            self._was_urgent = False
            keeps_coming = now - self._urgent_at < COMING + (now - since)
            self._rested_at = now + (min(REST * (now - since), LONGEST_REST) if keeps_coming else 0)

    def head_start(self) -> None:
        """Let other work begin nothing for a moment: an urgent unit of work has just ended, or is about to come."""
        self._urgent_at = now = self._clock()
        self._was_urgent = True
        if not self._kept_waiting(now):
            self._rested_at = max(self._rested_at, now + HEAD_START)

    def _starves(self, now: float) -> bool:
        """Whether it is the turn of other work, which urgent work has kept waiting for long."""
        return self._was_urgent and self._kept_waiting(now)

    def _kept_waiting(self, now: float) -> bool:
        return bool(self._others) and now - self._others[0].since > LONGEST_REST


class Writer:
    """Runs units of work one after another in its thread; close it."""

    def __init__(self, engine: SyncEngine) -> None:
        self._engine = engine
        self._conn: Connection | None = None
        self._checkpoint = 0  # what this connection was told
        self._turns = Turns()
        self._busy = False
        self._passing: deque[asyncio.Future[None]] = deque()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # of all who ask, as long as the thread runs

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]], *, urgent: bool = False) -> T:
        """Run `work` in one transaction and commit it, or nothing of it when it raises.

        It may share the transaction with others; then it runs once more, alone, when one of them fails.
        A caller that is cancelled meanwhile waits for the end all the same: nobody else may write before. Raises
        `RuntimeError` when the work waits for anything but its connection.
        """
        done: asyncio.Future[T] = self._put(work, urgent=urgent)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if not done.done():
                await asyncio.wait([done])
            if not done.cancelled():
                done.exception()  # the caller is gone, nobody else will ask
            raise

    async def passed(self) -> None:
        """Wait until the unit of work that runs just now, if any, is over."""
        if not self._busy:
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._passing.append(over)
        if self._busy:  # else its end may have passed by just now
            await over

    def head_start(self) -> None:
        """Let other work begin nothing for a moment, for an urgent unit of work that runs elsewhere."""
        self._turns.head_start()

    async def close(self) -> None:
        """End the thread and close the connection; whoever runs something afterwards gets new ones."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._turns.end()
            await asyncio.to_thread(thread.join)

    def _put(self, do: Work, *, urgent: bool) -> "asyncio.Future[Any]":
        if self._thread is None or self._loop is None:
            self._loop = asyncio.get_running_loop()  # asking for it is a system call, which each time would be felt
            self._turns = Turns()
            self._thread = threading.Thread(target=self._serve, args=(self._turns,), name="sqlite-writer", daemon=True)
            self._thread.start()
        done: asyncio.Future[Any] = self._loop.create_future()
        self._turns.put(Turn(do, urgent, partial(_tell, done)))
        return done

    def _serve(self, turns: Turns) -> None:
        while (turn := turns.take()) is not None:
            since = time.monotonic()
            self._busy = True
            over = self._together(turn, turns)
            turns.took(turn, since)
            self._busy = False
            while self._passing:
                _tell(self._passing.popleft(), None, None)
            for done, result, error in over:
                done.over(result, error)
            del turn, over, done, result, error  # or they would live until the next one
        self._let_go()
        self._engine.dispose()

    def _together(self, first: Turn, turns: Turns) -> list[tuple[Turn, Any, BaseException | None]]:
        """Run a unit of work and those that wait behind it in one transaction; each alone when one of them fails."""
        group, results = [first], []
        until = time.monotonic() + TOGETHER
        try:
            conn = self._ready(first.urgent)
            with conn.begin():
                results.append(run(first.do, conn))
                while time.monotonic() < until and (following := turns.another(first.urgent)) is not None:
                    group.append(following)
                    results.append(run(following.do, conn))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._let_go()
            if len(group) == 1:
                return [(first, None, error)]
            return [(turn, *_tried(partial(self._alone, turn))) for turn in group]
        return [(turn, result, None) for turn, result in zip(group, results, strict=True)]

    def _alone(self, turn: Turn) -> Any:
        try:
            conn = self._ready(turn.urgent)
            with conn.begin():
                return run(turn.do, conn)
        except BaseException:
            self._let_go()
            raise

    def _ready(self, urgent: bool) -> Connection:
        if self._conn is None:
            self._conn = self._engine.connect()
            self._checkpoint = 0
        pages = URGENT_CHECKPOINT if urgent else CHECKPOINT
        if self._checkpoint != pages:
            self._conn.connection.cursor().execute(f"PRAGMA wal_autocheckpoint={pages}").close()
            self._checkpoint = pages
        return self._conn

    def _let_go(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()


def run(work: Callable[[AsyncConnection], Awaitable[T]], conn: Connection) -> T:
    """Run a unit of work that waits for nothing but its connection; raises `RuntimeError` for one that does."""
    # Only what `Direct` has is used of it; a method that it lacks raises at the first test.
    coroutine = cast("Coroutine[Any, Any, T]", work(cast("AsyncConnection", Direct(conn))))
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    coroutine.close()
    raise RuntimeError("a unit of work may wait for nothing but its own connection")


def _tried(do: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return do(), None
    except BaseException as raised:  # noqa: BLE001 - whoever waits gets it
        return None, raised


def _tell(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
        done.get_loop().call_soon_threadsafe(_settle, done, result, error)


def _settle(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.done():
        return  # the caller is gone, who waits for one statement only
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
