"""Engines, and all that differs between SQLite and PostgreSQL."""

import asyncio
import random
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Table, create_engine, event, text
from sqlalchemy import Engine as SyncEngine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from storage import backoff

Dialect = Literal["sqlite", "postgresql"]

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for a PostgreSQL server."""
BUSY_TIMEOUT = 5.0
"""Seconds that SQLite waits for another process's write."""
SYNCHRONOUS = "FULL"
"""SQLite's word for a commit that ends when the disk has it, whatever happens to the power."""
GLANCE_TIMEOUT = 0.1
"""Seconds that the event loop waits when another process has SQLite's file for itself, which readers hardly meet."""

_CHANNEL = "do_manage_jobs"
_POSTGRES_SESSION = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'"


class StoreError(Exception):
    """The database cannot be used; one line that names it (password masked) and the mend."""


class Conflict(Exception):
    """Somebody else wrote the record first."""


@dataclass(frozen=True)
class Address:
    """Where the database is: a file, or a PostgreSQL address in libpq's form."""

    dialect: Dialect
    shown: str
    path: Path = Path()
    dsn: str = ""

    def beside(self, ending: str) -> Path:
        """A file beside SQLite's, whose name goes on so."""
        return self.path.with_name(self.path.name + ending)


def address(url: str) -> Address:
    """Read DATABASE_URL; raises `StoreError` for what is neither SQLite nor PostgreSQL."""
    shown = masked(url)
    scheme, separator, rest = url.partition("://")
    kind = scheme.lower().partition("+")[0]
    if separator and kind == "sqlite":
        name = rest.partition("?")[0].removeprefix("/")
        if not rest.startswith("/") or name in {"", ":memory:"}:
            raise StoreError(f"{shown}: names no file; write sqlite:///data/bot.db, or sqlite:////srv/bot.db")
        return Address("sqlite", shown, path=Path(name).expanduser())
    if separator and kind in {"postgresql", "postgres"}:
        return Address("postgresql", shown, dsn=f"postgresql://{rest}")
    raise StoreError(f"{shown}: not a known database; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")


def masked(url: str) -> str:
    """Return the URL without its password, whatever stands in it."""
    without = re.sub(r"(://[^:/?#@]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"(?i)((?:ssl)?password=)[^&]*", r"\1***", without)


def create(at: Address, *, foreign_keys: bool = True) -> AsyncEngine:
    """Make the engine; nothing is connected yet. Migrations turn SQLite's `foreign_keys` off.

    A table that is rebuilt with foreign keys on loses the rows of its children without an error.
    """
    if at.dialect == "postgresql":
        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda *_args, **_options: _connect(at),
            pool_size=10,
            max_overflow=10,
            pool_timeout=10,
            pool_pre_ping=True,
        )
    url = URL.create("sqlite+aiosqlite", database=str(at.path))
    engine = create_async_engine(url, connect_args={"timeout": BUSY_TIMEOUT}, pool_size=4, pool_timeout=10)
    _sqlite_events(engine.sync_engine, foreign_keys=foreign_keys)
    return engine


def create_writer(at: Address) -> SyncEngine:
    """Make the engine of SQLite's writer thread, one connection that nobody else uses; nothing is connected yet."""
    url = URL.create("sqlite+pysqlite", database=str(at.path))
    arguments = {"timeout": BUSY_TIMEOUT, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, poolclass=StaticPool)
    _sqlite_events(engine, foreign_keys=True, only="writes")
    return engine


def create_brief(at: Address) -> SyncEngine:
    """Make the engine of one connection of the thread that connects, which writes if it need not wait for anybody.

    Its commits do not wait for the disk, and leave it to others to copy SQLite's log into the file.
    """
    url = URL.create("sqlite+pysqlite", database=str(at.path))
    engine = create_engine(url, connect_args={"timeout": 0}, poolclass=StaticPool)
    _sqlite_events(engine, foreign_keys=True, only="writes", more=("synchronous=NORMAL", "wal_autocheckpoint=0"))
    return engine


def create_reader(at: Address) -> SyncEngine:
    """Make the engine of one connection that only reads, for the thread that connects; nothing is connected yet."""
    url = URL.create("sqlite+pysqlite", database=str(at.path))
    engine = create_engine(url, connect_args={"timeout": GLANCE_TIMEOUT}, poolclass=StaticPool)
    _sqlite_events(engine, foreign_keys=False, only="reads")
    return engine


def reading(engine: AsyncEngine) -> AsyncEngine:
    """Return the same pool, whose transactions read one state of the database and cannot write."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.execution_options(reads_only=True)


def insert(on: AsyncConnection | str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, which both databases spell alike and SQLAlchemy keeps apart.

    `on` is a connection, or the name of its dialect.
    """
    name = on if isinstance(on, str) else on.dialect.name
    return postgresql.insert(table) if name == "postgresql" else sqlite.insert(table)


async def notify(conn: AsyncConnection) -> None:
    """Tell workers of other processes, when the open transaction commits, that there are jobs.

    Nothing on SQLite: workers in other processes look by themselves every second.
    """
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SELECT pg_notify(:channel, '')"), {"channel": _CHANNEL})


async def listen(at: Address, wake: Callable[[], None]) -> None:
    """Call `wake` whenever another process committed jobs, until cancelled. A lost connection is made again."""
    while at.dialect == "postgresql":
        with suppress(StoreError):  # workers look by themselves every second meanwhile
            await _listen_once(at, wake)
        await asyncio.sleep(1)
    await asyncio.Event().wait()


def transient(error: BaseException) -> bool:
    """Tell whether the transaction was certainly not committed and is worth another attempt."""
    if isinstance(error, Conflict):
        return True
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    # serialization_failure, deadlock_detected, lock_not_available
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01", "55P03"}


def failing(name: object, error: OSError) -> StoreError:
    """What it means that a file of the database, of that name, cannot be written or flushed."""
    return StoreError(f"{name}: {error.strerror or error}; the database's disk must have room and take writes")


def refuses_writes(error: BaseException) -> bool:
    """Tell whether the database refused to write because the transaction only reads."""
    cause = getattr(error, "orig", None)
    return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_READONLY or (
        getattr(cause, "sqlstate", None) == "25006"
    )


def explained(at: Address, error: BaseException) -> StoreError | None:
    """Put a failure of the database as such into one line with its mend; None when something else is wrong."""
    if isinstance(error, PoolTimeout):
        return StoreError(f"{at.shown}: all connections are busy; try again in a moment")
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    if at.dialect == "sqlite":
        known = _sqlite_mend(at, str(error.orig))
    else:
        known = _postgresql_mend(error.orig.__cause__ or error.orig, lost=error.connection_invalidated)
    return StoreError(f"{at.shown}: {known}") if known else None


async def prepare(at: Address) -> None:
    """Make the file's folder and turn on write-ahead logging, which the file remembers."""
    if at.dialect == "sqlite":
        try:
            at.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{at.shown}: cannot create {at.path.parent}: {error.strerror}") from error
        await _turn_on(at)


async def _turn_on(at: Address) -> None:
    """Turn it on, again if need be: of two who do so at once, one may lose without having waited."""
    until = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return await asyncio.to_thread(_write_ahead, at)
        except OperationalError as error:
            if not transient(error) or time.monotonic() > until:
                raise
        await asyncio.sleep(backoff.delay(3, random.random()))  # noqa: S311 - spreads writers, keeps no secret


def _write_ahead(at: Address) -> None:
    # Not by aiosqlite: where the file cannot be opened, its thread may answer when the event loop is closed already.
    pragma = "PRAGMA journal_mode=WAL"
    engine = create_writer(at)
    try:
        with engine.connect() as conn:
            conn.connection.cursor().execute(pragma).close()
    except sqlite3.Error as error:
        raise OperationalError(pragma, None, error) from error
    finally:
        engine.dispose()


def _sqlite_events(
    engine: SyncEngine, *, foreign_keys: bool, only: Literal["", "reads", "writes"] = "", more: Sequence[str] = ()
) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        for pragma in (
            f"synchronous={SYNCHRONOUS}",
            f"foreign_keys={int(foreign_keys)}",
            f"query_only={int(only == 'reads')}",
            *more,
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if only:
            _begin_plainly(connection, "BEGIN" if only == "reads" else "BEGIN IMMEDIATE")
            return
        reads = connection.get_execution_options().get("reads_only", False)
        if connection.info.get("reads_only") != reads:  # the connection stays what it was made
            connection.exec_driver_sql(f"PRAGMA query_only={int(reads)}").close()
            connection.info["reads_only"] = reads
        # A transaction that begins by reading and writes later can fail at once, whatever the busy timeout.
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE").close()


def _begin_plainly(connection: Connection, statement: str) -> None:
    """Begin without SQLAlchemy's steps around a statement, which take as long as all else that a small write does."""
    try:
        connection.connection.cursor().execute(statement).close()
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error


async def _connect(at: Address) -> Any:
    import asyncpg

    settings = {"application_name": "do-manage", "timezone": "UTC"}
    try:
        connection = await asyncpg.connect(at.dsn, timeout=CONNECT_TIMEOUT, server_settings=settings)
        try:
            await connection.execute(_POSTGRES_SESSION)
        except BaseException:  # also when we are cancelled: nobody else knows the connection
            connection.terminate()
            raise
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreError(f"{at.shown}: {_postgresql_mend(error, lost=True)}") from error
    return connection


async def _listen_once(at: Address, wake: Callable[[], None]) -> None:
    connection = await _connect(at)
    try:
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _connection: closed.set())
        await connection.add_listener(_CHANNEL, lambda *_notice: wake())
        wake()  # what was committed before we listened
        await closed.wait()
    finally:
        connection.terminate()


def _sqlite_mend(at: Address, said: str) -> str | None:
    mends = {
        "unable to open": f"cannot open {at.path}; check that it is a file and that its folder may be written to",
        "not a database": f"{at.path} is not a SQLite database; move it away, or name another file",
        "readonly": f"{at.path} may not be written to; check its owner and permissions",
        "disk is full": f"no space left for {at.path}; free some",
        "disk I/O": f"the disk under {at.path} fails; check it, then restore a backup",
        "malformed": f"{at.path} is damaged; restore a backup",
        "is locked": f"{at.path} is being written to by another process; try again in a moment",
    }
    return next((mend for sign, mend in mends.items() if sign in said), None)


def _postgresql_mend(error: BaseException, *, lost: bool) -> str | None:
    said = " ".join(str(error).split()) or type(error).__name__
    mends = {
        "3D000": "create it (createdb), or mend the name in DATABASE_URL",
        "28P01": "mend user or password in DATABASE_URL",
        "28000": "mend the user in DATABASE_URL, or the server's pg_hba.conf",
        "42501": "let the user create tables there (GRANT CREATE ON SCHEMA public)",
        "53300": "raise max_connections there, or run fewer replicas",
        "57P03": "try again in a moment",
    }
    state = getattr(error, "sqlstate", None)
    if state in mends:
        return f"{said}; {mends[state]}"
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_TIMEOUT:.0f} s; check host, port and firewall in DATABASE_URL"
    if isinstance(error, OSError):
        return f"cannot be reached: {said}; check host and port in DATABASE_URL, and that PostgreSQL runs there"
    return f"{said}; check DATABASE_URL and the server" if lost else None
