"""From the latest samples to the states of rules: label sets, whether the condition holds, what follows (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from storage.records.rule_states import Phase, RuleState
from storage.records.samples import Sample

Labels = tuple[tuple[str, str], ...]
SOURCE = "source"
LEAST_STALE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a condition holds, with the value and the threshold of the comparison that decided.

    `cleared` says whether a firing label set is over now.
    """

    holds: bool
    value: float | None = None
    threshold: float | None = None
    cleared: bool = True


class Broken(Exception):
    """A condition could not be evaluated on these values; the text says why."""


class Judge(Protocol):
    """A condition ready to be evaluated on one label set."""

    def __call__(self, values: Mapping[str, float], labels: Mapping[str, str]) -> Verdict:
        """Evaluate; raises `Broken`, never guesses."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule over metrics as it is evaluated."""

    name: str
    metrics: tuple[str, ...]
    for_: timedelta = timedelta(0)
    keep_firing_for: timedelta = timedelta(0)
    stale_after: timedelta = LEAST_STALE


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelSet:
    """One label set of a rule: its values, or, when a sample is missing or stale, since when (`absent_since`)."""

    labels: Labels
    values: Mapping[str, float]
    at: datetime
    absent_since: datetime | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Where a label set stands after an evaluation. `began` and `ended` say that it begins or ceases to fire now."""

    state: RuleState
    began: bool = False
    ended: bool = False

    @property
    def shown(self) -> str:
        """ok, pending, firing, absent or broken; the graver of two is said."""
        if self.state.error:
            return "broken"
        return "absent" if self.state.absent_since is not None else self.state.phase.value


def keyed(labels: Mapping[str, str]) -> Labels:
    """Labels as a key: equal ones are equal, in whatever order."""
    return tuple(sorted(labels.items()))


def label_sets(
    rule: Rule,
    latest: Mapping[str, Sequence[tuple[Labels, Sample]]],
    now: datetime,
) -> list[LabelSet]:
    """Every label set for which a metric of the rule has a sample.

    `latest` has the newest sample of each series under its metric's name, with the series' labels as a key. Several
    metrics are joined where their labels are equal; when a label set's metrics come from different sources, their
    label `source` is left out of it. One that misses a metric, or has a sample older than `stale_after`, is absent.
    """
    if len(rule.metrics) == 1:
        (metric,) = rule.metrics
        return [_one(rule, labels, {metric: sample}, now) for labels, sample in latest.get(metric, ())]
    exact = _grouped(rule, latest, bare=False)
    whole = {labels: found for labels, found in exact.items() if len(found) == len(rule.metrics)}
    taken = {_bare(labels) for labels in whole}
    joined = {labels: found for labels, found in _grouped(rule, latest, bare=True).items() if labels not in taken}
    return [_one(rule, labels, found, now) for labels, found in sorted((whole | joined).items())]


def _grouped(
    rule: Rule, latest: Mapping[str, Sequence[tuple[Labels, Sample]]], *, bare: bool
) -> dict[Labels, dict[str, Sample]]:
    groups: dict[Labels, dict[str, Sample]] = {}
    for metric in rule.metrics:
        for labels, sample in latest.get(metric, ()):
            found = groups.setdefault(_bare(labels) if bare else labels, {})
            # of two sources that tell the same, the one that spoke last
            if metric not in found or found[metric].at < sample.at:
                found[metric] = sample
    return groups


def _bare(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != SOURCE)


def _one(rule: Rule, labels: Labels, found: Mapping[str, Sample], now: datetime) -> LabelSet:
    oldest = now - rule.stale_after
    missing = tuple(m for m in rule.metrics if m not in found or found[m].at < oldest)
    last = min(sample.at for sample in found.values())
    return LabelSet(
        labels=labels,
        values={metric: sample.value for metric, sample in found.items()},
        at=max(sample.at for sample in found.values()),
        absent_since=last if missing else None,
        missing=missing,
    )


def evaluate(
    rule: Rule, sets: Iterable[LabelSet], before: Mapping[Labels, RuleState], judge: Judge, now: datetime
) -> list[Outcome]:
    """Where every label set stands now. A label set that was kept and has no sample at all any more is absent."""
    outcomes = []
    seen = set()
    for one in sets:
        seen.add(one.labels)
        outcomes.append(advance(rule, one, before.get(one.labels), judge, now))
    for labels, state in before.items():
        if labels not in seen:
            gone = LabelSet(labels=labels, values={}, at=state.seen_at, absent_since=state.seen_at)
            outcomes.append(advance(rule, gone, state, judge, now))
    return outcomes


def advance(rule: Rule, one: LabelSet, before: RuleState | None, judge: Judge, now: datetime) -> Outcome:
    """The next state of one label set.

    Missing data and errors neither begin nor end anything: a pending one starts anew when data is back, a firing one
    goes on firing and says so.
    """
    if one.absent_since is not None:
        old = before or _new(rule, one, now)
        return Outcome(state=_unknown(old, now, absent_since=old.absent_since or one.absent_since, error=""))
    try:
        verdict = judge(one.values, dict(one.labels))
    except Broken as broken:
        return Outcome(state=_unknown(before or _new(rule, one, now), now, absent_since=None, error=str(broken)))
    if before is None and not verdict.holds:  # by far the most frequent
        return Outcome(state=_new(rule, one, now, verdict))
    old = before or _new(rule, one, now)
    fresh = replace(old, seen_at=now, absent_since=None, error="", value=verdict.value, threshold=verdict.threshold)
    if old.phase is Phase.FIRING:
        return _firing(rule, fresh, verdict, now)
    return _rising(rule, fresh, old, verdict, now)


def _new(rule: Rule, one: LabelSet, now: datetime, verdict: Verdict | None = None) -> RuleState:
    value, threshold = (verdict.value, verdict.threshold) if verdict else (None, None)
    return RuleState(rule=rule.name, labels=dict(one.labels), since=now, seen_at=now, value=value, threshold=threshold)


def _unknown(old: RuleState, now: datetime, *, absent_since: datetime | None, error: str) -> RuleState:
    if old.phase is Phase.PENDING:
        old = replace(old, phase=Phase.OK, since=now)
    return replace(old, absent_since=absent_since, error=error)


def _rising(rule: Rule, fresh: RuleState, old: RuleState, verdict: Verdict, now: datetime) -> Outcome:
    if not verdict.holds:
        since = old.since if old.phase is Phase.OK else now
        return Outcome(state=replace(fresh, phase=Phase.OK, since=since, over_since=None, told=""))
    # what was not looked at for so long is not known to have held all the while
    continued = old.phase is Phase.PENDING and now - old.seen_at <= rule.stale_after
    since = old.since if continued else now
    if now - since >= rule.for_:
        return Outcome(state=replace(fresh, phase=Phase.FIRING, since=since, over_since=None), began=True)
    return Outcome(state=replace(fresh, phase=Phase.PENDING, since=since, over_since=None))


def _firing(rule: Rule, fresh: RuleState, verdict: Verdict, now: datetime) -> Outcome:
    if verdict.holds or not verdict.cleared:
        return Outcome(state=replace(fresh, over_since=None))
    over_since = fresh.over_since or now
    if now - over_since < rule.keep_firing_for:
        return Outcome(state=replace(fresh, over_since=over_since))
    ended = replace(fresh, phase=Phase.OK, since=now, over_since=None, told="")
    return Outcome(state=ended, ended=True)
