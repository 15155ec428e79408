"""What to change about a noisy rule: candidates from mild to strong, and which one a replay speaks for (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.config.conditions import read
from bot.config.durations import spell
from bot.config.rules import RuleConfig
from bot.phrasing import plural
from bot.rules.fatigue import Noise
from bot.rules.replay import Firing

NOISY_FROM = 3
"""So many alerts in a period make a rule one that is looked at."""
WORTH = 0.5
"""A change is proposed when at most this share of the firings is left."""
DELAYS = (timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20))
TAILS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
FACTORS = (1.1, 1.25, 1.5, 2.0)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a rule: the key with its new value, as manage.yml spells it."""

    key: str
    value: str

    def applied(self, config: RuleConfig) -> RuleConfig:
        """The rule with this change."""
        given: dict[str, Any] = config.model_dump(by_alias=True, exclude_unset=True)
        value: Any = float(self.value) if self.key == "deviations" else self.value
        if self.key == "deviations":
            return RuleConfig.model_validate({**given, "anomaly": {**given["anomaly"], "deviations": value}})
        return RuleConfig.model_validate({**given, self.key: value})


@dataclass(frozen=True, kw_only=True)
class Acted:
    """An alert that somebody acted on: a change may not have missed it."""

    labels: Mapping[str, str]
    begun: datetime
    ended: datetime


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A change for a noisy rule. `before` and `after` are firings of its label sets in replays of the same samples.

    Without a change, `why` says what can be done or why nothing is proposed.
    """

    rule: str
    change: Change | None = None
    before: int = 0
    after: int = 0
    acted: int = 0
    why: str = ""


def noisy(rules: Sequence[Noise], most: int = 3) -> list[Noise]:
    """The noisiest rules that are worth a look: often fired, mostly not acted on."""
    return [one for one in rules if one.alerts >= NOISY_FROM and one.acted * 2 < one.alerts][:most]


def candidates(config: RuleConfig) -> Iterator[Change]:
    """Changes that make a rule quieter, mild ones first."""
    yield from (Change(key="keep_firing_for", value=spell(t)) for t in TAILS if t > config.keep_firing_for)
    yield from (Change(key="for", value=spell(t)) for t in DELAYS if t > config.for_)
    if config.anomaly is not None:
        raised = config.anomaly.deviations
        yield from (Change(key="deviations", value=f"{raised * f:g}") for f in FACTORS if raised * f <= 100)
    elif threshold := _threshold(config.condition):
        limit, spelled = threshold
        for factor in FACTORS:
            yield Change(key="condition", value=spelled.format(f"{limit * factor:.4g}"))


def _threshold(condition: str) -> tuple[float, str] | None:
    """The positive threshold of a condition that is one comparison `… > number`, and the text around it."""
    found = read(condition).comparisons
    if len(found) != 1 or found[0].limit is None or found[0].limit <= 0 or found[0].operator not in (">", ">="):
        return None
    before, sign, after = condition.rpartition(">")
    word = after.lstrip("= ").strip()
    try:
        float(word)
    except ValueError:
        return None
    escaped = before.replace("{", "{{").replace("}", "}}")
    return found[0].limit, f"{escaped}{sign}{after[: len(after) - len(after.lstrip('= '))]}{{}}"


def chosen(
    rule: str, before: Sequence[Firing], tried: Sequence[tuple[Change, Sequence[Firing]]], acted: Sequence[Acted]
) -> Proposal:
    """The mildest change that leaves at most half of the firings and misses nothing that was acted on.

    When none does, the one that leaves fewest, if it leaves fewer at all.
    """
    told = [one for one in acted if _told(one, before)]
    safe = [(change, found) for change, found in tried if all(_told(one, found) for one in told)]
    enough = [(change, found) for change, found in safe if len(found) <= WORTH * len(before)]
    fewest = sorted((pair for pair in safe if len(pair[1]) < len(before)), key=lambda pair: len(pair[1]))
    for change, found in (enough or fewest)[:1]:
        return Proposal(rule=rule, change=change, before=len(before), after=len(found), acted=len(told))
    why = (
        "every change that was tried would miss an alert that was acted on"
        if tried and not safe
        else "no change that was tried makes it quieter"
    )
    return Proposal(rule=rule, before=len(before), acted=len(told), why=why)


def _told(one: Acted, firings: Sequence[Firing]) -> bool:
    return any(
        firing.fired_at <= one.ended
        and (firing.ended_at is None or firing.ended_at >= one.begun)
        and all(firing.labels.get(name, value) == value for name, value in one.labels.items())
        for firing in firings
    )


def unreplayable(noise: Noise) -> Proposal:
    """What can be done about a rule whose samples are not here."""
    if noise.flapped:
        why = "it flaps: have its source keep it firing for some minutes (Prometheus: keep_firing_for)"
    elif noise.for_nothing * 2 >= max(noise.acknowledged, 1):
        why = "mostly acknowledged for nothing: give it a lower severity, a quieter policy or a longer delay"
    else:
        why = "its samples are not here, so no change can be replayed: look at its delay and threshold at its source"
    return Proposal(rule=noise.rule, why=why)


def said(proposal: Proposal) -> str:
    """The proposal in one sentence."""
    if proposal.change is None:
        return f"{proposal.rule}: {proposal.why}."
    return (
        f"{proposal.rule}: `{proposal.change.key}: {proposal.change.value}` would have fired "
        f"{plural(proposal.after, 'time')} instead of {proposal.before}, {_kept(proposal.acted)}."
    )


def _kept(acted: int) -> str:
    if acted == 0:
        return "nothing had been acted on"
    return "missed none that was acted on" if acted == 1 else f"missed none of the {acted:,} that were acted on"
