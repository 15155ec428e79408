"""Reads what was measured while an incident lasted."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.health import held, past
from bot.objectives import service as objectives
from bot.ports import Ports
from bot.postmortems import impact
from bot.postmortems.impact import Figures, Requests, Users
from storage.records.incidents import Incident
from storage.tables import samples


async def figures(ports: Ports, conn: AsyncConnection, incident: Incident, checks: Sequence[str]) -> Figures:
    """What was measured while the impact lasted, of the checks of its alerts too; nothing as long as it lasts.

    What stands in samples alone is left out once the first of them may be folded into an hour.
    """
    began, ended = incident.started_at, incident.resolved_at
    if ended is None or ended <= began:
        return Figures()
    kept = began >= ports.now() - ports.manage.metrics.keep
    records = await past.records(conn, checks, began)
    return Figures(
        lasted=(ended - began).total_seconds(),
        requests=await _requests(conn, incident) if kept else None,
        users=await _users(ports, conn, incident) if kept else (),
        budgets=await objectives.taken(ports, conn, began, ended),
        # in a thread: checks that come and go take long to count
        downtime=await asyncio.to_thread(held.spent, list(records.values()), began, ended) if records else None,
        cost=ports.manage.postmortems.impact.cost,
    )


async def _requests(conn: AsyncConnection, incident: Incident) -> Requests | None:
    rates, counts, failed = [
        await samples.series(conn, metric, since=incident.started_at, until=incident.resolved_at)
        for metric in (impact.ERROR_RATE, impact.REQUESTS, impact.FAILED)
    ]
    return impact.requests(rates, counts, failed)


async def _users(ports: Ports, conn: AsyncConnection, incident: Incident) -> Sequence[Users]:
    """What the configured metrics tell of users; of affected ones first, since then the others matter less."""
    config, ended = ports.manage.postmortems.impact, incident.resolved_at or incident.started_at
    found = []
    for metric, affected in ((config.affected_users, True), (config.active_users, False)):
        series = await samples.window(conn, metric, incident.started_at, ended) if metric else []
        if told := impact.users(metric or "", series, affected=affected):
            found.append(told)
    return found
