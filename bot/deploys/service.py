"""Deploys: noted in the journal, read back from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.events import Deployed, payload_of
from bot.ports import Ports
from storage.records.journal import Entry
from storage.tables import journal
from storage.unit_of_work import UnitOfWork

KIND = Deployed.__name__
MOST = 500
"""So many are read at once, the latest."""
SLACK = timedelta(minutes=5)
"""A pipeline's clock may be ahead by so much."""


class NotYet(ValueError):
    """It would have happened in the future; the text says when."""


async def note(ports: Ports, deployed: Deployed, *, by: str) -> bool:
    """Write a deploy down, once: False when that very one is there already. Raises `NotYet`."""
    if deployed.finished_at > ports.now() + SLACK:
        raise NotYet(f"{deployed.finished_at:%Y-%m-%d %H:%M} UTC is not yet")
    payload = payload_of(deployed)

    async def work(unit: UnitOfWork) -> bool:
        known = await journal.of_subjects(unit.conn, [deployed.subject])
        if any(entry.payload == payload for entry in known):  # a pipeline may say it twice
            return False
        entry = await unit.append(at=ports.now(), kind=KIND, subject=deployed.subject, actor=by, payload=payload)
        await unit.enqueue(ports.jobs_for(entry))
        return True

    return await ports.store.transact(work)


async def since(ports: Ports, moment: datetime, *, service: str = "") -> Sequence[Entry]:
    """What went out since then, oldest first."""
    async with ports.store.read() as conn:
        entries = await journal.of_kind(conn, KIND, moment, MOST)
    found = [entry for entry in entries if service in {"", entry.payload["service"]} and _at(entry) >= moment]
    return sorted(found, key=lambda entry: (_at(entry), entry.id))


def _at(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.payload["finished_at"])
