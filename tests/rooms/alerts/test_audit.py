"""The auditor's questions, on both databases: right, and answered by an index."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from bot.alerts.escalation import EXPIRE, STEP
from storage.records.alerts import Alert, AlertState, Severity
from storage.records.jobs import NewJob
from storage.tables import escalations
from storage.tables.escalations import Wanted
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.ports import T0

WANTED = Wanted(step=STEP, end=EXPIRE, over="EscalationExhausted", policies={"default": 3})


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


def alert(number: int, **changes: Any) -> Alert:
    given: dict[str, Any] = {"id": number, "fingerprint": f"f{number}", "rule": "r", "severity": Severity.HIGH}
    times = dict.fromkeys(("started_at", "opened_at", "last_seen_at"), T0)
    return Alert(**{**given, "summary": "s", **times, **changes})


def job(number: int, kind: str) -> NewJob:
    return NewJob(kind=kind, key=f"{kind}:{number}", due_at=T0 + timedelta(hours=1), subject=f"alert:{number}")


HELD = {"state": AlertState.ACKNOWLEDGED, "acknowledged_until": T0 + timedelta(hours=4)}


@pytest.mark.parametrize(
    ("changes", "jobs", "broken"),
    [
        ({"next_step_at": T0}, [STEP], False),
        ({"next_step_at": T0}, [], True),
        ({"next_step_at": T0}, [EXPIRE], True),
        ({"next_step": 2}, [], True),
        ({"next_step": 3}, [], False),
        ({"policy": "gone"}, [], False),
        (HELD, [EXPIRE], False),
        (HELD, [STEP], True),
        ({"state": AlertState.ACKNOWLEDGED}, [], False),
        ({"state": AlertState.SILENCED, "muted_by": "silence 1"}, [], False),
        ({"state": AlertState.RESOLVED}, [], False),
    ],
)
async def test_what_is_neither_planned_nor_at_a_stated_end_is_found(
    store: Store, changes: dict[str, Any], jobs: list[str], *, broken: bool
) -> None:
    async def fill(unit: UnitOfWork) -> None:
        await unit.save(alert(1, **changes))
        await unit.enqueue([job(1, kind) for kind in jobs] + [job(2, STEP), job(2, EXPIRE)])

    await store.transact(fill)
    async with store.read() as conn:
        found = await escalations.unplanned(conn, WANTED)

    assert [one.id for one in found] == ([1] if broken else [])


async def test_its_question_does_not_read_all_jobs(store: Store) -> None:
    async def fill(unit: UnitOfWork) -> None:
        for number in range(1, 40):
            await unit.save(alert(number, next_step_at=T0))
        await unit.enqueue([job(number, STEP) for number in range(1, 5000)])

    await store.transact(fill)
    if store.dialect == "postgresql":
        await store.transact(lambda unit: unit.conn.execute(text("ANALYZE jobs")))

    plan = await store.transact(lambda unit: _plan(unit, store.dialect))

    assert "ix_jobs_pending_subject" in plan, plan
    assert "SCAN jobs" not in plan, plan
    assert "Seq Scan on jobs" not in plan, plan


async def _plan(unit: UnitOfWork, dialect: str) -> str:
    seen: list[tuple[str, Any]] = []

    def remember(_conn: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        seen.append((statement, parameters))

    sync = unit.conn.sync_connection
    assert sync
    event.listen(sync, "before_cursor_execute", remember)
    await escalations.unplanned(unit.conn, WANTED)
    event.remove(sync, "before_cursor_execute", remember)
    explain = "EXPLAIN" if dialect == "postgresql" else "EXPLAIN QUERY PLAN"
    told = [await unit.conn.exec_driver_sql(f"{explain} {statement}", given) for statement, given in seen]
    return "\n".join(str(row[-1]) for rows in told for row in rows)
