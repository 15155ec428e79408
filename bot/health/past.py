"""Reads what is known of checks over a time that is past."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.events import CheckChanged, event_of
from bot.health.held import Change, Record
from storage.records.checks import Status
from storage.tables import checks, journal, samples


async def records(conn: AsyncConnection, names: Sequence[str], since: datetime) -> dict[str, Record]:
    """What is known of each of these checks from then on; of one that there never was it is nothing."""
    if not names:
        return {}
    held = {state.name: state.status for state in await checks.everything(conn)}
    changes = await _changes(conn, names, since)
    return {
        name: Record(
            held=held.get(name, Status.UNKNOWN),
            changes=changes[name],
            # the result before the first one of that time tells how it began
            seen=await samples.hours_seen(conn, "check_up", {"check": name}, since - samples.HOUR),
        )
        for name in names
    }


async def _changes(conn: AsyncConnection, names: Sequence[str], since: datetime) -> dict[str, list[Change]]:
    """How the held statuses of these checks changed."""
    entries = await journal.of_subjects_since(conn, [f"check:{n}" for n in names], CheckChanged.__name__, since)
    found: dict[str, list[Change]] = {name: [] for name in names}
    for entry in entries:
        fact = event_of(entry.kind, entry.payload)
        if isinstance(fact, CheckChanged):
            change = Change(since=fact.since, status=Status(fact.status), previous=Status(fact.previous))
            found[fact.check].append(change)
    return found
