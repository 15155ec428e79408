"""How late escalation is with 100,000 steps pending: `./do bench escalation [ALERTS | DATABASE_URL]`.

Each alert's next step is a durable job. 300 of them come due over 30 s, then 300 in the same moment; a step is late by
the time from its due time to the moment at which its page reaches a channel (that is two jobs), without any network.
Then the whole bot, as a process of its own on a SQLite file with as many steps pending: the share of a processor that
it takes while nothing comes due. With a DATABASE_URL the first part uses that database, which must be empty.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import structlog
from sqlalchemy import insert

from benchmarks import _programs
from benchmarks._table import Row, run, show
from bot import bus
from bot.alerts import auditor, escalation, reactions
from bot.bus import Task
from bot.config.manage import Manage
from bot.decision import job_of
from bot.engine.worker import Worker
from bot.ports import Ports, Receipt
from storage.records.alerts import Alert, Severity
from storage.tables import alerts
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.ports import make_ports

ALERTS, DUE, OVER = 100_000, 300, timedelta(seconds=30)
TARGET = 1.0
IDLE_TARGET = 1.0
SETTLES, IDLE_SECONDS = 20.0, 60.0
"""Seconds: after its start, and of the measurement, so that what runs every minute is in it."""
POLICY = [{"via": "log", "notify": "x"}, {"after": "1d", "via": "log", "notify": "x"}]
ASLEEP: dict[str, Any] = {"health": {"every": "1h"}, "escalation": {"default": [{"after": "1d", "notify": "#ops"}]}}


@dataclass
class Channel:
    """Where pages arrive. `dues` are alerts with the moment at which they should."""

    dues: dict[str, datetime] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)

    async def deliver(self, _card: Any, *, key: str, **_rest: Any) -> Receipt:
        """Note how late it is."""
        self.late.append((now() - self.dues[":".join(key.split(":")[:2])]).total_seconds())
        return Receipt("written down")


async def measure() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    given = sys.argv[1] if len(sys.argv) > 1 else str(ALERTS)
    count, rows = int(given) if given.isdigit() else ALERTS, []
    with _programs.folders("worker", "bot") as (folder, other):
        url = f"sqlite:///{folder / 'bench.db'}" if given.isdigit() else given
        rows += await lateness(url, count)
        idle = await idling(other, count)
    show(f"Escalation with {count:,} steps pending ({url.partition(':')[0]})", "s", rows)
    show(
        "The whole bot while nothing comes due (SQLite)",
        "%",
        [Row("of a processor, over a minute", [idle], IDLE_TARGET)],
    )


async def lateness(url: str, count: int) -> list[Row]:
    """How late steps are that come due one after another, and all at once; and how long an audit takes."""
    store, channel = await Store.open(url), Channel()

    async def reported(_reports: Any) -> None:
        raise AssertionError("the auditor found something broken")

    manage = Manage.model_validate({"escalation": {"default": POLICY}})
    ports = make_ports(store, now=now, manage=manage, channels={"log": channel.deliver}, report=reported)
    await fill(store, waiting(count))
    begun = time.perf_counter()
    await auditor.audit(ports)
    audited = time.perf_counter() - begun
    tasks = [value for value in vars(reactions).values() if isinstance(value, Task)]
    worker = Worker(store, bus.runners([], tasks), ports, now=now)
    await worker.start()
    spread = await come_due(ports, channel, count, [OVER * n / DUE for n in range(DUE)])
    burst = await come_due(ports, channel, count + DUE, [timedelta(0)] * DUE)
    await worker.stop()
    await store.close()
    return [
        Row(f"step due to page in its channel, {DUE / OVER.total_seconds():g} a second", spread, TARGET),
        Row(f"the same, all {DUE} in the same moment", burst),
        Row("one audit of all alerts", [audited]),
    ]


async def come_due(ports: Ports, channel: Channel, first: int, offsets: Sequence[timedelta]) -> list[float]:
    """Have a step come due at each of these times, counted from three seconds ahead; gives how late each page is."""
    start = now() + timedelta(seconds=3)
    soon = [alert(first + n, start + offset) for n, offset in enumerate(offsets, 1)]
    channel.dues, channel.late = {one.subject: one.opened_at for one in soon}, []
    await fill(ports.store, soon)
    while len(channel.late) < len(soon):  # noqa: ASYNC110 - the worker fills it
        await asyncio.sleep(0.2)
    return channel.late


async def idling(folder: Path, count: int) -> float:
    """Percent of a processor that the bot takes for a minute, some time after its start."""
    store = await Store.open(f"sqlite:///{folder}/bot.db")
    await fill(store, waiting(count))
    await store.close()
    async with _programs.workspace() as there, _programs.bot(folder, there, ASLEEP) as program:
        process = psutil.Process(program.process.pid)
        await asyncio.sleep(SETTLES)
        process.cpu_percent()
        await asyncio.sleep(IDLE_SECONDS)
        return process.cpu_percent()


def waiting(count: int) -> list[Alert]:
    """Alerts whose next step is far away."""
    return [alert(n, now() + timedelta(days=1, seconds=n)) for n in range(1, count + 1)]


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
