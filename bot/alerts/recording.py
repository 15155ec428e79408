"""A batch of reports within one transaction: which instances and alerts it opens, brings up to date and resolves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.alerts import decide, instances
from bot.alerts.decide import Change
from bot.alerts.escalating import steps
from bot.alerts.fingerprints import fingerprint
from bot.alerts.grouping import Group, group
from bot.alerts.instances import flaps
from bot.alerts.ledger import BOT
from bot.decision import Decision, Timer, fact_of, job_of
from bot.ports import Ports
from bot.report import Report
from bot.silences import muting as mutes
from bot.silences import service as silences
from bot.silences.muting import Muting
from storage.records.alerts import Alert, Instance
from storage.tables import alerts as alert_table
from storage.tables import instances as instance_table
from storage.unit_of_work import UnitOfWork

SWEEP = "alerts.sweep"
"""The kind of the job that looks for instances whose end has passed."""
REMUTE = "alerts.remute"
"""The kind of the job that looks again at what is muted."""
REVIEW = "alerts.review"
"""The kind of the job that looks again at one alert: what still fires though a person said it is over, what flaps."""
AT_ONCE = 500
"""Instances that are read and written together."""

_SWEEPS = 5
"""Seconds between sweeps, at least: instances that end close together are looked at by one job."""


@dataclass(kw_only=True)
class Touched:
    """One alert, and what becomes of its instances: of those that were seen and muted anew, before and after."""

    group: Group
    alert: Alert | None = None
    opened: list[Instance] = field(default_factory=list)
    seen: list[tuple[Instance, Instance]] = field(default_factory=list)
    resolved: list[Instance] = field(default_factory=list)
    reports: int = 0
    first: Report | None = None
    last: Report | None = None
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """An instance that is open, and the report that said so last."""

    fingerprint: str
    alert: int
    report: Report


@dataclass(kw_only=True)
class _Told:
    """What the batch says of one instance, the latest last, and how often."""

    report: Report
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the store holds of the instances of a batch."""

    open: Mapping[str, Instance]
    over: Mapping[str, Instance]
    by_hand: frozenset[int]
    groups: Mapping[str, Touched]
    alerts: Mapping[int, Touched]


async def record(ports: Ports, unit: UnitOfWork, reports: Sequence[Report]) -> list[Heard]:
    """Take the reports, in their order, as if they had come one by one; say what is open then of what fires."""
    heard: dict[str, Heard] = {}
    for told in _rounds(reports):
        for key in told:
            heard.pop(key, None)
        heard |= await _round(ports, unit, told)
    return list(heard.values())


async def write(
    ports: Ports, unit: UnitOfWork, touched: Iterable[Touched], now: datetime, muting: Muting | None = None
) -> list[Touched]:
    """Write what becomes of these alerts and their instances, in few statements; give them with their alerts."""
    moved = [one for one in touched if one.opened or one.seen or one.resolved or one.reports]
    new = [one for one in moved if one.alert is None and one.opened]
    numbers = iter(range(await unit.next_id("alert", len(new)), 2**31)) if new else iter(())
    decisions = [
        _raised(ports, one, next(numbers), now) if one.alert is None else _changed(ports, one, one.alert, now)
        for one in moved
        if one.alert is not None or one.opened
    ]
    done = [one for one in moved if one.alert is not None or one.opened]
    for one, decision in zip(done, decisions, strict=True):
        one.alert = decision.state
        one.opened = [replace(instance, alert_id=decision.state.id) for instance in one.opened]
    await instance_table.insert(unit.conn, [i for one in done for i in one.opened])
    await instance_table.update(
        unit.conn, [i for one in done for i in (*(after for _, after in one.seen), *one.resolved)]
    )
    await _commit(ports, unit, decisions, now)
    await unit.enqueue(job_of(timer) for timer in _looks(ports, done, now, muting))
    return done


def sweeps(ends: Iterable[datetime | None]) -> list[Timer]:
    """A look at each of these ends soon after it, at most one for each stretch of some seconds."""
    slots = sorted({-int(-end.timestamp() // _SWEEPS) for end in ends if end is not None})
    return [
        Timer(kind=SWEEP, key=f"{SWEEP}:{slot}", at=datetime.fromtimestamp(slot * _SWEEPS, tz=UTC)) for slot in slots
    ]


def remuting(at: datetime, why: str) -> Timer:
    """A look at what is muted, once for each `why` and time."""
    return Timer(kind=REMUTE, key=f"{REMUTE}:{at.isoformat()}:{why}", at=at, lane=REMUTE)


def reviewing(number: int, at: datetime) -> Timer:
    """A look at one alert at that time."""
    return Timer(kind=REVIEW, key=f"{REVIEW}:{number}:{at.isoformat()}", at=at, payload={"alert": number})


async def muting_now(ports: Ports, unit: UnitOfWork, now: datetime) -> Muting:
    """All that mutes just now."""
    sources = await instance_table.open_instances(unit.conn) if ports.manage.alerts.inhibit else []
    return await silences.current(ports, unit.conn, now, sources)


def _rounds(reports: Sequence[Report]) -> Iterator[dict[str, _Told]]:
    """Stretches in which no instance both fires and is over, equal reports counted as one."""
    told: dict[str, _Told] = {}
    for report in reports:
        key = fingerprint(report.name, report.labels)
        before = told.get(key)
        if before is not None and before.report.resolved == report.resolved:
            told[key] = _Told(report=report, count=before.count + 1)
            continue
        if before is not None or len(told) == AT_ONCE:
            yield told
            told = {}
        told[key] = _Told(report=report)
    if told:
        yield told


async def _round(ports: Ports, unit: UnitOfWork, told: Mapping[str, _Told]) -> dict[str, Heard]:
    now = ports.now()
    groups = {key: group(t.report.name, t.report.labels, ports.manage.alerts.group_by) for key, t in told.items()}
    known = await _known(ports, unit, told, groups, now)
    fresh = [key for key, t in told.items() if not t.report.resolved and key not in known.open]
    ending = any(t.report.resolved for t in told.values())
    muting = await muting_now(ports, unit, now) if fresh or (ending and ports.manage.alerts.inhibit) else None
    held: list[Instance] = []
    for key, one in told.items():
        if key in known.open:
            _again(ports, known, one, known.open[key], now)
        elif (before := known.over.get(key)) is not None and _stays_over(ports, known, one.report, before, now):
            held.append(replace(before, last_seen_at=now, ends_at=now if one.report.resolved else one.report.ends_at))
        elif not one.report.resolved:
            by = mutes.muted_by(muting, one.report.name, one.report.labels, now) if muting else ""
            touched = known.groups[groups[key].fingerprint]
            _opens(ports, touched, key, one, before=known.over.get(key), muted_by=by, now=now)
    written = await write(ports, unit, known.groups.values(), now, muting)
    await instance_table.update(unit.conn, held)
    grace = ports.manage.alerts.resolve_timeout
    ends = {(before.alert_id, before.resolved_at + grace) for before in held if before.resolved_at}
    await unit.enqueue(job_of(reviewing(number, at)) for number, at in sorted(ends))
    return {
        i.fingerprint: Heard(i.fingerprint, i.alert_id, told[i.fingerprint].report)
        for one in written
        for i in (*one.opened, *(after for _, after in one.seen))
        if not i.resolved_at
    }


async def _known(
    ports: Ports, unit: UnitOfWork, told: Mapping[str, _Told], groups: Mapping[str, Group], now: datetime
) -> _Known:
    keys = list(told)
    found = {i.fingerprint: i for i in await instance_table.open_instances(unit.conn, fingerprints=keys)}
    missing = [key for key in keys if key not in found]
    over: list[Instance] = []
    if missing:
        settings = ports.manage.alerts
        since = now - max(settings.flapping.within, settings.resolve_timeout)
        over = await instance_table.latest_over(unit.conn, missing, since)
    touched = {groups[key].fingerprint: Touched(group=groups[key]) for key in keys}
    ids, alerts = sorted({i.alert_id for i in found.values()}), {}
    for alert in await alert_table.open_among(unit.conn, ids=ids, fingerprints=list(touched), lock=True):
        alerts[alert.id] = Touched(group=Group(alert.fingerprint, alert.labels), alert=alert)
    by_hand = await alert_table.resolved_by_hand(unit.conn, sorted({i.alert_id for i in over}), BOT)
    return _Known(
        open=found,
        over={i.fingerprint: i for i in over},
        by_hand=by_hand,
        groups=touched | {one.group.fingerprint: one for one in alerts.values()},
        alerts=alerts,
    )


def _again(ports: Ports, known: _Known, told: _Told, instance: Instance, now: datetime) -> None:
    one = known.alerts.get(instance.alert_id)
    if one is None:
        return
    flapping = ports.manage.alerts.flapping
    one.reports += told.count
    if told.report.resolved:
        after = instances.over(instance, flapping=flapping, now=now)
        if not after.open:
            one.resolved.append(after)
            one.reading = told.report.reading or one.reading
        elif after is not instance:
            one.seen.append((instance, after))
        return
    after = instances.again(instance, told.report, flapping=flapping, now=now)
    one.seen.append((instance, replace(after, count=instance.count + told.count)))
    one.last = told.report


def _opens(
    ports: Ports, one: Touched, key: str, told: _Told, *, before: Instance | None, muted_by: str, now: datetime
) -> None:
    begun = instances.opened(
        told.report,
        fingerprint=key,
        alert=one.alert.id if one.alert else 0,
        before=before,
        muted_by=muted_by,
        flapping=ports.manage.alerts.flapping,
        now=now,
    )
    one.opened.append(replace(begun, count=told.count))
    one.reports += told.count
    one.first = one.first or told.report
    one.last = told.report


def _stays_over(ports: Ports, known: _Known, report: Report, before: Instance, now: datetime) -> bool:
    """Whether a person said that it is over, so soon before that the source may not know yet."""
    if before.alert_id not in known.by_hand:
        return False
    grace = ports.manage.alerts.resolve_timeout
    return report.resolved or instances.stays_over(before, report, grace=grace, now=now)


def _change(ports: Ports, one: Touched, now: datetime) -> Change:
    flapping = ports.manage.alerts.flapping
    seen = [after for _, after in one.seen]
    began = [len(i.openings) for i in (*one.opened, *seen) if flaps(i, flapping, now)]
    muted = sum(bool(i.muted_by) for i in (*one.opened, *seen))
    muted -= sum(bool(i.muted_by) for i in (*(before for before, _ in one.seen), *one.resolved))
    return Change(
        opened=tuple(one.opened),
        seen=tuple(seen),
        resolved=tuple(one.resolved),
        muted=muted,
        reports=one.reports,
        last=one.last,
        flapping=max(began, default=0),
        reading=one.reading,
    )


def _raised(ports: Ports, one: Touched, number: int, now: datetime) -> Decision[Alert]:
    first = one.first
    if first is None:
        raise ValueError("an alert is opened by a report")
    rules, policies = ports.manage.alerts.rules, ports.manage.escalation
    worst = min((i.severity for i in one.opened), key=instances.RANK.__getitem__)
    policy = decide.policy(first, worst, rules, policies)
    return decide.raised(
        _change(ports, one, now),
        one.group,
        number=number,
        policy=policy,
        runbook=first.runbook or (rules[first.name].runbook if first.name in rules else ""),
        steps=steps(ports, policy),
        now=now,
    )


def _changed(ports: Ports, one: Touched, alert: Alert, now: datetime) -> Decision[Alert]:
    every = ports.manage.alerts.edit_every
    return decide.changed(alert, _change(ports, one, now), steps(ports, alert.policy), every=every, now=now)


async def _commit(ports: Ports, unit: UnitOfWork, decisions: Sequence[Decision[Alert]], now: datetime) -> None:
    """Do what `decision.commit` does, for many alerts at once."""
    changed = [decision for decision in decisions if decision.changed]
    await unit.save_alerts([decision.state for decision in changed])
    for cancel in (cancel for decision in changed for cancel in decision.cancels):
        await unit.cancel(cancel.subject, cancel.kind)
    facts = [fact_of(event, actor=BOT, now=now) for decision in changed for event in decision.events]
    jobs = [job for entry in await unit.append_all(facts) for job in ports.jobs_for(entry)]
    await unit.enqueue([*jobs, *(job_of(timer) for decision in changed for timer in decision.timers)])


def _looks(ports: Ports, done: Sequence[Touched], now: datetime, muting: Muting | None) -> list[Timer]:
    """When to look again at what was written: at ends, at what flaps, at what is muted by it or is not any more."""
    begun = [i for one in done for i in (*one.opened, *(after for _, after in one.seen))]
    timers = sweeps(i.ends_at for i in begun)
    flapping = ports.manage.alerts.flapping
    flap = {i.alert_id for i in begun if flaps(i, flapping, now)}
    timers += [reviewing(number, now + flapping.within) for number in sorted(flap)]
    if muting is not None and muting.inhibitors:
        news = [i for one in done for i in (*one.opened, *one.resolved)]
        if any(mutes.inhibits(muting, i.name, i.labels) for i in news):
            timers.append(remuting(now, f"alert:{news[0].alert_id}"))
    return timers
