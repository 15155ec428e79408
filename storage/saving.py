"""How each kind of record is kept: one function of its table for each."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.alerts import Alert
from storage.records.checks import CheckState
from storage.records.follow_ups import FollowUp
from storage.records.heartbeats import Heartbeat
from storage.records.incidents import Incident
from storage.records.jobs import Job, JobState
from storage.records.meetings import Meeting
from storage.records.notices import Mirror, Notice
from storage.records.people import Preferences
from storage.records.postmortems import Postmortem
from storage.records.rota import Override, Swap
from storage.records.silences import Maintenance, Silence
from storage.tables import (
    alerts,
    checks,
    follow_ups,
    heartbeats,
    incidents,
    jobs,
    maintenance,
    meetings,
    notices,
    overrides,
    people,
    postmortems,
    silences,
    swaps,
)

_KEPT: Mapping[type, Callable[[AsyncConnection, Any], Awaitable[None]]] = {
    Alert: alerts.save,
    CheckState: checks.save,
    FollowUp: follow_ups.save,
    Heartbeat: heartbeats.save,
    Incident: incidents.save,
    Job: jobs.die,
    Maintenance: maintenance.save,
    Meeting: meetings.save,
    Mirror: notices.save_mirror,
    Notice: notices.save,
    Override: overrides.save,
    Postmortem: postmortems.save,
    Preferences: people.save,
    Silence: silences.save,
    Swap: swaps.save,
}


async def save(conn: AsyncConnection, record: Any) -> None:
    """Insert the record when its version is 0, else write it over that very version; `Conflict` when it changed.

    Raises `TypeError` for what is no such record.
    """
    kept = _KEPT.get(type(record))
    if kept is None or (isinstance(record, Job) and record.state is not JobState.DEAD):
        raise TypeError(f"{type(record).__name__} is not a record that is kept")
    await kept(conn, record)
