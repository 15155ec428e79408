"""What is decided just now, written into the inbox beforehand: a page may then go out before its alert is committed.

Should the process die in between, the next one finds the record and decides it before all else: the same alert, of the
same number, whose page goes out once more.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.alerts import keeping
from bot.alerts.keeping import Batch
from storage import inbox
from storage.inbox import Inbox, Place
from storage.unit_of_work import StoreError, UnitOfWork


@dataclass
class Ahead:
    """The record of these batches, which is written when it is first asked for."""

    inbox: Inbox | None
    batches: Sequence[Batch]
    _place: Place | None = None

    def write(self) -> bool:
        """Write it; says whether it is there. Where it cannot be, pages wait for the commit."""
        if self.inbox is not None and self._place is None:
            with suppress(StoreError):  # the commit says so, if it cannot write either
                count = sum(map(len, self.batches))
                self._place = self.inbox.write_ahead(keeping.record(self.batches), count)
        return self._place is not None

    async def decide(self, unit: UnitOfWork) -> None:
        """Say in the transaction that decides that nobody else need do it."""
        if self._place is not None:
            await inbox.decide(unit.conn, self._place.number)

    def committed(self) -> None:
        """The transaction is committed."""
        place, self._place = self._place, None
        if place is not None and self.inbox is not None:
            self.inbox.decided(place)

    async def keep(self) -> bool:
        """The transaction failed: keep what was written to be decided later; says whether anything was.

        Raises `StoreError` when the disk does not take it.
        """
        place, self._place = self._place, None
        if place is None or self.inbox is None:
            return False
        await self.inbox.keep(place)
        return True
