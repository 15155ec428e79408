"""How late escalation is with 100,000 steps pending: `./do bench escalation [ALERTS]`.

Each alert's next step is a durable job. 300 of them come due over 30 s; a step is late by the time from its due time to
the moment at which its page reaches a channel (that is two jobs), without any network.
"""

import asyncio
import logging
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert

from benchmarks._table import Row, run, show
from bot import bus
from bot.alerts import auditor, escalation, reactions
from bot.bus import Task
from bot.config.manage import Manage
from bot.decision import job_of
from bot.engine.worker import Worker
from bot.ports import Receipt
from storage.records.alerts import Alert, Severity
from storage.tables import alerts
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.ports import make_ports

ALERTS, DUE, OVER = 100_000, 300, timedelta(seconds=30)
TARGET = 1.0
POLICY = [{"via": "log", "notify": "x"}, {"after": "1d", "via": "log", "notify": "x"}]


async def measure() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ALERTS
    late: list[float] = []
    dues: dict[str, datetime] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{Path(folder) / 'bench.db'}")

        async def deliver(_card: Any, *, key: str, **_rest: Any) -> Receipt:
            late.append((now() - dues[":".join(key.split(":")[:2])]).total_seconds())
            return Receipt("written down")

        async def reported(_reports: Any) -> None:
            raise AssertionError("the auditor found something broken")

        manage = Manage.model_validate({"escalation": {"default": POLICY}})
        ports = make_ports(store, now=now, manage=manage, channels={"log": deliver}, report=reported)
        await fill(store, [alert(DUE + n, now() + timedelta(days=1, seconds=n)) for n in range(1, count + 1)])
        begun = time.perf_counter()
        await auditor.audit(ports)
        audited = time.perf_counter() - begun
        soon = [alert(n + 1, now() + timedelta(seconds=3) + OVER * n / DUE) for n in range(DUE)]
        dues |= {one.subject: one.opened_at for one in soon}
        await fill(store, soon)
        tasks = [value for value in vars(reactions).values() if isinstance(value, Task)]
        worker = Worker(store, bus.runners([], tasks), ports, now=now)
        await worker.start()
        while len(late) < DUE:  # noqa: ASYNC110 - the worker fills it
            await asyncio.sleep(0.2)
        await worker.stop()
        await store.close()
    show(
        f"Escalation with {count:,} steps pending",
        "s",
        [Row("step due to page in its channel", late, TARGET), Row("one audit of all alerts", [audited])],
    )


def now() -> datetime:
    return datetime.now(UTC)


def alert(number: int, due: datetime) -> Alert:
    same = dict.fromkeys(("started_at", "opened_at", "last_seen_at", "next_step_at"), due)
    return Alert(id=number, fingerprint=f"f{number}", rule="r", severity=Severity.HIGH, summary="s", **same)


async def fill(store: Store, made: list[Alert]) -> None:
    for start in range(0, len(made), 5000):
        part = made[start : start + 5000]

        async def write(unit: UnitOfWork, part: list[Alert] = part) -> None:
            await unit.conn.execute(insert(alerts.ALERTS), [alerts.to_row(replace(one, version=1)) for one in part])
            await unit.enqueue(job_of(timer) for one in part for timer in escalation.timers(one))

        await store.transact(write)


if __name__ == "__main__":
    run(measure)
