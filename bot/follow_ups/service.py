"""Follow-ups: read, decide, commit; and who may see which."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.decision import Decision, commit, fact_of
from bot.events import FollowUpEvent
from bot.follow_ups import decide
from bot.follow_ups.decide import BOT, Wanted
from bot.incidents import service as incidents
from bot.incidents.privacy import may_see
from bot.incidents.timeline import invited
from bot.permissions import Caller, role_of
from bot.ports import ChatError, Ports
from storage.records.follow_ups import FollowUp, FollowUpStatus
from storage.records.incidents import Incident
from storage.records.journal import Entry
from storage.tables import follow_ups as table
from storage.tables import incidents as incidents_table
from storage.tables import journal
from storage.unit_of_work import UnitOfWork

MANY = 500
"""How many at most are looked at together."""


class UnknownFollowUp(LookupError):
    """There is no such follow-up, or the caller may not know of it."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A follow-up with the incident that it came from and what the journal says of it, oldest first."""

    follow_up: FollowUp
    incident: Incident | None
    entries: tuple[Entry, ...] = ()

    @property
    def private(self) -> bool:
        """Whether not everybody may know of it."""
        return self.incident is not None and self.incident.private

    @property
    def author(self) -> str:
        """Who said what it was made of, "" when nobody did."""
        return next((str(e.payload.get("author", "")) for e in self.entries if e.kind == "FollowUpAdded"), "")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which follow-ups a list should have; `owner` "" are those of nobody, None all."""

    statuses: Sequence[FollowUpStatus] = ()
    incident: int | None = None
    owner: str | None = None
    due_by: date | None = None


async def add(ports: Ports, wanted: Wanted, *, by: str) -> Decision[FollowUp]:
    """Make a follow-up; what came from the same origin before is given back instead."""
    return (await add_all(ports, [wanted], by=by))[0]


async def add_all(ports: Ports, wanted: Sequence[Wanted], *, by: str) -> list[Decision[FollowUp]]:
    """Make several together, or none."""

    async def work(unit: UnitOfWork) -> list[Decision[FollowUp]]:
        return [await _added(ports, unit, one, by) for one in wanted]

    return await ports.store.transact(work)


async def change(
    ports: Ports, number: int, actor: str, choose: Callable[[FollowUp], Decision[FollowUp]]
) -> Decision[FollowUp]:
    """Read follow-up `number`, decide, commit; raises `UnknownFollowUp`."""

    async def work(unit: UnitOfWork) -> Decision[FollowUp]:
        found = await table.get(unit.conn, number, lock=True)
        if found is None:
            raise _unknown(number)
        decision = choose(found)
        await commit(unit, decision, actor=actor, now=ports.now(), jobs_for=ports.jobs_for)
        return decision

    return await ports.store.transact(work)


async def view(ports: Ports, number: int) -> View:
    """Follow-up `number` with what stands behind it; raises `UnknownFollowUp`. It asks not who wants to know."""
    async with ports.store.read() as conn:
        found = await table.get(conn, number)
        if found is None:
            raise _unknown(number)
        incident = await incidents_table.get(conn, found.incident) if found.incident is not None else None
        entries = await journal.of_subjects(conn, [found.subject])
    return View(follow_up=found, incident=incident, entries=tuple(entries))


async def visible(ports: Ports, number: int, caller: Caller) -> View:
    """The same where the caller may see its incident; raises `UnknownFollowUp`, as for one that does not exist."""
    seen = await view(ports, number)
    if seen.follow_up.incident is not None:
        try:
            await incidents.visible(ports, seen.follow_up.incident, caller)
        except incidents.UnknownIncident:
            raise _unknown(number) from None
    return seen


async def belongs(ports: Ports, incident: int | None, user: str) -> bool:
    """Whether that person may know of what comes from the incident."""
    if incident is None:
        return True
    async with ports.store.read() as conn:
        found = await incidents_table.get(conn, incident)
        if found is None or not found.private:
            return True
        people = invited(await journal.of_subjects(conn, [found.subject]))
    caller = Caller(id=user, via="slack", groups=await _groups(ports, user))
    return may_see(found, caller, role_of(caller, ports.manage.roles.members, ports.manage.roles.default), people)


async def listing(
    ports: Ports, asked: Asked, caller: Caller, *, limit: int, offset: int = 0
) -> tuple[list[FollowUp], int]:
    """Those that the caller may see, their own first, and how many there are in all."""
    hidden = await incidents.hidden(ports, caller)
    async with ports.store.read() as conn:
        total = await table.count(
            conn,
            statuses=asked.statuses,
            incident=asked.incident,
            owner=asked.owner,
            due_by=asked.due_by,
            without=hidden,
        )
        found = await table.listing(
            conn,
            statuses=asked.statuses,
            incident=asked.incident,
            owner=asked.owner,
            due_by=asked.due_by,
            without=hidden,
            foremost=caller.id,
            limit=limit,
            offset=offset,
        )
    return found, total


async def any_private(ports: Ports, found: Sequence[FollowUp]) -> bool:
    """Whether not everybody may know of one of them."""
    numbers = sorted({one.incident for one in found if one.incident is not None})
    async with ports.store.read() as conn:
        return any(one.private for one in await incidents_table.by_ids(conn, numbers))


async def unowned(ports: Ports) -> list[tuple[FollowUp, Incident | None]]:
    """The open ones that nobody has, with their incidents."""
    async with ports.store.read() as conn:
        found = await table.listing(conn, statuses=[FollowUpStatus.OPEN], owner="", limit=MANY)
        numbers = {one.incident for one in found if one.incident is not None}
        known = {one.id: one for one in await incidents_table.by_ids(conn, sorted(numbers))}
    return [(one, known.get(one.incident) if one.incident is not None else None) for one in found]


async def with_issues(ports: Ports, choose: Callable[[Sequence[FollowUp]], Sequence[FollowUp]]) -> list[View]:
    """Those chosen of the open ones for which an issue was opened, with what the journal says of each."""
    async with ports.store.read() as conn:
        found = choose(await table.with_issues(conn))
        told: dict[str, list[Entry]] = {one.subject: [] for one in found}
        for entry in await journal.of_subjects(conn, list(told)) if told else []:
            told[entry.subject].append(entry)
    return [View(follow_up=one, incident=None, entries=tuple(told[one.subject])) for one in found]


async def came_from(ports: Ports, origins: Sequence[str]) -> list[FollowUp]:
    """The follow-ups that came from there, in that order."""
    async with ports.store.read() as conn:
        found = [await table.by_origin(conn, origin) for origin in origins]
    return [one for one in found if one is not None]


async def note(ports: Ports, event: FollowUpEvent, *, by: str) -> None:
    """Write down what happened to a follow-up without changing it."""

    async def work(unit: UnitOfWork) -> None:
        entry = await unit.append(**fact_of(event, actor=by, now=ports.now()))
        await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(work)


async def plan(ports: Ports, number: int, at: datetime | None) -> None:
    """Have its owner reminded at that time, and at no other."""
    await change(ports, number, BOT, lambda one: decide.plan(one, at))


async def _added(ports: Ports, unit: UnitOfWork, wanted: Wanted, by: str) -> Decision[FollowUp]:
    if wanted.origin:
        # one at a time: of two who make one of the same message, the second finds what the first one made
        await unit.next_id("follow-up-of-origin")
        before = await table.by_origin(unit.conn, wanted.origin)
        if before is not None:
            return decide.known(before)
    decision = decide.add(wanted, id=await unit.next_id("follow-up"), by=by, now=ports.now())
    await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
    return decision


async def _groups(ports: Ports, user: str) -> frozenset[str]:
    """Their user groups that have roles; those that cannot be looked up give none."""
    named = sorted({one for ids in ports.manage.roles.members.values() for one in ids if one.startswith("S")})
    if not named or ports.chat is None:
        return frozenset()
    try:
        return await ports.chat.groups_of(user, named)
    except ChatError:
        return frozenset()


def _unknown(number: int) -> UnknownFollowUp:
    return UnknownFollowUp(f"there is no follow-up #{number}")
