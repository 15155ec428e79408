"""Whom an alert's escalation tells, through what, and what becomes of it when a channel fails or time is up."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.alerts import auditor, escalating
from bot.alerts.intake import Intake
from bot.cards.card import Card
from bot.channels.slack import SLACK, SlackOptions
from bot.engine.worker import Worker
from bot.events import (
    AcknowledgementExpired,
    AcknowledgementExtended,
    AcknowledgementReminded,
    EscalationExhausted,
    EscalationRepeated,
    EscalationStepFired,
    EscalationStepSkipped,
    PageDelivered,
    PageFailed,
)
from bot.ports import Receipt, Undeliverable
from bot.report import Report
from storage.records.alerts import AlertState, Severity
from storage.records.jobs import JobState
from storage.tables import jobs
from tests.fakes.chat import FakeChat
from tests.fakes.ports import T0
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, RUNNERS, SECOND, World, refusal

CARD = "alert:1:card"
PHONE = {ONCALL: {"phone": "+4930123456"}}
PERSONAL = [{"via": "personal", "notify": "oncall"}]
RULES = {ONCALL: {"phone": "+4930123456", "notify": {"immediately": "slack", "after2min": "sms"}}}


@dataclass
class Provider:
    """A channel that remembers what it was given, and fails with `errors` first, one for each call."""

    errors: list[Undeliverable] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    settled: list[tuple[str, str, str]] = field(default_factory=list)

    async def deliver(self, card: Card, *, target: str, key: str, attempt: int) -> Receipt:
        del card, attempt
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((target, key))
        return Receipt("queued")

    async def settle(self, card: Card, *, target: str, key: str, state: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.settled.append((target, state, card.title))
        assert key.startswith("alert:1:")


def with_policy(world: World, policy: Any, **changes: Any) -> None:
    """The policy of what is down, and other keys of manage.yml."""
    config = {**MANAGE, "escalation": {"default": policy}, **changes}
    ports = replace(world.ports, manage=type(world.ports.manage).model_validate(config))
    world.ports = replace(ports, report=Intake(ports))


def provide(world: World, *names: str) -> dict[str, Provider]:
    made = {name: Provider() for name in names}
    world.ports = replace(
        world.ports,
        channels={**world.ports.channels, **{name: one.deliver for name, one in made.items()}},
        settlers={name: one.settle for name, one in made.items()},
    )
    return made


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


async def told(world: World) -> list[tuple[str, str]]:
    return [(page.target, page.via) for page in await world.facts("alert:1", PageDelivered)]


class TestSteps:
    async def test_the_short_spelling_pages_at_its_times_through_all_its_channels(self, world: World) -> None:
        made = provide(world, "pagerduty", "sms", "phone")
        with_policy(world, {"immediately": ["pagerduty"], "after5min": ["sms", "phone"]})

        await world.check("down")
        assert [len(one.sent) for one in made.values()] == [1, 0, 0]
        await world.forward(minutes=4.9)
        assert [len(one.sent) for one in made.values()] == [1, 0, 0]
        await world.forward(minutes=0.2)

        assert [[target for target, _ in one.sent] for one in made.values()] == [[f"@{ONCALL}"]] * 3
        assert len(await world.facts("alert:1", EscalationExhausted)) == 1

    async def test_everybody_of_a_user_group_is_told(self, world: World) -> None:
        made = provide(world, "sms")
        world.slack.groups["S0000OPS"] = (ONCALL, SECOND)
        with_policy(world, [{"via": "sms", "notify": "@S0000OPS"}])

        await world.check("down")

        assert sorted(target for target, _ in made["sms"].sent) == [f"@{ONCALL}", f"@{SECOND}"]

    async def test_all_who_are_on_call_together_are_told_and_shown_as_next(self, world: World) -> None:
        made = provide(world, "sms")
        pair = {"schedules": {"pair": {"turns": [[ONCALL, SECOND], [LEAD]], "start": "2026-11-23"}}}
        steps = [{"via": "sms", "notify": "oncall:pair"}, {"after": "5m", "via": "sms", "notify": "oncall:pair"}]
        with_policy(world, steps, oncall=pair)

        await world.check("down")
        await world.forward(seconds=10)

        assert sorted(target for target, _ in made["sms"].sent) == [f"@{ONCALL}", f"@{SECOND}"]
        shown = (await world.message(CARD)).text
        assert f"Told: {ONCALL} (sms), {SECOND} (sms)" in shown
        assert f"Next: {ONCALL}, {SECOND} through sms" in shown

    async def test_all_who_are_on_call_together_are_asked_how_they_want_to_be_told(self, world: World) -> None:
        made = provide(world, "sms")
        pair = {"schedules": {"pair": {"turns": [[SECOND, ONCALL]], "start": "2026-11-23"}}}
        with_policy(world, [{"via": "personal", "notify": "oncall:pair"}], oncall=pair, people=RULES)

        await world.check("down")
        await world.forward(minutes=3)

        assert sorted(await told(world)) == [(f"@{ONCALL}", "slack"), (f"@{ONCALL}", "sms"), (f"@{SECOND}", "slack")]
        assert [target for target, _ in made["sms"].sent] == [f"@{ONCALL}"]

    async def test_what_becomes_worse_takes_the_policy_of_its_new_severity(self, world: World) -> None:
        made = provide(world, "sms", "phone")
        own = {"high": {"immediately": "sms", "after5min": "sms"}, "critical": {"immediately": "phone"}}
        with_policy(world, [{"via": "sms"}], escalation=own)
        bad = Report(name="errors", labels={"pod": "1"}, severity=Severity.HIGH, source="test")

        await world.ports.report([bad])
        await world.settle()
        await world.ports.report([replace(bad, labels={"pod": "2"}, severity=Severity.CRITICAL)])
        await world.settle()
        await world.forward(minutes=30)

        assert (await world.alert()).policy == "critical"
        assert [len(one.sent) for one in made.values()] == [1, 1]

    async def test_what_becomes_worse_keeps_the_policy_that_its_rule_names(self, world: World) -> None:
        provide(world, "sms")
        rules = {"rules": {"errors": {"policy": "mine"}}}
        own = {"mine": {"immediately": "sms"}, "critical": {"immediately": "phone"}}
        with_policy(world, [{"via": "sms"}], escalation=own, alerts=rules)
        bad = Report(name="errors", labels={"pod": "1"}, severity=Severity.HIGH, source="test")

        await world.ports.report([bad])
        await world.ports.report([replace(bad, labels={"pod": "2"}, severity=Severity.CRITICAL)])
        await world.settle()

        assert (await world.alert()).policy == "mine"

    async def test_a_channel_is_told_in_slack_whatever_the_step_goes_through(self, world: World) -> None:
        provide(world, "sms", "phone")
        with_policy(world, [{"via": ["sms", "phone"], "notify": ["oncall", "#ops"]}])

        await world.check("down")

        assert sorted(await told(world)) == [("#ops", "slack"), (f"@{ONCALL}", "phone"), (f"@{ONCALL}", "sms")]

    async def test_while_nobody_is_on_call_the_alert_channel_is_told_and_the_thread_says_why(
        self, world: World
    ) -> None:
        made = provide(world, "pagerduty", "sms")
        with_policy(world, {"immediately": ["pagerduty", "sms"]}, oncall={"people": []})

        await world.check("down")

        assert sorted(await told(world)) == [("#alerts", "pagerduty"), ("#alerts", "slack")]
        assert len(made["pagerduty"].sent) == 1
        assert any("nobody is on call" in note for note in await world.thread(CARD))

    async def test_begin_again_as_often_as_the_policy_says(self, world: World) -> None:
        made = provide(world, "sms")
        with_policy(world, {"immediately": "sms", "after1min": "sms", "repeat": 2})

        await world.check("down")
        await world.forward(minutes=120)

        assert len(made["sms"].sent) == 6
        assert len({key for _, key in made["sms"].sent}) == 6
        assert [event.rounds for event in await world.facts("alert:1", EscalationRepeated)] == [1, 2]
        assert len(await world.facts("alert:1", EscalationExhausted)) == 1

    async def test_a_restart_after_hours_takes_each_overdue_step_once(self, world: World) -> None:
        made = provide(world, "sms")
        with_policy(world, {"after1min": "sms", "after5min": "sms"})
        await world.check("down")

        world.twice = True
        world.clock.forward(7200)
        await world.settle()

        assert len({key for _, key in made["sms"].sent}) == 2
        assert len(await world.facts("alert:1", EscalationStepFired)) == 2
        assert len(await world.facts("alert:1", PageDelivered)) == 2


class TestConditions:
    async def test_a_step_out_of_its_hours_waits_for_their_opening(self, world: World) -> None:
        made = provide(world, "sms")
        hours = {"from": "14:00", "to": "18:00", "timezone": "Europe/Berlin"}  # T0 is 13:00 in Berlin
        with_policy(world, [{"via": "sms", "during": hours}])

        await world.check("down")
        assert made["sms"].sent == []
        assert (await world.alert()).next_step_at == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
        await world.forward(minutes=61)

        assert len(made["sms"].sent) == 1

    async def test_is_passed_over_where_a_later_one_comes_first_and_the_thread_says_so(self, world: World) -> None:
        made = provide(world, "sms", "phone")
        hours = {"from": "20:00", "to": "21:00"}
        with_policy(world, [{"via": "sms", "during": hours}, {"after": "10m", "via": "phone"}])

        await world.check("down")
        await world.forward(minutes=700)

        assert (len(made["sms"].sent), len(made["phone"].sent)) == (0, 1)
        (skipped,) = await world.facts("alert:1", EscalationStepSkipped)
        assert (skipped.step, skipped.reason) == (0, "outside of its hours")
        assert any("passed over" in note for note in await world.thread(CARD))

    @pytest.mark.parametrize(("hosts", "pages"), [(2, 0), (3, 1)])
    async def test_a_step_for_storms_is_taken_only_in_one(self, world: World, hosts: int, pages: int) -> None:
        made = provide(world, "phone")
        with_policy(world, [{"via": "phone", "after": "1m", "if_alerts": {"at_least": 3, "within": "10m"}}])
        reports = [
            Report(name="full", labels={"host": f"h{n}"}, severity=Severity.HIGH, source="test") for n in range(hosts)
        ]

        await world.ports.report(reports)
        await world.settle()
        await world.forward(minutes=2)

        assert len(made["phone"].sent) == pages
        assert len(await world.facts("alert:1", EscalationStepSkipped)) == 1 - pages


class TestPersonalRules:
    async def test_are_followed_in_their_time(self, world: World) -> None:
        made = provide(world, "sms")
        with_policy(world, PERSONAL, people=RULES)

        await world.check("down")
        assert await told(world) == [(f"@{ONCALL}", "slack")]
        await world.forward(minutes=2)

        assert len(made["sms"].sent) == 1

    async def test_stop_with_an_acknowledgement_and_go_on_when_it_is_withdrawn(self, world: World) -> None:
        made = provide(world, "sms")
        with_policy(world, PERSONAL, people=RULES)

        await world.check("down")
        await world.run("ack", "1")
        await world.forward(minutes=10)
        assert made["sms"].sent == []
        await world.run("unack", "1")

        assert len(made["sms"].sent) == 1

    async def test_of_whoever_set_none_are_slack_at_once(self, world: World) -> None:
        with_policy(world, PERSONAL)

        await world.check("down")

        assert await told(world) == [(f"@{ONCALL}", "slack")]


class TestFallThrough:
    def set_up(self, world: World) -> dict[str, Provider]:
        with_policy(world, {"immediately": "sms"}, people=PHONE)
        return provide(world, "sms")

    async def test_of_a_refused_page_goes_to_slack_and_is_said(self, world: World) -> None:
        made = self.set_up(world)
        made["sms"].errors = [Undeliverable("the number is not in use", retry=False)]

        await world.check("down")

        (failed,) = await world.facts("alert:1", PageFailed)
        assert (failed.via, failed.next_via, failed.next_target) == ("sms", "slack", f"@{ONCALL}")
        assert await told(world) == [(f"@{ONCALL}", "slack")]
        assert any("Instead: " in note for note in await world.thread(CARD))

    async def test_of_one_that_the_provider_could_not_deliver_happens_once(self, world: World) -> None:
        made = self.set_up(world)
        await world.check("down")
        ((_, key),) = made["sms"].sent

        assert await escalating.undelivered(world.ports, key, "the phone is switched off")
        assert await escalating.undelivered(world.ports, key, "the phone is switched off")
        await world.settle()

        assert await told(world) == [(f"@{ONCALL}", "sms"), (f"@{ONCALL}", "slack")]
        assert len(await world.facts("alert:1", PageFailed)) == 1

    async def test_knows_no_page_that_was_not_sent(self, world: World) -> None:
        self.set_up(world)
        await world.check("down")

        assert not await escalating.undelivered(world.ports, "alert:1:page:0:7:sms:@U1", "lost")
        assert not await escalating.undelivered(world.ports, "nonsense", "lost")

    async def test_of_an_acknowledged_alert_tells_nobody_else(self, world: World) -> None:
        made = self.set_up(world)
        await world.check("down")
        await world.run("ack", "1")

        await escalating.undelivered(world.ports, made["sms"].sent[0][1], "the phone is switched off")
        await world.settle()

        assert await told(world) == [(f"@{ONCALL}", "sms")]

    async def test_of_a_channel_that_nobody_configured_says_so(self, world: World) -> None:
        with_policy(world, {"immediately": "pagerduty"})

        await world.check("down")

        (failed,) = await world.facts("alert:1", PageFailed)
        assert failed.error == "pagerduty is not configured"
        assert await told(world) == [(f"@{ONCALL}", "slack")]

    async def test_comes_soon_where_there_is_another_way_while_one_only_gives_no_answer(self, world: World) -> None:
        made = self.set_up(world)
        made["sms"].errors = [Undeliverable("no answer", retry=True) for _ in range(100)]

        await world.check("down")
        await world.forward(minutes=2)

        assert await told(world) == [(f"@{ONCALL}", "slack")]

    async def test_ends_in_the_alert_channel(self, world: World) -> None:
        made = self.set_up(world)
        made["sms"].errors = [Undeliverable("no", retry=False)]
        world.slack.refusals["direct"] = [refusal("user_not_found")]

        await world.check("down")

        assert await told(world) == [("#alerts", "slack")]
        assert [page.via for page in await world.facts("alert:1", PageFailed)] == ["sms", "slack"]


class TestAcknowledgement:
    async def test_ends_after_its_time_with_a_reminder_first_and_escalation_begins_again(self, world: World) -> None:
        made = provide(world, "sms")
        with_policy(world, {"immediately": "sms"})
        await world.check("down")
        await world.run("ack", "1", by=LEAD)

        await world.forward(minutes=226)
        (reminded,) = await world.facts("alert:1", AcknowledgementReminded)
        assert reminded.expires_at == T0 + timedelta(hours=4)
        asked = [m for m in world.slack.messages if "Still on it?" in m.card.title]
        assert [button.argv for button in asked[0].card.buttons] == [("ack", "1", "--extend"), ("unack", "1")]
        assert len(made["sms"].sent) == 1
        await world.forward(minutes=15)

        (expired,) = await world.facts("alert:1", AcknowledgementExpired)
        assert expired.by == LEAD
        assert (await world.alert()).state is AlertState.FIRING
        assert len(made["sms"].sent) == 2

    async def test_holds_anew_when_whoever_gave_it_says_so(self, world: World) -> None:
        await world.check("down")
        await world.run("ack", "1")
        await world.forward(minutes=230)

        await world.run("ack", "1", "--extend", "--comment", "waiting for the vendor")
        await world.forward(minutes=100)

        assert (await world.alert()).state is AlertState.ACKNOWLEDGED
        assert (await world.alert()).acknowledged_until == T0 + minutes(230 + 240)
        (extended,) = await world.facts("alert:1", AcknowledgementExtended)
        assert extended.comment == "waiting for the vendor"
        await world.forward(minutes=141)
        assert (await world.alert()).state is AlertState.FIRING

    async def test_that_is_given_anew_after_it_was_withdrawn_ends_by_its_own_time(self, world: World) -> None:
        await world.check("down")
        await world.run("ack", "1")
        await world.forward(minutes=60)
        await world.run("unack", "1")
        await world.run("ack", "1")

        await world.forward(minutes=190)
        assert (await world.alert()).state is AlertState.ACKNOWLEDGED
        await world.forward(minutes=51)

        assert (await world.alert()).state is AlertState.FIRING

    async def test_holds_for_ever_where_manage_yml_says_so(self, world: World) -> None:
        with_policy(world, {"immediately": "slack"}, alerts={"acknowledged_for": 0})
        await world.check("down")
        await world.run("ack", "1")

        await world.forward(minutes=10_000)

        assert (await world.alert()).state is AlertState.ACKNOWLEDGED


class TestSettling:
    async def test_tells_only_providers_that_were_told_once_for_each_change(self, world: World) -> None:
        made = provide(world, "pagerduty", "sms")
        with_policy(world, {"immediately": "pagerduty", "after1hour": "sms"})

        await world.check("down")
        await world.run("ack", "1")
        await world.run("resolve", "1")

        assert [(target, state) for target, state, _ in made["pagerduty"].settled] == [
            (f"@{ONCALL}", "acknowledged"),
            (f"@{ONCALL}", "resolved"),
        ]
        assert made["sms"].settled == []

    async def test_is_tried_again_alone(self, world: World) -> None:
        made = provide(world, "pagerduty")
        with_policy(world, {"immediately": "pagerduty"})
        await world.check("down")
        made["pagerduty"].errors = [Undeliverable("HTTP 503", retry=True)]

        await world.run("ack", "1")
        assert made["pagerduty"].settled == []
        await world.forward(minutes=1)

        assert len(made["pagerduty"].settled) == 1
        assert (await world.alert()).state is AlertState.ACKNOWLEDGED


class TestWhileSlackHangs:
    class Hanging(FakeChat):
        """Slack takes every call and answers none; as the real client does, it says when many wait."""

        waiting = 0

        @property
        def crowded(self) -> bool:  # type: ignore[override] # a plain field of the other fake
            return self.waiting >= 12

        @crowded.setter
        def crowded(self, _value: bool) -> None:
            pass

        async def _hang(self, *_args: Any, **_words: Any) -> Any:
            self.waiting += 1
            await asyncio.Event().wait()

        post = update = direct = profile = members_of = _hang

    async def test_pages_by_sms_of_many_alerts_go_out(self, world: World) -> None:
        world.ports = replace(world.ports, chat=self.Hanging())
        world.ports = replace(world.ports, channels={"slack": SLACK.connect(SlackOptions(), world.ports)})
        made = provide(world, "sms")
        with_policy(world, [{"via": ["slack", "sms"]}], people={ONCALL: {"phone": "+4930123456"}})
        await world.ports.report(
            [Report(name=f"rule{n}", labels={}, severity=Severity.HIGH, source="test") for n in range(30)]
        )

        worker = Worker(world.store, RUNNERS, world.ports, now=world.clock)
        await worker.start()
        async with asyncio.timeout(30):
            while len(made["sms"].sent) < 30:  # noqa: ASYNC110 - the worker sends them
                await asyncio.sleep(0.02)
        await worker.stop()

        assert len(set(made["sms"].sent)) == 30


class TestAuditor:
    async def lose(self, world: World, kind: str) -> None:
        """A job is gone, as nothing but a mistake could make it."""
        async with world.store.read() as conn:
            found = [job for job in await jobs.listing(conn, states=[JobState.PENDING], limit=100) if job.kind == kind]
        await world.store.transact(lambda unit: unit.cancel(found[0].subject, kind))

    async def audited(self, world: World) -> list[Report]:
        found: list[Report] = []

        async def collect(reports: Any) -> None:
            found.extend(reports)

        await auditor.audit(replace(world.ports, report=collect))
        return found

    async def test_finds_nothing_where_each_alert_goes_on_or_has_an_end(self, world: World) -> None:
        for check in ("firing", "acknowledged", "resolved", "exhausted"):
            await world.check("down", name=check)
        await world.run("ack", "2")
        await world.run("resolve", "3")
        assert await self.audited(world) == []
        await world.forward(minutes=60)

        assert await self.audited(world) == []

    @pytest.mark.parametrize(("kind", "argv"), [("alerts.step", ()), ("alerts.expire", ("ack", "1"))])
    async def test_mends_a_timer_that_was_lost_and_reports_it(
        self, world: World, kind: str, argv: tuple[str, ...]
    ) -> None:
        await world.check("down")
        if argv:
            await world.run(*argv)
        await self.lose(world, kind)

        (report,) = await self.audited(world)

        assert (report.name, report.labels) == ("escalation-broken", {"fault": "lost step"})
        assert "#1" in report.summary
        assert len(await world.waiting(kind)) == 1
        assert await self.audited(world) == []

    async def test_a_mended_step_is_taken_at_its_time(self, world: World) -> None:
        await world.check("down")
        await self.lose(world, "alerts.step")
        await self.audited(world)

        await world.forward(minutes=5)

        assert [fired.step for fired in await world.facts("alert:1", EscalationStepFired)] == [0, 1]

    async def test_says_when_what_is_due_waits(self, world: World) -> None:
        await world.check("down")
        world.clock.forward(300 + 61)

        (report,) = await self.audited(world)

        assert report.labels == {"fault": "late jobs"}

    async def test_its_rule_can_be_given_another_severity_and_labels(self, world: World) -> None:
        rules = {"rules": {"escalation-broken": {"severity": "low", "labels": {"team": "ops"}}}}
        with_policy(world, [{"via": "slack"}, {"after": "5m"}], alerts=rules)
        await world.check("down")
        await self.lose(world, "alerts.step")

        (report,) = await self.audited(world)

        assert (report.severity, report.labels) == (Severity.LOW, {"team": "ops", "fault": "lost step"})

    async def test_mends_all_the_same_while_its_rule_is_switched_off(self, world: World) -> None:
        rules = {"rules": {"escalation-broken": {"enabled": False}}}
        with_policy(world, [{"via": "slack"}, {"after": "5m"}], alerts=rules)
        await world.check("down")
        await self.lose(world, "alerts.step")

        assert await self.audited(world) == []
        assert len(await world.waiting("alerts.step")) == 1

    async def test_an_alert_whose_steps_were_all_taken_stays_so_when_its_policy_gets_more(self, world: World) -> None:
        with_policy(world, [{"via": "slack"}])
        await world.check("down")
        with_policy(world, [{"via": "slack"}, {"after": "5m"}])

        assert await self.audited(world) == []
        await world.forward(minutes=10)

        assert len(await world.facts("alert:1", EscalationStepFired)) == 1
