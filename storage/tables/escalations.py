"""What must be pending for each open alert, and is not: alerts beside the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import String, and_, false, func, literal, or_, select
from sqlalchemy import cast as as_type
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.records.alerts import Alert, AlertState
from storage.records.jobs import JobState
from storage.tables.alerts import ALERTS, from_row
from storage.tables.jobs import JOBS
from storage.tables.journal import JOURNAL
from storage.tables.schema import rows

_OPEN = ALERTS.c.state != literal(AlertState.RESOLVED.value, literal_execute=True)
_SUBJECT = literal("alert:").concat(as_type(ALERTS.c.id, String))
_PENDING = JOBS.c.state == literal(JobState.PENDING.value, literal_execute=True)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What must be pending: jobs of kind `step` and `end` (of an acknowledgement); `policies` have so many steps.

    `over` is the kind of fact that states that all steps were taken.
    """

    step: str
    end: str
    over: str
    policies: Mapping[str, int]


async def unplanned(
    conn: AsyncConnection, wanted: Wanted, *, only: Sequence[int] = (), limit: int = 100
) -> list[Alert]:
    """Open alerts whose next step, or whose acknowledgement's end, is in no pending job; oldest first.

    A firing alert with steps left must have one planned, unless all were taken before its policy got more. With `only`
    of these alerts alone.
    """
    firing, held = ALERTS.c.state == AlertState.FIRING.value, ALERTS.c.state == AlertState.ACKNOWLEDGED.value
    left = [and_(ALERTS.c.policy == name, ALERTS.c.next_step < count) for name, count in wanted.policies.items()]
    more = and_(or_(*left), ~_stated(wanted.over)) if left else false()
    expected = or_(
        and_(firing, or_(ALERTS.c.next_step_at.is_not(None), more), ~_waits(wanted.step)),
        and_(held, ALERTS.c.acknowledged_until.is_not(None), ~_waits(wanted.end)),
    )
    query = select(ALERTS).where(_OPEN, expected, *([ALERTS.c.id.in_(only)] if only else []))
    return [from_row(row) for row in await rows(conn, query.order_by(ALERTS.c.id).limit(limit))]


async def muted_by(conn: AsyncConnection) -> list[str]:
    """What mutes alerts now, each once."""
    query = select(ALERTS.c.muted_by).where(_OPEN, ALERTS.c.muted_by != "").distinct()
    return list((await conn.scalars(query)).all())


async def waiting_since(conn: AsyncConnection, now: datetime) -> datetime | None:
    """Since when the job has been due that has waited longest and waits for no other of its lane; None: none waits."""
    query = select(func.min(JOBS.c.due_at)).where(_PENDING, JOBS.c.due_at <= now, JOBS.c.lane == "")
    return cast("datetime | None", await conn.scalar(query))


def _waits(kind: str) -> ColumnElement[bool]:
    return select(JOBS.c.id).where(_PENDING, JOBS.c.subject == _SUBJECT, JOBS.c.kind == kind).exists()


def _stated(kind: str) -> ColumnElement[bool]:
    return select(JOURNAL.c.id).where(JOURNAL.c.subject == _SUBJECT, JOURNAL.c.kind == kind).exists()
