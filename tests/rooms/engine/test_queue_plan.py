"""With ten thousand jobs pending, PostgreSQL finds the due ones by an index."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from storage.records.jobs import NewJob
from storage.tables import jobs
from storage.unit_of_work import Store, UnitOfWork
from tests.rooms.engine.conftest import T0

pytestmark = pytest.mark.server


@pytest.fixture
async def crowded(postgresql_url: str) -> AsyncIterator[Store]:
    store = await Store.open(postgresql_url)
    far = [
        NewJob(kind="k", key=f"{i}", due_at=T0 + timedelta(days=1, seconds=i), lane=f"{i % 100}" if i % 2 else "")
        for i in range(10_000)
    ]
    await store.transact(lambda unit: unit.enqueue(far))
    await store.transact(lambda unit: unit.enqueue([NewJob(kind="k", key="due", due_at=T0, lane="7")]))
    await store.transact(lambda unit: unit.conn.execute(text("ANALYZE jobs")))
    yield store
    await store.close()


async def explained(store: Store, work: str) -> str:
    """Run the query `work` of the queue seven times, so that a plan for any parameters would be used, and explain it."""

    async def run(unit: UnitOfWork) -> str:
        seen: list[tuple[str, object]] = []

        def remember(_conn: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            seen.append((statement, parameters))

        sync = unit.conn.sync_connection
        assert sync
        event.listen(sync, "before_cursor_execute", remember)
        if work == "claim":
            await jobs.claim(unit.conn, owner="a", lease=timedelta(seconds=4), limit=32, now=T0)
        else:
            await jobs.next_due(unit.conn, T0)
        event.remove(sync, "before_cursor_execute", remember)
        [(statement, parameters)] = seen
        await unit.conn.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        plan = await unit.conn.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)  # type: ignore[arg-type]
        return "\n".join(row[0] for row in plan)

    return await store.transact(run)


async def test_a_claim_reads_no_job_that_is_not_due(crowded: Store) -> None:
    plan = await explained(crowded, "claim")
    assert "ix_jobs_pending_due" in plan
    assert "Seq Scan on jobs" not in plan, plan


async def test_the_next_due_time_is_read_from_the_index(crowded: Store) -> None:
    plan = await explained(crowded, "next_due")
    assert "ix_jobs_pending_due" in plan
    assert "Seq Scan on jobs" not in plan, plan
