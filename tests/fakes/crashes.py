"""A process that dies at a chosen moment: right after the n-th thing that it did outside or wrote down."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage.unit_of_work import Store, UnitOfWork

T = TypeVar("T")


class Died(BaseException):
    """The process is gone: no handler of errors sees this."""


@dataclass
class Fate:
    """Counts deeds; after number `at` the process dies, and whoever asked for the deed never hears of it."""

    at: int
    deeds: list[str] = field(default_factory=list)

    async def meet(self, deed: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, and die if it is time to."""
        self.deeds.append(deed)
        done = await work()
        if len(self.deeds) == self.at:
            raise Died(deed)
        return done


class Mortal:
    """Stands before `whole`: each call of its `deadly` methods is a deed. Everything else is passed on."""

    def __init__(self, whole: Any, fate: Fate, deadly: frozenset[str]) -> None:
        self._whole = whole
        self._fate = fate
        self._deadly = deadly

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        if name not in self._deadly:
            return found

        async def deed(*args: Any, **kwargs: Any) -> Any:
            return await self._fate.meet(name, lambda: found(*args, **kwargs))

        return deed


class MortalStore(Mortal):
    """A store whose commits are deeds."""

    def __init__(self, store: Store, fate: Fate) -> None:
        super().__init__(store, fate, frozenset())

    async def transact(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Commit, and die if it is time to."""
        return await self._fate.meet("commit", lambda: self._whole.transact(work))
