"""The queue: a job's lease is its due time, so that a dead worker's jobs come due again by themselves."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    Column,
    Executable,
    Index,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from storage.engine import Conflict
from storage.engine import insert as upsert
from storage.records.jobs import Job, JobState, NewJob
from storage.tables import plain
from storage.tables.schema import METADATA, BigId, Document, Instant, Words, first, purge_rows, row_of, rows

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("key", Words, nullable=False, unique=True),
    Column("subject", Words, nullable=False),
    Column("lane", Words, nullable=False),
    Column("payload", Document, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("last_error", Words, nullable=False),
    Column("postponed", Integer, nullable=False),
    Index(None, "finished_at"),
)


# Part of the statement's text, not parameters: only then does the planner see that a partial index holds the answer.
_PENDING: ColumnElement[str] = literal_column(f"'{JobState.PENDING.value}'", Words)
_NOTHING: ColumnElement[str] = literal_column("''", Words)


def _pending(table: Any) -> ColumnElement[bool]:
    return table.c.state == _PENDING  # type: ignore[no-any-return] # an alias


_DUE = JOBS.c.state == "pending"
_OVER = JOBS.c.state != "pending"
_IN_LANE = and_(_DUE, JOBS.c.lane != "")
_RUNNING = and_(_IN_LANE, JOBS.c.owner != "")
# Not on all states: SQLite would rather read everything that is pending by it than what is due by the next one.
Index("ix_jobs_over", JOBS.c.state, JOBS.c.id, sqlite_where=_OVER, postgresql_where=_OVER)
Index("ix_jobs_pending_due", JOBS.c.due_at, JOBS.c.id, sqlite_where=_DUE, postgresql_where=_DUE)
Index("ix_jobs_pending_subject", JOBS.c.subject, JOBS.c.kind, sqlite_where=_DUE, postgresql_where=_DUE)
Index("ix_jobs_pending_lane", JOBS.c.lane, JOBS.c.id, sqlite_where=_IN_LANE, postgresql_where=_IN_LANE)
# Two workers whose transactions overlap cannot both start a job of one lane: the second one's claim is refused.
Index("uq_jobs_running_lane", JOBS.c.lane, unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING)


# A job that has been started and waits has no owner any more, but in a lane others must still see that it was started.
_KEEPS_LANE = case((JOBS.c.lane == "", ""), else_=JOBS.c.owner)
_NEXT_DUE = select(func.min(JOBS.c.due_at)).where(_pending(JOBS), JOBS.c.due_at > bindparam("_after", type_=Instant))
_MINE = (
    JOBS.c.id.in_(bindparam("_ids", expanding=True)),
    JOBS.c.owner == bindparam("_owner", type_=Words),
    _pending(JOBS),
)
_EXTENDING = update(JOBS).where(*_MINE).values(due_at=bindparam("_until", type_=Instant))
_POSTPONING = (
    update(JOBS)
    .where(*_MINE)
    .values(due_at=bindparam("_until", type_=Instant), postponed=JOBS.c.postponed + 1, owner=_KEEPS_LANE)
)
_FINISHED = {"state": JobState.DONE.value, "finished_at": bindparam("_now", type_=Instant)}
_FINISHING = update(JOBS).where(*_MINE).values(_FINISHED)
_FINISHING_ONE = update(JOBS).where(JOBS.c.id == bindparam("_id", type_=BigId), *_MINE[1:]).values(_FINISHED)
_CHANGES = ", ".join(f"{c.name} = excluded.{c.name}" for c in JOBS.c if c.name not in {"id", "key"})
_AGAIN = f"""ON CONFLICT ("key") DO UPDATE SET {_CHANGES} WHERE jobs.state = '{JobState.CANCELLED.value}'"""
"""The same in SQLite's own SQL that `_inserting` says."""


def to_row(job: NewJob) -> dict[str, Any]:
    """Return the new job as columns of a pending row."""
    start = {"attempts": 0, "postponed": 0, "owner": "", "state": JobState.PENDING.value, "last_error": ""}
    return {**row_of(job), **start, "created_at": datetime.now(UTC), "finished_at": None}


def from_row(row: Mapping[str, Any]) -> Job:
    """Return the job that a row holds."""
    return Job(**{**row, "state": JobState(row["state"])})


async def insert(conn: AsyncConnection, jobs: Iterable[NewJob]) -> None:
    """Insert jobs. One whose key exists is dropped, but one that was cancelled comes back as given now.

    So a step that an acknowledgement cancelled can be planned again when the acknowledgement is withdrawn.
    """
    fresh = [to_row(job) for job in jobs]
    if not fresh or plain.insert(conn, JOBS, fresh, _AGAIN):
        return
    await conn.execute(_inserting(conn.dialect.name), fresh)


@cache
def _inserting(dialect: str) -> Executable:
    """The INSERT, built once: building it takes much longer than running it."""
    new = upsert(dialect, JOBS)
    again = {column.name: new.excluded[column.name] for column in JOBS.c if column.name not in {"id", "key"}}
    cancelled = JOBS.c.state == JobState.CANCELLED.value
    return new.on_conflict_do_update(index_elements=["key"], set_=again, where=cancelled)


async def start(conn: AsyncConnection, jobs: Iterable[NewJob], *, owner: str, until: datetime) -> list[Job]:
    """Insert jobs that `owner` runs at once, leased to it until then; gives those whose keys are new.

    When nothing is heard of them until then, they come due for any worker. They must have no lane.
    """
    begun: list[Job] = []
    for job in jobs:
        if job.lane:
            raise ValueError(f"job {job.key} waits its turn in the lane {job.lane}")
        row = {**to_row(job), "due_at": until, "owner": owner, "attempts": 1}
        done = plain.insert_one(conn, JOBS, row, 'ON CONFLICT ("key") DO NOTHING RETURNING id')
        if done is not None:
            number = done.rows[0][0] if done.rows else None
        else:
            number = (await conn.execute(_starting(conn.dialect.name), row)).scalar()
        if number is not None:
            begun.append(Job(**{**row, "id": int(number), "state": JobState.PENDING}))
    return begun


@cache
def _starting(dialect: str) -> Executable:
    return upsert(dialect, JOBS).on_conflict_do_nothing(index_elements=["key"]).returning(JOBS.c.id)


async def get(conn: AsyncConnection, id: int, *, lock: bool = False) -> Job | None:  # noqa: A002
    """Return the job of that number."""
    row = await first(conn, JOBS, id=id, lock=lock)
    return from_row(row) if row else None


async def claim(conn: AsyncConnection, *, owner: str, lease: timedelta, limit: int, now: datetime) -> list[Job]:
    """Take at most `limit` due jobs until `now + lease`, in the order they came; what others are taking is passed by.

    Of a lane only one job is taken: the one that has been started and is not finished, else the oldest that is due.
    A job of the lane that comes due later does not hold it up. Raises `Conflict` when another worker was first.
    """
    values = {"_now": now, "_until": now + lease, "_owner": owner, "_limit": limit}
    try:
        done = plain.ask(conn, _claiming(), values)
        claimed = await rows(conn, _claiming(), values) if done is None else plain.rows_of(JOBS, done)
    except IntegrityError as error:
        raise Conflict("another worker has just started a job of the same lane") from error
    return sorted((from_row(row) for row in claimed), key=lambda job: job.id)


@cache
def _claiming() -> Executable:
    """The UPDATE that claims, built once: building it takes much longer than running it."""
    other = JOBS.alias("other")
    now = bindparam("_now", type_=Instant)
    # Only one that has not been started itself waits for older ones, or the two would wait for each other.
    ahead = and_(JOBS.c.owner == _NOTHING, other.c.id < JOBS.c.id, other.c.due_at <= now)
    blocked = exists().where(
        other.c.lane == JOBS.c.lane,
        other.c.lane != _NOTHING,
        _pending(other),
        other.c.id != JOBS.c.id,
        or_(other.c.owner != _NOTHING, ahead),
    )
    free = or_(JOBS.c.lane == _NOTHING, ~blocked)
    # A common table expression, because PostgreSQL may run a plain subquery with LIMIT more than once.
    picked = (
        select(JOBS.c.id)
        .where(_pending(JOBS), JOBS.c.due_at <= now, free)
        .order_by(JOBS.c.due_at, JOBS.c.id)
        .limit(bindparam("_limit", type_=Integer))
        .with_for_update(skip_locked=True, of=JOBS)
        .cte("picked")
    )
    taken = update(JOBS).where(JOBS.c.id.in_(select(picked.c.id)))
    until, owner = bindparam("_until", type_=Instant), bindparam("_owner", type_=Words)
    return taken.values(due_at=until, owner=owner, attempts=JOBS.c.attempts + 1).returning(*JOBS.c)


async def extend(conn: AsyncConnection, ids: Sequence[int], *, owner: str, until: datetime) -> int:
    """Hold the leases of live work longer; says how many are still the owner's."""
    return (await conn.execute(_EXTENDING, {"_ids": list(ids), "_owner": owner, "_until": until})).rowcount


async def done(conn: AsyncConnection, ids: Sequence[int], *, owner: str, now: datetime) -> int:
    """Finish jobs, of those that are still the owner's; says how many."""
    each = [plain.ask(conn, _FINISHING_ONE, {"_id": id_, "_owner": owner, "_now": now}) for id_ in ids]
    if None not in each:
        return sum(one.count for one in each if one)
    return (await conn.execute(_FINISHING, {"_ids": list(ids), "_owner": owner, "_now": now})).rowcount


async def retry(conn: AsyncConnection, job: Job, due_at: datetime, error: str) -> bool:
    """Let a job that failed run again at that time; False when it is no longer the owner's. It keeps its lane."""
    again = _owned([job.id], job.owner).values(due_at=due_at, last_error=error, owner=_KEEPS_LANE)
    return (await conn.execute(again)).rowcount == 1


async def postpone(conn: AsyncConnection, ids: Sequence[int], *, owner: str, due_at: datetime) -> int:
    """Let jobs run again at that time though they did not fail; says how many are the owner's. They keep their lane."""
    return (await conn.execute(_POSTPONING, {"_ids": list(ids), "_owner": owner, "_until": due_at})).rowcount


async def die(conn: AsyncConnection, job: Job) -> None:
    """Give a job up, as the record now says, and keep it for people to see; raises `Conflict` when it changed hands."""
    dead = _owned([job.id], job.owner)
    values = {"state": JobState.DEAD.value, "finished_at": job.finished_at, "last_error": job.last_error}
    if (await conn.execute(dead.values(values))).rowcount != 1:
        raise Conflict(f"job {job.id} is no longer this worker's")


async def cancel(conn: AsyncConnection, subject: str, kind: str) -> int:
    """Cancel the pending jobs of that kind about that subject, started ones included; says how many."""
    pending = update(JOBS).where(JOBS.c.subject == subject, JOBS.c.kind == kind, _pending(JOBS))
    return (await conn.execute(pending.values(state=JobState.CANCELLED.value, finished_at=datetime.now(UTC)))).rowcount


async def supersede(conn: AsyncConnection, subject: str, kind: str) -> bool:
    """Cancel the jobs of that kind about that subject that wait; True when one is being run just now (lanes aside)."""
    mine = (JOBS.c.subject == subject, JOBS.c.kind == kind, _pending(JOBS))
    waiting = update(JOBS).where(*mine, JOBS.c.owner == "")
    await conn.execute(waiting.values(state=JobState.CANCELLED.value, finished_at=datetime.now(UTC)))
    return await conn.scalar(select(JOBS.c.id).where(*mine).limit(1)) is not None


async def next_due(conn: AsyncConnection, after: datetime) -> datetime | None:
    """When the next pending job comes due after that time; leases that run out count."""
    if (done := plain.ask(conn, _NEXT_DUE, {"_after": after})) is not None:
        return plain.moment(done.rows[0][0])
    return cast("datetime | None", await conn.scalar(_NEXT_DUE, {"_after": after}))


async def oldest_due(conn: AsyncConnection, now: datetime) -> datetime | None:
    """Since when the job has been due that has waited longest; None when none waits."""
    query = select(func.min(JOBS.c.due_at)).where(_pending(JOBS), JOBS.c.due_at <= now)
    return cast("datetime | None", await conn.scalar(query))


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """How many jobs there are in each state, all states named."""
    pending = await conn.scalar(select(func.count()).where(_pending(JOBS)))
    over = await conn.execute(select(JOBS.c.state, func.count()).where(_over()).group_by(JOBS.c.state))
    numbers: dict[str, int] = {JobState.PENDING.value: pending or 0, **dict(over.all())}
    return {state.value: numbers.get(state.value, 0) for state in JobState}


async def listing(
    conn: AsyncConnection, *, states: Sequence[JobState] = (), limit: int = 20, offset: int = 0
) -> list[Job]:
    """Jobs in these states (none given: in all), newest first."""
    where: list[ColumnElement[bool]] = [JOBS.c.state.in_([state.value for state in states])] if states else []
    if states and JobState.PENDING not in states:
        where.append(_over())
    query = select(JOBS).where(*where).order_by(JOBS.c.id.desc()).limit(limit).offset(offset)
    return [from_row(row) for row in await rows(conn, query)]


async def revive(conn: AsyncConnection, id: int, *, now: datetime) -> bool:  # noqa: A002
    """Let a dead job run again, now, with all its attempts; False when there is no such dead job."""
    dead = update(JOBS).where(JOBS.c.id == id, JOBS.c.state == JobState.DEAD.value)
    again = dead.values(state=JobState.PENDING.value, due_at=now, attempts=0, postponed=0, owner="", finished_at=None)
    return (await conn.execute(again)).rowcount == 1


async def purge(conn: AsyncConnection, before: datetime, limit: int = 1000) -> int:
    """Delete at most `limit` jobs that were done or cancelled before that time; dead ones stay. Says how many."""
    over = JOBS.c.state.in_([JobState.DONE.value, JobState.CANCELLED.value])
    return await purge_rows(conn, JOBS, JOBS.c.finished_at < before, over, limit=limit)


def _over() -> ColumnElement[bool]:
    return JOBS.c.state != _PENDING


def _owned(ids: Sequence[int], owner: str) -> Any:
    return update(JOBS).where(JOBS.c.id.in_(ids), JOBS.c.owner == owner, _pending(JOBS))
