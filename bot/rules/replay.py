"""What a rule would have done over samples of the past: the same decisions, at the times of the samples (pure)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from bot.config.escalation import PERSONAL, Policy
from bot.rules.decide import SOURCE, Judge, Labels, LabelSet, Outcome, Rule, advance, keyed, label_sets
from storage.records.rule_states import Phase, RuleState
from storage.records.samples import Sample

REPEAT_AFTER = timedelta(minutes=5)
"""How long after its last step a policy that repeats begins again."""
MOST_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class Firing:
    """One time that a label set would have fired: from `fired_at` until `ended_at` (None: it still would).

    `value` and `threshold` are of the moment it began to fire.
    """

    labels: Mapping[str, str]
    fired_at: datetime
    ended_at: datetime | None = None
    value: float | None = None
    threshold: float | None = None

    def lasted(self, now: datetime) -> timedelta:
        """How long it would have fired, until `now` if it still does."""
        return (self.ended_at or now) - self.fired_at


@dataclass(frozen=True, kw_only=True)
class Told:
    """Somebody who would have been told: `target` as a policy names it, through `via`, at `at`."""

    at: datetime
    via: str
    target: str


@dataclass
class Replay:
    """A replay under way: samples go in, oldest first; firings come out."""

    rule: Rule
    judge: Judge
    firings: list[Firing] = field(default_factory=list)
    samples: int = 0
    errors: int = 0
    error: str = ""
    first: datetime | None = None
    last: datetime | None = None
    _states: dict[Labels, RuleState] = field(default_factory=dict)
    _open: dict[Labels, int] = field(default_factory=dict)
    _newest: dict[Labels, dict[str, dict[Labels, Sample]]] = field(default_factory=dict)

    def feed(self, samples: Iterable[Sample]) -> None:
        """Go on with these samples; of one moment all are taken before anything is decided."""
        for at, group in groupby(samples, key=lambda sample: sample.at):
            changed = set()
            for sample in group:
                changed.add(self._take(sample))
                self.samples += 1
            for bare in sorted(changed):
                found = {metric: list(series.items()) for metric, series in self._newest[bare].items()}
                for one in label_sets(self.rule, found, at):
                    self.step(one, at)

    def step(self, one: LabelSet, at: datetime) -> None:
        """Go on with one label set at one moment."""
        self.first, self.last = self.first or at, at
        before = self._states.get(one.labels)
        outcome = advance(self.rule, one, before, self.judge, at)
        if outcome.state.error:
            self.errors, self.error = self.errors + 1, outcome.state.error
        if outcome.state.phase is Phase.OK:
            self._states.pop(one.labels, None)
        else:
            self._states[one.labels] = outcome.state
        self._note(one.labels, outcome, at)

    def _note(self, labels: Labels, outcome: Outcome, at: datetime) -> None:
        if outcome.began:
            self._open[labels] = len(self.firings)
            state = outcome.state
            self.firings.append(Firing(labels=dict(labels), fired_at=at, value=state.value, threshold=state.threshold))
        elif outcome.ended and labels in self._open:
            index = self._open.pop(labels)
            self.firings[index] = replace(self.firings[index], ended_at=at)

    def _take(self, sample: Sample) -> Labels:
        labels = keyed(sample.labels)
        single = len(self.rule.metrics) == 1
        bare = labels if single else tuple(pair for pair in labels if pair[0] != SOURCE)
        self._newest.setdefault(bare, {}).setdefault(sample.metric, {})[labels] = sample
        return bare


def told(
    policy: Policy, firing: Firing, until: datetime, who: Callable[[str, datetime], Sequence[str]]
) -> Iterator[Told]:
    """Whom the policy's steps would have told until the firing ended, or until `until`, were nobody to acknowledge.

    `who` gives who a schedule ("" is the default one) has on call at a moment. Steps that wait for a storm are left
    out: how many label sets began to fire at once only the real alert knows.
    """
    end = min(firing.ended_at or until, until)
    start = firing.fired_at
    for _ in range(policy.repeat + 1):
        latest = start
        for step in policy.steps:
            at = start + step.after
            at = step.during.opening(at) if step.during else at
            if at > end or step.if_alerts:
                continue
            latest = max(latest, at)
            for via in step.via:
                for target in _targets(step.notify, at, who):
                    yield Told(at=at, via=via if via != PERSONAL else "as they chose", target=target)
        start = latest + REPEAT_AFTER
        if start > end:
            return


def _targets(notify: Sequence[str], at: datetime, who: Callable[[str, datetime], Sequence[str]]) -> Iterator[str]:
    for word in notify:
        if word == "oncall" or word.startswith("oncall:"):
            yield from who(word.partition(":")[2], at) or ("nobody on call",)
        else:
            yield word.removeprefix("@")
