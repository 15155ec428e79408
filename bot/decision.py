"""A decision: the new state, the facts, the timers and the reason, made purely and committed in one transaction."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from bot.events import Event, payload_of
from storage.records.jobs import NewJob
from storage.records.journal import Entry

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Timer:
    """A job that comes due at `at`. `key` makes it one of a kind."""

    kind: str
    key: str
    at: datetime
    subject: str = ""
    lane: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cancel:
    """Pending jobs of `kind` about `subject` that must not run any more."""

    subject: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Decision(Generic[R_co]):
    """What was decided about one record. Nothing changed when `events` is empty; `reason` says why in either case.

    `silent` lets a decision without events still save its state (a streak that grew).
    """

    state: R_co
    events: tuple[Event, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancels: tuple[Cancel, ...] = ()
    reason: str = ""
    silent: bool = False

    @property
    def changed(self) -> bool:
        """True when there is something to commit."""
        return bool(self.events or self.timers or self.cancels or self.silent)


class Unit(Protocol):
    """One database transaction, as far as a decision needs it."""

    async def save(self, record: Any) -> None:
        """Write the record; raises on a lost race, and the whole transaction is tried again."""

    async def append(self, *, at: datetime, kind: str, subject: str, actor: str, payload: Mapping[str, Any]) -> Entry:
        """Write one fact into the journal."""

    async def enqueue(self, jobs: Iterable[NewJob]) -> None:
        """Insert jobs; one whose key exists already is dropped."""

    async def cancel(self, subject: str, kind: str) -> int:
        """Cancel pending jobs; says how many."""


JobsFor = Callable[[Entry], Iterable[NewJob]]


async def commit(unit: Unit, decision: Decision[Any], *, actor: str, now: datetime, jobs_for: JobsFor) -> list[Entry]:
    """Write all that was decided into the open transaction: state, cancelled jobs, facts, their reactions, and timers.

    Returns the journal entries. A decision that changes nothing writes nothing.
    """
    if not decision.changed:
        return []
    await unit.save(decision.state)
    for cancel in decision.cancels:
        await unit.cancel(cancel.subject, cancel.kind)
    entries = [await unit.append(**fact_of(event, actor=actor, now=now)) for event in decision.events]
    jobs = [job for entry in entries for job in jobs_for(entry)]
    await unit.enqueue([*jobs, *map(job_of, decision.timers)])
    return entries


def fact_of(event: Event, *, actor: str, now: datetime) -> dict[str, Any]:
    """The fields of the journal's entry that the event becomes."""
    return {
        "at": now,
        "kind": type(event).__name__,
        "subject": event.subject,
        "actor": actor,
        "payload": payload_of(event),
    }


def job_of(timer: Timer) -> NewJob:
    """The job that a timer is in the queue."""
    return NewJob(
        kind=timer.kind,
        key=timer.key,
        due_at=timer.at,
        subject=timer.subject,
        lane=timer.lane,
        payload=timer.payload,
    )
