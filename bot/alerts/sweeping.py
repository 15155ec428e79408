"""What time and silences change about open instances: their end passes, they are muted, they are muted no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.alerts import decide, instances
from bot.alerts.grouping import Group
from bot.alerts.instances import flaps
from bot.alerts.ledger import BOT, locked, put
from bot.alerts.looks import reviewing, sweeps
from bot.alerts.muted import Kept, current
from bot.alerts.recording import AT_ONCE, Touched, record, write
from bot.decision import job_of
from bot.ports import Ports
from bot.report import Report
from bot.silences.muting import Muting, muted_by
from storage.records.alerts import AlertState, Instance
from storage.tables import alerts as alert_table
from storage.tables import instances as instance_table
from storage.unit_of_work import UnitOfWork

SILENT = "its source fell silent"
QUIET = "it has been quiet for long enough"


async def sweep(ports: Ports, *, since: datetime) -> None:
    """Resolve the instances whose end has passed.

    What was seen last before `since` (the start of this process) is spared for `alerts.resolve_timeout` from then on:
    its source could not reach a bot that did not run.
    """
    now = ports.now()
    spared_until = since + ports.manage.alerts.resolve_timeout

    async def work(unit: UnitOfWork) -> int:
        seen_since = since if now < spared_until else None
        ended = await instance_table.ended(unit.conn, now, seen_since=seen_since, limit=AT_ONCE)
        await _end(ports, unit, ended, now)
        if seen_since and await instance_table.ended(unit.conn, now, limit=1):
            await unit.enqueue(map(job_of, sweeps([spared_until])))
        return len(ended)

    while await ports.store.transact(work) == AT_ONCE:
        pass


async def remute(ports: Ports) -> None:
    """Look again at each open instance: mute what is silenced now, tell of what is not any more."""
    async with ports.store.read() as conn:
        muting = await current(ports, conn, ports.now())
    after: int | None = 0
    while after is not None:
        after = await ports.store.transact(partial(_remute, ports, muting, after))


async def review(ports: Ports, number: int) -> None:
    """Look again at alert `number`: reopen what still fires though a person said it is over; see whether it flaps."""
    now, settings = ports.now(), ports.manage.alerts

    async def work(unit: UnitOfWork) -> None:
        alert = await locked(unit, number)
        known = await instance_table.of_alert(unit.conn, number)
        if not alert.open:
            await record(ports, unit, [_report(i) for i in known if _still_fires(i, settings.resolve_timeout, now)])
            return
        recent = [i for i in known if i.open and flaps(i, settings.flapping, now)]
        if recent:
            oldest = min(i.openings[0] for i in recent)
            await unit.enqueue([job_of(reviewing(number, max(oldest, now) + settings.flapping.within))])
        else:
            await put(ports, unit, decide.steady(alert), BOT)

    await ports.store.transact(work)


async def _end(ports: Ports, unit: UnitOfWork, ended: Sequence[Instance], now: datetime) -> None:
    touched = await _touched(unit, ended)
    for one in touched:
        mine = [i for i in ended if one.alert and i.alert_id == one.alert.id]
        one.resolved += [instances.closed(i, now) for i in mine]
        one.reading = QUIET if all(i.resolved_at for i in mine) else SILENT
    await write(ports, unit, touched, now, Kept())


async def _remute(ports: Ports, muting: Muting, after: int, unit: UnitOfWork) -> int | None:
    now = ports.now()
    looked = await instance_table.open_instances(unit.conn, after=after, limit=AT_ONCE)
    moved = {i.fingerprint: m for i in looked if (m := _muted(i, muting, now)) != i}
    known = [i for i in looked if i.fingerprint in moved]
    touched = await _touched(unit, known)
    for one in touched:
        one.seen += [(i, moved[i.fingerprint]) for i in known if one.alert and i.alert_id == one.alert.id]
    await write(ports, unit, touched, now)
    return looked[-1].id if len(looked) == AT_ONCE else None


async def _touched(unit: UnitOfWork, known: Sequence[Instance]) -> list[Touched]:
    found = await alert_table.open_among(unit.conn, ids=sorted({i.alert_id for i in known}), lock=True)
    return [Touched(group=Group(alert.fingerprint, alert.labels), alert=alert, number=alert.id) for alert in found]


def _muted(instance: Instance, muting: Muting, now: datetime) -> Instance:
    by = muted_by(muting, instance.name, instance.labels, now)
    return replace(instance, muted_by=by, state=AlertState.SILENCED if by else AlertState.FIRING)


def _still_fires(instance: Instance, grace: timedelta, now: datetime) -> bool:
    """Whether its source has told of it after a person said that it is over, and has not ended it since."""
    ended = instance.resolved_at
    if ended is None or instance.last_seen_at <= ended or now < ended + grace:
        return False
    return instance.ends_at is None or instance.ends_at > now


def _report(instance: Instance) -> Report:
    """What its source said last."""
    return Report(
        name=instance.name,
        labels=instance.labels,
        severity=instance.severity,
        source=instance.source,
        started_at=instance.started_at,
        ends_at=instance.ends_at,
        summary=instance.summary,
        description=f"It still fires: a person resolved it as #{instance.alert_id}, its source has not ended it since.",
        annotations=instance.annotations,
        link=instance.link,
        reading=instance.reading,
        value=instance.value,
    )
