"""What others wrote into the journal, seen without a change of threads: SQLite only.

`PRAGMA data_version` tells in microseconds whether the file was written to since it was asked last, by this process or
another (https://www.sqlite.org/pragma.html#pragma_data_version); only then the new entries are read.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson


class Tail:
    """Follows the journal from its end on; close it. It must be used by one thread alone."""

    def __init__(self, path: Path, kinds: Sequence[str]) -> None:
        self._conn = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self._version = self._asked()
        self._position = self._end()
        self._kinds = tuple(kinds)
        marks = ", ".join("?" * len(self._kinds))
        self._query = f"SELECT kind, payload FROM journal WHERE id > ? AND id <= ? AND kind IN ({marks}) ORDER BY id"  # noqa: S608 - marks only

    def news(self) -> list[tuple[str, dict[str, Any]]]:
        """Return kind and payload of the entries of these kinds that were written since the last call."""
        version = self._asked()
        if version == self._version:
            return []
        self._version = version
        since, self._position = self._position, self._end()
        if since == self._position:
            return []
        found = self._conn.execute(self._query, (since, self._position, *self._kinds))
        return [(kind, orjson.loads(payload)) for kind, payload in found.fetchall()]

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()

    def _end(self) -> int:
        return int(self._conn.execute("SELECT coalesce(max(id), 0) FROM journal").fetchone()[0])

    def _asked(self) -> int:
        return int(self._conn.execute("PRAGMA data_version").fetchone()[0])
