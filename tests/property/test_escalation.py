"""Whatever happens in whatever order: no step after an acknowledgement, none lost, each page once, each hold ends."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.alerts import acknowledgement, auditor, decide, escalation
from bot.alerts.acknowledgement import Hold
from bot.alerts.escalation import EXPIRE, PAGE, REMIND, STEP, Page, Whom
from bot.config.escalation import Policy
from bot.decision import Decision
from bot.events import (
    EscalationExhausted,
    EscalationRepeated,
    EscalationStepFired,
    EscalationStepSkipped,
    Event,
    PageDelivered,
    PageFailed,
)
from storage.records.alerts import Alert, AlertState, Severity
from storage.records.people import Rule
from tests.fakes.ports import T0

ME, WHOM = "U0000ONE", {"oncall": {"": "U0000TWO"}, "fallback": "#alerts"}
WAYS = ("slack", "sms", "phone")
STEP_SPELLED = st.fixed_dictionaries(
    {
        "after": st.integers(0, 60).map("{}m".format),
        "via": st.lists(
            st.sampled_from(["slack", "sms", "personal", "pagerduty"]), min_size=1, max_size=2, unique=True
        ),
        "notify": st.lists(st.sampled_from(["oncall", "#ops"]), min_size=1, max_size=2, unique=True),
    },
    optional={"during": st.sampled_from([{"from": "09:00", "to": "13:00"}, {"days": "tue", "timezone": "Asia/Tokyo"}])},
)


@dataclass
class Queued:
    """A job as the table keeps it."""

    kind: str
    due: datetime
    payload: dict
    state: str = "pending"


class Escalating(RuleBasedStateMachine):
    """One alert, and the queue's promises: a key is one of a kind, a cancelled job comes back when enqueued again."""

    def __init__(self):
        super().__init__()
        self.now = T0
        self.queue: dict[str, Queued] = {}
        self.running: list[Queued] = []
        self.facts: list[Event] = []

    @initialize(
        steps=st.lists(STEP_SPELLED, min_size=1, max_size=4),
        repeat=st.integers(0, 2),
        after=st.integers(0, 30),
    )
    def open(self, steps, repeat, after):
        steps.sort(key=lambda step: int(step["after"][:-1]))
        self.policy = Policy.model_validate({"steps": steps, "repeat": repeat})
        rules = {"@U0000TWO": (Rule(timedelta(0), "slack"), Rule(timedelta(minutes=after), "sms"))}
        self.whom = Whom(**WHOM, rules=rules)
        fresh = Alert(
            id=1,
            fingerprint="f",
            rule="r",
            severity=Severity.HIGH,
            summary="s",
            started_at=T0,
            opened_at=T0,
            last_seen_at=T0,
        )
        self.alert = replace(fresh, next_step_at=escalation.due(fresh, self.policy.steps, T0))
        self.enqueue(escalation.timers(self.alert))
        self.alert = replace(self.alert, version=1)

    def enqueue(self, timers):
        for timer in timers:
            old = self.queue.get(timer.key)
            if old is None or old.state == "cancelled":
                self.queue[timer.key] = Queued(timer.kind, timer.at, dict(timer.payload))

    def commit(self, decision: Decision[Alert]):
        if not decision.changed:
            return
        self.alert = replace(decision.state, version=self.alert.version + 1)
        self.facts += decision.events
        for cancel in decision.cancels:
            for job in self.pending(cancel.kind):
                job.state = "cancelled"
        self.enqueue(decision.timers)

    def pending(self, kind):
        return [job for job in self.queue.values() if job.kind == kind and job.state == "pending"]

    @rule(hours=st.none() | st.integers(1, 5), extend=st.booleans())
    def acknowledge(self, hours, extend):
        until = self.now + timedelta(hours=hours) if hours else None
        hold = Hold(until=until, remind_at=until - timedelta(minutes=15)) if until else None
        take = acknowledgement.extend if extend else acknowledgement.acknowledge
        self.commit(take(self.alert, by=ME, now=self.now, hold=hold))

    @rule()
    def withdraw(self):
        owed = escalation.owed(self.facts, self.alert.rounds)
        self.commit(acknowledgement.withdraw(self.alert, self.policy.steps, owed, by=ME, now=self.now))

    @precondition(lambda self: len(self.facts) > 12)
    @rule()
    def resolve(self):
        self.commit(decide.resolve(self.alert, by="bot", now=self.now))

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule(minutes=st.integers(1, 90))
    def clock_is_set_back(self, minutes):
        self.now -= timedelta(minutes=minutes)

    @rule()
    def the_next_job_comes_due(self):
        waiting = [job.due for job in self.queue.values() if job.state == "pending"]
        if waiting:
            self.now = max(self.now, min(waiting))

    def due(self):
        waiting = [job for job in self.queue.values() if job.state == "pending" and job.due <= self.now]
        return [job for job in waiting if not any(job is one for one in self.running)]

    @precondition(lambda self: self.due())
    @rule(data=st.data())
    def begin_a_due_job(self, data):
        self.running.append(data.draw(st.sampled_from(self.due()), label="job"))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), crash=st.booleans(), arrives=st.booleans())
    def end_a_job(self, data, crash, arrives):
        """Much may have happened since it began. `crash` loses that it was run, not what it did: it runs again."""
        job = self.running.pop(data.draw(st.integers(0, len(self.running) - 1), label="which"))
        self.run(job, crash=crash, arrives=arrives)

    @rule(minutes=st.integers(0, 300), arrives=st.booleans())
    def time_passes_and_all_that_comes_due_is_run(self, minutes, arrives):
        end = self.now + timedelta(minutes=minutes)
        for _ in range(200):
            waiting = [job for job in self.queue.values() if job.state == "pending" and job.due <= end]
            waiting = [job for job in waiting if not any(job is one for one in self.running)]
            if not waiting:
                break
            job = min(waiting, key=lambda job: job.due)
            self.now = max(self.now, job.due)
            self.run(job, crash=False, arrives=arrives)
        self.now = max(self.now, end)

    def run(self, job, *, crash, arrives):
        later = None
        match job.kind:
            case escalation.STEP:
                later = self.take(job)
            case escalation.PAGE:
                self.send(job, arrives=arrives)
            case escalation.EXPIRE:
                later = self.expire(job)
            case escalation.REMIND:
                until = datetime.fromisoformat(job.payload["until"])
                self.commit(acknowledgement.remind(self.alert, until=until, now=self.now))
        if later and job.state == "pending":
            job.due = later
        elif not crash and job.state == "pending":
            job.state = "done"

    def take(self, job):
        before = self.alert
        decision = escalation.take_step(before, self.policy, job.payload["step"], whom=self.whom, now=self.now)
        fired = [event for event in decision.events if isinstance(event, EscalationStepFired)]
        if fired:
            step = self.policy.steps[fired[0].step]
            assert before.state is AlertState.FIRING, "a step was taken though somebody has the alert"
            assert self.now >= (before.escalated_at or before.opened_at) + step.after, "a step was taken too early"
            assert step.during is None or step.during.opening(self.now) == self.now, "a step out of its hours"
        self.commit(decision)
        planned = (job.payload["round"], job.payload["step"]) == (self.alert.rounds, self.alert.next_step)
        return self.alert.next_step_at if planned and not decision.events else None

    def send(self, job, *, arrives):
        if escalation.needless(self.alert):
            return
        page = {name: job.payload[name] for name in ("step", "round", "target", "via")}
        fact = PageDelivered(alert=1, **page) if arrives else PageFailed(alert=1, error="no", **page)
        self.told(fact)

    @precondition(lambda self: any(isinstance(f, PageDelivered) for f in self.facts))
    @rule(data=st.data())
    def a_provider_says_later_that_it_did_not_arrive(self, data):
        one = data.draw(st.sampled_from([f for f in self.facts if isinstance(f, PageDelivered)]), label="which")
        self.told(PageFailed(alert=1, step=one.step, round=one.round, target=one.target, via=one.via, error="lost"))

    def told(self, fact):
        if not escalation.is_told(self.facts, fact):
            ways = WAYS if fact.target.startswith("@") else ()
            happened, instead = escalation.rerouted(self.alert, fact, self.facts, ways, "#alerts")
            self.facts.append(happened)
            self.enqueue(escalation.pages(self.alert, instead, self.now))

    def expire(self, job):
        until = datetime.fromisoformat(job.payload["until"])
        decision = acknowledgement.expire(self.alert, self.policy.steps, until=until, now=self.now)
        if decision.changed:
            assert self.now >= until, "an acknowledgement ended too early"
        self.commit(decision)
        return until if self.alert.acknowledged_until == until and not decision.changed else None

    @rule(kind=st.sampled_from([STEP, EXPIRE]))
    def a_timer_is_lost_and_the_auditor_mends_it(self, kind):
        lost = [job for job in self.pending(kind) if not any(job is one for one in self.running)]
        for job in lost:
            job.state = "dead"
        wanted = {AlertState.FIRING: STEP, AlertState.ACKNOWLEDGED: EXPIRE}.get(self.alert.state)
        if lost and kind == wanted and not self.pending(kind):
            self.commit(auditor.mended(self.alert, self.policy, self.now))

    @invariant()
    def the_next_step_waits_exactly_while_it_is_wanted(self):
        waiting = [
            job
            for job in self.pending(STEP)
            if (job.payload["round"], job.payload["step"]) == (self.alert.rounds, self.alert.next_step)
        ]
        if self.alert.state is AlertState.FIRING and self.alert.next_step_at is not None:
            assert len(waiting) == 1
            assert waiting[0].due <= max(self.alert.next_step_at, waiting[0].due)
        elif self.alert.state is AlertState.FIRING:
            assert self.alert.next_step == len(self.policy.steps)
            assert self.alert.repeats == self.policy.repeat
            assert any(isinstance(fact, EscalationExhausted) for fact in self.facts)

    @invariant()
    def each_step_of_a_round_is_taken_or_passed_over_once_and_in_order(self):
        rounds: dict[int, list[int]] = {}
        for fact in self.facts:
            if isinstance(fact, EscalationStepFired | EscalationStepSkipped):
                steps = rounds.setdefault(fact.round, [])
                if not (isinstance(fact, EscalationStepFired) and steps and steps[-1] == fact.step):
                    steps.append(fact.step)
        for steps in rounds.values():
            assert steps == list(range(len(steps)))

    @invariant()
    def rounds_are_repeated_no_more_often_than_the_policy_says(self):
        assert all(f.rounds <= self.policy.repeat for f in self.facts if isinstance(f, EscalationRepeated))

    @invariant()
    def no_page_is_lost_while_somebody_must_be_told(self):
        if self.alert.state is AlertState.FIRING:
            waiting = {
                Page(**{name: job.payload[name] for name in ("step", "round", "target", "via")})
                for job in self.pending(PAGE)
            }
            assert set(escalation.owed(self.facts, self.alert.rounds)) <= waiting

    @invariant()
    def what_became_of_a_page_is_written_down_once(self):
        for kind in (PageDelivered, PageFailed):
            pages = [(f.round, f.step, f.via, f.target) for f in self.facts if isinstance(f, kind)]
            assert len(pages) == len(set(pages))

    @invariant()
    def an_acknowledgement_that_ends_has_its_end_in_the_queue(self):
        ends = [job for job in self.pending(EXPIRE) if job.payload["until"] == str_of(self.alert.acknowledged_until)]
        wanted = self.alert.state is AlertState.ACKNOWLEDGED and self.alert.acknowledged_until is not None
        assert bool(ends) == wanted

    @invariant()
    def nothing_waits_for_an_alert_that_somebody_has_or_that_is_over(self):
        if self.alert.state is not AlertState.FIRING:
            assert not self.pending(STEP)
            assert not self.pending(PAGE)
        if self.alert.state is not AlertState.ACKNOWLEDGED:
            assert not self.pending(REMIND)


def str_of(at):
    return at.isoformat() if at else ""


TestEscalating = Escalating.TestCase
TestEscalating.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
