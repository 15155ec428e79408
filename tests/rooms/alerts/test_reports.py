"""What sources report, from the door to alerts, instances and jobs."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.alerts import inlet, keeping
from bot.alerts import intake as intake_module
from bot.alerts.intake import Intake
from bot.events import (
    AlertAcknowledged,
    AlertOpened,
    AlertResolved,
    AlertSilenced,
    AlertUnsilenced,
    AlertWorsened,
    EscalationStepFired,
    FlappingStarted,
    FlappingStopped,
    SilenceExpired,
    SilenceStarted,
)
from bot.report import Report
from storage.records.alerts import Alert, AlertState, Instance, Severity
from storage.records.jobs import JobState
from storage.records.silences import Matcher, Silence
from storage.tables import alerts, instances, jobs, silences
from storage.unit_of_work import Store, StoreError, UnitOfWork
from tests.rooms.alerts.world import LEAD, World


def report(pod: str = "1", name: str = "errors", **changes: Any) -> Report:
    told = Report(name=name, labels={"service": "shop", "pod": pod}, severity=Severity.HIGH, source="test")
    return replace(told, **changes)


async def tell(world: World, *reports: Report) -> None:
    await world.ports.report(reports)
    await world.settle()


async def firing(world: World) -> list[Instance]:
    async with world.store.read() as conn:
        return await instances.open_instances(conn)


async def open_alerts(world: World) -> list[Alert]:
    async with world.store.read() as conn:
        return await alerts.open_alerts(conn)


async def pages(world: World, number: int = 1) -> int:
    return len(await world.facts(f"alert:{number}", EscalationStepFired))


async def test_instances_of_one_group_are_one_alert_and_one_page(world: World) -> None:
    await tell(world, report("1"), report("2"))
    await tell(world, report("3"))

    (alert,) = await open_alerts(world)
    assert (alert.firing, alert.total, alert.labels) == (3, 3, {"service": "shop"})
    assert await pages(world) == 1


async def test_a_storm_is_a_handful_of_alerts_and_of_jobs(world: World) -> None:
    await world.ports.report([report(str(n), f"rule-{n % 10}") for n in range(1000)])

    assert [alert.firing for alert in await open_alerts(world)] == [100] * 10
    async with world.store.read() as conn:
        assert (await jobs.counts(conn))[JobState.PENDING.value] < 100


async def test_reported_again_it_is_counted_and_brought_up_to_date(world: World) -> None:
    await tell(world, report())
    await world.forward(minutes=1)
    await tell(world, report(value=3.0, annotations={"summary": "worse"}))

    (instance,) = await firing(world)
    assert (instance.count, instance.value, instance.annotations) == (2, 3.0, {"summary": "worse"})
    assert instance.last_seen_at == world.clock()


async def test_the_alert_is_over_with_its_last_instance(world: World) -> None:
    await tell(world, report("1"), report("2"))
    await tell(world, report("1", resolved=True))
    assert (await world.alert()).firing == 1

    await tell(world, report("2", resolved=True, reading="HTTP 200"))

    assert (await world.alert()).state is AlertState.RESOLVED
    assert await world.facts("alert:1", AlertResolved) == [AlertResolved(alert=1, reading="HTTP 200")]


async def test_what_was_never_heard_of_cannot_be_over(world: World) -> None:
    await tell(world, report(resolved=True))

    assert await open_alerts(world) == []


async def test_an_instance_ends_when_its_source_said_it_would(world: World) -> None:
    await tell(world, report(ends_at=world.clock() + timedelta(minutes=5)))
    await world.forward(minutes=4)
    assert (await world.alert()).open

    await world.forward(minutes=2)

    assert (await world.alert()).state is AlertState.RESOLVED


async def test_sent_again_it_does_not_end(world: World) -> None:
    for _ in range(3):
        await tell(world, report(ends_at=world.clock() + timedelta(minutes=5)))
        await world.forward(minutes=4)

    assert (await world.alert()).open


async def test_after_a_restart_a_source_gets_time_to_be_heard_again(world: World) -> None:
    await tell(world, report(ends_at=world.clock() + timedelta(minutes=5)))
    world.clock.forward(3600)
    world.ports = replace(world.ports, report=Intake(world.ports))

    await world.settle()
    assert (await world.alert()).open
    await world.forward(minutes=6)
    assert (await world.alert()).state is AlertState.RESOLVED


async def test_a_worse_instance_is_not_covered_by_an_acknowledgement(world: World) -> None:
    await tell(world, report("1"))
    await world.run("ack", "1")
    await tell(world, report("2"))
    assert (await world.alert()).state is AlertState.ACKNOWLEDGED

    await tell(world, report("3", severity=Severity.CRITICAL))

    assert (await world.alert()).state is AlertState.FIRING
    assert len(await world.facts("alert:1", AlertAcknowledged, AlertWorsened)) == 2
    assert await pages(world) == 2


class Losing:
    """A store that is lost while it runs the transactions of those numbers."""

    def __init__(self, store: Store, lost: set[int]) -> None:
        self._store = store
        self._lost = lost
        self._count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def transact(self, work: Any, **how: Any) -> Any:
        self._count += 1
        if self._count in self._lost:
            raise StoreError("the database is away")
        return await self._store.transact(work, **how)


class TestResolvedByHand:
    async def test_the_same_firing_sent_again_soon_opens_nothing_yet(self, world: World) -> None:
        began = world.clock()
        await tell(world, report(started_at=began))
        await world.run("resolve", "1")
        await world.forward(minutes=1)
        await tell(world, report(started_at=began))

        assert await open_alerts(world) == []

    async def test_what_still_fires_is_opened_again_though_it_is_not_sent_a_third_time(self, world: World) -> None:
        began = world.clock()
        await tell(world, report(started_at=began))
        await world.run("resolve", "1")
        await world.forward(minutes=1)
        await tell(world, report(started_at=began))
        await world.forward(minutes=5)

        assert [alert.id for alert in await open_alerts(world)] == [2]

    async def test_what_its_source_ended_meanwhile_stays_over(self, world: World) -> None:
        began = world.clock()
        await tell(world, report(started_at=began))
        await world.run("resolve", "1")
        await world.forward(minutes=1)
        await tell(world, report(started_at=began), report(started_at=began, resolved=True))
        await world.forward(minutes=10)

        assert await open_alerts(world) == []

    async def test_a_new_firing_opens_a_new_alert_at_once(self, world: World) -> None:
        await tell(world, report(started_at=world.clock()))
        await world.run("resolve", "1")
        await world.forward(minutes=1)
        await tell(world, report(started_at=world.clock()))

        assert [alert.id for alert in await open_alerts(world)] == [2]


class TestFlapping:
    async def flap(self, world: World, times: int) -> None:
        for _ in range(times):
            await tell(world, report())
            await world.forward(minutes=1)
            await tell(world, report(resolved=True))
            await world.forward(minutes=1)

    async def test_it_is_held_open_and_pages_no_more(self, world: World) -> None:
        await self.flap(world, 5)

        (alert,) = await open_alerts(world)
        assert alert.flapping
        assert len(await world.facts(alert.subject, FlappingStarted)) == 1
        assert await pages(world, alert.id) == 1

    async def test_it_is_over_when_it_has_been_quiet(self, world: World) -> None:
        await self.flap(world, 6)
        (alert,) = await open_alerts(world)
        await world.forward(minutes=11)

        assert await open_alerts(world) == []
        assert len(await world.facts(alert.subject, FlappingStopped, AlertResolved)) == 2

    async def test_it_is_steady_when_it_just_goes_on_firing(self, world: World) -> None:
        await self.flap(world, 5)
        await tell(world, report())
        await world.run("ack", str((await open_alerts(world))[0].id))
        await world.forward(minutes=70)

        assert [alert.flapping for alert in await open_alerts(world)] == [False]


class TestMuted:
    async def silence(self, world: World) -> None:
        now = world.clock()
        silence = Silence(
            id=1,
            uuid="5b7c",
            matchers=(Matcher(name="pod", value="1"),),
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            created_by=LEAD,
            created_at=now,
        )
        await world.store.transact(lambda unit: unit.save(silence))
        await world.happen(SilenceStarted(silence=1))

    async def test_what_fires_is_silenced_and_pages_stop(self, world: World) -> None:
        await tell(world, report("1"))
        await self.silence(world)

        alert = await world.alert()
        assert (alert.state, alert.muted_by) == (AlertState.SILENCED, "silence 1")
        assert len(await world.facts("alert:1", AlertSilenced)) == 1
        await world.forward(minutes=30)
        assert await pages(world) == 1

    async def test_what_begins_silenced_pages_nobody_until_another_joins(self, world: World) -> None:
        await self.silence(world)
        await tell(world, report("1"))
        assert (await world.alert()).state is AlertState.SILENCED
        assert await pages(world) == 0

        await tell(world, report("2"))

        assert len(await world.facts("alert:1", AlertUnsilenced)) == 1
        assert await pages(world) == 1

    async def unsilence(self, world: World) -> None:
        async def end(unit: UnitOfWork) -> None:
            silence = await silences.get(unit.conn, 1)
            assert silence is not None
            await unit.save(replace(silence, ends_at=world.clock()))

        await world.store.transact(end)
        await world.happen(SilenceExpired(silence=1))

    async def test_what_begins_silenced_is_posted_nowhere_and_opens_no_incident(self, world: World) -> None:
        await self.silence(world)
        await tell(world, report("1", severity=Severity.CRITICAL))
        await world.run("ack", "1")
        await world.run("unack", "1")
        await world.forward(minutes=30)

        assert world.slack.messages == []
        assert await pages(world) == 0
        assert (await world.ask("alerts", "--state", "silenced")).title == "1 alert"

    async def test_what_begins_silenced_and_ends_so_is_never_posted(self, world: World) -> None:
        await self.silence(world)
        await tell(world, report("1", severity=Severity.CRITICAL))
        await tell(world, report("1", resolved=True))

        assert (await world.alert()).state is AlertState.RESOLVED
        assert world.slack.messages == []

    async def test_card_page_and_incident_follow_when_the_silence_ends(self, world: World) -> None:
        await self.silence(world)
        await tell(world, report("1", severity=Severity.CRITICAL))
        await self.unsilence(world)

        assert "firing" in (await world.message("alert:1:card")).text
        assert await pages(world) == 1
        assert (await world.incident()).alert_ids == (1,)
        assert (await world.alert()).incident_id == 1

    async def test_the_thread_tells_of_the_silence(self, world: World) -> None:
        await tell(world, report("1"))
        await self.silence(world)
        await self.unsilence(world)

        thread = await world.thread("alert:1:card")
        assert any("Muted by silence 1" in said for said in thread)
        assert any("Muted no more" in said for said in thread)

    async def test_who_has_an_alert_still_has_it_after_a_silence(self, world: World) -> None:
        await tell(world, report("1"))
        await world.run("ack", "1", by=LEAD)
        before = await pages(world)
        await self.silence(world)
        await world.forward(minutes=30)
        await self.unsilence(world)
        await world.forward(minutes=30)

        alert = await world.alert()
        assert (alert.state, alert.acknowledged_by, alert.muted_by) == (AlertState.ACKNOWLEDGED, LEAD, "")
        assert await pages(world) == before

    async def test_an_acknowledgement_that_ends_in_a_silence_is_over_after_it(self, world: World) -> None:
        await tell(world, report("1"))
        await world.run("ack", "1", by=LEAD)
        before = await pages(world)
        await world.forward(minutes=3 * 60 + 30)
        await self.silence(world)
        await world.forward(minutes=45)
        assert (await world.alert()).state is AlertState.SILENCED
        assert await pages(world) == before

        await self.unsilence(world)

        assert (await world.alert()).state is AlertState.FIRING
        assert await pages(world) == before + 1

    async def test_a_worse_alert_mutes_its_lesser_one_and_lets_go_of_it(self, world: World) -> None:
        await tell(world, report(name="latency-raised"))
        await tell(world, report(name="latency-high"))
        await world.forward(seconds=5)
        assert {i.name: i.muted_by for i in await firing(world)} == {
            "latency-raised": "inhibited by #2",
            "latency-high": "",
        }

        await tell(world, report(name="latency-high", resolved=True))
        await world.forward(seconds=5)

        assert {i.name: i.muted_by for i in await firing(world)} == {"latency-raised": ""}

    async def test_a_lesser_alert_that_comes_with_its_worse_one_pages_nobody(self, world: World) -> None:
        await tell(world, report(name="latency-raised"), report(name="latency-high"))

        states = {alert.rule: alert.state for alert in await open_alerts(world)}
        assert states == {"latency-high": AlertState.FIRING, "latency-raised": AlertState.SILENCED}


class TestService:
    """What a running bot does besides: it remembers, and it keeps what it cannot decide at once."""

    async def served(self, world: World, check: Callable[[Intake], Any]) -> None:
        intake = Intake(world.ports)
        world.ports = replace(world.ports, report=intake)
        await intake.start()
        try:
            await check(intake)
        finally:
            await intake.stop()

    async def test_what_says_nothing_new_is_counted_when_it_stops(self, world: World) -> None:
        async def check(intake: Intake) -> None:
            for _ in range(5):
                await intake([report()])
            assert [i.count for i in await firing(world)] == [1]

        await self.served(world, check)
        assert [i.count for i in await firing(world)] == [5]
        assert (await world.alert()).count == 5

    async def test_what_a_person_resolved_meanwhile_is_not_answered_from_memory(self, world: World) -> None:
        async def check(intake: Intake) -> None:
            await intake([report()])
            await world.run("resolve", "1")
            await intake([report()])

        await self.served(world, check)
        assert [alert.id for alert in await open_alerts(world)] == [2]

    async def test_a_silence_is_heeded_at_once(self, world: World) -> None:
        async def check(intake: Intake) -> None:
            await intake([report("9")])
            await TestMuted().silence(world)
            await intake([report("1")])

        await self.served(world, check)
        assert {i.labels["pod"]: i.muted_by for i in await firing(world)} == {"9": "", "1": "silence 1"}

    async def test_a_flood_is_kept_and_then_decided(self, world: World) -> None:
        async def check(intake: Intake) -> None:
            await asyncio.gather(*(intake([report(f"{c}-{n}") for n in range(100)]) for c in range(10)))
            async with asyncio.timeout(20):
                while len(await firing(world)) < 1000:  # noqa: ASYNC110 - another task changes the database
                    await asyncio.sleep(0.01)

        await self.served(world, check)
        assert [alert.firing for alert in await open_alerts(world)] == [1000]

    async def test_the_rest_of_a_flood_is_decided_as_soon_as_nobody_waits_any_more(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(intake_module, "_YIELD", 1e9)  # callers would have the writer for years
        monkeypatch.setattr(intake_module, "_SLICE", 1)
        monkeypatch.setattr(inlet, "COMING", 0.5)  # long enough that the first slice ends before

        async def check(intake: Intake) -> None:
            for caller in range(10):
                await intake([report(f"{caller}-{n}") for n in range(20)])
            async with asyncio.timeout(20):
                while len(await firing(world)) < 200:  # noqa: ASYNC110 - another task changes the database
                    await asyncio.sleep(0.01)

        await self.served(world, check)
        assert [alert.firing for alert in await open_alerts(world)] == [200]

    async def test_what_comes_in_while_it_stops_is_kept_and_nothing_goes_on_behind_it(self, world: World) -> None:
        intake = Intake(world.ports)
        await intake.start()
        flood = asyncio.create_task(intake([report(str(n)) for n in range(100)]))
        await asyncio.sleep(0)
        await intake.stop()
        await flood
        assert [task for task in asyncio.all_tasks() if task.get_name().startswith("intake:")] == []
        assert await self.undecided(world) + len(await firing(world)) == 100

    @pytest.mark.parametrize("over_at_last", [True, False])
    async def test_reports_of_one_instance_keep_their_order_behind_a_flood(
        self, world: World, over_at_last: bool
    ) -> None:
        async def check(intake: Intake) -> None:
            flood = asyncio.create_task(intake([report(f"other-{n}") for n in range(100)]))
            await asyncio.sleep(0)
            first = asyncio.create_task(intake([report("one", resolved=not over_at_last)]))
            await asyncio.sleep(0)
            await intake([report("one", resolved=over_at_last)])
            await asyncio.gather(flood, first)
            async with asyncio.timeout(20):
                while intake._inlet.backlog:  # noqa: ASYNC110 - another task decides
                    await asyncio.sleep(0.01)

        await self.served(world, check)
        assert any(i.labels["pod"] == "one" for i in await firing(world)) is not over_at_last

    async def undecided(self, world: World) -> int:
        """How many reports are in the inbox that nobody serves."""
        kept = await world.store.inbox()
        assert kept is not None
        kept.close()
        return kept.waiting

    async def leave(self, world: World, told: str, count: int) -> None:
        """Leave a record in the inbox, as a former process did."""
        kept = await world.store.inbox()
        assert kept is not None
        await kept.put(told.encode(), count)
        kept.close()

    async def test_what_a_crash_left_in_the_inbox_is_decided_by_the_next(self, world: World) -> None:
        told = (
            '[{"name":"errors","labels":{"service":"shop"},"severity":"high","source":"test","resolved":false,'
            '"started_at":null,"ends_at":null}]'
        )
        await self.leave(world, told, 1)

        async def check(_intake: Intake) -> None:
            async with asyncio.timeout(20):
                while not await open_alerts(world):  # noqa: ASYNC110 - another task changes the database
                    await asyncio.sleep(0.01)

        await self.served(world, check)
        assert await self.undecided(world) == 0
        assert len(await world.facts("alert:1", AlertOpened)) == 1

    async def test_while_another_process_has_the_inbox_a_flood_is_decided_at_once(self, world: World) -> None:
        others = await world.store.inbox()
        assert others is not None

        async def check(intake: Intake) -> None:
            await asyncio.gather(*(intake([report(f"{c}-{n}") for n in range(20)]) for c in range(5)))
            assert len(await firing(world)) == 100

        await self.served(world, check)
        others.close()

    async def test_what_another_process_left_is_decided_once_it_has_gone(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(intake_module, "WRITE_EVERY", 0.02)
        others = await world.store.inbox()
        assert others is not None

        async def check(_intake: Intake) -> None:
            await others.put(keeping.record([[report("left")]]), 1)
            others.close()
            async with asyncio.timeout(20):
                while not await firing(world):  # noqa: ASYNC110 - another task changes the database
                    await asyncio.sleep(0.01)

        await self.served(world, check)
        assert [i.labels["pod"] for i in await firing(world)] == ["left"]

    async def test_one_callers_mistake_is_not_anothers(self, world: World) -> None:
        async def check(intake: Intake) -> None:
            bad = report("bad", annotations={"value": float("nan")})  # no JSON value
            said = await asyncio.gather(intake([bad]), intake([report("good")]), return_exceptions=True)
            assert [type(one) for one in said][1] is type(None)
            assert isinstance(said[0], ValueError)

        await self.served(world, check)
        assert [i.labels["pod"] for i in await firing(world)] == ["good"]

    async def test_what_cannot_be_decided_holds_up_nothing_else_in_the_inbox(self, world: World) -> None:
        plain = '"source":"test","resolved":false,"started_at":null,"ends_at":null'
        bad = '{"name":"bad","labels":{},"severity":"of a newer program",' + plain + "}"
        good = '{"name":"good","labels":{},"severity":"high",' + plain + "}"
        await self.leave(world, f"[{bad},{good}]", 2)

        async def check(_intake: Intake) -> None:
            async with asyncio.timeout(20):
                while not await open_alerts(world):  # noqa: ASYNC110 - another task changes the database
                    await asyncio.sleep(0.01)

        await self.served(world, check)
        assert [i.name for i in await firing(world)] == ["good"]

    async def test_a_database_that_is_lost_meanwhile_costs_no_report_of_the_inbox(self, world: World) -> None:
        plain = '"labels":{},"source":"test","resolved":false,"started_at":null,"ends_at":null'
        told = ",".join(
            f'{{"name":"{name}","severity":"{word}",{plain}}}'
            for name, word in (("bad", "unheard of"), ("one", "high"), ("two", "low"))
        )
        await self.leave(world, f"[{told}]", 3)
        world.ports = replace(world.ports, store=cast("Store", Losing(world.store, lost={3})))

        async def check(_intake: Intake) -> None:
            async with asyncio.timeout(20):
                while len(await open_alerts(world)) < 2:  # noqa: ASYNC110 - another task changes the database
                    await asyncio.sleep(0.01)

        await self.served(world, check)
        assert {i.name for i in await firing(world)} == {"one", "two"}
