"""A decision, committed: in one order, into one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.decision import Cancel, Decision, Timer, commit
from bot.events import AlertAcknowledged, AlertLinked
from storage.records.jobs import NewJob
from storage.records.journal import Entry

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Written:
    """A transaction that remembers what was written, in order."""

    log: list[Any] = field(default_factory=list)

    async def save(self, record: Any) -> None:
        self.log.append(("save", record))

    async def append(self, *, at: datetime, kind: str, subject: str, actor: str, payload: Mapping[str, Any]) -> Entry:
        self.log.append(("append", kind))
        return Entry(id=len(self.log), at=at, kind=kind, subject=subject, actor=actor, payload=payload)

    async def enqueue(self, jobs: Iterable[NewJob]) -> None:
        self.log.append(("enqueue", [job.key for job in jobs]))

    async def cancel(self, subject: str, kind: str) -> int:
        self.log.append(("cancel", subject, kind))
        return 1


def reacting(entry: Entry) -> list[NewJob]:
    return [NewJob(kind="reaction:x", key=f"x:{entry.kind}", due_at=entry.at)]


async def committed(decision: Decision[Any]) -> tuple[list[Any], list[Entry]]:
    unit = Written()
    entries = await commit(unit, decision, actor="U1", now=AT, jobs_for=reacting)
    return unit.log, entries


async def test_state_then_cancelled_jobs_then_facts_then_jobs_are_written() -> None:
    timer = Timer(kind="step", key="alert:1:step:0", at=AT + timedelta(minutes=5))
    log, _ = await committed(
        Decision(
            state="alert",
            events=(AlertAcknowledged(alert=1), AlertLinked(alert=1, incident=2)),
            timers=(timer,),
            cancels=(Cancel("alert:1", "step"),),
        )
    )
    assert log == [
        ("save", "alert"),
        ("cancel", "alert:1", "step"),
        ("append", "AlertAcknowledged"),
        ("append", "AlertLinked"),
        ("enqueue", ["x:AlertAcknowledged", "x:AlertLinked", "alert:1:step:0"]),
    ]


async def test_a_decision_that_changes_nothing_writes_nothing() -> None:
    assert await committed(Decision(state="alert", reason="it is acknowledged already")) == ([], [])


async def test_a_silent_decision_still_saves_its_state() -> None:
    log, _ = await committed(Decision(state="streak", silent=True))
    assert ("save", "streak") in log


async def test_facts_say_who_when_and_about_what() -> None:
    _, [entry] = await committed(Decision(state="alert", events=(AlertAcknowledged(alert=1, comment="on it"),)))
    assert (entry.actor, entry.at, entry.subject, entry.payload["comment"]) == ("U1", AT, "alert:1", "on it")


@pytest.mark.parametrize(
    ("decision", "changed"),
    [
        (Decision(state=0), False),
        (Decision(state=0, reason="why"), False),
        (Decision(state=0, silent=True), True),
        (Decision(state=0, cancels=(Cancel("a", "b"),)), True),
        (Decision(state=0, events=(AlertAcknowledged(alert=1),)), True),
    ],
)
def test_a_decision_knows_whether_there_is_something_to_commit(decision: Decision[int], changed: bool) -> None:
    assert decision.changed is changed
