"""Replaying rules over what is stored: in pieces, beside everything else that the bot does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge

from bot.config.escalation import by_severity
from bot.config.rules import Anomaly, RuleConfig
from bot.oncall import service as oncall
from bot.ports import Ports
from bot.rules import anomalies, seasonal
from bot.rules.conditions import judging
from bot.rules.decide import Labels, LabelSet, Rule, Verdict, keyed
from bot.rules.replay import Firing, Replay, Told, told
from bot.rules.service import Watched, watch
from storage.tables import samples

PIECE = timedelta(hours=6)
"""So much of the past is read and decided at a time."""
TOGETHER = 48
"""So many parts of a season are read in one transaction."""
HOURLY = timedelta(minutes=65)
"""How old the mean of an hour may be until the next one."""

Said = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a rule would have done from `since` until `until`."""

    name: str
    config: RuleConfig
    unit: str
    since: datetime
    until: datetime
    firings: Sequence[Firing]
    samples: int
    first: datetime | None = None
    errors: int = 0
    error: str = ""

    @property
    def firing_for(self) -> timedelta:
        """How long all label sets together would have fired."""
        return sum((firing.lasted(self.until) for firing in self.firings), timedelta(0))


async def replay(ports: Ports, name: str, config: RuleConfig, since: datetime, *, said: Said) -> Replayed:
    """Replay a rule from `since` until now; `said` hears which share is done. Raises `BadCondition`."""
    (found,) = await variants(ports, name, [config], since, said=said)
    return found


async def replay_all(ports: Ports, rules: Mapping[str, RuleConfig], since: datetime, *, said: Said) -> list[Replayed]:
    """Replay several rules one after another."""
    found = []
    for index, (name, config) in enumerate(rules.items()):

        async def share(done: float, index: int = index) -> None:
            await said((index + done) / len(rules))

        found.append(await replay(ports, name, config, since, said=share))
    return found


async def variants(
    ports: Ports, name: str, configs: Sequence[RuleConfig], since: datetime, *, said: Said
) -> list[Replayed]:
    """Replay variants of one rule, which all name the same metrics, side by side: samples are read once."""
    until = ports.now()
    ones = [watch(name, config, ports.manage.metrics.fresh_for) for config in configs]
    runs = [Replay(rule=_lasting(ports, one.rule, since), judge=_unjudged) for one in ones]
    anomaly = configs[0].anomaly
    if anomaly is not None:
        parts = await _parts(ports, anomaly, since, until, said)
        for run, config in zip(runs, configs, strict=True):
            await asyncio.to_thread(judge_parts, run, config.anomaly or anomaly, parts, since)
    else:
        for run, config in zip(runs, configs, strict=True):
            run.judge = judging(config.condition, config.clear)
        await _pieces(ports, runs, since, until, said)
    return [_replayed(one, run, since, until) for one, run in zip(ones, runs, strict=True)]


async def pages(ports: Ports, replayed: Replayed) -> list[list[Told]]:
    """For each firing whom the rule's policy would have told, with the schedules and overrides of that moment."""
    policies = ports.manage.escalation
    named = replayed.config.policy or by_severity(policies, replayed.config.severity.value)
    policy = policies.get(named, policies["default"])
    moments = dict[tuple[str, datetime], Sequence[str]]()

    def asked(schedule: str, at: datetime) -> Sequence[str]:
        return moments.setdefault((schedule, at), ())

    for firing in replayed.firings:
        list(told(policy, firing, replayed.until, asked))
    for schedule, at in list(moments):
        moments[schedule, at] = await oncall.everyone(ports, schedule, at)
    return [list(told(policy, firing, replayed.until, asked)) for firing in replayed.firings]


async def _pieces(ports: Ports, runs: Sequence[Replay], since: datetime, until: datetime, said: Said) -> None:
    begin = since
    while begin < until:
        end = min(begin + PIECE, until)
        async with ports.store.read() as conn:
            read = [await samples.series(conn, metric, None, begin, end) for metric in runs[0].rule.metrics]
        piece = list(merge(*read, key=lambda sample: sample.at))
        for run in runs:
            await asyncio.to_thread(run.feed, piece)
        begin = end
        await said((begin - since) / (until - since))


async def _parts(
    ports: Ports, anomaly: Anomaly, since: datetime, until: datetime, said: Said
) -> dict[datetime, dict[Labels, float]]:
    """The means of each series in each part of the season, with all of the past that tells what is usual."""
    past = seasonal.SEASONS[anomaly.season] * anomaly.season + 2 * seasonal.PART
    parts: dict[datetime, dict[Labels, float]] = {}
    begin, total = seasonal.part_of(since - past), until - since + past
    while begin + seasonal.PART <= until:
        async with ports.store.read() as conn:
            for _ in range(min(TOGETHER, (until - begin) // seasonal.PART)):
                parts[begin] = await anomalies.levels(conn, anomaly.metric, begin, begin + seasonal.PART)
                begin += seasonal.PART
        await said(min(1.0, 1 - (until - begin) / total))
    return parts


def judge_parts(
    run: Replay, anomaly: Anomaly, parts: Mapping[datetime, Mapping[Labels, float]], since: datetime
) -> None:
    """Judge every part from `since` on by those before it; `parts` are the means of each series by their begin."""
    run.rule = replace(run.rule, stale_after=max(run.rule.stale_after, 2 * seasonal.PART))
    for begin in sorted(part for part in parts if part >= since):
        at, levels = begin + seasonal.PART, parts[begin]
        usual = {
            keyed(one.labels): one
            for one in anomalies.usual(run.rule.name, anomaly, begin, lambda a, _: parts.get(a, {}))
        }
        run.judge = anomalies.judging(anomaly, usual, levels)
        for labels, level in sorted(levels.items()):
            run.samples += 1
            run.step(LabelSet(labels=labels, values={anomaly.metric: level}, at=at), at)


def _lasting(ports: Ports, rule: Rule, since: datetime) -> Rule:
    """Where only means of hours are left, one must last until the next one."""
    if since >= ports.now() - ports.manage.metrics.keep:
        return rule
    return replace(rule, stale_after=max(rule.stale_after, HOURLY))


def _unjudged(values: Mapping[str, float], labels: Mapping[str, str]) -> Verdict:  # noqa: ARG001 - a judge's shape
    return Verdict(holds=False)


def _replayed(one: Watched, run: Replay, since: datetime, until: datetime) -> Replayed:
    return Replayed(
        name=one.rule.name,
        config=one.config,
        unit=one.unit,
        since=since,
        until=until,
        firings=tuple(run.firings),
        samples=run.samples,
        first=run.first,
        errors=run.errors,
        error=run.error,
    )
