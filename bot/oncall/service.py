"""Who is on call, now or at any other moment."""

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import blake2b

from bot.oncall import timeline
from bot.oncall.layers import Span
from bot.oncall.timeline import FURTHEST, Known, Turn, UnknownSchedule
from bot.ports import Ports
from storage.records.feeds import Feed
from storage.tables import feeds, overrides

__all__ = ["Turn", "UnknownSchedule", "calendars", "digest", "everyone", "known", "spans", "turn"]


async def everyone(ports: Ports, schedule: str = "", at: datetime | None = None) -> tuple[str, ...]:
    """The Slack user ids of all who are on call together, none when nobody is.

    Of the default schedule unless another is named; now unless at another moment, past or to come. Raises
    `UnknownSchedule`.
    """
    moment = at or ports.now()
    facts = await known(ports, [timeline.named(ports.manage.oncall, schedule)], moment, moment + timedelta(seconds=1))
    return timeline.who(ports.manage.oncall, moment, schedule, facts)


async def turn(ports: Ports, schedule: str = "", at: datetime | None = None) -> Turn | None:
    """The turn that the moment (default: now) falls into, None when nobody is on call. Raises `UnknownSchedule`."""
    moment = at or ports.now()
    name = timeline.named(ports.manage.oncall, schedule)
    facts = await known(ports, [name], moment - FURTHEST, moment + FURTHEST)
    return timeline.turn(ports.manage.oncall, moment, name, facts)


async def spans(ports: Ports, schedule: str, since: datetime, until: datetime) -> tuple[Span, ...]:
    """Who is on call from `since` until `until`, in order. Raises `UnknownSchedule`."""
    name = timeline.named(ports.manage.oncall, schedule)
    return timeline.timeline(ports.manage.oncall, name, since, until, await known(ports, [name], since, until))


async def known(ports: Ports, names: Collection[str], since: datetime, until: datetime) -> Known:
    """What the database knows of these schedules, and of those that they refer to, in that time."""
    oncall = ports.manage.oncall
    involved = frozenset[str]().union(*(timeline.reached(oncall, name) for name in names))
    read = any(layer.ical for name in involved for layer in timeline.layers_of(oncall, name))
    async with ports.store.glance() as conn:
        found = await overrides.between(conn, involved, since, until)
    copies = await calendars(ports) if read else []
    return Known(overrides=tuple(found), shifts={copy.place: copy.shifts for copy in copies})


async def calendars(ports: Ports) -> list[Feed]:
    """The copies of the calendars that schedules are read from; those of other addresses than now are left out."""
    oncall = ports.manage.oncall
    sources = {
        timeline.place(name, number): digest(layer.ical)
        for name in timeline.names(oncall)
        for number, layer in enumerate(timeline.layers_of(oncall, name), 1)
        if layer.ical
    }
    async with ports.store.read() as conn:
        copies = await feeds.all_of(conn)
    return [copy for copy in copies if sources.get(copy.place) == copy.source]


def digest(address: str) -> str:
    """The name under which a calendar's address is known without telling it: addresses hold secrets."""
    return blake2b(address.encode(), digest_size=16).hexdigest()
