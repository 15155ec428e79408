"""Whatever is reported and done in whatever order, over the real store: one open alert for one trouble, none lost."""

import asyncio
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from structlog.testing import capture_logs

from bot.alerts.intake import Intake
from bot.alerts.looks import REVIEW
from bot.events import (
    AcknowledgementExpired,
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertWorsened,
    EscalationStepFired,
    SilenceExpired,
    SilenceStarted,
)
from bot.report import Report
from storage.records.alerts import AlertState, Severity
from storage.records.silences import Matcher, Silence
from storage.tables import alerts, instances, silences
from storage.unit_of_work import Store
from tests.fakes.ports import FrozenClock
from tests.rooms.alerts.world import MANAGE, world_of

PODS = st.sampled_from(("1", "2", "3"))
RULES = st.sampled_from(("errors", "disk"))
NUMBERS = st.integers(1, 4)
LOUD = (AcknowledgementExpired, AcknowledgementWithdrawn, AlertWorsened)


class Alerting(RuleBasedStateMachine):
    """`told` are the instances of which the source said last that they fire, and that since nobody resolved.

    Each run has a copy of the database at `template`.
    """

    template: ClassVar[Path]

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(capture_logs())
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.loop = asyncio.new_event_loop()
        file = shutil.copyfile(self.template, Path(folder) / "bot.db")
        self.store = self.run(Store.open(f"sqlite:///{file}"))
        self.http = httpx.AsyncClient(trust_env=False)
        self.clock = FrozenClock()
        self.world = world_of(self.store, self.clock, None, MANAGE, self.http)
        self.serving = False
        self.told = set()

    def run(self, what):
        return self.loop.run_until_complete(what)

    def teardown(self):
        if self.serving:
            self.run(self.world.ports.report.stop())
        self.run(self.http.aclose())
        self.run(self.store.close())
        self.loop.close()
        self.stack.close()

    @rule(name=RULES, pod=PODS, severity=st.sampled_from(Severity), again=st.booleans())
    def fires(self, name, pod, severity, again):
        report = Report(name=name, labels={"pod": pod}, severity=severity, source="test", started_at=self.clock())
        self.run(self.world.ports.report([report] * (1 + again)))
        self.run(self.world.settle())
        self.told.add((name, pod))

    @rule(name=RULES, pods=st.lists(PODS, unique=True, min_size=1))
    def is_over(self, name, pods):
        over = [
            Report(name=name, labels={"pod": pod}, severity=Severity.LOW, source="test", resolved=True) for pod in pods
        ]
        self.run(self.world.ports.report(over))
        self.run(self.world.settle())
        self.told -= {(name, pod) for pod in pods}

    @rule(number=NUMBERS)
    def acknowledge(self, number):
        self.run(self.world.run("ack", str(number)))

    @rule(number=NUMBERS)
    def give_back(self, number):
        self.run(self.world.run("unack", str(number)))

    @rule(number=NUMBERS)
    def resolve(self, number):
        mine = {(i.name, i.labels["pod"]) for i in self.firing() if i.alert_id == number}
        self.run(self.world.run("resolve", str(number)))
        self.told -= mine

    @rule(pod=PODS)
    def silence(self, pod):
        now = self.clock()
        silence = Silence(
            id=int(pod),
            uuid=pod,
            matchers=(Matcher(name="pod", value=pod),),
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            created_by="U0000ONE",
            created_at=now,
        )

        async def put(unit):
            known = await silences.get(unit.conn, silence.id)
            await unit.save(replace(silence, version=known.version if known else 0))

        self.run(self.store.transact(put))
        self.run(self.world.happen(SilenceStarted(silence=silence.id)))

    @rule(pod=PODS)
    def unsilence(self, pod):
        async def end(unit):
            known = await silences.get(unit.conn, int(pod))
            if known:
                await unit.save(replace(known, ends_at=self.clock()))

        self.run(self.store.transact(end))
        self.run(self.world.happen(SilenceExpired(silence=int(pod))))

    @rule(serve=st.booleans())
    def restart(self, serve):
        """The old process ends, or dies without a word; the next one serves, or runs a single command."""
        if self.serving:
            self.run(self.world.ports.report.stop())
        intake = Intake(replace(self.world.ports))
        self.world.ports = replace(self.world.ports, report=intake)
        self.serving = serve
        if serve:
            self.run(intake.start())

    @rule(minutes=st.sampled_from((0.1, 1, 6, 30)))
    def time_passes(self, minutes):
        self.run(self.world.forward(minutes=minutes))

    @rule(seconds=st.integers(1, 1000))
    def clock_is_set_back(self, seconds):
        self.clock.forward(-seconds)

    def firing(self):
        async def read():
            async with self.store.read() as conn:
                return await instances.open_instances(conn)

        return self.run(read())

    def open_alerts(self):
        async def read():
            async with self.store.read() as conn:
                return await alerts.open_alerts(conn)

        return self.run(read())

    @invariant()
    def one_open_alert_and_instance_for_one_trouble(self):
        for some in (self.firing(), self.open_alerts()):
            prints = [one.fingerprint for one in some]
            assert len(prints) == len(set(prints))

    @invariant()
    def an_alert_is_open_exactly_while_its_instances_are_and_counts_them(self):
        firing = self.firing()
        counted = {alert.id: (alert.firing, alert.muted, bool(alert.muted_by)) for alert in self.open_alerts()}
        real = {}
        for number in {i.alert_id for i in firing}:
            mine = [i for i in firing if i.alert_id == number]
            muted = sum(bool(i.muted_by) for i in mine)
            real[number] = (len(mine), muted, muted == len(mine))
        assert counted == real

    @invariant()
    def an_alert_is_silenced_exactly_while_it_is_muted_and_nobody_has_it(self):
        for alert in self.open_alerts():
            owned = alert.state is AlertState.ACKNOWLEDGED
            assert (alert.state is AlertState.SILENCED) == (bool(alert.muted_by) and not owned)

    @invariant()
    def no_step_is_planned_of_what_is_muted(self):
        assert not [alert for alert in self.open_alerts() if alert.muted_by and alert.next_step_at]

    @invariant()
    def none_is_lost(self):
        known = {(i.name, i.labels["pod"]) for i in self.firing()}
        assert self.told <= known or self.run(self.world.waiting(REVIEW))

    @invariant()
    def no_step_is_taken_while_somebody_has_the_alert(self):
        for number in range(1, 5):
            taken = False
            for fact in self.run(self.world.facts(f"alert:{number}")):
                taken = isinstance(fact, AlertAcknowledged) or (taken and not isinstance(fact, LOUD))
                assert not (taken and isinstance(fact, EscalationStepFired))


@pytest.fixture(autouse=True)
def _migrated(sqlite_template: Path) -> None:
    Alerting.template = sqlite_template


TestAlerting = Alerting.TestCase
TestAlerting.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
