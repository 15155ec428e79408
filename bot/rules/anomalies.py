"""Anomaly rules over kept samples: what is usual is computed once for each part of the season, levels each time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config.rules import Anomaly
from bot.ports import Ports
from bot.rules import seasonal
from bot.rules.decide import Judge, Labels, Verdict, keyed
from storage.records.rule_states import Baseline
from storage.tables import rule_states, samples
from storage.unit_of_work import UnitOfWork

Levels = Callable[[datetime, datetime], Mapping[Labels, float]]


async def refresh(ports: Ports, rules: Mapping[str, Anomaly], now: datetime) -> None:
    """Compute the baselines of those anomaly rules for which a new part of the season has begun.

    That is some 140 small queries for a rule, twice an hour, however many label sets and samples there are.
    """
    for name, anomaly in rules.items():
        async with ports.store.read() as conn:
            kept = await rule_states.baselines(conn, name)
            if kept and max(one.at for one in kept) >= seasonal.part_of(now):
                continue
            known = {pair: await levels(conn, anomaly.metric, *pair) for pair in _needed(anomaly, now)}
        found = usual(name, anomaly, now, lambda since, until, known=known: known[since, until])  # type: ignore[misc] # bound now

        async def work(unit: UnitOfWork, name: str = name, found: Sequence[Baseline] = found) -> None:
            await rule_states.put_baselines(unit.conn, name, found)

        await ports.store.transact(work)


def usual(rule: str, anomaly: Anomaly, at: datetime, level: Levels) -> list[Baseline]:
    """What is usual at `at` for each series of the rule's metric; `level` gives the means of a window."""
    earlier: dict[Labels, list[tuple[int, float]]] = {}
    for ago, since, until in seasonal.windows(at, anomaly.season):
        for labels, mean in level(since, until).items():
            earlier.setdefault(labels, []).append((ago, mean))
    changes: dict[Labels, list[float]] = {}
    seen = set(earlier)  # of those without a past it is kept that nothing is known, or it would be asked each time
    for since, until in seasonal.recent(at):
        before = level(since - anomaly.season, until - anomaly.season)
        for labels, mean in level(since, until).items():
            seen.add(labels)
            if labels in before:
                changes.setdefault(labels, []).append(mean - before[labels])
    needed = seasonal.needed(anomaly.season, anomaly.min_history)
    found = []
    for labels in sorted(seen):
        said = seasonal.usual(earlier.get(labels, []), changes.get(labels, []), needed=needed)
        found.append(
            Baseline(
                rule=rule,
                labels=dict(labels),
                at=seasonal.part_of(at),
                center=said.center if said else 0.0,
                spread=said.spread if said else None,
                count=said.seasons if said else 0,
            )
        )
    return found


def _needed(anomaly: Anomaly, at: datetime) -> set[tuple[datetime, datetime]]:
    recent = list(seasonal.recent(at))
    before = [(since - anomaly.season, until - anomaly.season) for since, until in recent]
    return {*recent, *before, *((since, until) for _, since, until in seasonal.windows(at, anomaly.season))}


async def judge(conn: AsyncConnection, rule: str, anomaly: Anomaly, now: datetime) -> Judge:
    """The judge of an anomaly rule now; a label set of which too little is known does not fire."""
    kept = {keyed(one.labels): one for one in await rule_states.baselines(conn, rule)}
    return judging(anomaly, kept, await levels(conn, anomaly.metric, now - seasonal.PART, now))


async def levels(conn: AsyncConnection, metric: str, since: datetime, until: datetime) -> dict[Labels, float]:
    """The mean of each series in a window."""
    return {keyed(one.labels): one.mean for one in await samples.window(conn, metric, since, until)}


def judging(anomaly: Anomaly, kept: Mapping[Labels, Baseline], found: Mapping[Labels, float]) -> Judge:
    """The judge over these baselines and levels; the value is the level, the threshold where it would fire."""

    def verdict(values: Mapping[str, float], labels: Mapping[str, str]) -> Verdict:
        key = keyed(labels)
        level, base = found.get(key, values[anomaly.metric]), kept.get(key)
        if base is None or base.spread is None:
            return Verdict(holds=False, value=level)
        away = seasonal.score(level, base.center, base.spread)
        side = -1 if away < 0 else 1
        limit = base.center + side * anomaly.deviations * base.spread
        holds = seasonal.holds(away, anomaly.deviations, anomaly.direction)
        return Verdict(holds=holds, value=level, threshold=limit, cleared=not holds)

    return verdict
