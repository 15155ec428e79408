"""What happens next: reactions to facts, handlers of timers, and schedules, all as values that `registry` collects."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from bot.events import Event, event_of
from bot.ports import Ports
from storage.records.jobs import Job, NewJob
from storage.records.journal import Entry

E = TypeVar("E", bound=Event)
When = Callable[[Any, Mapping[str, Any]], bool]
"""Told the configuration and the payload of a fact: whether a reaction to it has anything to do."""


@dataclass(frozen=True, kw_only=True)
class Fact(Generic[E]):
    """A journaled event, as a reaction receives it."""

    id: int
    at: datetime
    actor: str
    subject: str
    event: E
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """One thing that happens after a fact of one of `events`. Each runs as a job of its own and is retried alone.

    Reactions of one `lane` to one subject run in the order of the facts. Where `when` says no, there is no job: that is
    for what the configuration or the fact itself rules out for good.
    """

    name: str
    events: tuple[type[Event], ...]
    run: Callable[[Ports, Fact[Any]], Awaitable[None]]
    lane: str = ""
    when: When | None = None

    @property
    def kind(self) -> str:
        """The kind of the jobs that run it."""
        return f"reaction:{self.name}"

    @cached_property
    def facts(self) -> frozenset[str]:
        """The kinds of the journal's entries that it follows."""
        return frozenset(event.__name__ for event in self.events)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What runs a timer: the handler of all jobs of kind `name`."""

    name: str
    run: Callable[[Ports, Job], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Something that repeats. `spec` reads "@every 60s", "@daily 09:00", "@weekly mon 09:00" or five cron fields.

    It may be a function of the configuration. Each firing runs exactly once in a fleet.
    """

    name: str
    spec: str | Callable[[Any], str]
    run: Callable[[Ports], Awaitable[None]]


def on(
    *events: type[E], lane: str = "", when: When | None = None
) -> Callable[[Callable[[Ports, Fact[E]], Awaitable[None]]], Reaction]:
    """Turn a coroutine function into the `Reaction` to these events; its name is "room.function"."""

    def make(run: Callable[[Ports, Fact[E]], Awaitable[None]]) -> Reaction:
        return Reaction(name=_name(run), events=events, run=run, lane=lane, when=when)

    return make


def task(name: str) -> Callable[[Callable[[Ports, Job], Awaitable[None]]], Task]:
    """Turn a coroutine function into the handler of the jobs (timers) of kind `name`."""

    def make(run: Callable[[Ports, Job], Awaitable[None]]) -> Task:
        return Task(name=name, run=run)

    return make


def schedule(spec: str | Callable[[Any], str]) -> Callable[[Callable[[Ports], Awaitable[None]]], Schedule]:
    """Turn a coroutine function into a `Schedule`; its name is "room.function"."""

    def make(run: Callable[[Ports], Awaitable[None]]) -> Schedule:
        return Schedule(name=_name(run), spec=spec, run=run)

    return make


def following(reactions: Iterable[Reaction], *, manage: Any = None) -> Callable[[Entry], list[NewJob]]:
    """What follows from an entry of the journal: one job, due at once, for each reaction to its kind.

    Those that have nothing to do under this configuration get none.
    """
    by_kind: dict[str, list[Reaction]] = {}  # of many reactions few follow any one kind
    for reaction in reactions:
        for kind in reaction.facts:
            by_kind.setdefault(kind, []).append(reaction)

    def jobs_for(entry: Entry) -> list[NewJob]:
        among = by_kind.get(entry.kind, ())
        return _jobs([r for r in among if r.when is None or r.when(manage, entry.payload)], entry)

    return jobs_for


def _jobs(meant: list[Reaction], entry: Entry) -> list[NewJob]:
    if not meant:
        return []
    written = {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "subject": entry.subject,
        "kind": entry.kind,
        "payload": dict(entry.payload),
    }
    return [
        NewJob(
            kind=r.kind,
            key=f"{r.name}:{entry.id}",
            due_at=entry.at,
            subject=entry.subject,
            lane=f"{r.lane}:{entry.subject}" if r.lane else "",
            payload=written,
        )
        for r in meant
    ]


def runners(
    reactions: Iterable[Reaction], tasks: Iterable[Task]
) -> Mapping[str, Callable[[Ports, Job], Awaitable[None]]]:
    """What the worker calls for each kind of job."""
    return {r.kind: _reacting(r) for r in reactions} | {t.name: t.run for t in tasks}


def _reacting(reaction: Reaction) -> Callable[[Ports, Job], Awaitable[None]]:
    async def run(ports: Ports, job: Job) -> None:
        written = job.payload
        await reaction.run(
            ports,
            Fact(
                id=written["id"],
                at=datetime.fromisoformat(written["at"]),
                actor=written["actor"],
                subject=written["subject"],
                event=event_of(written["kind"], written["payload"]),
                attempt=job.attempts,
            ),
        )

    return run


def _name(run: Callable[..., Any]) -> str:
    """Name `show_card` in bot/alerts/reactions.py "alerts.show_card"; plug-ins keep their package's name."""
    module = run.__module__.removeprefix("bot.").removesuffix(".reactions")
    return f"{module}.{run.__name__}"
