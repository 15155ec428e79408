"""With ten thousand jobs pending, both databases find the few that matter by an index."""

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.jobs import JobState, NewJob
from storage.tables import jobs, plain
from storage.unit_of_work import Store, UnitOfWork
from tests.rooms.engine.conftest import T0

Work = Callable[[AsyncConnection], Awaitable[Any]]


@pytest.fixture
async def crowded(store: Store) -> Store:
    far = [
        NewJob(
            kind="k",
            key=f"{i}",
            due_at=T0 + timedelta(days=1, seconds=i),
            lane=f"{i % 100}" if i % 2 else "",
            subject=f"alert:{i % 1000}",
        )
        for i in range(10_000)
    ]
    await store.transact(lambda unit: unit.enqueue(far))
    await store.transact(lambda unit: unit.enqueue([NewJob(kind="k", key="due", due_at=T0, lane="7")]))
    if store.dialect == "postgresql":  # SQLite's planner must do without statistics: nobody runs ANALYZE there
        await store.transact(lambda unit: unit.conn.execute(text("ANALYZE jobs")))
    return store


async def plans(store: Store, query: Work) -> str:
    """Run a query of the queue and explain each of its statements, planned for parameters it has not seen."""

    async def run(unit: UnitOfWork) -> str:
        seen: list[tuple[str, Any]] = []

        def remember(_conn: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            seen.append((statement, parameters))

        def remember_plain(raw: sqlite3.Connection, statement: str, values: Any, *, many: bool = False) -> plain.Done:
            seen.append((statement, values))
            return done(raw, statement, values, many=many)

        done = plain._done
        sync = unit.conn.sync_connection
        assert sync
        event.listen(sync, "before_cursor_execute", remember)
        with patch.object(plain, "_done", remember_plain):  # else it would show its values in place of parameters
            await query(unit.conn)
        event.remove(sync, "before_cursor_execute", remember)
        explain = "EXPLAIN QUERY PLAN"
        if store.dialect == "postgresql":
            explain = "EXPLAIN"
            await unit.conn.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        assert seen
        told = [await unit.conn.exec_driver_sql(f"{explain} {statement}", given) for statement, given in seen]
        return "\n".join(str(row[-1]) for rows in told for row in rows)

    return await store.transact(run)


async def claim(conn: AsyncConnection) -> None:
    await jobs.claim(conn, owner="a", lease=timedelta(seconds=4), limit=32, now=T0)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (claim, "ix_jobs_pending_due"),
        (claim, "_lane"),
        (lambda conn: jobs.next_due(conn, T0), "ix_jobs_pending_due"),
        (lambda conn: jobs.oldest_due(conn, T0), "ix_jobs_pending_due"),
        (lambda conn: jobs.cancel(conn, "alert:1", "k"), "ix_jobs_pending_subject"),
        (lambda conn: jobs.supersede(conn, "alert:1", "k"), "ix_jobs_pending_subject"),
        (lambda conn: jobs.listing(conn, states=[JobState.DEAD]), "ix_jobs_over"),
        (lambda conn: jobs.done(conn, [1, 2], owner="a", now=T0), ""),
        (lambda conn: jobs.purge(conn, T0), ""),
    ],
    ids=["claim by time", "claim by lane", "next", "oldest", "cancel", "supersede", "dead", "done", "purge"],
)
async def test_no_query_of_the_queue_reads_all_jobs(crowded: Store, query: Work, index: str) -> None:
    plan = await plans(crowded, query)
    assert index in plan, plan
    assert "Seq Scan on jobs" not in plan, plan
    assert "SCAN jobs" not in plan, plan
