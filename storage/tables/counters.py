"""Short numbers that people type: gapless per name, taken back when the transaction is."""

from sqlalchemy import Column, Integer, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.tables.schema import METADATA, Words

COUNTERS = Table(
    "counters", METADATA, Column("name", Words, primary_key=True), Column("value", Integer, nullable=False)
)


async def following(conn: AsyncConnection, name: str) -> int:
    """Count one up and give the number, 1 at first. Others who want one of that name wait for this transaction."""
    start = insert(conn, COUNTERS).values(name=name, value=1)
    count = start.on_conflict_do_update(index_elements=["name"], set_={"value": COUNTERS.c.value + 1})
    return int((await conn.execute(count.returning(COUNTERS.c.value))).scalar_one())
