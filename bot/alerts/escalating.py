"""Escalation and acknowledgement: read, decide, commit."""

from bot.alerts import acknowledgement, escalation
from bot.alerts.ledger import BOT, change, facts, locked, put
from bot.config.escalation import Step
from bot.decision import Decision
from bot.events import PageDelivered, PageFailed, payload_of
from bot.oncall.service import who
from bot.ports import Ports
from storage.records.alerts import Alert
from storage.unit_of_work import UnitOfWork


async def acknowledge(ports: Ports, number: int, *, by: str, comment: str = "", via: str = "") -> Decision[Alert]:
    """Acknowledge alert `number`; raises `UnknownAlert`."""
    return await change(
        ports, number, by, lambda a: acknowledgement.acknowledge(a, by=by, now=ports.now(), comment=comment, via=via)
    )


async def withdraw(ports: Ports, number: int, *, by: str, via: str = "") -> Decision[Alert]:
    """Take an acknowledgement back; raises `UnknownAlert`."""

    async def work(unit: UnitOfWork) -> Decision[Alert]:
        alert = await locked(unit, number)
        owed = escalation.owed(await facts(unit.conn, alert.subject))
        decision = acknowledgement.withdraw(alert, steps(ports, alert.policy), owed, by=by, now=ports.now(), via=via)
        await put(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


async def take_step(ports: Ports, number: int, index: int) -> Decision[Alert]:
    """Take an escalation step that came due, unless somebody has the alert; raises `UnknownAlert`."""
    now = ports.now()
    oncall, fallback = await who(ports, at=now), ports.manage.channels.alerts
    return await change(
        ports,
        number,
        BOT,
        lambda a: escalation.take_step(a, steps(ports, a.policy), index, oncall=oncall, fallback=fallback, now=now),
    )


async def told(ports: Ports, page: PageDelivered | PageFailed) -> None:
    """Write down once what became of a page, with its reactions; the job that sent it may run again after a crash."""

    async def work(unit: UnitOfWork) -> None:
        await locked(unit, page.alert)
        before = (f for f in await facts(unit.conn, page.subject) if isinstance(f, PageDelivered | PageFailed))
        if (page.step, page.target, page.via) in {(f.step, f.target, f.via) for f in before}:
            return
        entry = await unit.append(
            at=ports.now(), kind=type(page).__name__, subject=page.subject, actor=BOT, payload=payload_of(page)
        )
        await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(work)


def steps(ports: Ports, name: str) -> tuple[Step, ...]:
    """The steps of the policy; none when it was removed since."""
    policy = ports.manage.escalation.get(name)
    return policy.steps if policy else ()
