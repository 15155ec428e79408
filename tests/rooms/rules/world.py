"""The room of rules over a real store: samples go in, what it reports is collected."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot.cards.card import Card
from bot.command import Command
from bot.config.manage import Manage
from bot.invoke import invoke
from bot.permissions import Caller
from bot.ports import Ports
from bot.report import Report
from bot.rules import service
from storage.records.rule_states import RuleState
from storage.records.samples import Sample
from storage.tables import rule_states, samples
from storage.unit_of_work import Store
from tests.fakes.ports import FrozenClock, make_ports


@dataclass
class World:
    """Rules over a store, with a clock that stands still and a list of what was reported."""

    store: Store
    clock: FrozenClock
    ports: Ports
    reported: list[Report] = field(default_factory=list)

    async def measured(self, metric: str, value: float, ago: float = 0, **labels: str) -> None:
        at = self.clock() - timedelta(seconds=ago)
        one = Sample(metric=metric, at=at, value=value, labels=labels)
        await self.store.transact(lambda unit: samples.insert(unit.conn, [one]))

    async def kept(self, many: Sequence[Sample]) -> None:
        await self.store.transact(lambda unit: samples.insert(unit.conn, many))

    async def evaluate(self) -> list[Report]:
        """Evaluate once; what was reported by it."""
        before = len(self.reported)
        await service.evaluate_all(self.ports)
        return self.reported[before:]

    async def round(self, metric: str, value: float, seconds: float = 15, **labels: str) -> list[Report]:
        """Time passes, a value is measured, rules are evaluated."""
        self.clock.forward(seconds)
        await self.measured(metric, value, **labels)
        return await self.evaluate()

    async def states(self) -> list[RuleState]:
        async with self.store.read() as conn:
            return await rule_states.everything(conn)

    async def shown(self) -> dict[tuple[str, str], str]:
        """How each label set of each rule is shown now."""
        return {
            (one.watched.rule.name, ",".join(outcome.state.labels.values())): outcome.shown
            for one in await service.look(self.ports)
            for outcome in one.outcomes
        }

    async def ask(self, *argv: str, via: str = "slack") -> Card:
        from bot.rules import commands

        known = {value.name: value for value in vars(commands).values() if isinstance(value, Command)}
        return await invoke(argv, Caller(id="U000LEAD", via=via), self.ports, known)

    def configured(self, **rules: Any) -> "World":
        """The same world under other rules, as after a restart."""
        return world_of(self.store, self.clock, rules)


def world_of(store: Store, clock: FrozenClock, rules: dict[str, Any], **manage: Any) -> World:
    off = {name: {"enabled": False} for name in ("error-rate", "latency-high", "latency-raised", "disk-usage")}
    values = {**manage, "alerts": {"rules": {**off, **{name.replace("_", "-"): r for name, r in rules.items()}}}}
    ports = make_ports(store, now=clock, manage=Manage.model_validate(values))
    world = World(store=store, clock=clock, ports=ports)

    async def collect(reports: Sequence[Report], /) -> None:
        world.reported += reports

    world.ports = replace(ports, report=collect)
    return world
