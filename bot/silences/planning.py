"""Maintenance windows: those of manage.yml and those planned by command; when one begins and ends becomes a fact."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config.manage import Manage
from bot.decision import Decision, Timer, commit, job_of
from bot.events import MaintenanceBegan, MaintenanceEnded, MaintenancePlanned
from bot.matchers import spell
from bot.ports import Ports
from bot.silences import decide
from bot.silences.decide import BadSilence, Wanted
from bot.silences.maintenance import Window, windows
from storage.records.silences import CONFIG, Maintenance, Phase
from storage.tables import maintenance
from storage.unit_of_work import UnitOfWork

BOT = "bot"
LOOK = "maintenance.look"
"""Kind of the timers at which a window begins or ends."""
SOON = timedelta(hours=1)
"""How far ahead timers are set; `look` runs more often than that."""
LONGEST_NAME = 100


class UnknownWindow(LookupError):
    """There is no maintenance window of that number."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A window as somebody plans it."""

    name: str
    wanted: Wanted


async def known(manage: Manage, conn: AsyncConnection, since: datetime, until: datetime) -> tuple[Window, ...]:
    """The windows that touch that time, in the order in which they begin: configured ones and planned ones."""
    planned = [
        Window(
            name=w.name,
            starts_at=w.starts_at,
            ends_at=w.ends_at,
            matchers=w.matchers,
            comment=w.comment,
            planned=w.id,
        )
        for w in await maintenance.not_over(conn, since)
        if w.created_by != CONFIG and w.starts_at < until
    ]
    return tuple(sorted([*windows(manage, since, until), *planned], key=lambda w: (w.starts_at, w.name)))


async def plan(ports: Ports, asked: Plan) -> Decision[Maintenance]:
    """Plan a window by command; raises `BadSilence`."""
    wanted = asked.wanted
    decide.check(wanted, ports.now())
    if not 0 < len(asked.name) <= LONGEST_NAME:
        raise BadSilence(f"the window needs a name of at most {LONGEST_NAME} characters")
    starts_at = max(wanted.starts_at, ports.now())
    key = f"{asked.name}:{starts_at.isoformat()}"

    async def work(unit: UnitOfWork) -> Decision[Maintenance]:
        if await maintenance.by_key(unit.conn, key):
            raise BadSilence(f"a window {asked.name} that begins then is planned already")
        number = await unit.next_id("maintenance")
        window = Maintenance(
            id=number,
            key=key,
            name=asked.name,
            matchers=wanted.matchers,
            starts_at=starts_at,
            ends_at=wanted.ends_at,
            created_by=wanted.by,
            comment=wanted.comment,
        )
        told = MaintenancePlanned(
            maintenance=number,
            name=window.name,
            matchers=tuple(map(spell, window.matchers)),
            starts_at=starts_at,
            ends_at=window.ends_at,
            comment=window.comment,
        )
        decision = Decision(state=window, events=(told,), timers=_timers({starts_at, window.ends_at}))
        await _put(ports, unit, decision, wanted.by)
        return decision

    return await ports.store.transact(work)


async def end(ports: Ports, number: int, *, by: str) -> Decision[Maintenance]:
    """End a planned window now, or cancel it when it has not begun; raises `UnknownWindow` or `BadSilence`."""

    async def work(unit: UnitOfWork) -> Decision[Maintenance]:
        window, now = await maintenance.get(unit.conn, number, lock=True), ports.now()
        if window is None:
            raise UnknownWindow(f"there is no maintenance window {number}")
        if window.created_by == CONFIG:
            raise BadSilence(f"the window {window.name} comes from {CONFIG}: change it there")
        if window.phase is Phase.EXPIRED or window.ends_at <= now:
            return Decision(state=window, reason="it is over already")
        decision = _ended(replace(window, starts_at=min(window.starts_at, now), ends_at=now), "somebody ended it")
        await _put(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


async def look(ports: Ports) -> list[Decision[Maintenance]]:
    """Write down which windows began and ended since the last look, and when to look next."""

    async def work(unit: UnitOfWork) -> list[Decision[Maintenance]]:
        now = ports.now()
        kept = await maintenance.not_over(unit.conn)
        coming = windows(ports.manage, now, now + SOON)
        wanted = {window.key: window for window in coming if window.starts_at <= now}
        decisions = [d for window in kept if (d := _due(window, now, wanted)).changed]
        fresh = [window for key, window in wanted.items() if not await maintenance.by_key(unit.conn, key)]
        decisions += [_begun(_kept(window, await unit.next_id("maintenance")), now) for window in fresh]
        for decision in decisions:
            await _put(ports, unit, decision, BOT)
        edges = {at for window in coming for at in (window.starts_at, window.ends_at) if now < at <= now + SOON}
        await unit.enqueue(map(job_of, _timers(edges)))
        return decisions

    return await ports.store.transact(work)


def _due(window: Maintenance, now: datetime, wanted: dict[str, Window]) -> Decision[Maintenance]:
    gone = window.created_by == CONFIG and window.key not in wanted
    if window.created_by == CONFIG and not gone and wanted[window.key].ends_at != window.ends_at:
        longer = replace(window, ends_at=wanted[window.key].ends_at)
        return Decision(state=longer, silent=True, reason="manage.yml gives it another end")
    if window.ends_at <= now or gone:
        return _ended(window, "its end has come" if window.ends_at <= now else "manage.yml does not name it any more")
    if window.phase is Phase.PENDING and window.starts_at <= now:
        return _begun(window, now)
    return Decision(state=window, reason="it was told already")


def _begun(window: Maintenance, now: datetime) -> Decision[Maintenance]:
    began = MaintenanceBegan(maintenance=window.id, name=window.name, ends_at=window.ends_at)
    return Decision(state=replace(window, phase=Phase.ACTIVE), events=(began,), reason=f"its time has come at {now}")


def _ended(window: Maintenance, reason: str) -> Decision[Maintenance]:
    ended = MaintenanceEnded(maintenance=window.id, name=window.name)
    return Decision(state=replace(window, phase=Phase.EXPIRED), events=(ended,), reason=reason)


def _kept(window: Window, number: int) -> Maintenance:
    return Maintenance(
        id=number,
        key=window.key,
        name=window.name,
        matchers=window.matchers,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        created_by=CONFIG,
        comment=window.comment,
    )


def _timers(moments: Iterable[datetime]) -> tuple[Timer, ...]:
    return tuple(Timer(kind=LOOK, key=f"{LOOK}:{at.isoformat()}", at=at) for at in sorted(moments))


async def _put(ports: Ports, unit: UnitOfWork, decision: Decision[Maintenance], by: str) -> None:
    await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
