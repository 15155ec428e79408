"""Databases for tests: migrated ones are copies of one that was migrated once, empty ones have not even tables."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.unit_of_work import Store
from tests.servers.postgresql import PostgreSQL


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
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a migrated database without rows; a test that asks for it runs on SQLite and PostgreSQL."""
    return str(request.getfixturevalue("migrated_postgresql_url" if request.param == "postgresql" else "sqlite_url"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a database in which nothing is, not even tables, on SQLite and PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture(scope="session")
def _postgresql_template(postgresql: PostgreSQL) -> str:
    """Migrate one database for all tests of this process; each gets a copy."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    postgresql.run(f"CREATE DATABASE {name}")
    asyncio.run(_migrated(postgresql.url(name)))
    return name


@pytest.fixture
def migrated_postgresql_url(postgresql: PostgreSQL, _postgresql_template: str) -> Iterator[str]:
    """Give the address of a migrated PostgreSQL database without rows that lives as long as the test."""
    with postgresql.database(_postgresql_template) as url:
        yield url


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    """Give an open store on SQLite, for where it does not matter on which database."""
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def either(database_url: str) -> AsyncIterator[Store]:
    """Give an open store on SQLite and on PostgreSQL."""
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


async def _migrated(url: str) -> None:
    store = await Store.open(url)
    await store.close()
