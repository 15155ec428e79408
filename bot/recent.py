"""The last few results of long work, by all that they were made of: what has not changed is not worked out again."""

from collections.abc import Hashable
from typing import TypeVar

T = TypeVar("T")

MOST = 3
"""So many results are remembered, for each may be megabytes; the one not asked for longest is forgotten first."""


class Recent:
    """One result for each name, right only for what it was made of. It lives and ends with the process."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[object, object]] = {}

    def get(self, kind: type[T], name: Hashable, made_of: object) -> T | None:
        """What was made of exactly this, None when it is not known."""
        found = self._known.pop(name, None)
        if found is None or found[0] != made_of or not isinstance(found[1], kind):
            return None
        self._known[name] = found  # asked for last
        return found[1]

    def keep(self, name: Hashable, made_of: object, result: object) -> None:
        """Remember a result in the place of an earlier one of that name."""
        self._known.pop(name, None)
        self._known[name] = (made_of, result)
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
