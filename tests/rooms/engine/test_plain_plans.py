"""What a storm repeats is asked of SQLite directly: each of these queries is answered by an index, none reads a table."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.tables import alerts, instances, journal, overrides, plain, posts
from storage.unit_of_work import Store, UnitOfWork

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
Ask = Callable[[Any], Awaitable[object]]

ASKED: dict[str, Ask] = {
    "open instances of fingerprints": lambda conn: instances.open_instances(conn, fingerprints=["a", "b"]),
    "instances that were over last": lambda conn: instances.latest_over(conn, ["a", "b"], NOW),
    "whether instances are unknown": lambda conn: instances.unknown(conn, ["a", "b"], ["c"], NOW),
    "open alerts of numbers or fingerprints": lambda conn: alerts.open_among(conn, ids=[1, 2], fingerprints=["a"]),
    "an alert": lambda conn: alerts.get(conn, 1),
    "what happened to an alert": lambda conn: journal.of_subjects(conn, ["alert:1"]),
    "the latest pages of an alert": lambda conn: journal.of_subject(conn, "alert:1", ["PageFailed"], latest=9),
    "overrides of schedules": lambda conn: overrides.between(conn, ["a"], NOW, NOW + timedelta(hours=1)),
    "a message": lambda conn: posts.get(conn, "alert:1:card"),
}


@pytest.mark.parametrize("name", ASKED)
async def test_a_query_through_the_driver_is_answered_by_an_index(tmp_path: Path, name: str) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/bot.db")
    asked: list[str] = []

    async def plans(unit: UnitOfWork) -> list[str]:
        raw = plain.driver(unit.conn)
        assert raw is not None
        raw.set_trace_callback(asked.append)
        await ASKED[name](unit.conn)
        raw.set_trace_callback(None)
        return [str(step[3]) for query in asked for step in raw.execute(f"EXPLAIN QUERY PLAN {query}")]

    steps = await store.transact(plans)
    await store.close()
    assert len(asked) == 1
    assert [step for step in steps if step.startswith("SCAN")] == []
    assert any("SEARCH" in step for step in steps)
