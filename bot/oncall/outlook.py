"""What is wrong with schedules in the days ahead: gaps, layers without effect, people gone, broken calendars."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.config.oncall import DEFAULT, Oncall
from bot.oncall import layers, timeline
from bot.oncall.layers import Span
from bot.oncall.people import USER
from bot.oncall.service import calendars, known
from bot.oncall.timeline import Known
from bot.ports import ChatError, Ports
from storage.records.feeds import Feed

AHEAD = timedelta(days=14)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Problem:
    """Something wrong from `since` on, in a line that stays the same from day to day."""

    since: datetime
    line: str


async def problems(ports: Ports, name: str, *, thorough: bool = False) -> tuple[Problem, ...]:
    """What is wrong with that schedule within two weeks; `thorough` asks Slack who is gone, too.

    Nothing is wrong with a default schedule that nobody has filled yet.
    """
    oncall, now = ports.manage.oncall, ports.now()
    if name == DEFAULT and not oncall.people and DEFAULT not in oncall.schedules:
        return ()
    facts = await known(ports, [name], now, now + AHEAD)
    copies = {copy.place: copy for copy in await calendars(ports)}
    found = [*ahead(oncall, name, now, facts), *(Problem(now, line) for line in _calendars(oncall, name, copies))]
    return (*found, *([Problem(now, line) async for line in _gone(ports, name)] if thorough else ()))


def ahead(oncall: Oncall, name: str, now: datetime, facts: Known) -> Iterator[Problem]:
    """Gaps and layers without effect within two weeks (pure)."""
    until, zone = now + AHEAD, ZoneInfo(timeline.zone_of(oncall, name))
    line = timeline.timeline(oncall, name, now, until, facts)
    if not line:
        yield Problem(now, f"nobody is on call in the next {AHEAD.days} days")
        return
    for begin, end in layers.gaps(line, now, until):
        same = begin.astimezone(zone).date() == end.astimezone(zone).date() and begin > now
        last = f"{end.astimezone(zone):%H:%M}" if same else f"{end.astimezone(zone):%a %Y-%m-%d %H:%M}"
        first = f"from {begin.astimezone(zone):%a %Y-%m-%d %H:%M} " if begin > now else ""
        word = "to" if first else "until"
        yield Problem(begin, f"nobody is on call {first}{'on' if end == until else f'{word} {last}'} ({zone.key})")
    for said in _without_effect(timeline.base(oncall, name, now, until, facts), now, until):
        yield Problem(now, said)


def _without_effect(stack: Sequence[Sequence[Span]], now: datetime, until: datetime) -> Iterator[str]:
    for number, layer in enumerate(stack, 1):
        seen = layers.within(layer, [(now, until)])
        if len(stack) > 1 and not seen:
            yield f"layer {number} puts nobody on call in the next {AHEAD.days} days"
        elif seen and not layers.uncovered(seen, [span for above in stack[number:] for span in above]):
            yield f"layer {number} has no effect: later layers cover it whole for the next {AHEAD.days} days"


def _calendars(oncall: Oncall, name: str, copies: dict[str, Feed]) -> Iterator[str]:
    for number, layer in enumerate(timeline.layers_of(oncall, name), 1):
        copy = copies.get(timeline.place(name, number)) if layer.ical else None
        if layer.ical and (copy is None or (copy.read_at is None and not copy.error)):
            yield f"the calendar of layer {number} was not read yet"
        elif copy is not None and copy.error:
            yield f"the calendar of layer {number} cannot be read: {copy.error}"
        if copy is not None and copy.unknown:
            yield f"the calendar of layer {number} names nobody known in Slack: {', '.join(copy.unknown[:5])}"


async def _gone(ports: Ports, name: str) -> AsyncIterator[str]:
    oncall = ports.manage.oncall
    named = [user for layer in timeline.layers_of(oncall, name) for group in layer.groups for user in group]
    for user in dict.fromkeys(named or (oncall.people if name == DEFAULT else ())):
        if ports.chat is None or not USER.fullmatch(user):
            continue
        try:
            profile = await ports.chat.profile(user)
        except ChatError as error:
            if error.code == "user_not_found":
                yield f"Slack knows no user {user}"
            else:
                _log.warning("slack_profile_unknown", user=user, error=str(error))
            continue
        if profile.gone:
            yield f"the account of {user} is closed"
