"""Outside status pages are kept in step: each by jobs of its own, in the order in which things were published."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b

from bot.decision import Timer, commit, job_of
from bot.outside import PublicIncident
from bot.ports import Ports, Tell, Undeliverable
from bot.statuspage import notices, service
from bot.statuspage.decide import Condition
from storage.records.incidents import Incident
from storage.records.notices import Mirror, Notice, NoticeStatus
from storage.tables import notices as table
from storage.unit_of_work import UnitOfWork

MIRROR = "statuspage.mirror"
SAID = frozenset({Condition.OPERATIONAL, Condition.DEGRADED, Condition.PARTIAL, Condition.OUTAGE})
"""What outside pages are told of a component. One that is unknown or in maintenance is operational to them once an
incident of it was resolved, and is left as it is otherwise."""
SPEAK_FROM = 2
"""Attempt from which a trouble that may pass by itself is said on the card."""


def timers(ports: Ports, incident: int, why: str, at: datetime) -> list[Timer]:
    """One for each outside page; `incident` 0 is for the components alone. `why` makes them one of a kind."""
    return [
        Timer(
            kind=MIRROR,
            key=f"{MIRROR}:{page}:{incident}:{why}",
            at=at,
            subject=f"statuspage:{page}",
            lane=f"statuspage:{page}",
            payload={"page": page, "incident": incident},
        )
        for page in ports.pages
    ]


async def plan(ports: Ports, incident: int, why: str) -> None:
    """Have every outside page told."""
    jobs = [job_of(timer) for timer in timers(ports, incident, why, ports.now())]
    if jobs:
        await ports.store.transact(lambda unit: unit.enqueue(jobs))


async def sync(ports: Ports) -> list[int]:
    """Have every outside page told again; gives the incidents that are told of.

    Those over that all know are not, unless a text of theirs was withdrawn.
    """
    async with ports.store.read() as conn:
        told, gone = await table.all_published(conn), await table.withdrawn_of(conn)
        mirrors = {(one.page, one.incident): one for one in await table.mirrors(conn)}
    last = {one.incident: one for one in told}
    wanted = [
        number
        for number, latest in sorted(last.items())
        if latest.phase != "resolved" or any(_behind(mirrors.get((page, number)), latest) for page in ports.pages)
    ]
    wanted = sorted({*wanted, *gone})
    for number in (*wanted, 0):
        await plan(ports, number, f"sync:{ports.now().isoformat()}")
    return wanted


async def tell(ports: Ports, page: str, number: int, attempt: int) -> None:
    """Bring one page up to date about one incident, or (0) about the components alone.

    Raises `Undeliverable` for what trying again can mend; what it cannot is said on the incident's card.
    """
    to = ports.pages.get(page)
    if to is None:  # taken out of manage.yml meanwhile
        return
    if number == 0:
        await _all_components(ports, to, page)
        return
    about = await service.incident(ports, number)
    try:
        await _incident(ports, to, page, about)
    except Undeliverable as failed:
        said = str(failed)
        if not failed.retry or attempt >= SPEAK_FROM:
            await service.change(ports, number, lambda i: notices.troubled(i, page, said, ports.now()))
        if failed.retry:
            raise
        return
    await service.change(ports, number, lambda i: notices.mended(i, page, ports.now()))


async def _all_components(ports: Ports, to: Tell, page: str) -> None:
    """Tell of the components alone; a final refusal stands on the cards of the incidents that affect some."""
    try:
        await to(_components(await _shown(ports)))
    except Undeliverable as failed:
        said = str(failed)
        about = await service.affecting(ports)
        if failed.retry or not about:  # without a card to say it on, the job that is given up raises its alert
            raise
        for one in about:
            await service.change(ports, one.id, lambda i: notices.troubled(i, page, said, ports.now()))
        return
    for one in await service.affecting(ports):
        if not (await _fresh(ports, page, one.id))[0]:
            await service.change(ports, one.id, lambda i: notices.mended(i, page, ports.now()))


async def _fresh(ports: Ports, page: str, incident: int) -> tuple[list[Notice], str]:
    """What was published of the incident and not told to that page yet, and what the page calls the incident."""
    async with ports.store.read() as conn:
        kept = await table.mirror(conn, page, incident)
        told = await table.of_incident(conn, incident)
    return notices.untold(told, kept.notice if kept else 0), kept.reference if kept else ""


async def _incident(ports: Ports, to: Tell, page: str, about: Incident) -> None:
    await _take_back(ports, to, page, about)
    fresh, reference = await _fresh(ports, page, about.id)
    for one in fresh:
        reference = await to(_public(about, one, reference, await _shown(ports)))
        await _keep(ports, page, about.id, one.id, reference)
    if not fresh and about.components:
        await to(_components({name: how for name, how in (await _shown(ports)).items() if name in about.components}))


async def _take_back(ports: Ports, to: Tell, page: str, about: Incident) -> None:
    """Have the page replace what was withdrawn; asked again, one that has done so has nothing to do."""
    async with ports.store.read() as conn:
        kept = await table.mirror(conn, page, about.id)
        told = await table.of_incident(conn, about.id)
    gone = [one for one in told if one.status is NoticeStatus.WITHDRAWN and kept and notices.knows(kept, one, told)]
    for one in gone:
        told_so = _public(about, one, kept.reference if kept else "", await _shown(ports))
        await to(replace(told_so, text=notices.WITHDRAWN, taken_back=one.text))


async def _keep(ports: Ports, page: str, incident: int, notice: int, reference: str) -> None:
    async def work(unit: UnitOfWork) -> None:
        kept = await table.mirror(unit.conn, page, incident, lock=True)
        before = kept or Mirror(page=page, incident=incident, reference="")
        decision = notices.mirrored(before, notice, reference)
        await commit(unit, decision, actor=notices.BOT, now=ports.now(), jobs_for=ports.jobs_for)

    await ports.store.transact(work)


async def _shown(ports: Ports) -> dict[str, Condition]:
    page = await service.overview(ports)
    said = {name: one for name, one in page.conditions.items() if one in SAID}
    if len(said) < len(page.conditions):
        free = await service.freed(ports)
        said |= {name: Condition.OPERATIONAL for name in page.conditions if name in free and name not in said}
    return said


def _public(about: Incident, notice: Notice, reference: str, shown: dict[str, Condition]) -> PublicIncident:
    return PublicIncident(
        key=_key(about, notice),
        reference=reference,
        title=notices.title(notice),
        phase=notice.phase,
        text=notice.text,
        components={name: shown[name].words for name in about.components if name in shown},
        started_at=about.started_at,
    )


def _key(about: Incident, notice: Notice) -> str:
    """The name of what is told: the time at which it was worded tells apart the numbers of two bots of one page."""
    made = blake2b(notice.created_at.isoformat().encode(), digest_size=4).hexdigest()
    return f"{about.id}-{notice.id}-{made}"


def _components(shown: dict[str, Condition]) -> PublicIncident:
    return PublicIncident(
        key="",
        reference="",
        title="",
        phase="",
        text="",
        components={name: one.words for name, one in shown.items()},
        started_at=datetime.fromtimestamp(0, UTC),
    )


def _behind(mirror: Mirror | None, latest: Notice) -> bool:
    return mirror is None or mirror.notice != latest.id
