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
AGAIN = timedelta(minutes=10)
"""Within so long a pipeline that tells the same version again tries a step again, unless another went out between."""


class NotYet(ValueError):
    """It would have happened in the future; the text says when."""


async def note(ports: Ports, deployed: Deployed, *, by: str, dated: bool) -> bool:
    """Write a deploy down, once: False when that very one is there already. Raises `NotYet`.

    Without a time of its own (`dated`) it is the same as the latest one where that has its words and is no older than
    `AGAIN`.
    """
    if deployed.finished_at > ports.now() + SLACK:
        raise NotYet(f"{deployed.finished_at:%Y-%m-%d %H:%M} UTC is not yet")
    payload, begin = payload_of(deployed), deployed.finished_at - AGAIN - SLACK

    async def work(unit: UnitOfWork) -> bool:
        await unit.next_id("deploy")  # one at a time: of two who tell the same, the second finds the first
        known = await journal.of_subjects_since(unit.conn, [deployed.subject], KIND, begin)
        if any(entry.payload == payload for entry in known) or (not dated and _just_told(known, deployed)):
            return False
        entry = await unit.append(at=ports.now(), kind=KIND, subject=deployed.subject, actor=by, payload=payload)
        await unit.enqueue(ports.jobs_for(entry))
        return True

    return await ports.store.transact(work)


async def since(ports: Ports, moment: datetime, *, service: str = "") -> Sequence[Entry]:
    """What went out since then, oldest first."""
    async with ports.store.read() as conn:
        if service:
            entries = (await journal.of_subjects_since(conn, [f"deploy:{service}"], KIND, moment))[-MOST:]
        else:
            entries = await journal.of_kind(conn, KIND, moment, MOST)
    return sorted((entry for entry in entries if _at(entry) >= moment), key=lambda entry: (_at(entry), entry.id))


def _just_told(known: Sequence[Entry], deployed: Deployed) -> bool:
    latest = max(known, key=_at, default=None)
    if latest is None or deployed.finished_at - _at(latest) > AGAIN:
        return False
    return {**latest.payload, "finished_at": ""} == {**payload_of(deployed), "finished_at": ""}


def _at(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.payload["finished_at"])
