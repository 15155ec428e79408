"""States of rules by label set, and baselines of anomaly rules. A label set that is well has no row."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Float, Integer, Table, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import insert as upsert
from storage.records.rule_states import Baseline, Phase, RuleState
from storage.tables.schema import METADATA, Instant, Words, row_of, rows

RULE_STATES = Table(
    "rule_states",
    METADATA,
    Column("rule", Words, primary_key=True),
    Column("labels", Words, primary_key=True),
    Column("phase", Words, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("over_since", Instant),
    Column("absent_since", Instant),
    Column("error", Words, nullable=False),
    Column("value", Float(53)),
    Column("threshold", Float(53)),
    Column("told", Words, nullable=False),
)
BASELINES = Table(
    "rule_baselines",
    METADATA,
    Column("rule", Words, primary_key=True),
    Column("labels", Words, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("center", Float(53), nullable=False),
    Column("spread", Float(53)),
    Column("count", Integer, nullable=False),
)
_AT_ONCE = 400


def to_row(record: RuleState | Baseline) -> dict[str, Any]:
    """Return the record as columns; equal labels give equal text."""
    return {**row_of(record), "labels": _written(record.labels)}


def from_row(row: Mapping[str, Any]) -> RuleState:
    """Return the state that `to_row` wrote."""
    return RuleState(**{**row, "labels": json.loads(row["labels"]), "phase": Phase(row["phase"])})


async def everything(conn: AsyncConnection) -> list[RuleState]:
    """All states, by rule and labels."""
    query = select(RULE_STATES).order_by(RULE_STATES.c.rule, RULE_STATES.c.labels)
    return [from_row(row) for row in await rows(conn, query)]


async def put(conn: AsyncConnection, states: Iterable[RuleState]) -> None:
    """Write the states over what was there."""
    await _put(conn, RULE_STATES, states)


async def forget_told(conn: AsyncConnection, rule: str) -> None:
    """Nothing was said of the label sets of the rule, as far as anybody knows."""
    await conn.execute(update(RULE_STATES).where(RULE_STATES.c.rule == rule).values(told=""))


async def remove(conn: AsyncConnection, keys: Collection[tuple[str, Mapping[str, str]]]) -> None:
    """Forget these label sets (rule, labels)."""
    wanted = [(rule, _written(labels)) for rule, labels in keys]
    for start in range(0, len(wanted), _AT_ONCE):
        these = tuple_(RULE_STATES.c.rule, RULE_STATES.c.labels).in_(wanted[start : start + _AT_ONCE])
        await conn.execute(delete(RULE_STATES).where(these))


async def baselines(conn: AsyncConnection, rule: str) -> list[Baseline]:
    """All baselines of a rule, by labels."""
    query = select(BASELINES).where(BASELINES.c.rule == rule).order_by(BASELINES.c.labels)
    return [Baseline(**{**row, "labels": json.loads(row["labels"])}) for row in await rows(conn, query)]


async def put_baselines(conn: AsyncConnection, rule: str, found: Sequence[Baseline]) -> None:
    """Write the rule's baselines in the place of all that it had."""
    await conn.execute(delete(BASELINES).where(BASELINES.c.rule == rule))
    await _put(conn, BASELINES, found)


async def _put(conn: AsyncConnection, table: Table, records: Iterable[RuleState | Baseline]) -> None:
    # in one order, so that two replicas that write at once do not wait for each other in a circle
    given = sorted((to_row(record) for record in records), key=lambda row: (row["rule"], row["labels"]))
    if given:
        new = upsert(conn, table)
        changed = {name: new.excluded[name] for name in given[0] if name not in ("rule", "labels")}
        await conn.execute(new.on_conflict_do_update(index_elements=["rule", "labels"], set_=changed), given)


def _written(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels), sort_keys=True, separators=(",", ":"))
