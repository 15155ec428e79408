"""Opening a database: made when it is not there, migrated once, refused in one line with the mend."""

import asyncio
import importlib
import pkgutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage import engine, migrations, tables
from storage.engine import masked
from storage.tables.schema import METADATA
from storage.unit_of_work import Store, StoreError
from tests.servers.postgresql import PostgreSQL


async def refusal(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        await Store.open(url)
    said = str(refused.value)
    assert "\n" not in said
    return said


async def test_the_migrated_database_is_the_one_that_the_tables_describe(store: Store) -> None:
    for module in pkgutil.iter_modules(tables.__path__, f"{tables.__name__}."):
        importlib.import_module(module.name)  # a table is known once its module is

    def differences(conn: Connection) -> list[object]:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, METADATA))

    async with store.read() as conn:
        assert await conn.run_sync(differences) == []


def test_steps_are_numbered_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    assert [step.revision for step in script.walk_revisions()][::-1] == migrations.known()


async def test_eight_processes_may_open_a_new_database_at_once(empty_database_url: str) -> None:
    stores = await asyncio.gather(*(Store.open(empty_database_url) for _ in range(8)))
    for store in stores:
        assert await store.transact(lambda unit: unit.next_id("alert")) > 0
        await store.close()


async def test_who_loses_against_another_one_that_makes_the_file_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, turn_on = tmp_path / "bot.db", engine._write_ahead
    tried: list[engine.Address] = []
    other = sqlite3.connect(database, check_same_thread=False)

    def write_ahead(at: engine.Address) -> None:
        tried.append(at)
        if len(tried) > 1:
            return turn_on(at)
        other.execute("BEGIN EXCLUSIVE")
        with monkeypatch.context() as waiting:
            waiting.setattr(engine, "BUSY_TIMEOUT", 0)
            try:
                turn_on(at)
            finally:
                other.rollback()

    monkeypatch.setattr(engine, "_write_ahead", write_ahead)
    await (await Store.open(f"sqlite:///{database}")).close()
    other.close()

    assert len(tried) == 2


async def test_opening_again_changes_nothing_and_does_not_load_the_migration_tool(empty_database_url: str) -> None:
    first = await Store.open(empty_database_url)
    await first.transact(lambda unit: unit.next_id("alert"))
    await first.close()
    program = (
        "import asyncio, sys\n"
        "from storage.unit_of_work import Store\n"
        "async def main():\n"
        "    store = await Store.open(sys.argv[1])\n"
        "    print(await store.transact(lambda unit: unit.next_id('alert')), 'alembic' in sys.modules)\n"
        "    await store.close()\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, empty_database_url], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["2", "False"]


async def test_a_database_of_a_newer_program_is_refused_and_left_alone(empty_database_url: str) -> None:
    store = await Store.open(empty_database_url)
    await store.transact(lambda unit: unit.conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()
    said = await refusal(empty_database_url)
    assert "revision 9999 is newer than this program" in said
    assert f"up to {migrations.known()[-1]}" in said


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@db/x", "bot.db", "", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:bot.db"]
)
async def test_an_address_that_cannot_be_used_is_refused_with_what_to_write(url: str) -> None:
    said = await refusal(url)
    assert said.startswith(url.replace("s3cret", "***"))
    assert "write sqlite:///" in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@db/x",
        "postgresql://u:s3@cret@db/x",
        "postgresql://u:s3/cret@db/x",
        "postgresql://u@db/x?password=s3cret&sslmode=require",
        "postgresql://u@db/x?sslpassword=s3cret",
        "postgres://:s3cret@db/x",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    assert "cret" not in masked(url)
    assert "***" in masked(url)


@pytest.mark.parametrize("url", ["sqlite:///data/bot.db", "postgresql://u@db/x", "postgresql://db:5432/x"])
def test_an_address_without_a_password_is_shown_as_it_is(url: str) -> None:
    assert masked(url) == url


async def test_the_folder_of_a_file_is_made(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/new/data/bot.db")
    await store.close()
    assert (tmp_path / "new/data/bot.db").exists()


async def test_a_relative_path_is_taken_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = await Store.open("sqlite:///data/bot.db")
    await store.close()
    assert (tmp_path / "data/bot.db").exists()


async def test_writes_survive_a_power_cut_by_the_settings_that_promise_it(
    tmp_path: Path, in_earnest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SYNCHRONOUS", in_earnest)
    store = await Store.open(f"sqlite:///{tmp_path}/bot.db")
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    async with store.read() as conn:
        found = [(await conn.execute(text(f"PRAGMA {name}"))).scalar() for name in names]
    await store.close()
    assert found == ["wal", 2, 1, 5000]


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "cannot open" in await refusal(f"sqlite:///{tmp_path}")


async def test_a_file_that_cannot_be_opened_leaves_no_thread_that_answers_to_a_closed_loop(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    await refusal(f"sqlite:///{tmp_path}")
    begun = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in begun if not name.startswith("asyncio_")] == []  # those of the loop end with it


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot create" in await refusal(f"sqlite:///{tmp_path}/file/bot.db")


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database, " * 100)
    assert "is not a SQLite database" in await refusal(f"sqlite:///{path}")
    assert path.read_text().startswith("these are notes")


async def test_a_write_waits_for_another_process_that_is_writing(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/bot.db")
    other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.transact(lambda unit: unit.next_id("alert")))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    other.execute("COMMIT")
    assert await waiting == 1
    other.close()
    await store.close()


async def test_reading_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/bot.db")
    other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(2), store.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM alerts"))).scalar() == 0
    other.close()
    await store.close()


async def test_a_server_that_is_not_there_is_refused_at_once() -> None:
    begun = time.monotonic()
    said = await refusal("postgresql://bot:s3cret@127.0.0.1:1/ops")
    assert said.startswith("postgresql://bot:***@127.0.0.1:1/ops: cannot be reached")
    assert "check host and port" in said
    assert time.monotonic() - begun < 5


async def test_a_server_that_does_not_answer_is_refused_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CONNECT_TIMEOUT", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        said = await refusal(f"postgresql://bot@127.0.0.1:{silent.getsockname()[1]}/ops")
    assert "no answer within 1 s" in said
    assert time.monotonic() - begun < 15


async def test_a_host_that_does_not_exist_is_refused() -> None:
    assert "cannot be reached" in await refusal("postgresql://bot@db.invalid/ops")


@pytest.mark.server
async def test_a_database_that_is_not_there_is_refused_with_how_to_make_it(postgresql: PostgreSQL) -> None:
    said = await refusal(postgresql.url("nowhere"))
    assert 'database "nowhere" does not exist; create it (createdb)' in said


@pytest.mark.server
async def test_a_user_that_does_not_exist_is_refused(postgresql: PostgreSQL) -> None:
    said = await refusal(postgresql.url().replace("postgres@", "nobody:s3cret@"))
    assert 'role "nobody" does not exist' in said
    assert "s3cret" not in said


@pytest.mark.server
async def test_a_user_who_may_not_create_tables_is_refused_with_the_grant(
    postgresql: PostgreSQL, postgresql_url: str
) -> None:
    postgresql.run("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    said = await refusal(postgresql_url.replace("postgres@", "reader@"))
    assert "permission denied for schema public" in said
    assert "GRANT CREATE" in said


@pytest.mark.server
@pytest.mark.parametrize("scheme", ["postgres", "postgresql+asyncpg", "postgresql+psycopg"])
async def test_every_spelling_of_the_scheme_is_understood(postgresql_url: str, scheme: str) -> None:
    store = await Store.open(postgresql_url.replace("postgresql:", f"{scheme}:"))
    assert store.dialect == "postgresql"
    await store.close()


@pytest.mark.server
async def test_options_of_libpq_are_understood(postgresql_url: str) -> None:
    store = await Store.open(f"{postgresql_url}?sslmode=prefer&application_name=ops")
    await store.close()


@pytest.mark.server
async def test_the_store_goes_on_after_its_connections_were_cut(postgresql: PostgreSQL, postgresql_url: str) -> None:
    store = await Store.open(postgresql_url)
    await store.transact(lambda unit: unit.next_id("alert"))
    name = postgresql_url.rpartition("/")[2]
    postgresql.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )
    assert await store.transact(lambda unit: unit.next_id("alert")) == 2
    await store.close()


@pytest.mark.server
async def test_a_connection_cut_inside_a_transaction_is_one_line(postgresql: PostgreSQL, postgresql_url: str) -> None:
    store = await Store.open(postgresql_url)
    name = postgresql_url.rpartition("/")[2]
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"

    async def read() -> None:
        async with store.read() as conn:
            await conn.execute(text("SELECT 1"))
            postgresql.run(cut)
            await conn.execute(text("SELECT 1"))

    with pytest.raises(StoreError, match="check DATABASE_URL and the server"):
        await read()
    await store.close()


@pytest.mark.server
async def test_jobs_of_another_process_are_announced_and_so_again_after_a_cut(
    postgresql: PostgreSQL, postgresql_url: str
) -> None:
    store, other = await Store.open(postgresql_url), await Store.open(postgresql_url)
    woken = asyncio.Event()
    listening = asyncio.create_task(store.listen(woken.set))
    for _ in range(2):
        async with asyncio.timeout(20):
            await woken.wait()  # it says so once when it begins to listen
        woken.clear()
        await other.transact(lambda unit: unit.wake())
        async with asyncio.timeout(20):
            await woken.wait()
        woken.clear()
        postgresql.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND query ILIKE 'listen%'"
        )
    listening.cancel()
    await asyncio.wait([listening])
    await store.close()
    await other.close()
