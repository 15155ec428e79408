"""The types of columns, and how tables name their constraints."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Text
from sqlalchemy import DateTime as DateTimeColumn
from sqlalchemy.types import TypeDecorator

_MICROSECONDS = len("2026-01-31 09:30:00.000000")
_MOMENTS = 64

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
    if at is None:
        return None
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"{at.isoformat()} has no time zone")
        at = at.astimezone(UTC)
    return _spelled(at)


@lru_cache(_MOMENTS)  # a transaction writes the same moment many times over
def _spelled(at: datetime) -> str:
    return at.isoformat(" ", "microseconds")[:_MICROSECONDS]


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value: {value!r}")


_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_value)
