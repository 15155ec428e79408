"""A resolved incident with its journal, and a runner that does due jobs one after the other as the worker would."""

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot import bus
from bot.alerts.acknowledgement import acknowledge
from bot.bus import Reaction, Task
from bot.cards.card import Card
from bot.command import Command
from bot.decision import Decision, commit
from bot.engine.retry import Later
from bot.events import AlertOpened
from bot.incidents import decide, particulars, service
from bot.incidents.decide import Source
from bot.invoke import invoke
from bot.permissions import Caller
from bot.ports import Ports, Writer
from bot.postmortems import commands, reactions
from bot.postmortems import service as postmortems
from storage.records.alerts import Alert, Severity
from storage.records.jobs import Job
from storage.records.postmortems import Postmortem
from storage.tables import jobs
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.chat import FakeChat
from tests.fakes.ports import FrozenClock, make_ports

REACTIONS = tuple(value for value in vars(reactions).values() if isinstance(value, Reaction))
TASKS = tuple(value for value in vars(reactions).values() if isinstance(value, Task))
COMMANDS = {value.name: value for value in vars(commands).values() if isinstance(value, Command)}
LEAD, RESPONDER = "U0000LEAD", "U0000RESP"


@dataclass
class House:
    """The postmortem room over a real store, with everything around it chosen by the test."""

    store: Store
    clock: FrozenClock
    chat: FakeChat | None
    ports: Ports

    async def run(self, *argv: str, by: str = LEAD, via: str = "slack") -> Card:
        """One command line."""
        return await invoke(argv, Caller(id=by, via=via), self.ports, COMMANDS)

    async def settle(self, *, most: int = 200, crash: Callable[[Job], bool] = lambda _job: False) -> int:
        """Run every job that is due, moving the clock when one asks for later; says how many ran.

        A job for which `crash` is true is done but never marked as done, as when the process dies in between.
        """
        run = bus.runners(REACTIONS, TASKS)
        for ran in range(most):
            claimed = await self.store.transact(self._claim)
            if not claimed:
                return ran
            job = claimed[0]
            try:
                await run[job.kind](self.ports, job)
            except Later as later:
                self.clock.time = max(self.clock.time, later.at)
                await self._postpone(job)
                continue
            if crash(job):
                await self._postpone(job)
            else:
                await self.store.transact(lambda u, j=job: jobs.done(u.conn, [j.id], owner="test", now=self.clock()))
        raise AssertionError(f"still busy after {most} jobs")

    async def _claim(self, unit: UnitOfWork) -> list[Job]:
        return await jobs.claim(unit.conn, owner="test", lease=timedelta(seconds=1), limit=1, now=self.clock())

    async def _postpone(self, job: Job) -> None:
        due = self.clock()
        await self.store.transact(lambda unit: jobs.postpone(unit.conn, [job.id], owner="test", due_at=due))

    async def postmortem(self, number: int = 1) -> Postmortem:
        return (await postmortems.view(self.ports, number)).postmortem

    async def resolve_incident(self) -> None:
        """Fifteen minutes of an incident: an alert, two people, an update, a pinned message, a resolution."""
        await service.declare(self.ports, title="Checkout is down", severity=Severity.HIGH, by="bot", alert=1)
        self.clock.forward(120)
        await service.change(self.ports, 1, LEAD, lambda i: decide.open_channel(i, "C0000INC", "incident-1"))
        await service.change(self.ports, 1, LEAD, lambda i: particulars.assign(i, "commander", LEAD))
        self.clock.forward(180)
        said = Source(
            channel="C0000INC",
            ts="1700000001.000100",
            text="connections ran out because of the deploy at 11:52",
            author=RESPONDER,
            said_at=self.clock(),
        )
        await service.note(self.ports, 1, said, by=RESPONDER)
        await service.update(self.ports, 1, by=LEAD, text="Rolling back the deploy", status=None, severity=None)
        self.clock.forward(600)
        await service.resolve(self.ports, 1, by=LEAD, comment="rolled back")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def chat() -> FakeChat | None:
    """Overridden by tests without Slack."""
    return FakeChat()


@pytest.fixture
def writer() -> Writer | None:
    """Overridden by tests with a model."""
    return None


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def room_url(sqlite_url: str) -> str:
    """SQLite is enough for what is said; the story as a whole and its crashes run on both databases."""
    return sqlite_url


@pytest.fixture
async def house(
    room_url: str, clock: FrozenClock, chat: FakeChat | None, writer: Writer | None
) -> AsyncIterator[House]:
    store = await Store.open(room_url)
    async with httpx.AsyncClient(trust_env=False) as http:
        ports = make_ports(store, now=clock, chat=chat, writer=writer, reactions=REACTIONS, http=http)
        made = House(store, clock, chat, ports)
        await store.transact(lambda unit: _alert(unit, made))
        yield made
    await store.close()


async def _alert(unit: UnitOfWork, house: House) -> None:
    now = house.clock()
    alert = Alert(
        id=await unit.next_id("alert"),
        fingerprint="f",
        rule="health-check-failed",
        severity=Severity.HIGH,
        summary="shop is down",
        reading="connection refused",
        labels={"check": "shop"},
        started_at=now - timedelta(seconds=60),
        opened_at=now,
        last_seen_at=now,
    )
    opened: Decision[Alert] = Decision(state=alert, events=(_opened(alert),))
    await commit(unit, opened, actor="bot", now=now, jobs_for=house.ports.jobs_for)
    taken = acknowledge(replace(alert, version=1), by=RESPONDER, now=now + timedelta(seconds=45))
    await commit(unit, taken, actor=RESPONDER, now=now + timedelta(seconds=45), jobs_for=house.ports.jobs_for)


def _opened(alert: Alert) -> AlertOpened:
    return AlertOpened(
        alert=alert.id,
        rule=alert.rule,
        severity=alert.severity.value,
        summary=alert.summary,
        started_at=alert.started_at,
        reading=alert.reading,
    )
