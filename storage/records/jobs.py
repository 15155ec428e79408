"""A durable job: work that was committed together with the state that caused it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """Where a job stands. A claimed job stays pending: its lease is its due time."""

    PENDING = "pending"
    DONE = "done"
    CANCELLED = "cancelled"
    DEAD = "dead"


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to insert. A second one with the same `key` is dropped; jobs of one `lane` run one at a time, oldest first.

    `subject` ("alert:42") is what pending jobs can be cancelled by, together with their `kind`.
    """

    kind: str
    key: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    lane: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A row of the queue. `attempts` counts claims, the running one included; `owner` fences late results.

    `postponed` of the attempts were nobody's failure: put off by the handler, or handed back when a worker stopped.
    """

    id: int
    kind: str
    key: str
    subject: str
    lane: str
    payload: Mapping[str, Any]
    due_at: datetime
    attempts: int
    owner: str
    state: JobState
    created_at: datetime
    finished_at: datetime | None = None
    last_error: str = ""
    postponed: int = 0
