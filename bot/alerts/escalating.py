"""Escalation and acknowledgement: read, decide, commit."""

from datetime import datetime

from bot.alerts import acknowledgement, escalation, whom
from bot.alerts.acknowledgement import Hold
from bot.alerts.escalation import Page, Upcoming
from bot.alerts.ledger import BOT, change, facts, locked, put
from bot.config.escalation import Policy, Step
from bot.decision import Decision, job_of
from bot.events import PageDelivered, PageFailed, payload_of
from bot.ports import Ports
from storage.records.alerts import Alert, AlertState
from storage.tables import alerts
from storage.unit_of_work import UnitOfWork


async def acknowledge(
    ports: Ports, number: int, *, by: str, comment: str = "", via: str = "", extend: bool = False
) -> Decision[Alert]:
    """Acknowledge alert `number`, with `extend` anew if it is acknowledged already; raises `UnknownAlert`."""
    take = acknowledgement.extend if extend else acknowledgement.acknowledge
    return await change(
        ports, number, by, lambda a: take(a, by=by, now=ports.now(), comment=comment, via=via, hold=hold(ports))
    )


async def withdraw(ports: Ports, number: int, *, by: str, via: str = "") -> Decision[Alert]:
    """Take an acknowledgement back; raises `UnknownAlert`."""

    async def work(unit: UnitOfWork) -> Decision[Alert]:
        alert = await locked(unit, number)
        owed = escalation.owed(await facts(unit.conn, alert.subject), alert.rounds)
        decision = acknowledgement.withdraw(alert, steps(ports, alert.policy), owed, by=by, now=ports.now(), via=via)
        await put(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


async def remind(ports: Ports, number: int, until: str) -> Decision[Alert]:
    """Have whoever acknowledged asked whether they still have it, unless it was acknowledged anew."""
    ends = _moment(until)
    return await change(ports, number, BOT, lambda a: acknowledgement.remind(a, until=ends, now=ports.now()))


async def expire(ports: Ports, number: int, until: str) -> Decision[Alert]:
    """End an acknowledgement whose time is over; raises `UnknownAlert`."""
    ends = _moment(until)
    return await change(
        ports,
        number,
        BOT,
        lambda a: acknowledgement.expire(a, steps(ports, a.policy), until=ends, now=ports.now()),
    )


async def take_step(ports: Ports, number: int, index: int) -> Decision[Alert]:
    """Take an escalation step that came due, unless somebody has the alert; raises `UnknownAlert`."""
    now = ports.now()
    async with ports.store.glance() as conn:
        before = await alerts.get(conn, number)
    chosen = escalation.which(before, steps(ports, before.policy), now) if before else None
    if before and chosen is not None:  # asked before the transaction, which must touch nothing but the database
        found = await whom.meant(ports, before, steps(ports, before.policy)[chosen])
    else:
        found = await whom.on_call(ports, ())
    return await change(
        ports,
        number,
        BOT,
        lambda a: escalation.take_step(a, policy(ports, a.policy), index, whom=found, now=now),
    )


async def told(ports: Ports, page: PageDelivered | PageFailed) -> None:
    """Write down once what became of a page, with its reactions; the job that sent it may run again after a crash.

    A page that failed goes to the person's next channel, at last to the alert channel, unless there is no need any
    more. One that was delivered can still turn out to have failed, not the other way round.
    """
    ways = await whom.ways(ports, page.target) if isinstance(page, PageFailed) and page.target.startswith("@") else []
    last = ports.manage.channels.alerts if "slack" in ports.channels else ""

    async def work(unit: UnitOfWork) -> None:
        alert = await locked(unit, page.alert)
        before = await facts(unit.conn, page.subject)
        if escalation.is_told(before, page):
            return
        happened, instead = escalation.rerouted(alert, page, before, ways, last)
        entry = await unit.append(
            at=ports.now(), kind=type(page).__name__, subject=page.subject, actor=BOT, payload=payload_of(happened)
        )
        timers = escalation.pages(alert, instead, ports.now())
        await unit.enqueue([*ports.jobs_for(entry), *map(job_of, timers)])

    await ports.store.transact(work)


async def has_another_way(ports: Ports, page: PageFailed) -> bool:
    """Whether the page could go elsewhere than through the channel that fails just now."""
    ways = await whom.ways(ports, page.target) if page.target.startswith("@") else []
    last = ports.manage.channels.alerts if "slack" in ports.channels and page.via != "slack" else ""
    async with ports.store.glance() as conn:
        alert, before = await alerts.get(conn, page.alert), await facts(conn, page.subject)
    return alert is not None and bool(escalation.rerouted(alert, page, before, ways, last)[1])


async def undelivered(ports: Ports, key: str, error: str) -> bool:
    """Note that the page of that key, delivered to a provider, did not arrive; False when there is no such page.

    It goes to the person's next channel, as one that could not be delivered does.
    """
    subject = ":".join(key.split(":")[:2])
    async with ports.store.glance() as conn:
        known = {page.key(subject): page for page in escalation.planned(await facts(conn, subject))}
    page = known.get(key)
    if page is None:
        return False
    await told(ports, failed(int(subject.partition(":")[2]), page, error))
    return True


def failed(number: int, page: Page, error: str) -> PageFailed:
    """The fact that a page of alert `number` failed."""
    return PageFailed(alert=number, target=page.target, via=page.via, step=page.step, round=page.round, error=error)


async def upcoming(ports: Ports, alert: Alert) -> Upcoming | None:
    """Whom the alert's next step will tell, and when; None when nothing comes."""
    if alert.state is not AlertState.FIRING or alert.next_step_at is None:
        return None  # without asking the rota: cards and pages of a storm ask this most
    ahead = steps(ports, alert.policy)[alert.next_step :]
    return escalation.upcoming(alert, steps(ports, alert.policy), await whom.on_call(ports, ahead))


def hold(ports: Ports) -> Hold | None:
    """How long an acknowledgement given now holds; None when it does not end."""
    for_, before = ports.manage.alerts.acknowledged_for, ports.manage.alerts.remind_before
    if not for_:
        return None
    until = ports.now() + for_
    return Hold(until=until, remind_at=until - before if before and before < for_ else None)


def policy(ports: Ports, name: str) -> Policy | None:
    """The policy; None when it was removed since."""
    return ports.manage.escalation.get(name)


def steps(ports: Ports, name: str) -> tuple[Step, ...]:
    """The steps of the policy; none when it was removed since."""
    found = policy(ports, name)
    return found.steps if found else ()


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said)
