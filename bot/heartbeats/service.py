"""Heartbeats: read, decide, commit; and the deliveries of webhooks, each taken once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from bot.bus import Fact
from bot.config.inbound import HeartbeatConfig
from bot.decision import Decision, commit
from bot.events import HeartbeatEvent, HeartbeatMissed
from bot.heartbeats import decide
from bot.phrasing import ago
from bot.ports import Ports
from bot.report import Report
from storage.records.heartbeats import Heartbeat
from storage.tables import heartbeats as table
from storage.tables import jobs
from storage.unit_of_work import UnitOfWork

BOT = "bot"
RULE = "heartbeat-missed"
MOST_LAG = timedelta(seconds=30)
"""So late may the oldest job be while the bot says that it works."""
REMEMBERED = timedelta(days=30)
"""How long a delivery is remembered; SNS tries for 23 days at most."""


class UnknownHeartbeat(LookupError):
    """No heartbeat of that name is configured."""


def configured(ports: Ports, name: str) -> HeartbeatConfig:
    """What manage.yml says of a heartbeat; raises `UnknownHeartbeat`."""
    for config in ports.manage.heartbeats:
        if config.name == name:
            return config
    raise UnknownHeartbeat(f"there is no heartbeat {name[:60]!r}")


async def beat(ports: Ports, name: str) -> Heartbeat:
    """Take a beat; when it returns, it is on disk. Raises `UnknownHeartbeat`."""
    config = configured(ports, name)
    return (await _change(ports, config, lambda kept, now: decide.beat(kept, config, now))).state


async def without_beats(ports: Ports, reports: Sequence[Report]) -> list[Report]:
    """Take the alerts that stand for heartbeats (`heartbeats[].alert`) as beats, and give the others."""
    named = {config.alert: config.name for config in ports.manage.heartbeats if config.alert}
    if not named:
        return list(reports)
    for name in sorted({named[one.name] for one in reports if one.name in named and not one.resolved}):
        await beat(ports, name)
    return [one for one in reports if one.name not in named]


async def watch(ports: Ports) -> None:
    """Note that the bot listens, begin to wait for what was configured lately, forget what is no more."""
    for config in ports.manage.heartbeats:
        await _watch(ports, config)
    names = {config.name for config in ports.manage.heartbeats}
    async with ports.store.read() as conn:
        gone = [kept.name for kept in await table.everything(conn) if kept.name not in names]
    for name in gone:
        await _retire(ports, name)


async def look(ports: Ports, name: str, timer_at: datetime) -> None:
    """Look whether a heartbeat came in time; one that is no longer configured is left to `watch`."""
    try:
        config = configured(ports, name)
    except UnknownHeartbeat:
        return
    await _change(ports, config, lambda kept, now: decide.look(kept, config, timer_at, now))


async def pause(ports: Ports, name: str, *, by: str) -> Decision[Heartbeat]:
    """Let its silence not count; raises `UnknownHeartbeat`."""
    return await _change(ports, configured(ports, name), decide.pause, by=by)


async def resume(ports: Ports, name: str, *, by: str) -> Decision[Heartbeat]:
    """Let its silence count again; raises `UnknownHeartbeat`."""
    config = configured(ports, name)
    return await _change(ports, config, lambda kept, now: decide.resume(kept, config, now), by=by)


async def report(ports: Ports, fact: Fact[HeartbeatEvent]) -> None:
    """Report that a heartbeat is silent, or that its silence is over or does not count."""
    event = fact.event
    silent = isinstance(event, HeartbeatMissed)
    rule = ports.manage.alerts.rules[RULE]
    if silent and not rule.enabled:
        return
    severity, policy = rule.severity, rule.policy
    with suppress(UnknownHeartbeat):  # it was taken out of manage.yml since
        config = configured(ports, event.heartbeat)
        severity = config.severity if "severity" in config.model_fields_set else severity
        policy = config.policy or policy
    told = Report(
        name=RULE,
        labels={**rule.labels, "check": event.heartbeat},
        severity=severity,
        source="heartbeat",
        resolved=not silent,
        started_at=event.due_at if isinstance(event, HeartbeatMissed) else None,
        summary=f"Heartbeat {event.heartbeat} is silent"
        if silent
        else f"Heartbeat {event.heartbeat} is no longer silent",
        reading=_reading(event, fact.at) if isinstance(event, HeartbeatMissed) else "",
        runbook=rule.runbook,
        policy=policy,
    )
    await ports.report([told])


async def works(ports: Ports) -> bool:
    """Whether jobs are done in time. A job asks this; that it was claimed shows that the database takes writes."""
    now = ports.now()
    async with ports.store.read() as conn:
        waiting = await jobs.oldest_due(conn, now)
    return waiting is None or now - waiting <= MOST_LAG


async def taken_before(ports: Ports, delivery: str) -> bool:
    """Whether that delivery of a webhook was taken before."""
    async with ports.store.read() as conn:
        return await table.delivered(conn, delivery)


async def note_delivery(ports: Ports, delivery: str) -> None:
    """Remember that a delivery was taken."""
    await ports.store.transact(lambda unit: table.note_delivery(unit.conn, delivery, ports.now()))


async def forget_deliveries(ports: Ports) -> int:
    """Forget old deliveries, some at a time so that other writers get in between; says how many."""
    before, total = ports.now() - REMEMBERED, 0
    while count := await ports.store.transact(lambda unit: table.forget_deliveries(unit.conn, before)):
        total += count
    return total


async def _change(
    ports: Ports,
    config: HeartbeatConfig,
    decided: Callable[[Heartbeat, datetime], Decision[Heartbeat]],
    *,
    by: str = BOT,
) -> Decision[Heartbeat]:
    now = ports.now()

    async def work(unit: UnitOfWork) -> Decision[Heartbeat]:
        kept = await table.get(unit.conn, config.name, lock=True)
        decision = decided(kept or decide.begin(config, now), now)
        await commit(unit, decision, actor=by, now=now, jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def _watch(ports: Ports, config: HeartbeatConfig) -> None:
    await _change(ports, config, lambda kept, now: decide.watch(kept, config, now))


async def _retire(ports: Ports, name: str) -> None:
    now = ports.now()

    async def work(unit: UnitOfWork) -> None:
        kept = await table.get(unit.conn, name, lock=True)
        if kept is not None:
            await commit(unit, decide.retire(kept), actor=BOT, now=now, jobs_for=ports.jobs_for)
            await table.remove(unit.conn, name)

    await ports.store.transact(work)


def _reading(event: HeartbeatMissed, at: datetime) -> str:
    return f"last heard {ago(event.beaten_at, at)}" if event.beaten_at else "never heard"
