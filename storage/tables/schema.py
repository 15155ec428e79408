"""What all tables share: names of constraints, column types, and the optimistic write."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Executable,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)
from sqlalchemy import DateTime as DateTimeColumn
from sqlalchemy import insert as plain_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeDecorator

from storage.engine import Conflict, insert

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself only under this very name


class Instant(TypeDecorator[datetime]):
    """A moment: aware in, aware UTC out. SQLite keeps text of one width, so that comparing text compares time."""

    impl = DateTimeColumn(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive times, turn the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the time zone back that SQLite does not keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text from anywhere. What a database cannot hold (NUL, half a surrogate pair) becomes a replacement mark."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace what neither database may be given."""
        return None if value is None else plain_words(str(value))


class Document(TypeDecorator[Any]):
    """A JSON value. Numbers that JSON has no word for (NaN, infinity) are refused on both databases alike."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        """Write compact JSON, keys in their own order."""
        return plain_document(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read the JSON."""
        return json.loads(value)


def plain_words(text: str) -> str:
    """What `Words` keeps."""
    plain = text.replace("\x00", "\ufffd") if "\x00" in text else text
    return plain if plain.isascii() else plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plain_document(value: Any) -> str:
    """What `Document` keeps."""
    return _ENCODER.encode(value)


def plain_instant(at: datetime | None) -> str | None:
    """What `Instant` keeps in SQLite."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def row_of(record: Any) -> dict[str, Any]:
    """Return the record's fields by name; columns are named alike."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


async def write(conn: AsyncConnection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert when the row's version is 0, else update that very version; the kept version is one higher.

    Raises `Conflict` when somebody else was first, or holds what must be unique.
    """
    version = row["version"]
    values = {**row, "version": version + 1}
    try:
        if version == 0:
            written = await conn.execute(_inserting(table, conn.dialect.name), values)
        else:
            keys = {f"_{column.name}": row[column.name] for column in table.primary_key.columns}
            written = await conn.execute(_updating(table), {**values, **keys, "_version": version})
    except IntegrityError as error:
        raise Conflict(f"{table.name}: another row is there that must be the only one") from error
    if written.rowcount != 1:
        name = ", ".join(str(row[column.name]) for column in table.primary_key.columns)
        raise Conflict(f"{table.name} {name}: version {version} is no longer the latest")


async def write_all(conn: AsyncConnection, table: Table, records: Sequence[Mapping[str, Any]]) -> None:
    """Do what `write` does with many rows at once, of which those to be updated are locked already.

    Raises `Conflict` when somebody else holds what must be unique.
    """
    fresh = [{**row, "version": 1} for row in records if row["version"] == 0]
    keys = [column.name for column in table.primary_key.columns]
    known = [
        {**row, "version": row["version"] + 1, "_version": row["version"], **{f"_{key}": row[key] for key in keys}}
        for row in records
        if row["version"]
    ]
    try:
        if fresh:
            await conn.execute(_plain(table), fresh)
        if known:
            await conn.execute(_updating(table), known)
    except IntegrityError as error:
        raise Conflict(f"{table.name}: another row is there that must be the only one") from error


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


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value: {value!r}")


_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_value)
