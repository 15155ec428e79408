"""The held state of each health check."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Float, Integer, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.checks import CheckState, Status
from storage.tables.schema import METADATA, Instant, Words, first, row_of, rows, write

CHECKS = Table(
    "checks",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("type", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("since", Instant, nullable=False),
    Column("observed", Words, nullable=False),
    Column("streak", Integer, nullable=False),
    Column("streak_since", Instant, nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("latency_ms", Float(53)),
    Column("detail", Words, nullable=False),
    Column("value", Float(53)),
    Column("threshold", Float(53)),
    Column("unit", Words, nullable=False),
    Column("version", Integer, nullable=False),
)


def to_row(state: CheckState) -> dict[str, Any]:
    """Return the state as columns."""
    return row_of(state)


def from_row(row: Mapping[str, Any]) -> CheckState:
    """Return the state that `to_row` wrote."""
    return CheckState(**{**row, "status": Status(row["status"]), "observed": Status(row["observed"])})


async def save(conn: AsyncConnection, state: CheckState) -> None:
    """Write the state as it should be from now on; raises `Conflict`."""
    await write(conn, CHECKS, to_row(state))


async def get(conn: AsyncConnection, name: str, *, lock: bool = False) -> CheckState | None:
    """Return the state of the check of that name, None before its first result."""
    row = await first(conn, CHECKS, name=name, lock=lock)
    return from_row(row) if row else None


async def everything(conn: AsyncConnection) -> list[CheckState]:
    """All states by name."""
    return [from_row(row) for row in await rows(conn, select(CHECKS).order_by(CHECKS.c.name))]


async def remove(conn: AsyncConnection, name: str) -> bool:
    """Forget a check that is no longer configured; says whether it was there."""
    return (await conn.execute(delete(CHECKS).where(CHECKS.c.name == name))).rowcount == 1
