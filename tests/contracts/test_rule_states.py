"""States and baselines of rules as both databases keep them."""

from dataclasses import replace
from datetime import timedelta

from storage.records.rule_states import Baseline, Phase, RuleState
from storage.tables import rule_states
from storage.unit_of_work import Store
from tests.contracts.records import T0

STATE = RuleState(
    rule="errors",
    labels={"service": "shop", "a": "1"},
    phase=Phase.FIRING,
    since=T0,
    seen_at=T0 + timedelta(seconds=15),
    over_since=T0 + timedelta(seconds=15),
    absent_since=T0,
    error="division by zero",
    value=0.07,
    threshold=0.05,
    told="0.07",
)


async def test_a_state_reads_back_as_it_was_written(store: Store) -> None:
    await store.transact(lambda unit: rule_states.put(unit.conn, [STATE]))
    async with store.read() as conn:
        assert await rule_states.everything(conn) == [STATE]


async def test_a_later_state_of_the_same_labels_replaces_it_in_whatever_order_they_are(store: Store) -> None:
    later = replace(STATE, labels={"a": "1", "service": "shop"}, phase=Phase.PENDING, over_since=None)
    await store.transact(lambda unit: rule_states.put(unit.conn, [STATE]))
    await store.transact(lambda unit: rule_states.put(unit.conn, [later]))
    async with store.read() as conn:
        assert await rule_states.everything(conn) == [later]


async def test_only_the_named_label_sets_are_forgotten(store: Store) -> None:
    states = [replace(STATE, labels={"n": str(n)}) for n in range(900)]
    await store.transact(lambda unit: rule_states.put(unit.conn, states))
    gone = [("errors", {"n": str(n)}) for n in range(1, 900)] + [("other", {"n": "0"})]
    await store.transact(lambda unit: rule_states.remove(unit.conn, gone))
    async with store.read() as conn:
        assert [state.labels for state in await rule_states.everything(conn)] == [{"n": "0"}]


async def test_baselines_of_a_rule_are_replaced_together(store: Store) -> None:
    first = [Baseline(rule="odd", labels={"n": str(n)}, at=T0, center=1.0, spread=None, count=n) for n in range(3)]
    other = Baseline(rule="other", labels={}, at=T0, center=2.0, spread=0.5, count=9)
    second = [replace(first[1], at=T0 + timedelta(minutes=30), spread=0.1)]
    await store.transact(lambda unit: rule_states.put_baselines(unit.conn, "odd", first))
    await store.transact(lambda unit: rule_states.put_baselines(unit.conn, "other", [other]))
    await store.transact(lambda unit: rule_states.put_baselines(unit.conn, "odd", second))
    async with store.read() as conn:
        assert await rule_states.baselines(conn, "odd") == second
        assert await rule_states.baselines(conn, "other") == [other]
