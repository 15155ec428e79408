"""Rounds of readings: what is read, what of it is kept, and what is told of it."""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config.known_metrics import known
from bot.config.metrics import SourceConfig
from bot.health.failures import failure, secrets_in, without
from bot.metrics.growth import LONGEST_GAP, Distribution, figures, grown, key_of, latest_of
from bot.phrasing import cut, duration
from bot.ports import Ports, Source, Unread
from storage.records.jobs import NewJob
from storage.records.samples import Sample, SourceState
from storage.tables import samples, sources
from storage.unit_of_work import UnitOfWork

WITHIN = timedelta(seconds=5)
"""How long one reading of a source may take."""
SHOWN_FOR = timedelta(days=1)
"""How long a series that has fallen silent is still listed, as absent."""
LONGEST_FAILURE = 300

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Configured:
    """One source as it is read: its kind with its options."""

    name: str
    source: Source
    options: BaseModel

    @property
    def metrics(self) -> frozenset[str]:
        """What it can give."""
        return self.source.metrics(self.options)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What is measured now: the newest sample of each series, how each source is, and what it did not give."""

    newest: Sequence[Sample]
    sources: Sequence[SourceState]
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)


def configured(ports: Ports) -> Mapping[str, Configured]:
    """All sources by name: those that read by themselves, unless their kind is configured, and the configured ones."""
    listed = ports.manage.metrics.sources
    kinds, taken = {config.type for config in listed}, {config.name for config in listed}
    own = []
    for kind in ports.sources.values():
        options = None if kind.type in kinds else kind.automatic(ports)
        if options is not None:
            name = f"own-{kind.type}" if kind.type in taken else kind.type
            own.append(SourceConfig(name=name, type=kind.type, options=options))
    return {
        one.name: Configured(name=one.name, source=ports.sources[one.type], options=one.options)
        for one in (*own, *listed)
    }


async def read(one: Configured, ports: Ports, within: timedelta = WITHIN) -> tuple[SourceState, list[Sample]]:
    """How the source is, and what it gives now; it never raises, and no secret is told."""
    scope = asyncio.timeout(within.total_seconds())
    given: Sequence[Sample] = ()
    said = ""
    try:
        async with scope:
            given = await one.source.read(one.options, ports)
    except Unread as unread:
        given, said = unread.samples, str(unread)
    except Exception as error:  # noqa: BLE001 - a source may fail in any way; its metrics are absent then, and it says why
        said = f"no answer within {duration(within)}" if scope.expired() else failure(error)
    found = [_from(one.name, sample) for sample in given if math.isfinite(sample.value)]
    said = cut(without(said, [*secrets_in(one.options), *secrets_in(ports.settings)]), LONGEST_FAILURE)
    now = ports.now()
    state = SourceState(
        name=one.name,
        type=one.source.type,
        at=now,
        read_at=None if said and not found else now,
        failure=said,
        samples=len(found),
    )
    return state, found


async def collect(ports: Ports) -> None:
    """Read all sources at once, keep what they gave, and have the rules evaluated, in one transaction."""
    readings = await asyncio.gather(*(read(one, ports) for one in configured(ports).values()))
    states, now = [state for state, _ in readings], ports.now()

    async def work(unit: UnitOfWork) -> Sequence[SourceState]:
        before = await sources.everything(unit.conn)
        await sources.put(unit.conn, sorted(states, key=lambda state: state.name))
        await keep(unit.conn, [sample for _, found in readings for sample in found])
        await unit.enqueue([_evaluation(now)])
        return before

    before = {state.name: state.failure for state in await ports.store.transact(work)}
    for state in states:
        if state.failure and state.failure != before.get(state.name, ""):
            _log.warning("source_failed", source=state.name, reason=state.failure)
        elif not state.failure and before.get(state.name):
            _log.info("source_recovered", source=state.name)


async def keep(conn: AsyncConnection, given: Iterable[Sample], spread: Iterable[Distribution] = ()) -> None:
    """Keep samples; of running totals and distributions, what they say of the time since their reading before."""
    plain, buckets = list(given), list(spread)
    before = await sources.readings(conn, {key_of(one) for one in _both(plain, buckets) if one.total})
    found, totals = grown(before, plain)
    recent, counts = latest_of(before, buckets)
    await samples.insert(conn, [*found, *(sample for one in recent for sample in figures(one))])
    await sources.put_readings(conn, {reading.key: reading for reading in (*totals, *counts)}.values())


async def take(ports: Ports, given: Sequence[Sample], spread: Sequence[Distribution] = ()) -> None:
    """Keep what was sent to a door; when this returns, it is on disk. Raises `StoreError`."""
    await ports.store.transact(lambda unit: keep(unit.conn, given, spread))


async def fold(ports: Ports) -> int:
    """Turn hours that are older than `metrics.keep` into their aggregates, some at a time; says how many."""
    before, total = ports.now() - ports.manage.metrics.keep, 0
    while count := await ports.store.transact(lambda unit: samples.fold(unit.conn, before)):
        total += count
    oldest = ports.now() - LONGEST_GAP
    await ports.store.transact(lambda unit: sources.forget_readings(unit.conn, oldest))
    return total


async def overview(ports: Ports, only: str = "") -> Overview:
    """What is measured now; of one source alone when `only` names it."""
    now = ports.now()
    async with ports.store.read() as conn:
        everything = await samples.names(conn)
        newest = await samples.latest(conn, everything, now - SHOWN_FOR)
        states = await sources.everything(conn)
    fresh = now - ports.manage.metrics.fresh_for
    given = {(sample.labels.get("source"), sample.metric) for sample in newest if sample.at >= fresh}
    silent = {(sample.labels.get("source"), sample.metric) for sample in newest if sample.at < fresh}
    missing = {
        name: sorted(metric for metric in one.metrics if (name, metric) not in given | silent)
        for name, one in configured(ports).items()
        if only in {"", name}
    }
    return Overview(
        newest=[sample for sample in newest if only in {"", sample.labels.get("source")}],
        sources=[state for state in states if only in {"", state.name}],
        missing=missing,
    )


async def history(ports: Ports, metric: str, since: datetime) -> list[Sample]:
    """The samples of a metric since then, oldest first; hours of which only an aggregate is left as their mean."""
    async with ports.store.read() as conn:
        return await samples.series(conn, metric, None, since)


async def names(ports: Ports) -> list[str]:
    """Every metric that is known or was ever kept."""
    async with ports.store.read() as conn:
        kept = await samples.names(conn)
    return sorted({*kept, *known(ports.manage.metrics, ports.sources)})


def _both(plain: Sequence[Sample], buckets: Sequence[Distribution]) -> Sequence[Sample | Distribution]:
    return [*plain, *buckets]


def _from(source: str, sample: Sample) -> Sample:
    """The sample with the label `source`; one that it had already is kept as Prometheus keeps those."""
    theirs = {f"exported_{k}" if k == "source" else k: v for k, v in sample.labels.items()}
    return replace(sample, labels={**theirs, "source": source})


def _evaluation(now: datetime) -> NewJob:
    return NewJob(kind="rules.evaluate", key=f"rules.evaluate:{now.isoformat()}", due_at=now, lane="rules:evaluate")
