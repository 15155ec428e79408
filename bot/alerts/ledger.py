"""One alert, read under its lock, changed by a decision, committed: what every service of this room does."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.decision import Decision, commit
from bot.events import EscalationStepFired, Event, PageDelivered, PageFailed, event_of
from bot.ports import Ports
from storage.records.alerts import Alert
from storage.tables import alerts, journal
from storage.unit_of_work import UnitOfWork

BOT = "bot"
PAGES = frozenset(event.__name__ for event in (PageDelivered, PageFailed))
"""Kinds of facts that say what became of a page."""
ESCALATION = PAGES | {EscalationStepFired.__name__}
"""Kinds of facts that say how far escalation went."""


class UnknownAlert(LookupError):
    """There is no alert of that number."""


async def change(ports: Ports, number: int, actor: str, choose: Callable[[Alert], Decision[Alert]]) -> Decision[Alert]:
    """Decide about alert `number` and commit it; raises `UnknownAlert`."""

    async def work(unit: UnitOfWork) -> Decision[Alert]:
        decision = choose(await locked(unit, number))
        await put(ports, unit, decision, actor)
        return decision

    return await ports.store.transact(work)


async def put(ports: Ports, unit: UnitOfWork, decision: Decision[Alert], actor: str) -> None:
    """Commit a decision within the open transaction, with the reactions that it has."""
    await commit(unit, decision, actor=actor, now=ports.now(), jobs_for=ports.jobs_for)


async def locked(unit: UnitOfWork, number: int) -> Alert:
    """Alert `number`, held until the transaction ends; raises `UnknownAlert`."""
    alert = await alerts.get(unit.conn, number, lock=True)
    if alert is None:
        raise UnknownAlert(f"there is no alert #{number}")
    return alert


async def facts(
    conn: AsyncConnection, subject: str, kinds: Collection[str] = ESCALATION, *, latest: int | None = None
) -> list[Event]:
    """What the journal holds of these kinds about an alert, oldest first; only the `latest` where that is given.

    The rest is not read: an alert of many instances that come and go has thousands of entries.
    """
    entries = await journal.of_subject(conn, subject, kinds, latest=latest)
    return [event_of(entry.kind, entry.payload) for entry in entries]


class Opening(Protocol):
    """What takes the first steps of alerts in the transaction that opens them (bot/alerts/opening.py)."""

    def taken(self, opened: Decision[Alert], now: datetime) -> Decision[Alert]:
        """The decision that opens an alert, with its first step taken when that can be done."""

    async def begin(self, unit: UnitOfWork) -> None:
        """Send the pages of these steps already, where that can be done."""

    async def lease(self, unit: UnitOfWork) -> None:
        """Write the pages of these steps."""
