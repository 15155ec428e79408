"""Why nobody is told of an instance that fires: a silence, a maintenance window, or a worse alert (pure).

Inhibition is Alertmanager's: https://prometheus.io/docs/alerting/latest/configuration/#inhibition-related-settings
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.config.alerts import Inhibition
from bot.events import MaintenanceBegan, MaintenanceEnded, SilenceChanged, SilenceExpired, SilenceStarted
from bot.matchers import NAME, Test, compiled, hold, parse_all, values_of
from bot.silences.maintenance import Window
from storage.records.alerts import Instance
from storage.records.silences import Matcher, Silence


@dataclass(frozen=True, kw_only=True)
class Mute:
    """Something that mutes for a time what all its `tests` let through; `rank` says which of several is named."""

    by: str
    starts_at: datetime
    ends_at: datetime
    tests: tuple[Test, ...]
    rank: int


@dataclass(frozen=True, kw_only=True)
class Inhibitor:
    """One rule of `alerts.inhibit` with the alerts that fire on its source side.

    `firing` has for each combination of the `equal` labels the alert that mutes any other, and the one that matches
    both sides and so mutes only what does not.
    """

    source: tuple[Test, ...]
    target: tuple[Test, ...]
    equal: tuple[str, ...]
    firing: Mapping[tuple[str, ...], tuple[int | None, int | None]]


@dataclass(frozen=True, kw_only=True)
class Muting:
    """All that mutes, precompiled: `muted_by` asks it for one instance.

    `named` finds mutes by the one value that a label must have, label by label; `others` name no such value.
    It stays right until a silence, a planned window or an instance that inhibits is added, changed or gone.
    """

    named: Mapping[str, Mapping[str, tuple[Mute, ...]]] = field(default_factory=dict)
    others: tuple[Mute, ...] = ()
    inhibitors: tuple[Inhibitor, ...] = ()


NOTHING = Muting()
"""Mutes nothing."""
CHANGES = (SilenceStarted, SilenceChanged, SilenceExpired, MaintenanceBegan, MaintenanceEnded)
"""Facts after which other instances may be muted than before."""


def muting(
    silences: Iterable[Silence], windows: Iterable[Window], rules: Iterable[Inhibition], firing: Sequence[Instance]
) -> Muting:
    """Compile it from the silences and windows that are not over, the rules, and the instances that are open."""
    mutes = [
        *((f"silence {s.id}", s.starts_at, s.ends_at, s.matchers) for s in sorted(silences, key=lambda s: s.id)),
        *((f"maintenance {w.name}", w.starts_at, w.ends_at, w.matchers) for w in windows),
    ]
    named: dict[str, dict[str, list[Mute]]] = {}
    others: list[Mute] = []
    for rank, (by, starts_at, ends_at, matchers) in enumerate(mutes):
        mute = Mute(by=by, starts_at=starts_at, ends_at=ends_at, tests=compiled(tuple(matchers)), rank=rank)
        label, values = _key(matchers)
        for value in values:
            named.setdefault(label, {}).setdefault(value, []).append(mute)
        others += () if values else (mute,)
    return Muting(
        named={label: {value: tuple(some) for value, some in by.items()} for label, by in named.items()},
        others=tuple(others),
        inhibitors=tuple(_inhibitor(rule, firing) for rule in rules),
    )


def muted_by(muting: Muting, name: str, labels: Mapping[str, str], now: datetime) -> str:
    """Why nobody is told of this instance: "silence 3", "maintenance db", "inhibited by #7", or "" when they are."""
    best: Mute | None = None
    for label, by_value in muting.named.items():
        found = by_value.get(name if label == NAME else labels.get(label, ""))
        if found:
            best = _first(best, found, name, labels, now)
    if muting.others:
        best = _first(best, muting.others, name, labels, now)
    if best is not None:
        return best.by
    for inhibitor in muting.inhibitors:
        number = _inhibiting(inhibitor, name, labels)
        if number is not None:
            return f"inhibited by #{number}"
    return ""


def inhibits(muting: Muting, name: str, labels: Mapping[str, str]) -> bool:
    """Whether an instance with these labels, when it fires, may mute others: then all must be looked at again."""
    return any(hold(inhibitor.source, name, labels) for inhibitor in muting.inhibitors)


def besides(muting: Muting, instances: Iterable[Instance]) -> Muting:
    """The same with these instances, which fire now, inhibiting too; itself when they mute nothing more."""
    known = list(instances)
    inhibitors = tuple(_besides(inhibitor, known) for inhibitor in muting.inhibitors)
    same = all(new is old for new, old in zip(inhibitors, muting.inhibitors, strict=True))
    return muting if same else replace(muting, inhibitors=inhibitors)


def matched(matchers: Iterable[Matcher], instances: Iterable[Instance]) -> list[Instance]:
    """Those of the instances that all the matchers match."""
    tests = compiled(tuple(matchers))
    return [instance for instance in instances if hold(tests, instance.name, instance.labels)]


def _first(
    best: Mute | None, mutes: tuple[Mute, ...], name: str, labels: Mapping[str, str], now: datetime
) -> Mute | None:
    """The one of lowest rank that is in force and matches."""
    for mute in mutes:
        if best is not None and best.rank < mute.rank:
            return best
        if mute.starts_at <= now < mute.ends_at and hold(mute.tests, name, labels):
            return mute
    return best


def _key(matchers: Iterable[Matcher]) -> tuple[str, tuple[str, ...]]:
    """The label with the fewest values that it must have one of; no values when there is no such label."""
    found = [(m.name, values) for m in matchers if (values := values_of(m))]
    return min(found, key=lambda one: len(one[1]), default=("", ()))


def _inhibitor(rule: Inhibition, instances: Iterable[Instance]) -> Inhibitor:
    source, target = compiled(parse_all(rule.source)), compiled(parse_all(rule.target))
    return _besides(Inhibitor(source=source, target=target, equal=rule.equal, firing={}), instances)


def _besides(inhibitor: Inhibitor, instances: Iterable[Instance]) -> Inhibitor:
    more: dict[tuple[str, ...], tuple[int | None, int | None]] = {}
    for instance in instances:
        if not instance.open or not hold(inhibitor.source, instance.name, instance.labels):
            continue
        key = _equal(inhibitor.equal, instance.name, instance.labels)
        before: tuple[int | None, int | None] = more.get(key) or inhibitor.firing.get(key, (None, None))
        one, both = before
        now: tuple[int | None, int | None]
        if not hold(inhibitor.target, instance.name, instance.labels):
            now = (instance.alert_id if one is None else min(one, instance.alert_id), both)
        else:
            now = (one, instance.alert_id if both is None else min(both, instance.alert_id))
        if now != before:
            more[key] = now
    return replace(inhibitor, firing={**inhibitor.firing, **more}) if more else inhibitor


def _inhibiting(inhibitor: Inhibitor, name: str, labels: Mapping[str, str]) -> int | None:
    if not inhibitor.firing or not hold(inhibitor.target, name, labels):
        return None
    one, both = inhibitor.firing.get(_equal(inhibitor.equal, name, labels), (None, None))
    if one is not None or both is None:
        return one
    # what matches both sides is not muted by another that does
    return None if hold(inhibitor.source, name, labels) else both


def _equal(equal: Iterable[str], name: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name if label == NAME else labels.get(label, "") for label in equal)
