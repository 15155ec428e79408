"""What happens by itself: handovers, words before shifts, looks ahead, calendars read, swaps shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.bus import Fact, on, schedule, task
from bot.cards.card import Card
from bot.events import (
    CalendarBroken,
    CalendarEvent,
    CalendarMended,
    HandedOver,
    OverrideAdded,
    OverrideEvent,
    OverrideRemoved,
    ScheduleTroubled,
    SwapEvent,
    SwapOffered,
    SwapPastDue,
    SwapTaken,
    SwapWithdrawn,
    payload_of,
)
from bot.oncall import cards, exceptions, feeds, handovers, outlook, swap_cards, timeline
from bot.oncall.decide import SWAP_DUE
from bot.oncall.handovers import HANDOVER, SOON
from bot.oncall.outlook import Problem
from bot.ports import ChatError, Ports
from bot.posting import show
from storage.records.jobs import Job
from storage.tables import journal, overrides
from storage.unit_of_work import UnitOfWork

AGAIN = timedelta(days=7)
"""How long after its problems were told a schedule that has some is told of again; they are sought two weeks ahead."""


@schedule("@every 15m")
async def keep_in_step(ports: Ports) -> None:
    """Plan handovers and bring user groups in step, whatever was missed."""
    await handovers.tend(ports)


@on(OverrideAdded, OverrideRemoved)
async def follow(ports: Ports, fact: Fact[OverrideEvent]) -> None:
    """Plan anew what an override changed: handovers, words before shifts, user groups."""
    changed = fact.event.schedule
    oncall = ports.manage.oncall
    names = [name for name in timeline.names(oncall) if changed in timeline.reached(oncall, name)]
    if names:
        await handovers.tend(ports, names)


@on(OverrideAdded)
async def tell_person(ports: Ports, fact: Fact[OverrideAdded]) -> None:
    """Tell whoever somebody else put on call."""
    event = fact.event
    if event.swap is not None or event.user == fact.actor:
        return
    async with ports.store.read() as conn:
        override = await overrides.get(conn, event.override)
    if override is not None:
        await _direct(ports, event.user, cards.added(override), f"{event.subject}:added", fact.attempt)


@task(HANDOVER)
async def hand_over(ports: Ports, job: Job) -> None:
    """Others are on call from now on."""
    await handovers.hand_over(ports, job.payload["schedule"], datetime.fromisoformat(job.payload["at"]))


@task(SOON)
async def starts_soon(ports: Ports, job: Job) -> None:
    """Somebody's shift begins soon."""
    at = datetime.fromisoformat(job.payload["at"])
    await handovers.say_soon(ports, job.payload["schedule"], job.payload["user"], at, job.attempts)


@on(HandedOver)
async def announce(ports: Ports, fact: Fact[HandedOver]) -> None:
    """Tell the handover in the channel of alerts, where the schedule says so."""
    event, oncall = fact.event, ports.manage.oncall
    rota = oncall.schedules.get(event.schedule)
    if rota.announce if rota else oncall.announce:
        card = cards.handed_over(event.schedule, event.people, event.until)
        await _in_alerts(ports, card, f"{event.subject}:handover:{event.at.isoformat()}", fact.attempt)


@schedule("@daily 09:00")
async def look_ahead(ports: Ports) -> None:
    """Look for gaps and other trouble in the next two weeks, and write down what has to be told."""
    for name in timeline.names(ports.manage.oncall):
        await _troubled(ports, name, await outlook.problems(ports, name, thorough=True))


async def _troubled(ports: Ports, name: str, problems: Sequence[Problem]) -> None:
    """Write the problems down when one that is near was not told yet or all a week ago; and when none is left."""
    now = ports.now()
    event = ScheduleTroubled(schedule=name, problems=tuple(problem.line for problem in problems))
    near = {problem.line for problem in problems if problem.since < now + outlook.AHEAD - AGAIN}

    async def work(unit: UnitOfWork) -> None:
        past = [e for e in await journal.of_kind(unit.conn, "ScheduleTroubled") if e.subject == event.subject]
        told = set(past[-1].payload["problems"]) if past else set()
        old = not told or now - past[-1].at >= AGAIN - timedelta(hours=1)
        if (near <= told and not old) if problems else not told:
            return
        entry = await unit.append(
            at=now, kind="ScheduleTroubled", subject=event.subject, actor="bot", payload=payload_of(event)
        )
        await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(work)


@on(ScheduleTroubled)
async def tell_trouble(ports: Ports, fact: Fact[ScheduleTroubled]) -> None:
    """Tell in the channel of alerts what is wrong with a schedule."""
    if fact.event.problems:
        card = cards.troubled(fact.event.schedule, fact.event.problems)
        await _in_alerts(ports, card, f"{fact.subject}:trouble:{fact.id}", fact.attempt)


@schedule("@every 5m")
async def read_calendars(ports: Ports) -> None:
    """Read the calendars that schedules come from."""
    await feeds.refresh(ports)


@on(CalendarBroken, CalendarMended)
async def tell_calendar(ports: Ports, fact: Fact[CalendarEvent]) -> None:
    """Tell in the channel of alerts that a calendar cannot be read, or can be again."""
    await _in_alerts(ports, cards.calendar_read(fact.event), f"{fact.subject}:calendar:{fact.id}", fact.attempt)


@on(SwapOffered, SwapTaken, SwapWithdrawn, SwapPastDue, lane="swap")
async def show_swap(ports: Ports, fact: Fact[SwapEvent]) -> None:
    """Post the card of an offer, or bring it up to date."""
    offer = await exceptions.swap_of(ports, fact.event.swap)
    await show(
        ports,
        swap_cards.swap(offer),
        key=f"{offer.subject}:card",
        subject=offer.subject,
        kind="card",
        channel=ports.manage.channels.alerts,
        attempt=fact.attempt,
    )


@on(SwapTaken)
async def tell_both(ports: Ports, fact: Fact[SwapTaken]) -> None:
    """Tell both people of a taken swap; the second one also where the first cannot be told."""
    offer = await exceptions.swap_of(ports, fact.event.swap)
    refusals = []
    for user in (fact.event.user, fact.event.taken_by):
        try:
            await _direct(ports, user, swap_cards.taken(offer), f"{offer.subject}:taken:{user}", fact.attempt)
        except ChatError as refused:
            refusals.append(refused)
    if refusals:
        raise next((one for one in refusals if one.retry), refusals[0])


@task(SWAP_DUE)
async def close_swap(ports: Ports, job: Job) -> None:
    """Close an offer that nobody took before it began."""
    await exceptions.lapse(ports, job.payload["swap"])


async def _in_alerts(ports: Ports, card: Card, key: str, attempt: int) -> None:
    if ports.chat is not None:
        await ports.chat.post(ports.manage.channels.alerts, card, key=key, attempt=attempt)


async def _direct(ports: Ports, user: str, card: Card, key: str, attempt: int) -> None:
    if ports.chat is not None:
        await ports.chat.post(await ports.chat.direct(user), card, key=key, attempt=attempt)
