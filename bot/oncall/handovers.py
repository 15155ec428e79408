"""Handovers: timers for those to come, the user group in step, a word before a shift begins."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from bot.decision import Timer, job_of
from bot.events import HandedOver, payload_of
from bot.oncall import cards, layers, timeline
from bot.oncall.service import everyone, known, spans
from bot.ports import ChatError, Ports
from storage.records.jobs import NewJob
from storage.tables import journal
from storage.unit_of_work import UnitOfWork

HANDOVER, SOON = "oncall.handover", "oncall.soon"
BEFORE = timedelta(hours=1)
"""How long before a shift its people are told."""
PLANNED = timedelta(days=1)
"""How far ahead words before shifts are planned; it is looked again much more often."""
INSTANT = timedelta(seconds=1)
LATE = timedelta(minutes=10)
"""How long after its begin a shift is still announced to whoever has it."""

_log = structlog.get_logger(__name__)


async def tend(ports: Ports, names: Iterable[str] = ()) -> None:
    """Plan the next handovers of these schedules (default: all), and bring the user groups in step."""
    oncall, now = ports.manage.oncall, ports.now()
    jobs: list[NewJob] = []
    for name in names or timeline.names(oncall):
        facts = await known(ports, [name], now, now + timeline.FURTHEST)
        at = timeline.next_handover(oncall, name, now, facts)
        if at is not None:
            jobs.append(_job(HANDOVER, name, at, at))
        line = timeline.timeline(oncall, name, now - INSTANT, now + PLANNED, facts)
        jobs += [_job(SOON, name, since, max(since - BEFORE, now), user) for since, user in starting(line, now)]
    if jobs:
        await ports.store.transact(lambda unit: unit.enqueue(jobs))
    await sync(ports)


def starting(line: tuple[layers.Span, ...], now: datetime) -> list[tuple[datetime, str]]:
    """Whose shifts begin after `now`, and when: those who are not on call just before (pure)."""
    found = []
    for span in line:
        before = layers.at(line, span.since - INSTANT)
        if span.since > now:
            found += [(span.since, user) for user in span.people if before is None or user not in before.people]
    return found


def _job(kind: str, name: str, at: datetime, due: datetime, user: str = "") -> NewJob:
    key = ":".join(part for part in (kind, name, at.isoformat(), user) if part)
    payload = {"schedule": name, "at": at.isoformat(), "user": user}
    return job_of(Timer(kind=kind, key=key, at=due, subject=f"schedule:{name}", payload=payload))


async def hand_over(ports: Ports, name: str, at: datetime) -> None:
    """Write down that others are on call since `at`, once; then plan what follows."""
    oncall, now = ports.manage.oncall, ports.now()
    if name not in timeline.names(oncall):
        return
    previous, people = await everyone(ports, name, at - INSTANT), await everyone(ports, name, at)
    if people != previous:
        line = await spans(ports, name, at, at + timeline.FURTHEST)
        end = line[0].until if people and line else None
        event = HandedOver(schedule=name, at=at, people=people, previous=previous, until=end)

        async def work(unit: UnitOfWork) -> None:
            past = await journal.of_kind(unit.conn, "HandedOver", at)
            if any(e.subject == event.subject and e.payload.get("at") == at.isoformat() for e in past):
                return
            entry = await unit.append(
                at=now, kind="HandedOver", subject=event.subject, actor="bot", payload=payload_of(event)
            )
            await unit.enqueue(ports.jobs_for(entry))

        await ports.store.transact(work)
    await tend(ports, [name])


async def sync(ports: Ports) -> None:
    """Make each user group's members those who are on call in its schedules; nobody on call leaves it as it is."""
    oncall = ports.manage.oncall
    if ports.chat is None:
        return
    wanted: dict[str, list[str]] = {}
    for name in timeline.names(oncall):
        rota = oncall.schedules.get(name)
        group = (rota.usergroup if rota else oncall.usergroup).removeprefix("@")
        if group:
            wanted.setdefault(group, []).extend(await everyone(ports, name))
    for group, users in wanted.items():
        if not users:
            continue
        try:
            await ports.chat.set_members(group, tuple(dict.fromkeys(users)))
        except ChatError as error:
            if error.retry:
                raise
            _log.warning("usergroup_not_in_step", group=group, error=str(error))


async def say_soon(ports: Ports, name: str, user: str, at: datetime, attempt: int) -> None:
    """Tell a person that their shift begins soon, unless it no longer does."""
    now = ports.now()
    if ports.chat is None or name not in timeline.names(ports.manage.oncall) or now > at + LATE:
        return
    line = await spans(ports, name, at - INSTANT, at + timeline.FURTHEST)
    if (at, user) not in starting(line[:3], at - INSTANT):
        return
    shift = layers.at(line, at)
    if shift is not None:
        channel = await ports.chat.direct(user)
        key = f"schedule:{name}:soon:{at.isoformat()}:{user}"
        await ports.chat.post(channel, cards.soon(name, at, shift.until, now), key=key, attempt=attempt)
