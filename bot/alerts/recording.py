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
from bot.alerts.ledger import BOT, put
from bot.config.alerts import RuleConfig
from bot.decision import Timer, job_of
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


async def write(ports: Ports, unit: UnitOfWork, one: Touched, now: datetime, muting: Muting | None = None) -> int:
    """Write what becomes of one alert and its instances; give the alert's number, 0 when nothing happened."""
    change = _change(ports, one, now)
    if not (one.opened or one.seen or one.resolved or one.reports):
        return 0
    if one.alert is not None:
        every = ports.manage.alerts.edit_every
        decision = decide.changed(one.alert, change, steps(ports, one.alert.policy), every=every, now=now)
    elif one.opened and one.last is not None:
        rules, policies = ports.manage.alerts.rules, ports.manage.escalation
        worst = min((i.severity for i in one.opened), key=instances.RANK.__getitem__)
        policy = decide.policy(one.last, worst, rules, policies)
        number = await unit.next_id("alert")
        runbook = one.last.runbook or rules.get(one.last.name, RuleConfig()).runbook
        decision = decide.raised(
            change,
            one.group,
            number=number,
            policy=policy,
            runbook=runbook,
            steps=steps(ports, policy),
            now=now,
        )
    else:
        return 0
    await instance_table.insert(unit.conn, (replace(i, alert_id=decision.state.id) for i in one.opened))
    await instance_table.update(unit.conn, [after for _, after in one.seen] + one.resolved)
    await put(ports, unit, decision, BOT)
    timers = sweeps(i.ends_at for i in (*one.opened, *(after for _, after in one.seen)))
    if change.flapping:
        timers.append(reviewing(decision.state.id, now + ports.manage.alerts.flapping.within))
    if muting is not None and any(mutes.inhibits(muting, i.name, i.labels) for i in (*one.opened, *one.resolved)):
        timers.append(remuting(now, f"alert:{decision.state.id}"))
    await unit.enqueue(map(job_of, timers))
    return decision.state.id


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
    heard: dict[str, Heard] = {}
    for touched in known.groups.values():  # alerts that were grouped otherwise included
        number = await write(ports, unit, touched, now, muting)
        fires = (i for i in (*touched.opened, *(after for _, after in touched.seen)) if not i.resolved_at)
        heard |= {i.fingerprint: Heard(i.fingerprint, number, told[i.fingerprint].report) for i in fires}
    await instance_table.update(unit.conn, held)
    grace = ports.manage.alerts.resolve_timeout
    ends = {(before.alert_id, before.resolved_at + grace) for before in held if before.resolved_at}
    await unit.enqueue(job_of(reviewing(number, at)) for number, at in sorted(ends))
    return heard


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
