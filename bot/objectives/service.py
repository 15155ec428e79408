"""Reads what was measured for each objective, now and around an incident."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config.objectives import Objective
from bot.health import held, past
from bot.health.held import Record
from bot.objectives import budget
from bot.objectives.budget import Counted, Standing, Taken
from bot.ports import Ports
from storage.records.checks import Status
from storage.records.samples import Aggregate
from storage.tables import samples

RECENT = timedelta(hours=1)
"""The time that the burn rate of now is told of."""


async def standing(ports: Ports) -> list[Standing]:
    """Every objective as it is now, in the order of manage.yml; raises `StoreError`."""
    now = ports.now()
    async with ports.store.read() as conn:
        return [await _standing(conn, name, one, now) for name, one in ports.manage.objectives.items()]


async def taken(ports: Ports, conn: AsyncConnection, began: datetime, ended: datetime) -> list[Taken]:
    """What an incident took of each error budget; an objective of which nothing was measured meanwhile is left out.

    So is one over requests once their samples are folded into hours, which tell nothing of a few minutes.
    """
    folded = began < ports.now() - ports.manage.metrics.keep
    found = []
    for name, one in ports.manage.objectives.items():
        if folded and not one.checks:
            continue
        first, since = ended - one.window, max(began, ended - one.window)
        window, incident = await _counted(conn, one, [(first, ended), (since, ended)])
        if window and incident:
            found.append(budget.taken(budget.budget(name, one, window), incident, ended - since))
    return found


async def _standing(conn: AsyncConnection, name: str, one: Objective, now: datetime) -> Standing:
    window, recent = await _counted(conn, one, [(now - one.window, now), (now - RECENT, now)])
    return Standing(
        name=name,
        objective=one,
        budget=budget.budget(name, one, window) if window else None,
        burn_rate=budget.burn_rate(one, recent) if recent else None,
    )


async def _counted(
    conn: AsyncConnection, one: Objective, spans: Sequence[tuple[datetime, datetime]]
) -> list[Counted | None]:
    """What was measured in each of these spans, the first of which begins first; None for what was not at all."""
    if not one.checks:
        return [await _of_requests(conn, one, *span) for span in spans]
    records = list((await past.records(conn, one.checks, spans[0][0])).values())

    def counted() -> list[Counted | None]:
        found = [held.spent(records, *span) for span in spans]
        return [Counted(bad=s.down, all=s.known, known=s.known) if s.known else None for s in found]

    return await asyncio.to_thread(counted)  # checks that come and go take long to count


async def _of_requests(conn: AsyncConnection, one: Objective, since: datetime, until: datetime) -> Counted | None:
    """The requests of that time; None where not both metrics were measured: what is absent is no zero."""
    sums, records = [], []
    for metric in (one.errors, one.total):
        every = await samples.window(conn, str(metric), since, until)
        found = [series for series in every if one.labels.items() <= series.labels.items()]
        sums.append(sum(max(series.mean, 0.0) * series.count for series in found))
        records.append(await _record(conn, found, since - samples.HOUR))
    known = held.spent(records, since, until).known
    return Counted(bad=sums[0], all=sums[1], known=known) if known else None


async def _record(conn: AsyncConnection, found: Sequence[Aggregate], since: datetime) -> Record:
    """When any of these series was measured, told as of a check."""
    seen = [at for one in found for at in await samples.hours_seen(conn, one.metric, one.labels, since)]
    return Record(held=Status.HEALTHY, seen=sorted(seen))
