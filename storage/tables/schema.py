"""What all tables share: reading and writing rows, the optimistic write, and the types and names of `columns`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import Column, Executable, Table, bindparam, delete, select, tuple_, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.engine import Conflict, insert
from storage.tables import plain
from storage.tables.columns import METADATA, BigId, Document, Instant, Words, plain_document, plain_instant, plain_words

__all__ = [
    "METADATA",
    "BigId",
    "Document",
    "Instant",
    "Words",
    "first",
    "plain_document",
    "plain_instant",
    "plain_words",
    "purge_rows",
    "row_of",
    "rows",
    "write",
    "write_all",
]


def row_of(record: Any) -> dict[str, Any]:
    """Return the record's fields by name; columns are named alike."""
    kind: Any = type(record)
    return {name: getattr(record, name) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


async def write(conn: AsyncConnection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert when the row's version is 0, else update that very version; the kept version is one higher.

    Raises `Conflict` when somebody else was first, or holds what must be unique.
    """
    version = row["version"]
    values = {**row, "version": version + 1}
    key = {**{column.name: row[column.name] for column in table.primary_key.columns}, "version": version}
    try:
        written = await (_fresh(conn, table, values) if version == 0 else _over(conn, table, values, key))
    except IntegrityError as error:
        raise Conflict(f"{table.name}: another row is there that must be the only one") from error
    if written != 1:
        name = ", ".join(str(row[column.name]) for column in table.primary_key.columns)
        raise Conflict(f"{table.name} {name}: version {version} is no longer the latest")


async def write_all(conn: AsyncConnection, table: Table, records: Sequence[Mapping[str, Any]]) -> None:
    """Do what `write` does with many rows at once, of which those to be updated are locked already.

    Raises `Conflict` when somebody else holds what must be unique.
    """
    fresh = [{**row, "version": 1} for row in records if row["version"] == 0]
    if len(records) == 1 and not fresh:
        return await write(conn, table, records[0])
    keys = [column.name for column in table.primary_key.columns]
    known = [
        {**row, "version": row["version"] + 1, "_version": row["version"], **{f"_{key}": row[key] for key in keys}}
        for row in records
        if row["version"]
    ]
    try:
        if fresh and not plain.insert(conn, table, fresh):
            await conn.execute(_plain(table), fresh)
        if known:
            await conn.execute(_updating(table), known)
    except IntegrityError as error:
        raise Conflict(f"{table.name}: another row is there that must be the only one") from error
    return None


async def _fresh(conn: AsyncConnection, table: Table, values: Mapping[str, Any]) -> int:
    """Insert the row unless one is there; says whether it was."""
    if (done := plain.insert_one(conn, table, values, "ON CONFLICT DO NOTHING")) is not None:
        return done.count
    return (await conn.execute(_inserting(table, conn.dialect.name), values)).rowcount


async def _over(conn: AsyncConnection, table: Table, values: Mapping[str, Any], key: Mapping[str, Any]) -> int:
    """Write over the row of that key; says how many there were."""
    if (changed := plain.update(conn, table, values, key)) is not None:
        return changed
    return (
        await conn.execute(_updating(table), {**values, **{f"_{name}": value for name, value in key.items()}})
    ).rowcount


# Building a statement takes much longer than running it, so each is built once.
@cache
def _inserting(table: Table, dialect: str) -> Executable:
    return insert(dialect, table).on_conflict_do_nothing()


@cache
def _plain(table: Table) -> Executable:
    return plain_insert(table)


@cache
def _updating(table: Table) -> Executable:
    same = [column == bindparam(f"_{column.name}") for column in (*table.primary_key.columns, table.c.version)]
    return update(table).where(*same)


async def first(
    conn: AsyncConnection, table: Table, *where: ColumnElement[bool], lock: bool = False, **values: Any
) -> Mapping[str, Any] | None:
    """Return the first row whose columns have these values, or None.

    `where` are conditions besides, each written down once in its module: a statement is built once for them. `lock`
    holds the row until the transaction ends (SQLite's writer is alone anyway).
    """
    if not where and (found := plain.first(conn, table, values)) is not None:
        return found[0] if found else None
    row = (await conn.execute(_first(table, where, tuple(values), lock), values)).mappings().first()
    return dict(row) if row else None


@cache
def _first(table: Table, where: tuple[ColumnElement[bool], ...], names: tuple[str, ...], lock: bool) -> Executable:
    query = select(table).where(*(table.c[name] == bindparam(name) for name in names), *where).limit(1)
    return query.with_for_update() if lock else query


async def rows(
    conn: AsyncConnection, query: Executable, values: Mapping[str, Any] | None = None
) -> list[Mapping[str, Any]]:
    """Run the query, with `values` for its parameters, and return its rows by column name."""
    return [dict(row) for row in (await conn.execute(query, values)).mappings()]


async def purge_rows(conn: AsyncConnection, table: Table, *where: ColumnElement[bool], limit: int) -> int:
    """Delete at most `limit` rows, so that no other writer waits long; says how many."""
    keys: list[Column[Any]] = list(table.primary_key.columns)
    doomed = (await conn.execute(select(*keys).where(*where).limit(limit))).all()
    if doomed:
        await conn.execute(delete(table).where(tuple_(*keys).in_([tuple(row) for row in doomed])))
    return len(doomed)
