"""Overrides and swaps: read, decide, commit."""

from collections.abc import Callable
from datetime import datetime

from bot.decision import Decision, commit
from bot.oncall import decide, timeline
from bot.oncall.decide import Impossible
from bot.oncall.service import known
from bot.ports import Ports
from storage.records.rota import Override, Swap
from storage.tables import overrides, swaps
from storage.unit_of_work import UnitOfWork


class Unknown(LookupError):
    """There is no such override, or no such swap."""


async def add(
    ports: Ports, *, schedule: str, user: str, since: datetime, until: datetime, by: str, comment: str
) -> Override:
    """Put `user` on call for a time. Raises `Impossible` and `UnknownSchedule`."""
    name, now = timeline.named(ports.manage.oncall, schedule), ports.now()

    async def work(unit: UnitOfWork) -> Override:
        override = Override(
            id=await unit.next_id("override"),
            schedule=name,
            user=user,
            starts_at=since,
            ends_at=until,
            created_by=by,
            created_at=now,
            comment=comment,
        )
        await commit(unit, decide.add(override, now), actor=by, now=now, jobs_for=ports.jobs_for)
        return override

    return await ports.store.transact(work)


async def remove(ports: Ports, number: int, by: str) -> Decision[Override]:
    """Take an override back, from now on. Raises `Unknown`."""
    now = ports.now()

    async def work(unit: UnitOfWork) -> Decision[Override]:
        override = await overrides.get(unit.conn, number, lock=True)
        if override is None:
            raise Unknown(f"there is no override #{number}")
        decision = decide.remove(override, by, now)
        await commit(unit, decision, actor=by, now=now, jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def upcoming(ports: Ports) -> list[Override]:
    """The overrides that are in force or will be."""
    async with ports.store.read() as conn:
        return await overrides.upcoming(conn, ports.now())


async def offer(ports: Ports, *, schedule: str, since: datetime, until: datetime, by: str, comment: str) -> Swap:
    """Offer the caller's turns in a time. Raises `Impossible`, where they have none too, and `UnknownSchedule`."""
    oncall, now = ports.manage.oncall, ports.now()
    name = timeline.named(oncall, schedule)
    decide.proper(since, until, now)
    facts = await known(ports, timeline.names(oncall), since, until)
    having = [
        one
        for one in timeline.names(oncall)
        if any(by in span.people for span in timeline.timeline(oncall, one, since, until, facts))
    ]
    if name not in having:
        elsewhere = f"; add --schedule {having[0]}" if having else ""
        raise Impossible(f"you are not on call in {name} in that time{elsewhere}")

    async def work(unit: UnitOfWork) -> Swap:
        swap = Swap(
            id=await unit.next_id("swap"),
            schedule=name,
            offered_by=by,
            starts_at=since,
            ends_at=until,
            created_at=now,
            comment=comment,
        )
        await commit(unit, decide.offer(swap, now), actor=by, now=now, jobs_for=ports.jobs_for)
        return swap

    return await ports.store.transact(work)


async def take(ports: Ports, number: int, by: str) -> Decision[Swap]:
    """Take an offered time: from then on an override says so. Raises `Unknown` and `Impossible`."""
    now = ports.now()

    async def work(unit: UnitOfWork) -> Decision[Swap]:
        decision = decide.take(await _locked(unit, number), by, now)
        await commit(unit, decision, actor=by, now=now, jobs_for=ports.jobs_for)
        if decision.events:
            override = decide.substitute(decision.state, await unit.next_id("override"), now)
            await commit(unit, decide.add(override, now), actor=by, now=now, jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def withdraw(ports: Ports, number: int, by: str, *, any_: bool) -> Decision[Swap]:
    """Take an offer back: one's own, or with `any_` anybody's. Raises `Unknown` and `Impossible`."""

    def judged(swap: Swap) -> Decision[Swap]:
        if not any_ and swap.offered_by != by:
            raise Impossible("it is not yours; whoever offered it, or an operator, can withdraw it")
        return decide.withdraw(swap, ports.now())

    return await _change(ports, number, by, judged)


async def lapse(ports: Ports, number: int) -> Decision[Swap]:
    """Close an offer that nobody took before it began. Raises `Unknown`."""
    return await _change(ports, number, "bot", lambda swap: decide.lapse(swap, ports.now()))


async def swap_of(ports: Ports, number: int) -> Swap:
    """The offer of that number. Raises `Unknown`."""
    async with ports.store.read() as conn:
        swap = await swaps.get(conn, number)
    if swap is None:
        raise Unknown(f"there is no swap #{number}")
    return swap


async def open_swaps(ports: Ports) -> list[Swap]:
    """The offers that nobody has taken yet."""
    async with ports.store.read() as conn:
        return await swaps.open_(conn)


async def _change(ports: Ports, number: int, by: str, judge: Callable[[Swap], Decision[Swap]]) -> Decision[Swap]:
    async def work(unit: UnitOfWork) -> Decision[Swap]:
        decision = judge(await _locked(unit, number))
        await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def _locked(unit: UnitOfWork, number: int) -> Swap:
    swap = await swaps.get(unit.conn, number, lock=True)
    if swap is None:
        raise Unknown(f"there is no swap #{number}")
    return swap
