"""Rounds of probes: what is watched, what it said, and what is held of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from anyio.lowlevel import checkpoint
from pydantic import BaseModel

from bot.config.manage import CheckConfig
from bot.decision import commit
from bot.health import decide
from bot.health.decide import Limits
from bot.health.failures import failure, secrets_in, without
from bot.phrasing import duration
from bot.ports import Check, Observation, Ports
from storage.records.checks import CheckState
from storage.records.samples import Sample
from storage.tables import checks, samples
from storage.unit_of_work import UnitOfWork

STALE_AFTER = 3
"""Intervals after which a result says nothing about now any more."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One check as it is watched: its kind with its options, timeout and limits."""

    name: str
    check: Check
    options: BaseModel
    timeout: timedelta
    limits: Limits


def watched(ports: Ports) -> Mapping[str, Watched]:
    """All checks by name: those that watch by themselves, unless their kind is configured, and the configured ones."""
    configured = ports.manage.health.checks
    kinds, taken = {config.type for config in configured}, {config.name for config in configured}
    own = []
    for kind in ports.checks.values():
        options = None if kind.type in kinds else kind.automatic(ports)
        if options is not None:
            name = f"own-{kind.type}" if kind.type in taken else kind.type
            own.append(CheckConfig(name=name, type=kind.type, options=options))
    return {config.name: _watched(ports, config) for config in (*own, *configured)}


def _watched(ports: Ports, config: CheckConfig) -> Watched:
    health, kind = ports.manage.health, ports.checks[config.type]
    limits = Limits(
        degraded_ms=config.degraded_ms or health.degraded_ms or kind.degraded_ms,
        rounds_down=health.rounds_down,
        rounds_up=health.rounds_up,
    )
    return Watched(
        name=config.name, check=kind, options=config.options, timeout=config.timeout or health.timeout, limits=limits
    )


async def loaded() -> None:
    """Load what httpx would load at its first request; nothing from then on."""
    await checkpoint()


async def probe(one: Watched, ports: Ports) -> Observation:
    """What the check sees now, within its timeout; a failure is an observation too, and none tells a secret."""
    await loaded()  # or it would count as others' latency
    scope = asyncio.timeout(one.timeout.total_seconds())
    try:
        async with scope:
            seen = await one.check.probe(one.options, ports)
    except Exception as error:  # noqa: BLE001 - a probe may fail in any way, which is what it is for
        said = f"no answer within {duration(one.timeout)}" if scope.expired() else failure(error)
        seen = Observation(ok=False, detail=said)
    return replace(seen, detail=without(seen.detail, [*secrets_in(one.options), *secrets_in(ports.settings)]))


async def run_round(ports: Ports) -> None:
    """Run all checks at once and keep what each saw as soon as it is done; forget checks that are watched no more."""
    all_ = watched(ports)
    await _forget_others(ports, all_)
    running = {asyncio.create_task(probe(one, ports), name=f"check:{name}"): one for name, one in all_.items()}
    try:
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            await _keep(ports, [(running.pop(task), task.result()) for task in done])
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def run_one(ports: Ports, name: str) -> CheckState:
    """Run one check as a round of its own and keep what it saw; raises `KeyError` for a name that is not watched."""
    one = watched(ports)[name]
    (state,) = await _keep(ports, [(one, await probe(one, ports))])
    return state


async def overview(
    ports: Ports, *, fresh: bool = False, only: str = "", announce: Callable[[int], Awaitable[None]] | None = None
) -> list[CheckState]:
    """The state of every check by name (or of `only` that one).

    What was not seen within the last rounds, or everything when `fresh`, is probed now: shown, but not kept, because
    looking must not change what is held. `announce` hears how many probes are waited for. Raises `KeyError` for a name
    that is not watched.
    """
    all_ = watched(ports)
    wanted = {only: all_[only]} if only else all_
    async with ports.store.read() as conn:
        kept = {state.name: state for state in await checks.everything(conn)}
    oldest = ports.now() - STALE_AFTER * ports.manage.health.every
    stale = {n: one for n, one in wanted.items() if fresh or n not in kept or kept[n].observed_at < oldest}
    if stale and announce:
        await announce(len(stale))
    live = await asyncio.gather(*(probe(one, ports) for one in stale.values()))
    shown = {name: state for name, state in kept.items() if name in wanted}
    for one, seen in zip(stale.values(), live, strict=True):
        at_once = replace(one.limits, rounds_down=1, rounds_up=1)
        shown[one.name] = decide.judge(
            kept.get(one.name), one.name, one.check.type, seen, limits=at_once, now=ports.now()
        ).state
    return [shown[name] for name in sorted(shown)]


async def history(ports: Ports, name: str, since: datetime) -> tuple[list[Sample], list[Sample]]:
    """The latencies (ms) and the ups (1 or 0) of a check since then, oldest first."""
    labels = {"check": name}
    async with ports.store.read() as conn:
        return (
            await samples.series(conn, "check_latency_ms", labels, since),
            await samples.series(conn, "check_up", labels, since),
        )


async def _keep(ports: Ports, seen: list[tuple[Watched, Observation]]) -> list[CheckState]:
    now = ports.now()

    async def work(unit: UnitOfWork) -> list[tuple[CheckState, str, bool]]:
        kept = []
        for one, observation in sorted(seen, key=lambda pair: pair[0].name):  # one order, so that no two rounds lock up
            before = await checks.get(unit.conn, one.name, lock=True)
            decision = decide.judge(before, one.name, one.check.type, observation, limits=one.limits, now=now)
            await commit(unit, decision, actor="bot", now=now, jobs_for=ports.jobs_for)
            await samples.insert(unit.conn, _samples(one, observation, now))
            kept.append((decision.state, decision.reason, bool(decision.events)))
        return kept

    kept = await ports.store.transact(work)
    for state, reason, news in kept:
        (_log.info if news else _log.debug)("check_judged", check=state.name, status=state.status.value, reason=reason)
    return [state for state, _, _ in kept]


async def _forget_others(ports: Ports, known: Iterable[str]) -> None:
    names = set(known)
    now = ports.now()

    async def work(unit: UnitOfWork) -> None:
        for state in await checks.everything(unit.conn):
            if state.name not in names:
                await commit(unit, decide.retire(state, now), actor="bot", now=now, jobs_for=ports.jobs_for)
                await checks.remove(unit.conn, state.name)

    async with ports.store.read() as conn:
        obsolete = {state.name for state in await checks.everything(conn)} - names
    if obsolete:
        await ports.store.transact(work)


def _samples(one: Watched, seen: Observation, now: datetime) -> list[Sample]:
    values: dict[str, Any] = {"check_up": float(seen.ok)}
    if seen.latency_ms is not None:
        values["check_latency_ms"] = seen.latency_ms
    kind = one.check.type.replace("-", "_")  # a name that conditions can spell
    values |= {f"{kind}_{metric}": value for metric, value in seen.metrics.items()}
    return [Sample(metric=metric, at=now, value=value, labels={"check": one.name}) for metric, value in values.items()]
