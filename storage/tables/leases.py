"""Named locks that run out by themselves."""

from datetime import datetime

from sqlalchemy import Column, Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert
from storage.tables.schema import METADATA, Instant, Words

LEASES = Table(
    "leases",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("owner", Words, nullable=False),
    Column("token", Words, nullable=False),
    Column("until", Instant, nullable=False),
)


async def take(
    conn: AsyncConnection, name: str, *, owner: str, token: str, until: datetime, now: datetime
) -> tuple[str, datetime] | None:
    """Take the lock when it is free or has run out by `now`; gives None, or who holds it until when."""
    row = {"owner": owner, "token": token, "until": until}
    taken = insert(conn, LEASES).values(name=name, **row)
    done = await conn.execute(
        taken.on_conflict_do_update(index_elements=["name"], set_=row, where=LEASES.c.until <= now)
    )
    if done.rowcount == 1:
        return None
    holder = (await conn.execute(select(LEASES.c.owner, LEASES.c.until).where(LEASES.c.name == name))).one()
    return holder.owner, holder.until


async def extend(conn: AsyncConnection, name: str, *, token: str, until: datetime) -> bool:
    """Hold the lock longer; False when it is no longer ours."""
    mine = (LEASES.c.name == name, LEASES.c.token == token)
    return (await conn.execute(update(LEASES).where(*mine).values(until=until))).rowcount == 1


async def release(conn: AsyncConnection, name: str, *, token: str) -> bool:
    """Give the lock back; False when it was no longer ours."""
    mine = (LEASES.c.name == name, LEASES.c.token == token)
    return (await conn.execute(delete(LEASES).where(*mine))).rowcount == 1
