"""Heartbeats over a real store and worker queue: missed, told, returned, paused, forgotten; and the one sent out."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot import bus
from bot.bus import Reaction
from bot.config.manage import Manage
from bot.heartbeats import commands, reactions, service
from bot.invoke import invoke
from bot.permissions import Caller
from bot.ports import Ports
from bot.report import Report
from storage.records.alerts import Severity
from storage.records.jobs import NewJob
from storage.tables import heartbeats as table
from storage.tables import jobs
from storage.unit_of_work import Store
from tests.fakes.ports import FrozenClock, make_ports

REACTIONS = tuple(value for value in vars(reactions).values() if isinstance(value, Reaction))
RUNNERS = bus.runners(REACTIONS, [reactions.look])
COMMANDS = {one.name: one for one in (commands.heartbeats, commands.pause, commands.resume)}
CONFIG: dict[str, Any] = {
    "heartbeats": [
        {"name": "backup", "every": "5m", "grace": "1m", "severity": "critical", "policy": "default"},
        {"name": "prometheus", "every": "5m", "alert": "Watchdog"},
    ]
}


@dataclass
class Room:
    """The room, with whatever is due run at once."""

    store: Store
    clock: FrozenClock = field(default_factory=FrozenClock)
    reports: list[Report] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=lambda: CONFIG)
    http: httpx.AsyncClient | None = None

    async def _take(self, reports: Sequence[Report], /) -> None:
        self.reports += reports

    @property
    def ports(self) -> Ports:
        manage = Manage.model_validate(self.config)
        return make_ports(
            self.store, now=self.clock, manage=manage, report=self._take, reactions=REACTIONS, http=self.http
        )

    async def work(self) -> None:
        now, lease = self.clock(), timedelta(seconds=4)
        while due := await self.store.transact(lambda u: jobs.claim(u.conn, owner="w", lease=lease, limit=20, now=now)):
            for job in due:
                await RUNNERS[job.kind](self.ports, job)
                await self.store.transact(lambda u, job=job: jobs.done(u.conn, [job.id], owner="w", now=now))

    async def run(self, minutes: int) -> None:
        for _ in range(int(minutes)):
            self.clock.forward(60)
            await self.work()
            await service.watch(self.ports)

    async def say(self, *line: str) -> Any:
        return await invoke(line, Caller(id="U1", via="bot"), self.ports, COMMANDS)


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Room]:
    store = await Store.open(database_url)
    yield Room(store)
    await store.close()


async def test_silence_is_reported_once_and_a_beat_ends_it(room: Room) -> None:
    await service.watch(room.ports)
    await service.beat(room.ports, "backup")
    await room.run(5)
    assert room.reports == []
    await room.run(10)
    [missed] = room.reports
    assert (missed.name, missed.labels, missed.resolved) == ("heartbeat-missed", {"check": "backup"}, False)
    assert (missed.severity, missed.policy, missed.reading) == (Severity.CRITICAL, "default", "last heard 6 min ago")
    await service.beat(room.ports, "backup")
    await room.work()
    assert [report.resolved for report in room.reports] == [False, True]
    assert room.reports[1].labels == missed.labels


async def test_what_is_silent_already_is_not_reported_again_after_a_restart(room: Room) -> None:
    await service.beat(room.ports, "backup")
    await room.run(7)
    room.clock.forward(7200)
    await room.run(10)
    assert len(room.reports) == 1


async def test_an_outage_of_the_bot_is_no_silence_of_others(room: Room) -> None:
    await service.beat(room.ports, "backup")
    await room.run(2)
    room.clock.forward(7200)
    await room.work()
    await room.run(5)
    assert room.reports == []
    await room.run(2)
    assert len(room.reports) == 1


async def test_an_alert_that_stands_for_a_heartbeat_counts_as_a_beat_and_is_none(room: Room) -> None:
    watchdog = Report(name="Watchdog", labels={}, severity=Severity.LOW, source="alertmanager")
    other = replace(watchdog, name="disk full")
    assert await service.without_beats(room.ports, [watchdog, other]) == [other]
    async with room.store.read() as conn:
        kept = await table.get(conn, "prometheus")
    assert kept is not None
    assert kept.beaten_at == room.clock()


async def test_the_end_of_such_an_alert_is_no_beat(room: Room) -> None:
    over = Report(name="Watchdog", labels={}, severity=Severity.LOW, source="alertmanager", resolved=True)
    assert await service.without_beats(room.ports, [over]) == []
    async with room.store.read() as conn:
        assert await table.get(conn, "prometheus") is None


async def test_pausing_ends_the_alert_and_resuming_waits_anew(room: Room) -> None:
    await service.beat(room.ports, "backup")
    await room.run(7)
    assert (await room.say("heartbeat", "pause", "backup")).title == "Heartbeat backup paused"
    await room.work()
    assert [report.resolved for report in room.reports] == [False, True]
    await room.run(10)
    assert len(room.reports) == 2
    await room.say("heartbeat", "resume", "backup")
    await room.run(7)
    assert [report.resolved for report in room.reports] == [False, True, False]


async def test_a_heartbeat_that_is_configured_no_more_is_forgotten_and_its_alert_ends(room: Room) -> None:
    await service.beat(room.ports, "backup")
    await room.run(7)
    room.config = {}
    await room.run(2)
    assert [one.resolved for one in room.reports if one.labels == {"check": "backup"}] == [False, True]
    async with room.store.read() as conn:
        assert await table.everything(conn) == []


async def test_the_list_says_who_is_silent(room: Room) -> None:
    card = await room.say("heartbeats")
    assert (card.title, [row[1] for row in card.table.rows]) == ("2 heartbeats", ["not heard yet", "not heard yet"])
    await service.beat(room.ports, "backup")
    await room.run(7)
    card = await room.say("heartbeats")
    assert (card.title, card.level.value) == ("1 heartbeat silent", "bad")
    assert [one["state"] for one in card.data["heartbeats"]] == ["silent", "new"]


async def test_without_heartbeats_the_list_says_how_to_have_some(room: Room) -> None:
    room.config = {}
    assert (await room.say("heartbeats")).title == "No heartbeats"


async def test_an_unknown_name_is_refused_with_the_next_step(room: Room) -> None:
    card = await room.say("heartbeat", "pause", "x")
    assert (card.level.value, card.body) == ("usage", ("there is no heartbeat 'x'",))


@pytest.mark.parametrize("lag", [0, 31])
async def test_the_bot_sends_its_own_only_while_it_works(room: Room, lag: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    if lag:
        waits = NewJob(kind="x", key="x", due_at=room.clock() - timedelta(seconds=lag))
        await room.store.transact(lambda unit: unit.enqueue([waits]))
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        room.http = http
        room.config = {"heartbeats_out": {"url": "https://watch.example/ping/secret"}}
        await reactions.send.run(room.ports)
    assert asked == ([] if lag else ["https://watch.example/ping/secret"])


async def test_that_the_outside_does_not_answer_is_no_failure_of_the_bot(room: Room) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as http:
        room.http = http
        room.config = {"heartbeats_out": {"url": "https://watch.example/"}}
        await reactions.send.run(room.ports)


async def test_old_deliveries_are_forgotten(room: Room) -> None:
    await service.note_delivery(room.ports, "cloudwatch:1")
    await service.note_delivery(room.ports, "cloudwatch:1")
    assert await service.taken_before(room.ports, "cloudwatch:1")
    assert await service.forget_deliveries(room.ports) == 0
    room.clock.forward(31 * 86_400)
    assert await service.forget_deliveries(room.ports) == 1
