"""Databases for tests: migrated ones are copies of one that was migrated once, empty ones have not even tables."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from storage import engine, migrations
from storage.unit_of_work import Store
from tests.servers.postgresql import PostgreSQL


@pytest.fixture(scope="session", autouse=True)
def in_earnest() -> Iterator[str]:
    """Let SQLite not wait for the disk in this process; gives what it does in earnest."""
    with pytest.MonkeyPatch.context() as patch:
        before = engine.SYNCHRONOUS
        patch.setattr(engine, "SYNCHRONOUS", "OFF")
        yield before


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file for all tests to copy, which takes a hundredth of the time of migrating one."""
    made = tmp_path_factory.mktemp("template") / "bot.db"
    asyncio.run(_migrated(f"sqlite:///{made}"))
    return made


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Give a migrated SQLite database without rows, as DATABASE_URL takes it."""
    shutil.copyfile(sqlite_template, tmp_path / "bot.db")
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def either_url(request: pytest.FixtureRequest) -> str:
    """Give a migrated database without rows; a test that asks for it runs on SQLite and PostgreSQL."""
    return str(request.getfixturevalue("migrated_postgresql_url" if request.param == "postgresql" else "sqlite_url"))


@pytest.fixture
def database_url(either_url: str) -> str:
    """Give what `either_url` gives; where one database is enough, this is overridden by `sqlite_url`."""
    return either_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a database in which nothing is, not even tables, on SQLite and PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture(scope="session")
def _migrated_postgresql(postgresql: PostgreSQL) -> Iterator["Emptied"]:
    """Migrate one database for all tests of this process, one after another."""
    with postgresql.database() as template:
        asyncio.run(_migrated(template))
        emptied = Emptied(postgresql, template.rpartition("/")[2])
        yield emptied
        emptied.forget()


@pytest.fixture
def migrated_postgresql_url(_migrated_postgresql: "Emptied") -> Iterator[str]:
    """Give the address of a migrated PostgreSQL database without rows, until the test ends."""
    yield _migrated_postgresql.url()
    _migrated_postgresql.empty()


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    """Give an open store on SQLite, for where it does not matter on which database."""
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def either(either_url: str) -> AsyncIterator[Store]:
    """Give an open store on SQLite and on PostgreSQL."""
    opened = await Store.open(either_url)
    yield opened
    await opened.close()


class Emptied:
    """A migrated database that is emptied after each test, which takes a hundredth of the time of a new copy.

    A test that changed more than rows gets it thrown away, and the next one a new copy.
    """

    def __init__(self, server: PostgreSQL, template: str) -> None:
        self._server = server
        self._template = template
        self._open = ExitStack()
        self._url = ""

    def url(self) -> str:
        """Return its address."""
        if not self._url:
            self._url = self._open.enter_context(self._server.database(self._template))
            self._session = self._open.enter_context(self._server.talking(self._url.rpartition("/")[2]))
            self._session.ask(_KEEP)
            self._shape = self._session.ask(_SHAPE)
        return self._url

    def empty(self) -> None:
        """Cut all connections, and make it what it was when it was new."""
        with suppress(OSError):  # psql itself was cut off, or something is in the way
            self._session.ask(_EMPTY)
            if self._session.ask(_SHAPE) == self._shape:
                return
        self.forget()

    def forget(self) -> None:
        """Drop it."""
        self._open.close()
        self._url = ""


_KEEP = """
CREATE TEMP TABLE kept (name text, row jsonb);
DO $$ DECLARE named text; BEGIN
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('INSERT INTO kept SELECT %L, to_jsonb(one) FROM public.%I one', named, named);
    END LOOP;
END $$;
SET session_replication_role = replica"""
"""Note the rows of a new database (Alembic's revision), and ask no more whether references hold."""

_EMPTY = """
DO $$ DECLARE named text; filled boolean; BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR named IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', named) INTO filled;
        IF pg_relation_size(format('public.%I', named)::regclass) > 1000000 THEN  -- or what is dead slows the next test
            EXECUTE format('TRUNCATE public.%I CASCADE', named);
        ELSIF filled THEN
            EXECUTE format('DELETE FROM public.%I', named);
        END IF;
    END LOOP;
    FOR named IN SELECT DISTINCT name FROM kept LOOP
        EXECUTE format('INSERT INTO public.%I SELECT (jsonb_populate_record(NULL::public.%I, row)).* FROM kept '
            'WHERE name = %L', named, named, named);
    END LOOP;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
END $$"""

_SHAPE = """
SELECT attrelid, count(*), max(xmin::text::bigint) FROM pg_attribute
WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) GROUP BY 1 ORDER BY 1"""
"""What changes with each column, table, index and sequence."""


def upgrade(conn: Connection, revision: str) -> None:
    """Bring a database to the state of that revision, which an older program knew as its last."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


async def _migrated(url: str) -> None:
    store = await Store.open(url)
    await store.close()
