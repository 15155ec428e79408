"""The rooms of alerts and incidents over a real store and a fake Slack, with whatever is due run one job at a time."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx

from bot import bus, registry
from bot.bus import Reaction, Task
from bot.cards.card import Card
from bot.channels.slack import SLACK, SlackOptions
from bot.command import Command
from bot.config.manage import Manage
from bot.engine import retry
from bot.events import CheckChanged, Event, event_of, payload_of
from bot.invoke import invoke
from bot.permissions import Caller
from bot.ports import ChatError, Ports
from storage.records.alerts import Alert
from storage.records.incidents import Incident
from storage.records.jobs import Job, JobState
from storage.tables import alerts, incidents, jobs, journal, posts
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.chat import FakeChat, Message
from tests.fakes.ports import FrozenClock, make_ports

OF = ("alerts", "follow_ups", "incidents", "meetings", "rules", "silences", "statuspage")
ROOMS = [module for room in OF for module in registry.modules(f"bot.{room}")]
REACTIONS = tuple(registry.collect(Reaction, ROOMS, lambda reaction: reaction.name).values())
TASKS = tuple(registry.collect(Task, ROOMS, lambda task: task.name).values())
RUNNERS = bus.runners(REACTIONS, TASKS)
COMMANDS = registry.collect(Command, ROOMS, lambda command: command.name)
ONCALL, SECOND, LEAD = "U0000ONE", "U0000TWO", "U000LEAD"
MANAGE: dict[str, Any] = {
    "oncall": {"people": [ONCALL, SECOND], "start": "2026-11-23", "handover": "mon 09:00"},
    "incidents": {"archive": "after_postmortem"},
}


def refusal(code: str, *, retry: bool = False) -> ChatError:
    return ChatError(code, f"Slack refuses this: {code}; ask an admin", retry=retry)


@dataclass
class World:
    """`twice` runs each job a second time before it counts as done, as after a crash behind its effect."""

    store: Store
    clock: FrozenClock
    chat: FakeChat | None
    ports: Ports
    twice: bool = False
    died: list[str] = field(default_factory=list)

    @property
    def slack(self) -> FakeChat:
        assert self.chat is not None
        return self.chat

    async def check(self, status: str, *, name: str = "shop", previous: str = "healthy", **changes: Any) -> None:
        """The held status of a check changed; everything that follows at once happens."""
        since = self.clock() - timedelta(seconds=60)
        fact = CheckChanged(check=name, status=status, previous=previous, since=since, **changes)
        await self.happen(fact)

    async def happen(self, fact: Event) -> None:
        """A fact of another room is written down; everything that follows at once happens."""
        now, payload = self.clock(), payload_of(fact)

        async def work(unit: UnitOfWork) -> None:
            kind = type(fact).__name__
            entry = await unit.append(at=now, kind=kind, subject=fact.subject, actor="bot", payload=payload)
            await unit.enqueue(self.ports.jobs_for(entry))

        await self.store.transact(work)
        await self.settle()

    async def run(self, *argv: str, by: str = LEAD, via: str = "slack", channel: str = "") -> Card:
        """One command line, and everything that follows at once."""
        card = await self.ask(*argv, by=by, via=via, channel=channel)
        await self.settle()
        return card

    async def ask(self, *argv: str, by: str = LEAD, via: str = "slack", channel: str = "") -> Card:
        """One command line, before anything that follows from it."""
        return await invoke(argv, Caller(id=by, via=via, channel=channel), self.ports, COMMANDS)

    async def forward(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Time passes, job by job."""
        end = self.clock() + timedelta(minutes=minutes, seconds=seconds)
        while True:
            async with self.store.read() as conn:
                following = await jobs.next_due(conn, self.clock())
            if following is None or following > end:
                break
            self.clock.time = following
            await self.settle()
        self.clock.time = end

    async def settle(self, most: int = 300) -> None:
        """Run all that is due now. What fails for good is noted in `died`; what waits stays for later."""
        ran = 0
        while claimed := await self.store.transact(self._claim):
            ended = [job.id for job in claimed if await self._run(job)]
            await self._done(ended)
            ran += len(claimed)
            assert ran < most, f"still busy after {ran} jobs"

    async def _claim(self, unit: UnitOfWork) -> list[Job]:
        return await jobs.claim(unit.conn, owner="test", lease=timedelta(hours=9), limit=20, now=self.clock())

    async def _done(self, ids: list[int]) -> None:
        await self.store.transact(lambda unit: jobs.done(unit.conn, ids, owner="test", now=self.clock()))

    async def _run(self, job: Job) -> bool:
        """Run a job; True when it is done."""
        try:
            await RUNNERS[job.kind](self.ports, job)
            if self.twice:
                await RUNNERS[job.kind](self.ports, replace(job, attempts=job.attempts + 1))
        except Exception as error:  # noqa: BLE001 - as the worker does
            await self._failed(job, error)
            return False
        return True

    async def _failed(self, job: Job, error: Exception) -> None:
        now, verdict = self.clock(), retry.judge(job, error, self.clock())

        async def write(unit: UnitOfWork) -> None:
            match verdict:
                case retry.PutOff(at=at):
                    await jobs.postpone(unit.conn, [job.id], owner="test", due_at=at)
                case retry.Again(at=at, error=said):
                    await jobs.retry(unit.conn, job, at, said)
                case retry.GiveUp(error=said):
                    dead = replace(job, state=JobState.DEAD, finished_at=now, last_error=said)
                    await jobs.die(unit.conn, dead)

        await self.store.transact(write)
        if isinstance(verdict, retry.GiveUp):
            self.died.append(f"{job.kind}: {verdict.error}")

    async def alert(self, number: int = 1) -> Alert:
        async with self.store.read() as conn:
            found = await alerts.get(conn, number)
        assert found is not None
        return found

    async def incident(self, number: int = 1) -> Incident:
        async with self.store.read() as conn:
            found = await incidents.get(conn, number)
        assert found is not None
        return found

    async def facts(self, subject: str, *kinds: type[Event]) -> list[Any]:
        """What the journal holds of a subject, of these kinds alone when some are given."""
        async with self.store.read() as conn:
            entries = await journal.of_subjects(conn, [subject])
        found = [event_of(entry.kind, entry.payload) for entry in entries]
        return [event for event in found if not kinds or isinstance(event, kinds)]

    async def waiting(self, kind: str) -> list[Job]:
        """The pending jobs of that kind."""
        async with self.store.read() as conn:
            found = await jobs.listing(conn, states=[JobState.PENDING], limit=1000)
        return [job for job in found if job.kind == kind]

    async def message(self, key: str) -> Message:
        """The message of Slack that the post of that key is now."""
        async with self.store.read() as conn:
            post = await posts.get(conn, key)
        assert post is not None, f"nothing was posted as {key}"
        return next(m for m in self.slack.messages if (m.channel, m.ts) == (post.channel, post.ts))

    async def thread(self, key: str) -> list[str]:
        """What was said below the message of that key."""
        above = await self.message(key)
        return [m.text for m in self.slack.messages if (m.channel, m.thread_ts) == (above.channel, above.ts)]

    def told(self, channel: str) -> list[str]:
        """What stands in a channel, threads aside."""
        return [m.text for m in self.slack.messages if m.channel == channel and not m.thread_ts]


def world_of(
    store: Store, clock: FrozenClock, chat: FakeChat | None, config: dict[str, Any], http: httpx.AsyncClient
) -> World:
    """The world on `store`, configured by `config` (spelled like manage.yml)."""
    manage = Manage.model_validate(config)
    ports = make_ports(store, now=clock, chat=chat, manage=manage, reactions=REACTIONS, http=http)
    if chat is not None:
        ports = replace(ports, channels={"slack": SLACK.connect(SlackOptions(), ports)})
    return World(store, clock, chat, ports)
