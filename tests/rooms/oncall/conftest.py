"""The room of schedules over a real store and a fake Slack, with whatever is due run one job at a time."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import bus
from bot.bus import Reaction, Schedule, Task
from bot.cards.card import Card
from bot.command import Command
from bot.config.manage import Manage
from bot.engine import retry
from bot.events import event_of
from bot.invoke import invoke
from bot.oncall import commands, reactions
from bot.permissions import Caller
from bot.ports import Ports, Profile
from storage.records.jobs import Job
from storage.tables import jobs, journal
from storage.unit_of_work import Store
from tests.fakes.chat import FakeChat
from tests.fakes.ports import FrozenClock, make_ports

FOUND = vars(reactions).values()
REACTIONS = tuple(value for value in FOUND if isinstance(value, Reaction))
RUNNERS = bus.runners(REACTIONS, [value for value in FOUND if isinstance(value, Task)])
COMMANDS = {value.name: value for value in vars(commands).values() if isinstance(value, Command)}
ONE, TWO, SIX = "U0000ONE", "U0000TWO", "U0000SIX"
ALERTS = "C0ALERTS"
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAILY: dict[str, Any] = {"people": [ONE, TWO], "rotation": "daily", "handover": "09:00", "start": "2026-11-23"}


@dataclass
class World:
    """`twice` runs each job a second time before it counts as done, as after a crash behind its effect."""

    store: Store
    clock: FrozenClock
    chat: FakeChat
    ports: Ports
    twice: bool = False
    died: list[str] = field(default_factory=list)

    async def run(self, *argv: str, by: str = ONE, via: str = "slack") -> Card:
        """One command line, and everything that follows at once."""
        card = await invoke(argv, Caller(id=by, via=via), self.ports, COMMANDS)
        await self.settle()
        return card

    async def fire(self, schedule: Schedule) -> None:
        """One firing of what repeats, and everything that follows at once."""
        await schedule.run(self.ports)
        await self.settle()

    async def forward(self, **span: float) -> None:
        """Time passes, job by job."""
        end = self.clock() + timedelta(**span)
        while True:
            async with self.store.read() as conn:
                following = await jobs.next_due(conn, self.clock())
            if following is None or following > end:
                break
            self.clock.time = following
            await self.settle()
        self.clock.time = end

    async def settle(self) -> None:
        """Run all that is due now; what fails for good is noted in `died`."""
        for _ in range(200):
            claimed = await self.store.transact(
                lambda unit: jobs.claim(unit.conn, owner="test", lease=timedelta(hours=9), limit=20, now=self.clock())
            )
            if not claimed:
                return
            for job in claimed:
                await self._run(job)
            ended = [job.id for job in claimed]
            await self.store.transact(
                lambda unit, ended=ended: jobs.done(unit.conn, ended, owner="test", now=self.clock())
            )  # type: ignore[misc]
        raise AssertionError("still busy")

    async def _run(self, job: Job) -> None:
        try:
            await RUNNERS[job.kind](self.ports, job)
            if self.twice:
                await RUNNERS[job.kind](self.ports, replace(job, attempts=job.attempts + 1))
        except Exception as error:  # noqa: BLE001 - as the worker does
            self.died.append(f"{job.kind}: {retry.judge(job, error, self.clock())}")

    async def facts(self, kind: str) -> list[Any]:
        """All facts of that kind, oldest first."""
        async with self.store.read() as conn:
            return [event_of(entry.kind, entry.payload) for entry in await journal.of_kind(conn, kind)]

    def told(self, channel: str) -> list[str]:
        """The titles in a channel; a direct message's channel is "D" and the user's id without its letter."""
        return [m.card.title for m in self.chat.messages if m.channel == channel]


Opened = Callable[..., Awaitable[World]]


@pytest.fixture
async def opened(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Opened]:
    """Open a world with this section `oncall`; more sections by their names."""
    async with httpx.AsyncClient(trust_env=False) as http:
        stores: list[Store] = []

        async def open_(oncall: dict[str, Any], **more: Any) -> World:
            file = shutil.copyfile(sqlite_template, tmp_path / f"oncall{len(stores)}.db")
            store = await Store.open(f"sqlite:///{file}")
            stores.append(store)
            chat = FakeChat(channels={"alerts": ALERTS})
            chat.profiles = {
                u: Profile(user=u, email=f"{u.lower()}@shop.example", timezone="UTC", name=u) for u in (ONE, TWO, SIX)
            }
            clock = FrozenClock(MONDAY)
            manage = Manage.model_validate({"oncall": oncall, **more})
            ports = make_ports(store, now=clock, chat=chat, manage=manage, reactions=REACTIONS, http=http)
            return World(store, clock, chat, ports)

        yield open_
        for store in stores:
            await store.close()
