"""Turns schedules into jobs: each firing once in a fleet, whichever replica is first."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from apscheduler.executors.base import BaseExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from bot.bus import Schedule
from bot.config import durations
from bot.ports import Ports
from storage.records.jobs import Job, NewJob
from storage.tables import fires, jobs
from storage.unit_of_work import Conflict, Store, StoreError, UnitOfWork

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Where "@every" counts from in every replica, so that all compute the same moments."""
MISFIRE_GRACE = timedelta(hours=1)
"""How late a firing may still be claimed, when the process was suspended or the database away."""

_SPREAD_FROM = timedelta(seconds=10)
_SHORTEST = timedelta(milliseconds=100)
_ALLOWED = 'write "@every 60s", "@hourly", "@daily 09:00", "@weekly mon 09:00", or five cron fields'
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY_TERM = re.compile(r"(\*|[0-7]|[a-z]{3})(?:-([0-7]|[a-z]{3}))?(?:/([1-7]))?")

_log = structlog.get_logger(__name__)


class BadSchedule(ValueError):
    """A schedule's spec cannot be read; one line that names the schedule, the spec and what is allowed."""


class Every(BaseTrigger):  # type: ignore[misc] # apscheduler ships no types
    """Fires at `start` and every whole number of periods after it, computed without rounding."""

    def __init__(self, period: timedelta, start: datetime) -> None:
        self.period = period
        self.start = start

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the first moment after the previous one; without one, the first that is not before `now`."""
        earliest = previous_fire_time + timedelta(microseconds=1) if previous_fire_time else now
        return self.start - (self.start - earliest) // self.period * self.period


class OnceADay(BaseTrigger):  # type: ignore[misc] # apscheduler ships no types
    """Fires when `times` does, but only the first time when clocks are set back and an hour comes twice."""

    def __init__(self, times: BaseTrigger, zone: ZoneInfo) -> None:
        self.times = times
        self.zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first moment after the previous one that is not the repetition of another."""
        fire: datetime | None = self.times.get_next_fire_time(previous_fire_time, now)
        while fire and fire.astimezone(UTC).astimezone(self.zone).fold:
            fire = self.times.get_next_fire_time(fire, fire)
        return fire


def parse(spec: str, name: str, zone: str = "UTC") -> BaseTrigger:
    """Return the trigger that `spec` describes, in the IANA time zone `zone`; raises `BadSchedule`.

    "@every" of more than ten seconds is shifted by a hash of `name`, so that not all schedules fire together.
    """
    word, *rest = spec.lower().split() or [""]
    try:
        place = ZoneInfo(zone)
        match word, rest:
            case "@every", [*_, _]:
                return _every(durations.parse(" ".join(rest)), name)
            case "@hourly", []:
                return CronTrigger(minute=0, timezone=place)
            case "@daily", [at]:
                return OnceADay(CronTrigger(**_time(at), timezone=place), place)
            case "@weekly", [day, at] if day in _DAYS:
                return OnceADay(CronTrigger(day_of_week=day, **_time(at), timezone=place), place)
            case first, [_, _, _, _] if not first.startswith("@"):
                return _cron(first, *rest, place=place)
    except (ZoneInfoNotFoundError, ValueError) as error:
        detail = f"no time zone {zone!r}" if isinstance(error, ZoneInfoNotFoundError) else str(error)
        raise BadSchedule(f"schedule {name}: {spec!r}: {detail}; {_ALLOWED}") from error
    raise BadSchedule(f"schedule {name}: {spec!r} is no schedule; {_ALLOWED}")


def runners(schedules: Iterable[Schedule]) -> Mapping[str, Callable[[Ports, Job], Awaitable[None]]]:
    """Return what the worker calls for the jobs that firings make."""
    return {_kind(schedule.name): _running(schedule) for schedule in schedules}


class Clock:
    """Watches the time for all schedules. Run one in every replica: each firing becomes one job, of whoever is first.

    `config` is given to those specs that are functions of the configuration. Firings that nobody was there for are not
    made up; of several that were missed while the process was suspended only the last counts.
    """

    def __init__(self, store: Store, schedules: Iterable[Schedule], config: Any = None, *, zone: str = "UTC") -> None:
        """Read all specs; raises `BadSchedule` for the first that cannot be read."""
        self._store = store
        self._triggers = {
            s.name: parse(s.spec if isinstance(s.spec, str) else s.spec(config), s.name, zone) for s in schedules
        }
        self._firings = _Firings(self._fire)
        self._scheduler: AsyncIOScheduler | None = None

    async def start(self) -> None:
        """Begin to fire."""
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": self._firings},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for name, trigger in self._triggers.items():
            self._scheduler.add_job(_not_called, trigger, id=name, name=name)
        self._scheduler.start()

    async def stop(self) -> None:
        """Fire no more; claims that are being written end or are taken back."""
        if self._scheduler:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # the scheduler shuts down in the loop's next turn
            self._scheduler = None
        await self._firings.cancel()

    async def _fire(self, name: str, at: datetime) -> None:
        """Claim the firing, waiting for a database that is away as long as the firing is worth having."""
        while (late := datetime.now(UTC) - at) <= MISFIRE_GRACE:
            try:
                await self._store.transact(lambda unit: claim(unit, name, at))
            except (Conflict, StoreError) as error:
                _log.warning("firing_not_claimed", schedule=name, at=at.isoformat(), error=str(error))
                await asyncio.sleep(1)
            else:
                return
        _log.warning("firing_missed", schedule=name, at=at.isoformat(), late_s=round(late.total_seconds()))


async def claim(unit: UnitOfWork, name: str, at: datetime) -> bool:
    """Make the job of a schedule's firing, unless another replica did; says whether it was us.

    Earlier firings that still wait for a worker are cancelled: the new one takes their place. While one is being run,
    the new one is left out.
    """
    if not await fires.claim(unit.conn, name, at):
        return False
    kind = _kind(name)
    if await jobs.supersede(unit.conn, kind, kind):
        _log.info("firing_left_out", schedule=name, at=at.isoformat(), reason="the one before is still running")
        return False
    moment = at.astimezone(UTC).isoformat()
    await unit.enqueue([NewJob(kind=kind, key=f"{name}@{moment}", due_at=at, subject=kind, payload={"at": moment})])
    return True


class _Firings(BaseExecutor):  # type: ignore[misc] # apscheduler ships no types
    """Gives each firing's scheduled time to `fire`; APScheduler's own executors keep it to themselves."""

    def __init__(self, fire: Callable[[str, datetime], Awaitable[None]]) -> None:
        super().__init__()
        self._fire = fire
        self._tasks: set[asyncio.Task[None]] = set()

    async def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        task = asyncio.create_task(self._run(job.id, run_times[-1]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, name: str, at: datetime) -> None:
        try:
            await self._fire(name, at)
        except Exception:  # noqa: BLE001 - logged; the next firing is another chance
            _log.exception("firing_failed", schedule=name, at=at.isoformat())
        finally:
            self._run_job_success(name, [])


def _kind(name: str) -> str:
    return f"schedule:{name}"


def _running(schedule: Schedule) -> Callable[[Ports, Job], Awaitable[None]]:
    async def run(ports: Ports, _job: Job) -> None:
        await schedule.run(ports)

    return run


def _not_called() -> None:
    """Stand where APScheduler wants a function: `_Firings` runs no functions."""


def _every(period: timedelta, name: str) -> Every:
    if period < _SHORTEST:
        raise ValueError("a period is at least 100 ms")
    if period <= _SPREAD_FROM:
        return Every(period, EPOCH)
    digest = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
    return Every(period, EPOCH + timedelta(seconds=digest % int(period.total_seconds())))


def _time(text: str) -> dict[str, int]:
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no time of day, like 09:00")
    return {"hour": int(match[1]), "minute": int(match[2])}


def _cron(minute: str, hour: str, day: str, month: str, weekday: str, *, place: ZoneInfo) -> BaseTrigger:
    fields = {"minute": minute, "hour": hour, "month": month, "timezone": place}
    days = _weekdays(weekday)
    if day.startswith("*") or weekday.startswith("*"):
        trigger = CronTrigger(**fields, day=day, day_of_week=days)
    else:  # cron fires on either when both are given
        trigger = OrTrigger([CronTrigger(**fields, day=day), CronTrigger(**fields, day_of_week=days)])
    if trigger.get_next_fire_time(None, datetime(2024, 1, 1, tzinfo=UTC)) is None:
        raise ValueError("such a moment never comes")
    return trigger if hour.startswith("*") else OnceADay(trigger, place)


def _weekdays(field: str) -> str:
    """Spell out cron's days of the week (0 and 7 are Sunday) as names: APScheduler counts from Monday."""
    if field == "*":
        return field
    found: set[int] = set()
    for term in field.split(","):
        match = _DAY_TERM.fullmatch(term)
        if not match:
            raise ValueError(f"{term!r} is no day of the week (0-7, sun-sat)")
        start, end, step = match.groups()
        if start == "*":
            first, last = 0, 6
        else:
            first = _day(start)
            last = _day(end) if end else (6 if step else first)
        last += 7 if last < first else 0
        found |= {number % 7 for number in range(first, last + 1, int(step or 1))}
    return ",".join(_DAYS[number] for number in sorted(found))


def _day(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text not in _DAYS:
        raise ValueError(f"{text!r} is no day of the week (0-7, sun-sat)")
    return _DAYS.index(text)
