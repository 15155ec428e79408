"""Evaluating all rules: read what is newest, decide, report what begins and ends, remember."""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config.conditions import BadCondition
from bot.config.known_metrics import WELL_KNOWN
from bot.config.rules import RuleConfig
from bot.ports import Ports
from bot.report import Report
from bot.rules import anomalies, reports
from bot.rules.conditions import compiled, judging
from bot.rules.decide import Judge, Labels, LabelSet, Outcome, Rule, evaluate, keyed, label_sets
from storage.records.jobs import NewJob
from storage.records.rule_states import Phase, RuleState
from storage.records.samples import Sample
from storage.tables import alerts, rule_states, samples
from storage.unit_of_work import UnitOfWork

BOT = "bot"
AGAIN = "rules.again"
LANE = "rules:evaluate"
"""The lane of evaluations, so that nothing changes what they read meanwhile."""
LISTED_FOR = timedelta(days=1)
"""How long a series that has fallen silent is still known as absent."""
REMOVED = "the rule was removed or switched off"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A rule as it is in force: its configuration, what it watches, its unit, or why it cannot be used."""

    config: RuleConfig
    rule: Rule
    unit: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """One rule with where each of its label sets stands."""

    watched: Watched
    outcomes: Sequence[Outcome]


def watched(ports: Ports) -> list[Watched]:
    """Every rule over metrics that is switched on, by name."""
    rules = ports.manage.alerts.rules.items()
    fresh_for = ports.manage.metrics.fresh_for
    return [watch(name, config, fresh_for) for name, config in sorted(rules) if config.enabled and config.watches]


def watch(name: str, config: RuleConfig, fresh_for: timedelta) -> Watched:
    """A rule from its configuration; a condition that cannot be read makes it one that is broken."""
    try:
        metrics = (config.anomaly.metric,) if config.anomaly else compiled(config.condition).condition.metrics
    except BadCondition as bad:
        return Watched(config=config, rule=Rule(name=name, metrics=()), error=str(bad))
    rule = Rule(
        name=name,
        metrics=metrics,
        for_=config.for_,
        keep_firing_for=config.keep_firing_for,
        stale_after=config.stale_after or fresh_for,
    )
    known = WELL_KNOWN.get(metrics[0]) if len(metrics) == 1 else None
    return Watched(config=config, rule=rule, unit=known.unit if known and known.unit != "0..1" else "")


async def look(ports: Ports) -> list[Evaluated]:
    """Where every rule stands now, without writing or telling anything."""
    found, _ = await _look(ports, ports.now())
    return found


async def _look(ports: Ports, now: datetime) -> tuple[list[Evaluated], list[RuleState]]:
    await loaded()
    rules = watched(ports)
    async with ports.store.read() as conn:
        kept = await rule_states.everything(conn)
        latest = await _latest(conn, rules, now)
        judges = {one.rule.name: await _judge(conn, one, now) for one in rules if not one.error}
    states = _by_rule(kept)
    found = []
    joined = dict[tuple[tuple[str, ...], timedelta], list[LabelSet]]()  # many rules look at the same metrics
    for one in rules:
        before = states.get(one.rule.name, {})
        if one.error:
            found.append(Evaluated(watched=one, outcomes=[_unusable(one, before, now)]))
            continue
        key = (one.rule.metrics, one.rule.stale_after)
        if key not in joined:
            joined[key] = label_sets(one.rule, latest, now)
        outcomes = evaluate(one.rule, joined[key], before, judges[one.rule.name], now)
        found.append(Evaluated(watched=one, outcomes=outcomes))
        await asyncio.sleep(0)  # others get their turn between two rules
    return found, kept


async def loaded() -> None:
    """Load CEL's library, beside what else goes on: it takes long the first time, and nothing from then on."""
    await asyncio.to_thread(importlib.import_module, "cel")


async def evaluate_all(ports: Ports) -> None:
    """Evaluate every rule: report what begins, changes and ends; remember where each label set stands.

    Reports are durable before the states are: after a crash in between they are made again, which changes nothing.
    """
    now = ports.now()
    await loaded()
    unusual = {one.rule.name: one.config.anomaly for one in watched(ports) if one.config.anomaly}
    await anomalies.refresh(ports, unusual, now)
    found, kept = await _look(ports, now)
    before = _by_rule(kept)
    said, put = list[Report](), list[RuleState]()
    gone = {(state.rule, keyed(state.labels)) for state in kept}
    for one in found:
        more, states = _consequences(ports, one, before.get(one.watched.rule.name, {}), now)
        said += more
        put += states
    gone -= {(o.state.rule, keyed(o.state.labels)) for one in found for o in one.outcomes if keeps(o.state)}
    said += _left_over(ports, kept, {one.watched.rule.name for one in found}, now)
    if said:
        await ports.report(said)
    if put or gone:
        await _remember(ports, put, gone)
    _log.debug("rules_evaluated", rules=len(found), reports=len(said), written=len(put), removed=len(gone))


async def plan_telling_again(ports: Ports, alert: int, why: int) -> None:
    """Have the rule of that alert, if it is one over metrics, tell again what fires; once for each `why`."""
    async with ports.store.read() as conn:
        found = await alerts.get(conn, alert)
    if found is not None and found.source == reports.SOURCE:
        job = NewJob(kind=AGAIN, key=f"{AGAIN}:{why}", due_at=ports.now(), lane=LANE, payload={"rule": found.rule})
        await ports.store.transact(lambda unit: unit.enqueue([job]))


async def forget_told(ports: Ports, rule: str) -> None:
    """Report what fires of the rule at the next evaluation, though nothing changed."""
    await ports.store.transact(lambda unit: rule_states.forget_told(unit.conn, rule))


def keeps(state: RuleState) -> bool:
    """True for what must be remembered; a label set that is well is forgotten."""
    return state.phase is not Phase.OK or bool(state.error)


def _consequences(
    ports: Ports, one: Evaluated, before: Mapping[Labels, RuleState], now: datetime
) -> tuple[list[Report], list[RuleState]]:
    """What is reported of a rule, and the states that are to be written."""
    said, put = [], []
    for outcome in one.outcomes:
        state = outcome.state
        if not outcome.ended and not keeps(state):
            continue
        old = before.get(keyed(state.labels))
        told = reports.reading(state, one.watched.unit)
        if outcome.ended or (state.phase is Phase.FIRING and (outcome.began or told != state.told)):
            said.append(reports.of(one.watched.config, outcome, one.watched.unit))
        if keeps(state) and _differs(kept := _told(state, told), old):
            put.append(kept)
    said += _broken(ports, one, before, now)
    return said, put


def _told(state: RuleState, told: str) -> RuleState:
    return replace(state, told=told) if state.phase is Phase.FIRING else state


def _differs(state: RuleState, old: RuleState | None) -> bool:
    """Whether a state must be written: of one that goes on firing a new time of the last look says nothing."""
    if old is None or state.phase is not Phase.FIRING:
        return state != old
    return replace(state, seen_at=old.seen_at, value=old.value, threshold=old.threshold) != old


def _broken(ports: Ports, one: Evaluated, before: Mapping[Labels, RuleState], now: datetime) -> list[Report]:
    config = ports.manage.alerts.rules.get(reports.BROKEN)
    was = any(state.error for state in before.values())
    errors = [outcome.state.error for outcome in one.outcomes if outcome.state.error]
    if config is None or not config.enabled or bool(errors) == was:
        return []
    return [reports.broken(config, one.watched.rule.name, errors[0] if errors else "", now)]


def _left_over(ports: Ports, kept: Sequence[RuleState], names: set[str], now: datetime) -> list[Report]:
    """The ends of what fired by rules that are not there any more."""
    said = []
    rules = ports.manage.alerts.rules
    for state in kept:
        if state.rule in names:
            continue
        if state.phase is Phase.FIRING:
            said.append(reports.over(rules.get(state.rule, RuleConfig()), state, REMOVED))
        if state.error and reports.BROKEN in rules:
            said.append(reports.broken(rules[reports.BROKEN], state.rule, "", now))
    return said


async def _remember(ports: Ports, put: Sequence[RuleState], gone: set[tuple[str, Labels]]) -> None:
    async def work(unit: UnitOfWork) -> None:
        await rule_states.put(unit.conn, put)
        await rule_states.remove(unit.conn, [(rule, dict(labels)) for rule, labels in sorted(gone)])

    await ports.store.transact(work)


async def _latest(
    conn: AsyncConnection, rules: Sequence[Watched], now: datetime
) -> dict[str, list[tuple[Labels, Sample]]]:
    metrics = {metric for one in rules for metric in one.rule.metrics}
    since = now - max([LISTED_FOR, *(one.rule.stale_after for one in rules)])
    latest: dict[str, list[tuple[Labels, Sample]]] = {}
    for sample in await samples.latest(conn, metrics, since) if metrics else ():
        latest.setdefault(sample.metric, []).append((keyed(sample.labels), sample))
    return latest


async def _judge(conn: AsyncConnection, one: Watched, now: datetime) -> Judge:
    if one.config.anomaly is not None:
        return await anomalies.judge(conn, one.rule.name, one.config.anomaly, now)
    return judging(one.config.condition, one.config.clear)


def _unusable(one: Watched, before: Mapping[Labels, RuleState], now: datetime) -> Outcome:
    old = before.get((), RuleState(rule=one.rule.name, since=now, seen_at=now))
    return Outcome(state=replace(old, error=one.error))


def _by_rule(states: Sequence[RuleState]) -> dict[str, dict[Labels, RuleState]]:
    found: dict[str, dict[Labels, RuleState]] = {}
    for state in states:
        found.setdefault(state.rule, {})[keyed(state.labels)] = state
    return found
