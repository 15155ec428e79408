"""Whatever happens in whatever order: one open alert for one trouble, each step once and in order, none lost."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.alerts import acknowledgement, decide, escalation
from bot.alerts.decide import Breach
from bot.config.alerts import RuleConfig
from bot.config.escalation import Step
from bot.decision import Decision
from bot.events import EscalationStepFired, Event, PageDelivered, PageFailed
from storage.records.alerts import Alert, AlertState
from tests.fakes.ports import T0

CHECKS = ("shop", "mail")
ONCALL, FALLBACK = "U0000ONE", "#alerts"


@dataclass
class Queued:
    """A job as the table keeps it."""

    kind: str
    due: datetime
    payload: dict
    state: str = "pending"


@dataclass
class Life:
    """One alert with its facts, and when each of its steps was taken."""

    alert: Alert
    facts: list[Event] = field(default_factory=list)
    taken: dict[int, datetime] = field(default_factory=dict)


class Alerting(RuleBasedStateMachine):
    """The queue's promises, modelled: a key is one of a kind, a cancelled job comes back when it is enqueued again."""

    def __init__(self):
        super().__init__()
        self.now = T0
        self.lives: list[Life] = []
        self.queue: dict[str, Queued] = {}
        self.running: list[Queued] = []

    @initialize(delays=st.lists(st.integers(0, 900), max_size=4).map(sorted))
    def policy(self, delays):
        self.steps = [Step(after=timedelta(seconds=s), notify=("oncall", "#incidents")) for s in delays]

    def open_life(self, check):
        return next((life for life in self.lives if life.alert.labels["check"] == check and life.alert.open), None)

    def commit(self, decision: Decision[Alert], life: Life | None = None):
        if not decision.changed:
            return
        if life is None:
            life = Life(decision.state)
            self.lives.append(life)
        life.alert = decision.state
        life.facts += decision.events
        for cancel in decision.cancels:
            for job in self.queue.values():
                if (f"alert:{job.payload['alert']}", job.kind) == (cancel.subject, cancel.kind) and (
                    job.state == "pending"
                ):
                    job.state = "cancelled"
        for timer in decision.timers:
            old = self.queue.get(timer.key)
            if old is None or old.state == "cancelled":
                self.queue[timer.key] = Queued(timer.kind, timer.at, dict(timer.payload))

    @rule(check=st.sampled_from(CHECKS), value=st.integers(0, 9))
    def observe(self, check, value):
        breach = Breach(
            rule="health-check-failed", summary=check, started_at=self.now, labels={"check": check}, value=value
        )
        life = self.open_life(check)
        number = life.alert.id if life else len(self.lives) + 1
        found = life.alert if life else None
        self.commit(decide.observe(found, breach, RuleConfig(), self.steps, number=number, now=self.now), life)

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def acknowledge(self, data):
        life = data.draw(st.sampled_from(self.lives), label="whose")
        self.commit(acknowledgement.acknowledge(life.alert, by="U0000TWO", now=self.now), life)

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def withdraw(self, data):
        life = data.draw(st.sampled_from(self.lives), label="whose")
        owed = escalation.owed(life.facts)
        self.commit(acknowledgement.withdraw(life.alert, self.steps, owed, by="U0000TWO", now=self.now), life)

    @precondition(lambda self: self.lives)
    @rule(data=st.data())
    def resolve(self, data):
        life = data.draw(st.sampled_from(self.lives), label="whose")
        self.commit(decide.resolve(life.alert, by="bot", now=self.now), life)

    @rule(seconds=st.integers(1, 1000))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(seconds=st.integers(1, 1000))
    def clock_is_set_back(self, seconds):
        self.now -= timedelta(seconds=seconds)

    @precondition(lambda self: self.due())
    @rule(data=st.data())
    def begin_a_due_job(self, data):
        self.running.append(data.draw(st.sampled_from(self.due()), label="job"))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), crash=st.booleans(), arrives=st.booleans())
    def end_a_job(self, data, crash, arrives):
        """Much may have happened since it began. `crash` loses that it was run, not what it did: it runs again."""
        job = self.running.pop(data.draw(st.integers(0, len(self.running) - 1), label="which"))
        life = self.lives[job.payload["alert"] - 1]
        if job.kind == escalation.STEP:
            self.take(life, job)
        elif job.kind == escalation.PAGE and not escalation.needless(life.alert):
            self.send(life, job, arrives=arrives)
        if not crash and job.state == "pending":
            job.state = "done"

    def take(self, life, job):
        before = life.alert
        decision = escalation.take_step(
            before, self.steps, job.payload["step"], oncall=ONCALL, fallback=FALLBACK, now=self.now
        )
        fired = [event for event in decision.events if isinstance(event, EscalationStepFired)]
        if fired:
            assert before.state is AlertState.FIRING, "a step was taken though somebody has the alert"
            assert fired[0].step not in life.taken, "a step was taken twice"
            assert before.next_step_at is not None, "a step was taken that nobody planned"
            life.taken[fired[0].step] = self.now
        self.commit(decision, life)

    def send(self, life, job, *, arrives):
        page = {name: job.payload[name] for name in ("step", "target", "via")}
        told = [f for f in life.facts if isinstance(f, PageDelivered | PageFailed)]
        if not any((f.step, f.target, f.via) == tuple(page.values()) for f in told):
            kind = PageDelivered(alert=life.alert.id, **page)
            life.facts.append(kind if arrives else PageFailed(alert=life.alert.id, error="no answer", **page))

    def due(self):
        waiting = [job for job in self.queue.values() if job.state == "pending" and job.due <= self.now]
        return [job for job in waiting if not any(job is one for one in self.running)]

    def pending(self, life, kind):
        mine = [job for job in self.queue.values() if job.payload["alert"] == life.alert.id and job.kind == kind]
        return [job for job in mine if job.state == "pending"]

    @invariant()
    def one_open_alert_for_one_trouble(self):
        prints = [life.alert.fingerprint for life in self.lives if life.alert.open]
        assert len(prints) == len(set(prints))

    @invariant()
    def steps_are_taken_in_order_without_gaps(self):
        for life in self.lives:
            assert sorted(life.taken) == list(range(life.alert.next_step))
            assert list(life.taken) == sorted(life.taken)

    @invariant()
    def the_next_step_waits_exactly_while_it_is_wanted(self):
        for life in self.lives:
            ahead = [job for job in self.pending(life, escalation.STEP) if job.payload["step"] >= life.alert.next_step]
            wanted = life.alert.state is AlertState.FIRING and life.alert.next_step < len(self.steps)
            assert [job.due for job in ahead] == ([life.alert.next_step_at] if wanted else [])

    @invariant()
    def the_next_step_is_never_before_its_time(self):
        for life in self.lives:
            if life.alert.next_step_at is not None:
                assert life.alert.next_step_at >= life.alert.opened_at + self.steps[life.alert.next_step].after

    @invariant()
    def no_page_is_lost_while_somebody_must_be_told(self):
        for life in self.lives:
            if life.alert.state is AlertState.FIRING:
                owed = {(page.step, page.target) for page in escalation.owed(life.facts)}
                waiting = {(job.payload["step"], job.payload["target"]) for job in self.pending(life, escalation.PAGE)}
                assert owed <= waiting

    @invariant()
    def nothing_waits_for_an_alert_that_somebody_has_or_that_is_over(self):
        for life in self.lives:
            if life.alert.state is not AlertState.FIRING:
                assert not self.pending(life, escalation.STEP)
                assert not self.pending(life, escalation.PAGE)


TestAlerting = Alerting.TestCase
TestAlerting.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
