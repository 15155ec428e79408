"""The status page: what it says now, and what people let it say."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.decision import Decision, commit
from bot.health import past
from bot.health.service import STALE_AFTER
from bot.llm.client import ModelError
from bot.ports import Ports
from bot.silences.maintenance import windows
from bot.statuspage import decide, notices, uptime, wording
from bot.statuspage.decide import AHEAD, Page
from bot.statuspage.notices import Wanted
from bot.statuspage.uptime import Uptime
from storage.records.incidents import Incident, IncidentStatus
from storage.records.notices import Notice, NoticeStatus
from storage.tables import checks, incidents
from storage.tables import notices as table
from storage.unit_of_work import UnitOfWork

OPEN = tuple(status for status in IncidentStatus if status is not IncidentStatus.RESOLVED)
MOST_OPEN = 1000
"""Open incidents that are looked at; nobody has more."""
MOST_OVER = 200
"""Incidents that are over and may still say how a component is: the latest ones."""


class Unknown(LookupError):
    """There is no such incident or notice."""


async def overview(ports: Ports) -> Page:
    """The page of now; raises `StoreError`. Nothing is probed: whoever asks must not be able to make work."""
    async with ports.store.read() as conn:
        return await _page(ports, conn)


async def freed(ports: Ports) -> frozenset[str]:
    """The components that a resolved incident left, without a worse result since; see `decide.freed`."""
    async with ports.store.read() as conn:
        held = {state.name: state for state in await checks.everything(conn)}
        past = await incidents.listing(conn, statuses=(IncidentStatus.RESOLVED,), limit=MOST_OVER)
    return decide.freed(ports.manage.statuspage, held, past)


async def history(ports: Ports) -> dict[str, Uptime]:
    """The uptime of each component, from what its checks saw; raises `StoreError`."""
    now = ports.now()
    config, since = ports.manage.statuspage, uptime.begins(now)
    names = sorted({name for component in config.components for name in component.checks})
    async with ports.store.read() as conn:
        records = await past.records(conn, names, since)

    def counted() -> dict[str, Uptime]:
        return {one.name: uptime.uptime([records[name] for name in one.checks], now) for one in config.components}

    return await asyncio.to_thread(counted)  # it is too much to count between two answers


async def with_history(ports: Ports) -> Page:
    """The page of now with the uptime of each component; raises `StoreError`."""
    return decide.with_history(await overview(ports), await history(ports))


async def latest(ports: Ports, most: int) -> list[Notice]:
    """The latest notices, whatever became of them, newest first."""
    async with ports.store.read() as conn:
        return await table.latest(conn, most)


async def notice(ports: Ports, number: int) -> Notice:
    """That notice; raises `Unknown`."""
    async with ports.store.read() as conn:
        return await _found(conn, number)


async def called_for(ports: Ports, incident: int) -> bool:
    """Whether a text about the incident should be proposed now."""
    async with ports.store.glance() as conn:
        about = await incidents.get(conn, incident)
        told = await table.of_incident(conn, incident)
    return bool(ports.manage.statuspage.components) and about is not None and notices.called_for(about, told)


async def propose(ports: Ports, number: int, *, by: str, asked: bool) -> tuple[Decision[Notice] | None, str]:
    """Word a text about the incident and keep it for people to decide on; what waited before is discarded.

    Gives the decision, and a remark when the model could not word it. None when it is not called for any more and no
    person `asked`. Raises `Unknown` and `notices.NotPublic`.
    """
    async with ports.store.read() as conn:
        about, how, told = await _situation(ports, conn, number)
    notices.hearable(about)
    wanted, remark = await _worded(ports, about, how, told)

    async def work(unit: UnitOfWork) -> Decision[Notice] | None:
        again = await incidents.get(unit.conn, number, lock=True)
        _, how, told = await _situation(ports, unit.conn, number)
        if again is None or not (asked or notices.called_for(again, told)):
            return None
        if again.status is not about.status:  # it moved on while the model wrote
            wanted_now = Wanted(text=wording.plain(again, how), author=wording.TEMPLATE)
        else:
            wanted_now = wanted
        await _take_back(ports, unit, told)
        decision = notices.propose(await unit.next_id("notice"), again, wanted_now, how, ports.now())
        await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work), remark


async def take_back(ports: Ports, number: int) -> None:
    """Discard what waits and is out of date, where no newer text is called for."""

    async def work(unit: UnitOfWork) -> None:
        about = await incidents.get(unit.conn, number, lock=True)
        told = await table.of_incident(unit.conn, number)
        if about is not None:
            await _take_back(ports, unit, [one for one in told if notices.outdated(one, about)])

    await ports.store.transact(work)


async def say(ports: Ports, number: int, text: str, *, by: str) -> Decision[Notice]:
    """Publish a person's own words about the incident. Raises `Unknown` and `notices.NotPublic`."""

    async def work(unit: UnitOfWork) -> Decision[Notice]:
        await incidents.get(unit.conn, number, lock=True)
        about, how, told = await _situation(ports, unit.conn, number)
        notices.hearable(about)
        await _take_back(ports, unit, told)
        decision = notices.say(await unit.next_id("notice"), about, text, how, by=by, now=ports.now())
        await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def preview(ports: Ports, number: int, text: str, *, by: str) -> Notice:
    """The notice that `say` would publish. Raises `Unknown` and `notices.NotPublic`."""
    async with ports.store.read() as conn:
        about, how, _ = await _situation(ports, conn, number)
    return notices.say(0, about, text, how, by=by, now=ports.now()).state


async def publish(ports: Ports, number: int, *, by: str, text: str = "") -> Decision[Notice]:
    """Let everybody read the notice. Raises `Unknown` and `notices.NotPublic`."""

    async def work(unit: UnitOfWork) -> Decision[Notice]:
        found = await _found(unit.conn, number, lock=True)
        about, how, _ = await _situation(ports, unit.conn, found.incident)
        notices.hearable(about)
        decision = notices.publish(found, about, how, by=by, now=ports.now(), text=text)
        await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def discard(ports: Ports, number: int, *, by: str) -> Decision[Notice]:
    """Decide against the notice. Raises `Unknown`."""

    async def work(unit: UnitOfWork) -> Decision[Notice]:
        decision = notices.discard(await _found(unit.conn, number, lock=True), by=by, now=ports.now())
        await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def withdraw(ports: Ports, number: int, *, by: str) -> tuple[Decision[Notice], list[str]]:
    """Take a published notice back from the page and its feed; gives the outside pages that were told it.

    Raises `Unknown`.
    """

    async def work(unit: UnitOfWork) -> tuple[Decision[Notice], list[str]]:
        found = await _found(unit.conn, number, lock=True)
        told = await table.of_incident(unit.conn, found.incident)
        mirrors = await table.mirrors_of(unit.conn, found.incident)
        pages = [one.page for one in mirrors if notices.knows(one, found, told)]
        decision = notices.withdraw(found, pages)
        await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
        return decision, pages

    return await ports.store.transact(work)


async def change(ports: Ports, number: int, choose: Callable[[Incident], Decision[Incident]]) -> Decision[Incident]:
    """Read incident `number`, decide, commit; raises `Unknown`."""

    async def work(unit: UnitOfWork) -> Decision[Incident]:
        found = await incidents.get(unit.conn, number, lock=True)
        if found is None:
            raise Unknown(f"there is no incident #{number}")
        decision = choose(found)
        await commit(unit, decision, actor=notices.BOT, now=ports.now(), jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def incident(ports: Ports, number: int) -> Incident:
    """That incident; raises `Unknown`."""
    async with ports.store.glance() as conn:
        about = await incidents.get(conn, number)
    if about is None:
        raise Unknown(f"there is no incident #{number}")
    return about


async def affecting(ports: Ports) -> list[Incident]:
    """The open incidents that hold components down."""
    async with ports.store.read() as conn:
        running = await incidents.listing(conn, statuses=OPEN, limit=MOST_OPEN)
    return [one for one in running if decide.holds(one) and one.components]


async def _page(ports: Ports, conn: AsyncConnection) -> Page:
    now, manage = ports.now(), ports.manage
    held = {state.name: state for state in await checks.everything(conn)}
    running = await incidents.listing(conn, statuses=OPEN, limit=MOST_OPEN)
    told = await table.published(conn, since=uptime.begins(now))
    about = {one.id: one for one in await incidents.by_ids(conn, sorted({one.incident for one in told}))}
    page = decide.page(
        manage.statuspage,
        held,
        windows(manage, now, now + AHEAD),
        now=now,
        fresh_for=STALE_AFTER * manage.health.every,
        incidents=running,
    )
    return replace(page, stories=decide.stories(told, about))


async def _situation(ports: Ports, conn: AsyncConnection, number: int) -> tuple[Incident, dict[str, str], list[Notice]]:
    """The incident, how the components that it affects are now, and all that was to be told of it."""
    about = await incidents.get(conn, number)
    if about is None:
        raise Unknown(f"there is no incident #{number}")
    page = await _page(ports, conn)
    return about, notices.affected(about, page.conditions), await table.of_incident(conn, number)


async def _worded(ports: Ports, about: Incident, how: dict[str, str], told: Sequence[Notice]) -> tuple[Wanted, str]:
    """The model's text where there is a model, else, and when it fails, that of the template, and why."""
    plain = Wanted(text=wording.plain(about, how), author=wording.TEMPLATE)
    if ports.writer is None:
        return plain, ""
    published = [one for one in told if one.status is NoticeStatus.PUBLISHED]
    prompt = wording.asked(about, how, published, nonce=secrets.token_hex(8))
    try:
        answer = await ports.writer.write(
            system=wording.SYSTEM, prompt=prompt, schema=wording.PublicText, budget=wording.BUDGET
        )
    except ModelError as failed:
        return plain, f"The model could not word it: {failed}"
    text = wording.written(answer) if isinstance(answer, wording.PublicText) else ""
    return (Wanted(text=text, author=ports.writer.model), "") if text else (plain, "The model had nothing to say.")


async def _take_back(ports: Ports, unit: UnitOfWork, told: Sequence[Notice]) -> None:
    """Discard what still waits: a text about an earlier phase must not be published after a later one."""
    for one in told:
        decision = notices.discard(one, by=notices.BOT, now=ports.now())
        await commit(unit, decision, actor=notices.BOT, now=ports.now(), jobs_for=ports.jobs_for)


async def _found(conn: AsyncConnection, number: int, *, lock: bool = False) -> Notice:
    found = await table.get(conn, number, lock=lock)
    if found is None:
        raise Unknown(f"there is no notice {number}")
    return found
