"""Short numbers that people type: gapless per name, taken back when the transaction is."""

from functools import cache

from sqlalchemy import Column, Executable, Integer, Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.tables import plain
from storage.tables.schema import METADATA, Words

COUNTERS = Table(
    "counters", METADATA, Column("name", Words, primary_key=True), Column("value", Integer, nullable=False)
)


async def following(conn: AsyncConnection, name: str, many: int = 1) -> int:
    """Count up and give the number, 1 at first; of `many` the first. Others who want one wait for this transaction."""
    row, more = (
        {"name": name, "value": many},
        "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value",
    )
    if (done := plain.insert_one(conn, COUNTERS, row, more)) is not None:
        return int(done.rows[0][0]) - many + 1
    count = await conn.execute(_counting(conn.dialect.name), {"name": name, "value": many, "_many": many})
    return int(count.scalar_one()) - many + 1


async def value(conn: AsyncConnection, name: str) -> int | None:
    """The number that was given last; None when none was."""
    found = await conn.scalar(select(COUNTERS.c.value).where(COUNTERS.c.name == name))
    return None if found is None else int(found)


async def put(conn: AsyncConnection, name: str, value: int) -> None:
    """Have the name stand at that number."""
    row, more = {"name": name, "value": value}, "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    if plain.insert_one(conn, COUNTERS, row, more) is None:
        start = insert(conn, COUNTERS).values(row)
        await conn.execute(start.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


@cache
def _counting(dialect: str) -> Executable:
    start = insert(dialect, COUNTERS)
    more = {"value": COUNTERS.c.value + bindparam("_many")}
    return start.on_conflict_do_update(index_elements=["name"], set_=more).returning(COUNTERS.c.value)
