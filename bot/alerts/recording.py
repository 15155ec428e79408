"""A batch of reports within one transaction: which instances and alerts it opens, brings up to date and resolves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from bot.alerts import decide, instances, notes
from bot.alerts.decide import CARD, Change
from bot.alerts.escalating import steps
from bot.alerts.grouping import Group, group
from bot.alerts.instances import flaps
from bot.alerts.ledger import BOT, Opening
from bot.alerts.looks import remuting, reviewing, sweeps
from bot.alerts.muted import Kept
from bot.alerts.rounds import Told, rounds, sources_first
from bot.decision import Decision, Timer, fact_of, job_of
from bot.events import AlertEvent, AlertOpened
from bot.matchers import compiled, hold, parse_all
from bot.ports import Ports
from bot.report import Report
from bot.silences import muting as mutes
from storage.records.alerts import Alert, Instance
from storage.tables import alerts as alert_table
from storage.tables import instances as instance_table
from storage.unit_of_work import UnitOfWork

AT_ONCE = 1000
"""Instances that are read and written together."""


@dataclass(kw_only=True)
class Touched:
    """One alert, and what becomes of its instances: of those that were seen and muted anew, before and after."""

    group: Group
    alert: Alert | None = None
    number: int = 0
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


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the store holds of the instances of a batch."""

    open: Mapping[str, Instance]
    over: Mapping[str, Instance]
    by_hand: frozenset[int]
    groups: Mapping[str, Touched]
    alerts: Mapping[int, Touched]


async def record(
    ports: Ports, unit: UnitOfWork, reports: Sequence[Report], kept: Kept | None = None, opening: Opening | None = None
) -> list[Heard]:
    """Take the reports, in their order, as if they had come one by one; say what is open then of what fires.

    With `opening` the first steps of alerts that are opened are taken, and their pages leased, as far as can be.
    """
    kept = kept or Kept()
    heard: dict[str, Heard] = {}
    for told in rounds(reports, AT_ONCE):
        for part in sources_first(ports, told):
            for key in part:
                heard.pop(key, None)
            heard |= await _round(ports, unit, part, kept, opening)
    if opening is not None:
        await opening.lease(unit)
    return list(heard.values())


async def write(
    ports: Ports,
    unit: UnitOfWork,
    touched: Iterable[Touched],
    now: datetime,
    kept: Kept | None = None,
    *,
    opening: Opening | None = None,
) -> list[Touched]:
    """Write what becomes of these alerts and their instances, in few statements; give them with their alerts."""
    done = [one for one in touched if one.opened or (one.alert and (one.seen or one.resolved or one.reports))]
    decisions = [
        _changed(ports, one, one.alert, now) if one.alert is not None else _raised(ports, one, now, opening)
        for one in done
    ]
    for one, decision in zip(done, decisions, strict=True):
        one.alert = decision.state
    if opening is not None:
        await opening.begin(unit)
    await instance_table.insert(unit.conn, [i for one in done for i in one.opened])
    await instance_table.update(
        unit.conn, [i for one in done for i in (*(after for _, after in one.seen), *one.resolved)]
    )
    await _commit(ports, unit, decisions, now, _looks(ports, done, now, kept))
    return done


async def _round(
    ports: Ports, unit: UnitOfWork, told: Mapping[str, Told], kept: Kept, opening: Opening | None = None
) -> dict[str, Heard]:
    now = ports.now()
    groups = {key: group(t.report.name, t.report.labels, ports.manage.alerts.group_by) for key, t in told.items()}
    known = await _known(ports, unit, told, groups, now)
    fresh = [key for key, t in told.items() if not t.report.resolved and key not in known.open]
    muting = await kept.current(ports, unit.conn, now) if fresh else None
    held: list[Instance] = []
    begin: list[tuple[str, Told, str]] = []
    for key, one in told.items():
        if key in known.open:
            _again(ports, known, one, known.open[key], now)
        elif (before := known.over.get(key)) is not None and _stays_over(ports, known, one.report, before, now):
            held.append(replace(before, last_seen_at=now, ends_at=now if one.report.resolved else one.report.ends_at))
        elif not one.report.resolved:
            by = mutes.muted_by(muting, one.report.name, one.report.labels, now) if muting else ""
            begin.append((key, one, by))
    await _number(unit, [known.groups[groups[key].fingerprint] for key, _, _ in begin])
    for key, one, by in begin:
        touched = known.groups[groups[key].fingerprint]
        _opens(ports, touched, key, one, before=known.over.get(key), muted_by=by, now=now)
    written = await write(ports, unit, known.groups.values(), now, kept, opening=opening)
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
    ports: Ports, unit: UnitOfWork, told: Mapping[str, Told], groups: Mapping[str, Group], now: datetime
) -> _Known:
    keys, settings = list(told), ports.manage.alerts
    since = now - max(settings.flapping.within, settings.resolve_timeout)
    touched = {groups[key].fingerprint: Touched(group=groups[key]) for key in keys}
    if await instance_table.unknown(unit.conn, keys, list(touched), since):
        return _Known(open={}, over={}, by_hand=frozenset(), groups=touched, alerts={})
    found = {i.fingerprint: i for i in await instance_table.open_instances(unit.conn, fingerprints=keys)}
    missing = [key for key in keys if key not in found]
    over: list[Instance] = []
    if missing:
        over = await instance_table.latest_over(unit.conn, missing, since)
    ids, alerts = sorted({i.alert_id for i in found.values()}), {}
    for alert in await alert_table.open_among(unit.conn, ids=ids, fingerprints=list(touched), lock=True):
        alerts[alert.id] = Touched(group=Group(alert.fingerprint, alert.labels), alert=alert, number=alert.id)
    by_hand = await alert_table.resolved_by_hand(unit.conn, sorted({i.alert_id for i in over}), BOT)
    return _Known(
        open=found,
        over={i.fingerprint: i for i in over},
        by_hand=by_hand,
        groups=touched | {one.group.fingerprint: one for one in alerts.values()},
        alerts=alerts,
    )


async def _number(unit: UnitOfWork, begun: Iterable[Touched]) -> None:
    """Give a number to each alert that will be opened."""
    new = {id(one): one for one in begun if not one.number}
    if new:
        first = await unit.next_id("alert", len(new))
        for number, one in enumerate(new.values(), first):
            one.number = number


def _again(ports: Ports, known: _Known, told: Told, instance: Instance, now: datetime) -> None:
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
    ports: Ports, one: Touched, key: str, told: Told, *, before: Instance | None, muted_by: str, now: datetime
) -> None:
    begun = instances.opened(
        told.report,
        fingerprint=key,
        alert=one.number,
        count=told.count,
        before=before,
        muted_by=muted_by,
        flapping=ports.manage.alerts.flapping,
        now=now,
    )
    one.opened.append(begun)
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


def _raised(ports: Ports, one: Touched, now: datetime, opening: Opening | None) -> Decision[Alert]:
    first = one.first
    if first is None:
        raise ValueError("an alert is opened by a report")
    rules, policies = ports.manage.alerts.rules, ports.manage.escalation
    worst = min((i.severity for i in one.opened), key=instances.RANK.__getitem__)
    policy = decide.policy(first, worst, rules, policies)
    decision = decide.raised(
        _change(ports, one, now),
        one.group,
        number=one.number,
        policy=policy,
        runbook=first.runbook or (rules[first.name].runbook if first.name in rules else ""),
        steps=steps(ports, policy),
        now=now,
    )
    return opening.taken(decision, now) if opening is not None else decision


def _changed(ports: Ports, one: Touched, alert: Alert, now: datetime) -> Decision[Alert]:
    change, every = _change(ports, one, now), ports.manage.alerts.edit_every
    policy = _policy(ports, alert, change)
    return decide.changed(alert, change, steps(ports, policy), every=every, now=now, policy=policy)


def _policy(ports: Ports, alert: Alert, change: Change) -> str:
    """The policy that the alert has from now on: of what is worse the one of that severity, if it was by severity."""
    worst, said = decide.worse(alert, change), change.last
    if worst is None or said is None:
        return alert.policy
    rules, policies = ports.manage.alerts.rules, ports.manage.escalation
    as_before = decide.policy(said, alert.severity, rules, policies) == alert.policy
    return decide.policy(said, worst, rules, policies) if as_before else alert.policy


async def _commit(
    ports: Ports, unit: UnitOfWork, decisions: Sequence[Decision[Alert]], now: datetime, looks: Iterable[Timer]
) -> None:
    """Do what `decision.commit` does, for many alerts at once; `looks` are timers besides."""
    changed = [decision for decision in decisions if decision.changed]
    await unit.save_alerts([decision.state for decision in changed])
    for cancel in (cancel for decision in changed for cancel in decision.cancels):
        await unit.cancel(cancel.subject, cancel.kind)
    events = [cast("AlertEvent", event) for decision in changed for event in decision.events]
    entries = await unit.append_all([fact_of(event, actor=BOT, now=now) for event in events])
    fresh = {event.subject for event in events if isinstance(event, AlertOpened)}
    jobs = [
        job
        for event, entry in zip(events, entries, strict=True)
        for job in ports.jobs_for(entry)
        if not (entry.subject in fresh and job.lane.startswith(f"{CARD}:") and _shown(event, now))
    ]
    timers = [*(timer for decision in changed for timer in decision.timers), *looks]
    await unit.enqueue([*jobs, *map(job_of, timers)])


def _shown(event: AlertEvent, now: datetime) -> bool:
    """Whether the card of an alert that opens with this fact says all there is to say of it."""
    return not isinstance(event, AlertOpened) and notes.note(event, BOT, now) is None


def _looks(ports: Ports, done: Sequence[Touched], now: datetime, kept: Kept | None) -> list[Timer]:
    """When to look again at what was written: at ends, at what flaps, at what is muted by it or is not any more."""
    begun = [i for one in done for i in (*one.opened, *(after for _, after in one.seen))]
    timers = sweeps(i.ends_at for i in begun)
    flapping = ports.manage.alerts.flapping
    flap = {i.alert_id for i in begun if flaps(i, flapping, now)}
    timers += [reviewing(number, now + flapping.within) for number in sorted(flap)]
    if ports.manage.alerts.inhibit and kept is not None:
        sources = [i for one in done for i in one.resolved if _inhibits(ports, i)]
        kept.sources = kept.sources and not sources
        if kept.opened([i for one in done for i in one.opened]) or sources:
            timers.append(remuting(now))
    return timers


def _inhibits(ports: Ports, instance: Instance) -> bool:
    rules = ports.manage.alerts.inhibit
    return any(hold(compiled(parse_all(rule.source)), instance.name, instance.labels) for rule in rules)
