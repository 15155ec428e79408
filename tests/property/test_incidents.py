"""Whatever happens to an incident in whatever order: legal moves only, resolved once and for good, times that add up."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.decision import Decision
from bot.events import IncidentResolved, NoteAdded, StatusChanged, event_of, payload_of
from bot.incidents import decide, particulars, timeline
from bot.incidents.decide import Source
from storage.records.alerts import Alert, AlertState, Severity
from storage.records.incidents import Incident, IncidentStatus
from storage.records.journal import Entry
from tests.fakes.ports import T0

PEOPLE = st.sampled_from(["U0000ONE", "U0000TWO"])
MESSAGES = st.sampled_from([("C0000001", f"17000000{n:02}.000100") for n in range(3)])


def an_alert(number: int, started: datetime, acknowledged: datetime | None) -> Alert:
    return Alert(
        id=number,
        fingerprint="f",
        rule="health-check-failed",
        severity=Severity.HIGH,
        summary="shop is down",
        started_at=started,
        opened_at=started,
        last_seen_at=started,
        state=AlertState.ACKNOWLEDGED if acknowledged else AlertState.FIRING,
        acknowledged_at=acknowledged,
    )


class Incidents(RuleBasedStateMachine):
    """One incident from its declaration on; the clock may be set back."""

    def __init__(self):
        super().__init__()
        self.now = T0
        self.journal: list[Entry] = []
        self.incident: Incident

    @initialize(
        by=st.sampled_from(["bot", "U0000ONE"]),
        lead=st.integers(-600, 600),
        noticed=st.none() | st.integers(-600, 600),
        of=st.sampled_from(["alert", "message", "nothing"]),
    )
    def declare(self, by, lead, noticed, of):
        started = self.now - timedelta(seconds=lead)
        acknowledged = None if noticed is None else self.now - timedelta(seconds=noticed)
        self.commit(
            decide.declare(
                1,
                title="shop is down",
                severity=Severity.HIGH,
                by=by,
                now=self.now,
                alert=an_alert(1, started, acknowledged) if of == "alert" else None,
                source=a_message(("C0000001", "1700000000.000100"), started) if of == "message" else None,
            )
        )

    def commit(self, decision: Decision[Incident]):
        self.incident = decision.state
        for event in decision.events:
            number = len(self.journal) + 1
            kind = type(event).__name__
            self.journal.append(
                Entry(id=number, at=self.now, kind=kind, subject=event.subject, actor="bot", payload=payload_of(event))
            )

    @rule(seconds=st.integers(-2000, 2000))
    def clock_moves(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(number=st.integers(1, 3))
    def join(self, number):
        self.commit(decide.join(self.incident, an_alert(number, self.now, None)))
        assert len(set(self.incident.alert_ids)) == len(self.incident.alert_ids)

    @rule()
    def alert_is_acknowledged(self):
        before = self.incident.acknowledged_at
        self.commit(decide.acknowledged(self.incident, self.now))
        assert before is None or self.incident.acknowledged_at == before

    @rule(
        text=st.sampled_from(["", "a fix is on its way"]),
        status=st.none() | st.sampled_from(list(IncidentStatus)),
        severity=st.none() | st.sampled_from(list(Severity)),
    )
    def update(self, text, status, severity):
        before = self.incident
        self.commit(decide.update(before, now=self.now, text=text, status=status, severity=severity))
        if not before.open:
            assert (self.incident.status, self.incident.severity) == (before.status, before.severity)

    @rule(role=st.sampled_from(["commander", "scribe"]), user=PEOPLE)
    def assign(self, role, user):
        self.commit(particulars.assign(self.incident, role, user))
        assert self.incident.roles[role] == user

    @rule(message=MESSAGES, on=st.booleans())
    def pin(self, message, on):
        known = timeline.pinned(self.journal)
        if on:
            self.commit(decide.note(self.incident, a_message(message, self.now), known))
        else:
            self.commit(decide.unnote(self.incident, *message, known))
        assert (message in timeline.pinned(self.journal)) is on

    @rule(by=PEOPLE)
    def resolve(self, by):
        self.commit(decide.resolve(self.incident, by=by, now=self.now))
        assert not self.incident.open

    @rule()
    def close_channel(self):
        self.commit(decide.open_channel(self.incident, "C0000INC", "incident-1"))
        self.commit(decide.archived(self.incident, self.now))
        assert self.incident.archived_at is not None

    @invariant()
    def it_is_resolved_once_and_for_good(self):
        resolved = self.of(IncidentResolved)
        assert len(resolved) == (0 if self.incident.open else 1)
        assert (self.incident.resolved_at is None) == self.incident.open

    @invariant()
    def only_resolving_resolves(self):
        assert all(event.status != "resolved" for event in self.of(StatusChanged))

    @invariant()
    def the_parts_of_mttr_are_spans_within_it(self):
        for event in self.of(IncidentResolved):
            parts = [event.time_to_detect, event.time_to_acknowledge]
            assert all(0 <= part <= event.time_to_resolve for part in parts if part is not None)
            lasted = (self.incident.resolved_at - self.incident.started_at).total_seconds()
            assert event.time_to_resolve == lasted

    @invariant()
    def each_pinned_message_stands_on_the_timeline_once(self):
        places = [(line.channel, line.ts) for line in timeline.lines(self.journal) if line.ts]
        assert sorted(places) == sorted(timeline.pinned(self.journal))

    @invariant()
    def the_timeline_is_in_order_of_time(self):
        times = [line.at for line in timeline.lines(self.journal)]
        assert times == sorted(times)

    def of(self, kind):
        events = [event_of(entry.kind, entry.payload) for entry in self.journal]
        return [event for event in events if isinstance(event, kind)]


def a_message(place: tuple[str, str], at: datetime) -> Source:
    return Source(channel=place[0], ts=place[1], text="it is slow", author="U0000TWO", said_at=at)


def test_a_note_says_what_the_message_said():
    event = decide.note(
        decide.declare(1, title="x", severity=Severity.LOW, by="bot", now=T0).state,
        a_message(("C0000001", "1.0"), T0),
        frozenset(),
    ).events[0]
    assert isinstance(event, NoteAdded)
    assert (event.text, event.author) == ("it is slow", "U0000TWO")


TestIncidents = Incidents.TestCase
TestIncidents.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
