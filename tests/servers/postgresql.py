"""A PostgreSQL server per test session and a fresh database per test."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.process import IS_SERVER, account, free_port, program, running

PACKAGE = "postgresql"
BINARIES = "/usr/lib/postgresql/*/bin"


@dataclass(frozen=True)
class PostgreSQL:
    """A running server and how to reach it."""

    port: int
    psql: str

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, as DATABASE_URL takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres") -> str:
        """Run SQL and return what psql printed, one row a line."""
        argv = [self.psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url(database)]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"psql: {done.stderr.strip()} (from: {sql})", pytrace=False)
        return done.stdout.strip()

    @contextmanager
    def talking(self, database: str) -> Iterator["Session"]:
        """Give a psql that stays connected to a database until the block ends."""
        argv = [self.psql, "-XqAt", "-v", "ON_ERROR_STOP=1", self.url(database)]
        environment = {**os.environ, IS_SERVER: "1"}
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        ) as process:
            yield Session(process)

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Give the address of a new database, a copy of `template`, that lives as long as the block."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        yield self.url(name)
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Session:
    """A connection that is kept, which saves the start of a process for each question."""

    process: "subprocess.Popen[str]"

    def ask(self, sql: str) -> list[str]:
        """Run SQL and return the lines that psql printed; raises `ConnectionError` when it fails, and at once after."""
        end = f"end {uuid.uuid4().hex}"
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{sql}\n;\n\\echo {end}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == end:
                return lines
            lines.append(line.rstrip("\n"))
        raise ConnectionError("\n".join(lines))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Give a running PostgreSQL server. Its disk writes are not flushed: it is as fast as it is forgetful."""
    initdb, server, psql = (program(name, PACKAGE, BINARIES) for name in ("initdb", "postgres", "psql"))
    user = _unprivileged()
    home = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path is limited to about 100 bytes
    try:
        if user:
            shutil.chown(home, user)
        _create(initdb, home / "data", user)
        port = free_port()
        argv = [server, "-D", f"{home}/data", "-h", "127.0.0.1", "-p", str(port), "-k", str(home), "-F"]
        settings = ["full_page_writes=off", "synchronous_commit=off", "max_connections=200", "timezone=UTC"]
        probe = [psql, "-XqAt", "-c", "select 1", f"postgresql://postgres@127.0.0.1:{port}/postgres"]
        with running(
            argv + [word for setting in settings for word in ("-c", setting)],
            ready=lambda: subprocess.run(probe, check=False, capture_output=True).returncode == 0,
            log=home / "server.log",
            user=user,
        ):
            yield PostgreSQL(port, psql)
    finally:
        shutil.rmtree(home)


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """Give the address of an empty PostgreSQL database that lives as long as the test."""
    with postgresql.database() as url:
        yield url


def _create(initdb: str, data: Path, user: str | None) -> None:
    argv = [initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd="/", **account(user))
    if done.returncode:
        pytest.fail(f"initdb: {done.stderr.strip()}", pytrace=False)


def _unprivileged() -> str | None:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
