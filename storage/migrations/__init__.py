"""Brings a database to the state that this program expects. Each file in `versions` is one step, numbered in order."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import engine as engines
from storage.engine import Address, StoreError
from storage.migrations.lock import migration_lock

_HERE = Path(__file__).parent


def known() -> list[str]:
    """Return the revisions that this program knows, oldest first; a file's name begins with its own."""
    return sorted(path.name.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*_*.py"))


async def migrate(at: Address, engine: AsyncEngine) -> None:
    """Apply the steps that are missing, in one transaction, while no other process does.

    Raises `StoreError` when the database is newer than this program. Alembic is imported only when there is work: that
    alone takes longer than a whole start.
    """
    if await _is_current(at, engine):
        return
    migrating = engines.create(at, foreign_keys=False)
    try:
        async with migration_lock(at, migrating) as conn:
            if not await conn.run_sync(_at_head, at):
                await conn.run_sync(_upgrade)
                await conn.run_sync(_whole, at)
                await conn.commit()
    finally:
        await migrating.dispose()


async def _is_current(at: Address, engine: AsyncEngine) -> bool:
    async with engines.reading(engine).connect() as conn:
        return await conn.run_sync(_at_head, at)


def _at_head(conn: Connection, at: Address) -> bool:
    if not inspect(conn).has_table("alembic_version"):
        return False
    revision = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    steps = known()
    if revision is not None and revision not in steps:
        raise StoreError(
            f"{at.shown}: revision {revision} is newer than this program, which knows up to {steps[-1]}; "
            "install the newer version, or restore an older backup"
        )
    return bool(revision == steps[-1])


def _upgrade(conn: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def _whole(conn: Connection, at: Address) -> None:
    """Check references, which SQLite did not do while tables were rebuilt."""
    if at.dialect == "sqlite":
        broken = conn.execute(text("PRAGMA foreign_key_check")).fetchall()
        if broken:
            raise StoreError(
                f"{at.shown}: a row of {broken[0][0]} refers to nothing; nothing was migrated, report this"
            )
