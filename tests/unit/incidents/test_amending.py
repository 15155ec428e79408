from datetime import timedelta

import pytest

from bot import events as e
from bot.cards.marks import plain
from bot.incidents import amending, runs, timeline
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from storage.records.journal import Entry
from tests.fakes.ports import T0

INCIDENT = Incident(
    id=3, title="x", severity=Severity.HIGH, declared_by="U0000ONE", started_at=T0, declared_at=T0, version=1
)
UPDATE = e.UpdatePosted(incident=3, text="db is down")
LINE = timeline.Line(entry=1, at=T0, actor="U0000ONE", said="Update: db is down")


def journal(*events: e.Event) -> list[Entry]:
    return [
        Entry(
            id=number,
            at=T0 + timedelta(minutes=number),
            kind=type(event).__name__,
            subject=event.subject,
            actor="U0000TWO",
            payload=e.payload_of(event),
        )
        for number, event in enumerate(events, start=1)
    ]


def edited(**changes) -> e.TimelineEdited:
    return e.TimelineEdited(**{"incident": 3, "entry": 1, "reason": "it was the cache", **changes})


def hidden(*, shown: bool = False) -> e.TimelineHidden:
    return e.TimelineHidden(incident=3, entry=1, reason="said twice", shown=shown)


class TestCorrected:
    def test_a_line_says_the_new_words_and_keeps_the_first_ones_beside_it(self) -> None:
        told = journal(UPDATE, edited(text="cache is down"), edited(text="the cache is down", reason="grammar"))

        (line,) = timeline.lines(told)

        assert (line.said, line.at) == ("the cache is down", T0 + timedelta(minutes=1))
        assert line.corrected is not None
        assert (line.corrected.said_before, line.corrected.by) == ("Update: db is down", "U0000TWO")
        assert line.corrected.reason == "grammar"

    def test_a_line_moves_to_when_it_happened(self) -> None:
        told = journal(UPDATE, e.UpdatePosted(incident=3, text="later"), edited(happened_at=T0 + timedelta(hours=1)))

        assert [line.said for line in timeline.lines(told)] == ["Update: later", "Update: db is down"]

    def test_what_was_taken_off_is_gone_until_it_is_put_back(self) -> None:
        assert timeline.lines(journal(UPDATE, hidden())) == []
        assert len(timeline.lines(journal(UPDATE, hidden(), hidden(shown=True)))) == 1
        assert len(timeline.lines(journal(UPDATE, hidden()), hidden=True)) == 1


class TestEdit:
    def test_tells_only_what_is_new(self) -> None:
        decision = amending.edit(INCIDENT, LINE, text="cache is down", happened_at=T0, reason="it was the cache")

        assert decision.events == (edited(text="cache is down", happened_at=None),)

    @pytest.mark.parametrize(
        ("line", "text", "reason"),
        [
            (None, "cache is down", "there is no such entry on its timeline"),
            (LINE, "Update: db is down", "that is what stands there already"),
        ],
    )
    def test_says_why_nothing_changes(self, line: timeline.Line | None, text: str, reason: str) -> None:
        decision = amending.edit(INCIDENT, line, text=text, happened_at=None, reason="why")

        assert (decision.changed, decision.reason) == (False, reason)


class TestHide:
    def test_takes_a_line_off_and_puts_it_back(self) -> None:
        off = amending.hide(INCIDENT, LINE, journal(UPDATE), reason="said twice", shown=False)
        back = amending.hide(INCIDENT, LINE, journal(UPDATE, hidden()), reason="said twice", shown=True)

        assert (off.events, back.events) == ((hidden(),), (hidden(shown=True),))

    @pytest.mark.parametrize(("told", "shown"), [(journal(UPDATE, hidden()), False), (journal(UPDATE), True)])
    def test_does_nothing_twice(self, told: list[Entry], shown: bool) -> None:
        assert not amending.hide(INCIDENT, LINE, told, reason="said twice", shown=shown).changed

    def test_knows_no_entry_of_another_timeline(self) -> None:
        assert amending.hide(INCIDENT, None, [], reason="x", shown=False).reason == (
            "there is no such entry on its timeline"
        )


def ran(command: str, *, channel: str = "C1", changes: bool = False, outcome: str = "ok") -> e.CommandRun:
    return e.CommandRun(
        command=command,
        argv=("shop",),
        via="slack",
        role="operator",
        outcome=outcome,
        seconds=0.1,
        changes=changes,
        channel=channel,
    )


class TestRuns:
    @pytest.mark.parametrize(
        "run",
        [
            ran("health", outcome="bad"),
            ran("restart", channel="", changes=True),
            ran("oncall override", changes=True),
        ],
        ids=["asked in its channel", "changed something from a shell", "on-call changed in its channel"],
    )
    def test_that_belong_to_it_are_told(self, run: e.CommandRun) -> None:
        assert len(runs.among(journal(run), "C1")) == 1

    @pytest.mark.parametrize(
        "run",
        [
            ran("health", channel="C2"),
            ran("oncall override", channel="C2", changes=True),
            ran("incident update", changes=True),
            ran("ack", changes=True),
            ran("health", outcome="usage"),
            ran("restart", outcome="denied", changes=True),
            ran("health", channel=""),
        ],
    )
    def test_that_do_not_are_left_out(self, run: e.CommandRun) -> None:
        assert runs.among(journal(run), "C1") == []

    def test_say_what_was_typed_and_how_it_ended(self) -> None:
        (line,) = timeline.lines([], journal(ran("health", outcome="bad")))

        assert plain(line.said) == "Ran health shop: bad, exit status 1"

    def test_of_an_incident_without_channel_are_only_those_that_changed_something(self) -> None:
        assert runs.among(journal(ran("health", channel="")), "") == []
