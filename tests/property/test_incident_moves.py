"""Whatever is done with several incidents in whatever order: what must always hold of them, and that no move is lost."""

from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.decision import Decision
from bot.events import (
    AlertJoinedIncident,
    Event,
    IncidentDeclared,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    SeverityChanged,
    StatusChanged,
    payload_of,
)
from bot.incidents import decide, grouping, merging, particulars, timeline
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.records.journal import Entry
from tests.fakes.ports import T0

PEOPLE = st.sampled_from(["U0000ONE", "U0000TWO"])
JOIN_BY = ("service",)
MOST = 5
"""How many incidents there are at most: among few, those that have to do with each other are met often."""
PICK = st.sampled_from(range(MOST))
EVERY = {Severity.CRITICAL: timedelta(minutes=30), Severity.HIGH: timedelta(hours=1)}
STATES = list(IncidentStatus)


class Incidents(RuleBasedStateMachine):
    """Incidents as the service keeps them; alerts open them, join them, and come back; the clock may be set back."""

    def __init__(self):
        super().__init__()
        self.now = T0
        self.alerts: list[Alert] = []
        self.kept: dict[int, Incident] = {}
        self.journal: list[Entry] = []
        self.facts: list[Event] = []

    def commit(self, decision: Decision[Incident]):
        if not decision.changed:
            assert decision.reason, "what is refused says why"
            assert decision.state == self.kept[decision.state.id]
        self.kept[decision.state.id] = decision.state
        for event in decision.events:
            number, kind = len(self.journal) + 1, type(event).__name__
            self.facts.append(event)
            self.journal.append(
                Entry(id=number, at=self.now, kind=kind, subject=event.subject, actor="bot", payload=payload_of(event))
            )

    def one(self, pick) -> Incident:
        return list(self.kept.values())[pick % len(self.kept)]

    def absorbed(self, *ids):
        return [incident for incident in self.kept.values() if incident.merged_into in ids]

    @initialize()
    def two_are_open(self):
        for fingerprint in "ab":
            self.an_alert_opens_or_joins(fingerprint, "", Severity.HIGH, "bot", "")

    @rule(seconds=st.integers(-600, 2000))
    def clock_moves(self, seconds):
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: len(self.kept) < MOST - 2)
    @rule(by=PEOPLE, private=st.booleans(), test=st.booleans())
    def a_person_declares(self, by, private, test):
        self.declare(by, None, private=private, test=test)

    @rule(
        fingerprint=st.sampled_from("ab"),
        service=st.sampled_from(["", "shop", "search"]),
        severity=st.sampled_from(list(Severity)),
        by=st.sampled_from(["bot", "U0000ONE"]),
        apart=st.sampled_from(["", "", "", "", "private", "test"]),
    )
    def an_alert_opens_or_joins(self, fingerprint, service, severity, by, apart):
        alert = Alert(
            id=len(self.alerts) + 1,
            fingerprint=fingerprint,
            rule="r",
            severity=severity,
            summary="it is down",
            started_at=self.now - timedelta(minutes=1),
            opened_at=self.now,
            last_seen_at=self.now,
            labels={"service": service} if service else {},
        )
        running = [incident for incident in self.kept.values() if incident.open]
        host = grouping.host(alert, running, self.absorbed(*(i.id for i in running)), JOIN_BY) if not apart else None
        if host is None and len(self.kept) == MOST:
            return
        self.alerts.append(alert)
        if host is None:
            self.declare(by, alert, private=apart == "private", test=apart == "test")
        else:
            assert (host.private, host.test) == (False, False), "no alert joins what is set apart"
            self.commit(decide.join(host, alert))
            assert alert.id in self.kept[host.id].alert_ids

    def declare(self, by, alert, *, private, test):
        self.commit(
            decide.declare(
                len(self.kept) + 1,
                title="it is down",
                severity=Severity.HIGH,
                by=by,
                now=self.now,
                alert=alert,
                labels=grouping.labels(alert, JOIN_BY) if alert else {},
                private=private,
                test=test,
                every=EVERY,
            )
        )

    @rule(
        pick=PICK,
        text=st.sampled_from(["", "a fix is on its way"]),
        status=st.none() | st.sampled_from(STATES),
        severity=st.none() | st.sampled_from(list(Severity)),
    )
    def somebody_tells(self, pick, text, status, severity):
        before = self.one(pick)
        self.commit(decide.update(before, now=self.now, text=text, status=status, severity=severity, every=EVERY))
        after = self.kept[before.id]
        moved = status in decide.OPEN and before.open
        assert after.status is (status if moved else before.status)
        if moved and status is not before.status:
            assert after.update_due_at == (self.now + EVERY[after.severity] if after.severity in EVERY else None)

    @rule(pick=PICK, role=st.sampled_from(["commander", "scribe"]), user=PEOPLE, what=st.sampled_from("cra"))
    def roles_change(self, pick, role, user, what):
        move = {"c": particulars.claim, "a": particulars.assign, "r": particulars.release}[what]
        self.commit(move(self.one(pick), role, user))

    @rule(pick=PICK, by=PEOPLE)
    def resolve(self, pick, by):
        before = self.one(pick)
        duplicates = self.absorbed(before.id)
        self.commit(decide.resolve(before, by=by, now=self.now, duplicates=duplicates))
        assert not self.kept[before.id].open

    @rule(first=PICK, second=PICK, by=PEOPLE)
    def merge(self, first, second, by):
        duplicate, survivor = self.one(first), self.one(second)
        absorbed = self.absorbed(duplicate.id)
        both = merging.merge(duplicate, survivor, by=by, now=self.now, absorbed=absorbed)
        assert both[0].changed is both[1].changed, "a merge is whole or not at all"
        assert both[0].changed is (
            duplicate.open
            and survivor.open
            and duplicate.id != survivor.id
            and not absorbed
            and (duplicate.private, duplicate.test) == (survivor.private, survivor.test)
        )
        for decision in both:
            self.commit(decision)
        if both[0].changed:
            assert set(duplicate.alert_ids) <= set(self.kept[survivor.id].alert_ids)
            assert set(duplicate.roles) <= set(self.kept[survivor.id].roles)

    @rule(pick=PICK)
    def reopen(self, pick):
        before = self.one(pick)
        rivals = [i for i in self.kept.values() if i.open and i.fingerprint and i.fingerprint == before.fingerprint]
        self.commit(decide.reopen(before, now=self.now, every=EVERY, rival=next(iter(rivals), None)))
        if before.merged_into and self.kept[before.id].open:
            survivor = self.kept[before.merged_into]
            moved = timeline.absorbed([e for e in self.journal if e.subject == survivor.subject], before.id)
            self.commit(merging.part(survivor, before.id, moved))

    @invariant()
    def a_fingerprint_has_at_most_one_open_incident(self):
        open_ = Counter(i.fingerprint for i in self.kept.values() if i.open and i.fingerprint)
        assert all(count == 1 for count in open_.values()), open_

    @invariant()
    def what_is_over_ended_no_sooner_than_it_began_and_asks_for_nothing(self):
        for incident in self.kept.values():
            assert (incident.resolved_at is None) is incident.open
            if incident.resolved_at:
                assert incident.resolved_at >= incident.started_at
                assert incident.update_due_at is None

    @invariant()
    def what_was_merged_is_over_and_went_into_one_that_was_not(self):
        for incident in self.kept.values():
            if incident.merged_into is not None:
                assert not incident.open
                assert incident.merged_into != incident.id
                assert self.kept[incident.merged_into].merged_into is None

    @invariant()
    def the_parts_of_mttr_lie_within_it(self):
        for event in self.told(IncidentResolved):
            parts = (event.time_to_detect, event.time_to_acknowledge, event.time_to_mitigate)
            assert all(0 <= part <= event.time_to_resolve for part in parts if part is not None)
            if event.time_to_mitigate is not None:
                assert event.time_to_detect <= event.time_to_mitigate

    @invariant()
    def no_alert_belongs_to_two_open_incidents(self):
        of_open = [alert for i in self.kept.values() if i.open for alert in i.alert_ids]
        assert len(of_open) == len(set(of_open))

    @invariant()
    def no_move_is_lost(self):
        """The journal alone tells how each incident stands."""
        for number, incident in self.kept.items():
            status, severity, reopened = IncidentStatus.INVESTIGATING, Severity.HIGH, 0
            for event in self.told_of(number):
                match event:
                    case StatusChanged(status=moved):
                        status = IncidentStatus(moved)
                    case SeverityChanged(severity=moved):
                        severity = Severity(moved)
                    case IncidentResolved() | IncidentMerged():
                        status = IncidentStatus.RESOLVED
                    case IncidentReopened():
                        status, reopened = IncidentStatus.INVESTIGATING, reopened + 1
            assert (status, severity, reopened) == (incident.status, incident.severity, incident.reopened)

    @invariant()
    def every_alert_belongs_somewhere(self):
        belong = {alert for incident in self.kept.values() for alert in incident.alert_ids}
        assert belong == {alert.id for alert in self.alerts}
        told = [*self.told(AlertJoinedIncident), *(e for e in self.told(IncidentDeclared) if e.alert)]
        assert len(told) == len(self.alerts)

    def told(self, kind):
        return [event for event in self.facts if isinstance(event, kind)]

    def told_of(self, number):
        return [event for event in self.facts if event.subject == f"incident:{number}"]


TestIncidentMoves = Incidents.TestCase
TestIncidentMoves.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
