"""Offers to swap on-call time."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Integer, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.rota import Swap, SwapState
from storage.tables.schema import METADATA, Instant, Words, first, row_of, rows, write

SWAPS = Table(
    "swaps",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("schedule", Words, nullable=False),
    Column("offered_by", Words, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("comment", Words, nullable=False),
    Column("state", Words, nullable=False, index=True),
    Column("taken_by", Words, nullable=False),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False),
)


def to_row(swap: Swap) -> dict[str, Any]:
    """Return the offer as columns."""
    return {**row_of(swap), "state": swap.state.value}


def from_row(row: Mapping[str, Any]) -> Swap:
    """Return the offer that `to_row` wrote."""
    return Swap(**{**row, "state": SwapState(row["state"])})


async def save(conn: AsyncConnection, swap: Swap) -> None:
    """Write the offer as it should be from now on; raises `Conflict`."""
    await write(conn, SWAPS, to_row(swap))


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Swap | None:  # noqa: A002
    """Return the offer of that number."""
    row = await first(conn, SWAPS, id=id, lock=lock)
    return from_row(row) if row else None


async def open_(conn: AsyncConnection, limit: int = 200) -> list[Swap]:
    """Return the offers that nobody has taken yet, the next one first."""
    query = select(SWAPS).where(SWAPS.c.state == SwapState.OPEN.value).order_by(SWAPS.c.starts_at).limit(limit)
    return [from_row(row) for row in await rows(conn, query)]
