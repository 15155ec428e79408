"""A store, ports with checks whose results a test decides, and what is kept of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.config.manage import load, merged
from bot.ports import Check, Observation, Options, Ports
from storage.tables import checks, journal, samples
from storage.unit_of_work import Store
from tests.fakes.ports import FrozenClock, make_ports
from tests.rooms import scripted
from tests.rooms.scripted import NoOptions, clock, quiet

WELL = Observation(ok=True, latency_ms=4, detail="HTTP 200")
REFUSED = Observation(ok=False, detail="connection refused")


@dataclass
class Scripted(scripted.Scripted):
    """A kind of check: `says` is what its probes see from now on, an observation or an exception to raise."""

    says: Any = WELL
    asked: int = 0

    async def probe(self, _options: Options, _ports: Ports) -> Observation:
        self.asked += 1
        return await self.said()

    @property
    def check(self) -> Check:
        return Check(type=self.type, options=NoOptions, probe=self.probe)


@dataclass
class Room:
    """The room with `kinds` of scripted checks, one configured check of each, named like its kind."""

    store: Store
    clock: FrozenClock
    kinds: Mapping[str, Scripted]
    health: dict[str, Any] = field(default_factory=dict)

    @property
    def ports(self) -> Ports:
        kinds = {name: kind.check for name, kind in self.kinds.items()}
        listed = [{"name": name, "type": name} for name in kinds]
        base = {"health": merged({"checks": listed}, self.health)}
        manage = load(None, checks=kinds, channels={}, base=base)
        return make_ports(self.store, now=self.clock, manage=manage, checks=kinds)

    async def states(self):
        async with self.store.read() as conn:
            return {state.name: state for state in await checks.everything(conn)}

    async def facts(self):
        async with self.store.read() as conn:
            return await journal.of_kind(conn, "CheckChanged")

    async def samples(self, metric: str, check: str):
        async with self.store.read() as conn:
            return [sample.value for sample in await samples.series(conn, metric, {"check": check})]


@pytest.fixture
def room(store: Store, clock: FrozenClock) -> Callable[..., Room]:
    def make(*names: str, **health: Any) -> Room:
        return Room(store, clock, {name: Scripted(name) for name in names}, health)

    return make


__all__ = ["clock", "quiet"]
