"""A store, ports with sources whose readings a test decides, and what is kept of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.config.manage import load, merged
from bot.ports import Options, Ports, Source
from storage.records.samples import Sample
from storage.tables import jobs, samples, sources
from storage.unit_of_work import Store
from tests.fakes.ports import FrozenClock, make_ports
from tests.rooms import scripted
from tests.rooms.scripted import NoOptions, clock, quiet


@dataclass
class Scripted(scripted.Scripted):
    """A kind of source: `says` is what it gives from now on, values by metric, samples, or an exception to raise."""

    says: Any = field(default_factory=dict)
    clock: FrozenClock = field(default_factory=FrozenClock)
    gives: frozenset[str] = frozenset({"queue_length"})

    async def read(self, _options: Options, _ports: Ports) -> list[Sample]:
        said = await self.said()
        if isinstance(said, Mapping):
            return [Sample(metric=metric, at=self.clock(), value=value) for metric, value in said.items()]
        return said

    @property
    def source(self) -> Source:
        return Source(type=self.type, options=NoOptions, read=self.read, metrics=lambda _options: self.gives)


@dataclass
class Room:
    """The room with `kinds` of scripted sources, one configured source of each, named like its kind."""

    store: Store
    clock: FrozenClock
    kinds: Mapping[str, Scripted]
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def ports(self) -> Ports:
        kinds = {name: kind.source for name, kind in self.kinds.items()}
        listed = [{"name": name, "type": name} for name in kinds]
        base = {"metrics": merged({"sources": listed}, self.metrics)}
        manage = load(None, checks={}, channels={}, sources=kinds, base=base)
        return make_ports(self.store, now=self.clock, manage=manage, sources=kinds.values())

    async def values(self, metric: str, labels: Mapping[str, str] | None = None) -> list[float]:
        async with self.store.read() as conn:
            return [sample.value for sample in await samples.series(conn, metric, labels)]

    async def sources(self):
        async with self.store.read() as conn:
            return {state.name: state for state in await sources.everything(conn)}

    async def jobs(self):
        async with self.store.read() as conn:
            return await jobs.listing(conn)


@pytest.fixture
def room(store: Store, clock: FrozenClock) -> Callable[..., Room]:
    def make(*names: str, **metrics: Any) -> Room:
        return Room(store, clock, {name: Scripted(name, clock=clock) for name in names}, metrics)

    return make


__all__ = ["clock", "quiet"]
