"""Silences: read, decide, commit; and what they mute."""

import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.decision import Decision, commit
from bot.matchers import NAME, compiled, hold
from bot.ports import Ports
from bot.silences import decide, planning
from bot.silences.decide import Wanted
from bot.silences.muting import Muting, muting
from storage.records.alerts import Alert, Instance
from storage.records.silences import Matcher, Silence
from storage.tables import alerts, firing, silences
from storage.unit_of_work import UnitOfWork

BOT = "bot"
AHEAD = timedelta(days=1)
"""How far ahead `current` knows windows."""
_EVERY = "..."


class UnknownSilence(LookupError):
    """There is no silence of that number."""


class UnknownAlert(LookupError):
    """There is no alert of that number."""


@dataclass(frozen=True, kw_only=True)
class Touched:
    """What some matchers match of all that fires: how many instances, of which alerts (number -> name, instances)."""

    instances: int
    alerts: dict[int, tuple[str, int]]


@dataclass(frozen=True, kw_only=True)
class View:
    """A silence and what it matches now."""

    silence: Silence
    touched: Touched


async def current(ports: Ports, conn: AsyncConnection, now: datetime, open_instances: Sequence[Instance]) -> Muting:
    """All that mutes now or within a day: silences, maintenance windows, and of the open instances those that inhibit.

    Ask again when one of `muting.CHANGES` became a fact, and when an instance has opened or resolved that
    `muting.inhibits` others.
    """
    return muting(
        await silences.not_over(conn, now),
        await planning.known(ports.manage, conn, now, now + AHEAD),
        ports.manage.alerts.inhibit,
        open_instances,
    )


async def create(ports: Ports, wanted: Wanted) -> Decision[Silence]:
    """Make a silence; raises `decide.BadSilence`."""
    decide.check(wanted, ports.now())

    async def work(unit: UnitOfWork) -> Decision[Silence]:
        now = ports.now()
        number = await unit.next_id("silence")
        return await _put(ports, unit, decide.create(wanted, id=number, uuid=_uuid7(now), now=now), wanted.by)

    return await ports.store.transact(work)


async def change(ports: Ports, key: int | str, wanted: Wanted) -> Decision[Silence]:
    """Change the silence of that number or id; raises `UnknownSilence` or `decide.BadSilence`."""
    return await _change(ports, key, wanted.by, lambda silence: decide.change(silence, wanted, ports.now()))


async def extend(ports: Ports, number: int, span: timedelta, *, by: str) -> Decision[Silence]:
    """Let the silence last so much longer; raises `UnknownSilence`."""

    def longer(silence: Silence) -> Decision[Silence]:
        wanted = Wanted(
            matchers=silence.matchers,
            starts_at=silence.starts_at,
            ends_at=silence.ends_at + span,
            by=by,
            comment=silence.comment,
        )
        return decide.change(silence, wanted, ports.now())

    return await _change(ports, number, by, longer)


async def expire(ports: Ports, key: int | str, *, by: str) -> Decision[Silence]:
    """End the silence of that number or id now; raises `UnknownSilence`."""
    return await _change(ports, key, by, lambda silence: decide.expire(silence, ports.now()))


async def tell(ports: Ports, number: int) -> Decision[Silence]:
    """Write down that the silence began or ended, if it did; raises `UnknownSilence`."""
    return await _change(ports, number, BOT, lambda silence: decide.tell(silence, ports.now()))


async def view(ports: Ports, number: int) -> View:
    """The silence of that number and what it matches; raises `UnknownSilence`."""
    async with ports.store.read() as conn:
        silence = await silences.get(conn, number)
        if silence is None:
            raise UnknownSilence(f"there is no silence {number}")
        return View(silence=silence, touched=await touched(conn, silence.matchers))


async def preview(ports: Ports, matchers: Sequence[Matcher]) -> Touched:
    """What of all that fires these matchers match."""
    async with ports.store.read() as conn:
        return await touched(conn, matchers)


async def touched(conn: AsyncConnection, matchers: Sequence[Matcher]) -> Touched:
    """The same within an open transaction."""
    tests, count = compiled(tuple(matchers)), 0
    by_alert: dict[int, tuple[str, int]] = {}
    async for page in firing.pages(conn, matchers):
        for one in page:
            if hold(tests, one.name, json.loads(one.labels)):
                count += 1
                by_alert[one.alert_id] = (one.name, by_alert.get(one.alert_id, ("", 0))[1] + 1)
    return Touched(instances=count, alerts=dict(sorted(by_alert.items())))


async def matchers_of(ports: Ports, number: int) -> tuple[Alert, tuple[Matcher, ...]]:
    """An alert, and matchers of its instances and of no others; raises `UnknownAlert`.

    The labels by which alerts are grouped and that this one does not have must be missing, or a silence of an alert
    with few labels would mute many others.
    """
    async with ports.store.read() as conn:
        alert = await alerts.get(conn, number)
    if alert is None:
        raise UnknownAlert(f"there is no alert #{number}")
    group_by = ports.manage.alerts.group_by
    named = NAME in group_by or _EVERY in group_by or not alert.labels
    wanted = {NAME: alert.rule} if named else {}
    wanted |= {label: value for label, value in alert.labels.items() if label != NAME}
    wanted |= {label: "" for label in group_by if label not in {NAME, _EVERY, *alert.labels}}
    return alert, tuple(Matcher(name=name, value=value) for name, value in wanted.items())


async def _change(
    ports: Ports, key: int | str, by: str, choose: Callable[[Silence], Decision[Silence]]
) -> Decision[Silence]:
    async def work(unit: UnitOfWork) -> Decision[Silence]:
        read = silences.get if isinstance(key, int) else silences.by_uuid
        silence = await read(unit.conn, key, lock=True)  # type: ignore[arg-type] # the branch above fits key and reader
        if silence is None:
            raise UnknownSilence(f"there is no silence {key}")
        return await _put(ports, unit, choose(silence), by)

    return await ports.store.transact(work)


async def _put(ports: Ports, unit: UnitOfWork, decision: Decision[Silence], by: str) -> Decision[Silence]:
    await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
    return decision


def _uuid7(now: datetime) -> str:
    """An id that sorts by time (RFC 9562, section 5.7)."""
    stamp = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
