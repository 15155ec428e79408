"""SQLite's own SQL, straight through its driver: what a storm does most costs a tenth of SQLAlchemy's way.

Only connections that answer at once are driven so, the writer's and glances'; for all others (PostgreSQL, long reads)
each function says that it did nothing, and SQLAlchemy does it. Contracts hold both ways to the same results.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, cast

from sqlalchemy import Boolean, ClauseElement, Executable, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.columns import Document, Instant, Words, plain_document, plain_instant, plain_words
from storage.writer import Direct

Convert = Callable[[Any], Any]

_NAMED = sqlite.dialect(paramstyle="named")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a statement: how many rows it wrote, and those that it returns."""

    count: int
    rows: list[tuple[Any, ...]]


def driver(conn: AsyncConnection) -> sqlite3.Connection | None:
    """The driver's connection; None where it cannot be had."""
    given: object = conn  # a `Direct` has the face of a connection, not its class
    return given.driver if isinstance(given, Direct) else None


def insert(conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], more: str = "") -> bool:
    """Insert rows, which all have the same columns; `more` is SQL behind it. False when it was not done so.

    Raises SQLAlchemy's errors.
    """
    if (raw := driver(conn)) is None:
        return False
    if rows:
        names = tuple(rows[0])
        writes = _writes(table, names)
        values = [[write(row[name]) for name, write in writes] for row in rows]
        _done(raw, _inserting(table, names) + more, values, many=True)
    return True


def insert_one(conn: AsyncConnection, table: Table, row: Mapping[str, Any], more: str = "") -> "Done | None":
    """Do the same with one row; give what `more` returns. None when it was not done so."""
    if (raw := driver(conn)) is None:
        return None
    names = tuple(row)
    return _done(raw, _inserting(table, names) + more, [write(row[name]) for name, write in _writes(table, names)])


def update(conn: AsyncConnection, table: Table, row: Mapping[str, Any], key: Mapping[str, Any]) -> int | None:
    """Write the columns of the row with that key; say how many rows were. None when it was not done so."""
    if (raw := driver(conn)) is None:
        return None
    values = [write(row[name]) for name, write in _writes(table, tuple(row))]
    values += [write(key[name]) for name, write in _writes(table, tuple(key))]
    return _done(raw, _updating(table, tuple(row), tuple(key)), values).count


def last_id(conn: AsyncConnection) -> int:
    """The number of the row that was inserted last. Rows inserted together have numbers without gaps."""
    raw = driver(conn)
    if raw is None:
        raise TypeError("only a connection that answers at once knows")
    return int(raw.execute("SELECT last_insert_rowid()").fetchone()[0])


def select(conn: AsyncConnection, table: Table, where: str, values: Sequence[Any]) -> list[dict[str, Any]] | None:
    """The rows for which `where` holds (what follows WHERE), as SQLAlchemy would give them; None when not done so."""
    if (raw := driver(conn)) is None:
        return None
    return rows_of(table, _done(raw, _selecting(table, where), values))


def finds(conn: AsyncConnection, query: str, values: Sequence[Any]) -> bool | None:
    """Whether the query gives a row; None when it was not asked so."""
    if (raw := driver(conn)) is None:
        return None
    return bool(_done(raw, query, values).rows)


def ask(conn: AsyncConnection, statement: Executable, values: Mapping[str, Any]) -> Done | None:
    """Run a statement that is built once, with texts, numbers and moments for its parameters, none of them expanding.

    None when it was not done so.
    """
    if (raw := driver(conn)) is None:
        return None
    spelled, given = _spelled(statement)
    return _done(raw, spelled, {name: _kept(values.get(name, value)) for name, value in given.items()})


def rows_of(table: Table, done: Done) -> list[dict[str, Any]]:
    """The rows of a statement that returned all columns of the table, as SQLAlchemy would give them."""
    _, reads = _reading(table)
    return [{name: read(value) for (name, read), value in zip(reads, row, strict=True)} for row in done.rows]


def moment(kept: str | None) -> datetime | None:
    """The time that `Instant` keeps so."""
    return None if kept is None else datetime.fromisoformat(kept).replace(tzinfo=UTC)


def first(conn: AsyncConnection, table: Table, key: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The row whose columns have these values, in a list; None when it was not done so."""
    values = [write(key[name]) for name, write in _writes(table, tuple(key))]
    return select(conn, table, " AND ".join(f'"{name}" = ?' for name in key) + " LIMIT 1", values)


def marks(values: Sequence[Any]) -> str:
    """A place for each of the values, in brackets."""
    return f"({', '.join('?' * len(values))})"


def _done(raw: sqlite3.Connection, statement: str, values: Any, *, many: bool = False) -> Done:
    try:
        cursor = raw.executemany(statement, values) if many else raw.execute(statement, values)
        rows = cursor.fetchall()
        return Done(cursor.rowcount, rows)
    except sqlite3.IntegrityError as error:
        raise IntegrityError(statement, None, error) from error
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error
    except sqlite3.DatabaseError as error:  # a file that is damaged, for one: it has its mend like all others
        raise DatabaseError(statement, None, error) from error


@cache
def _inserting(table: Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({columns}) VALUES {marks(names)} '  # noqa: S608 - our own names


@cache
def _updating(table: Table, names: tuple[str, ...], key: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{name}" = ?' for name in names)
    same = " AND ".join(f'"{name}" = ?' for name in key)
    return f'UPDATE "{table.name}" SET {changes} WHERE {same}'  # noqa: S608 - our own names


@lru_cache(128)
def _selecting(table: Table, where: str) -> str:
    query, _ = _reading(table)
    return f"{query} WHERE {where}"


@cache
def _reading(table: Table) -> tuple[str, tuple[tuple[str, Convert], ...]]:
    columns = ", ".join(f'"{column.name}"' for column in table.c)
    reads = tuple((column.name, _read_of(column.type)) for column in table.c)
    return f'SELECT {columns} FROM "{table.name}"', reads  # noqa: S608 - our own names


@cache
def _spelled(statement: Executable) -> tuple[str, Mapping[str, Any]]:
    """The statement as SQLite reads it, with the names of its parameters and their values as far as it has them."""
    compiled = cast("ClauseElement", statement).compile(dialect=_NAMED)
    return str(compiled), compiled.params


def _kept(value: Any) -> Any:
    if isinstance(value, datetime):
        return plain_instant(value)
    return plain_words(value) if isinstance(value, str) else value


@cache
def _writes(table: Table, names: tuple[str, ...]) -> tuple[tuple[str, Convert], ...]:
    return tuple((name, _write_of(table.c[name].type)) for name in names)


def _write_of(kind: Any) -> Convert:
    if isinstance(kind, Words):
        return _words
    if isinstance(kind, Document):
        return plain_document
    return plain_instant if isinstance(kind, Instant) else _as_it_is


def _read_of(kind: Any) -> Convert:
    if isinstance(kind, Document):
        return json.loads
    if isinstance(kind, Instant):
        return moment
    if isinstance(kind, Boolean):
        return lambda value: None if value is None else bool(value)
    return _as_it_is


def _words(value: Any) -> str | None:
    return None if value is None else plain_words(str(value))


def _as_it_is(value: Any) -> Any:
    return value
