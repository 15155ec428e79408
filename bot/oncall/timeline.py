"""Who is on call when: a schedule's layers, calendars, references and overrides in one line of spans (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from bot.config.oncall import DEFAULT, Every, Layer, Oncall
from bot.oncall import layers
from bot.oncall.layers import Span
from bot.oncall.rota import Rotation, first_handover, moment, turns, windows
from storage.records.feeds import Shift
from storage.records.rota import Override

REACHES = tuple(timedelta(days=days) for days in (2, 8, 32, 128, 512))
"""How far to look for the begin and the end of a turn, and for the one after it; step by step, for most are near."""
FURTHEST = REACHES[-1]
_LENGTHS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}


class UnknownSchedule(LookupError):
    """There is no schedule of that name; the text names those that are."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the database knows beside manage.yml: overrides, and the copies of calendars by "schedule:layer"."""

    overrides: tuple[Override, ...] = ()
    shifts: Mapping[str, tuple[Shift, ...]] = field(default_factory=dict)


NOTHING = Known()


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A turn from its handover `since` until the next one: who has it, and who has the one `following` it.

    `source` says why: "layer 2", "override 5". `resumes` is when the following turn begins, later than `until` when
    there is a gap between.
    """

    people: tuple[str, ...]
    since: datetime
    until: datetime
    following: tuple[str, ...] = ()
    resumes: datetime | None = None
    source: str = ""

    @property
    def user(self) -> str:
        """The first of the people, who is paged first."""
        return self.people[0]


def names(oncall: Oncall) -> tuple[str, ...]:
    """The schedules that there are, the default one first."""
    own = (DEFAULT,) if oncall.people or not oncall.schedules else ()
    first = default_name(oncall)
    return tuple(dict.fromkeys([*own, *([first] if first in oncall.schedules else []), *oncall.schedules]))


def default_name(oncall: Oncall) -> str:
    """The schedule that is meant where none is named: `default`, or the first one where there is no such."""
    if oncall.people or DEFAULT in oncall.schedules or not oncall.schedules:
        return DEFAULT
    return next(iter(oncall.schedules))


def named(oncall: Oncall, name: str) -> str:
    """The schedule that `name` means, "" the default one. Raises `UnknownSchedule`."""
    meant = name or default_name(oncall)
    if meant not in names(oncall):
        raise UnknownSchedule(f"there is no schedule {meant}; there is {', '.join(names(oncall))}")
    return meant


def zone_of(oncall: Oncall, name: str) -> str:
    """The time zone of that schedule."""
    rota = oncall.schedules.get(name)
    return (rota.timezone if rota else "") or oncall.timezone


def reached(oncall: Oncall, name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """The schedule and all those that it refers to."""
    found = seen | {name}
    for layer in layers_of(oncall, name):
        if layer.schedule and layer.schedule not in found:
            found |= reached(oncall, layer.schedule, found)
    return found


def layers_of(oncall: Oncall, name: str) -> tuple[Layer, ...]:
    """The layers of that schedule, the lowest first."""
    rota = oncall.schedules.get(name)
    if rota is not None and not (name == DEFAULT and oncall.people):
        return rota.layers or (rota,)
    return ()


def place(name: str, number: int) -> str:
    """The name under which the calendar of a layer is kept; layers count from 1."""
    return f"{name}:{number}"


def timeline(oncall: Oncall, name: str, since: datetime, until: datetime, known: Known = NOTHING) -> tuple[Span, ...]:
    """Who is on call in that schedule from `since` until `until`, in order, with nothing where nobody is.

    Overrides count before layers, later ones before earlier ones, and later layers before earlier ones.
    """
    line = layers.covered(base(oncall, name, since, until, known))
    for override in (o for o in known.overrides if o.schedule == name):
        line = _overridden(line, override)
    return layers.within(line, [(since, until)])


def _overridden(line: tuple[Span, ...], override: Override) -> tuple[Span, ...]:
    source = f"swap {override.swap}" if override.swap else f"override {override.id}"
    if override.instead_of:
        interval = (override.starts_at, override.until)
        return layers.substituted(line, override.instead_of, override.user, interval, source)
    alone = Span(since=override.starts_at, until=override.until, people=(override.user,), source=source)
    return layers.covered([line, [alone]])


def base(oncall: Oncall, name: str, since: datetime, until: datetime, known: Known) -> list[list[Span]]:
    """What each layer of the schedule says by itself, the lowest first."""
    if not layers_of(oncall, name):
        every = _every(oncall.rotation)
        first = first_handover(oncall.start, oncall.handover, weekly=_weekly(every))
        groups = tuple((user,) for user in oncall.people)
        return [turns(Rotation(groups=groups, every=every, first=first, zone=oncall.timezone), since, until)]
    stack = []
    for number, layer in enumerate(layers_of(oncall, name), 1):
        zone = layer.timezone or zone_of(oncall, name)
        if layer.schedule:
            said, spans = layer.schedule, timeline(oncall, layer.schedule, since, until, known)
        elif layer.ical:
            said, spans = "calendar", _calendar(known.shifts.get(place(name, number), ()), since, until)
        else:
            single = len(layers_of(oncall, name)) == 1
            said, spans = "" if single else f"layer {number}", tuple(turns(_rotation(layer, zone), since, until))
        force = layers.within(spans, [_limits(layer, zone)])
        if layer.during:
            force = layers.within(force, windows(layer.during, zone, since, until))
        stack.append([replace(span, source=span.source or said) for span in force])
    return stack


def _rotation(layer: Layer, zone: str) -> Rotation:
    every = _every(layer.rotation)
    first = first_handover(layer.start, layer.handover, weekly=_weekly(every))
    return Rotation(groups=layer.groups, every=every, first=first, zone=zone)


def _calendar(shifts: Sequence[Shift], since: datetime, until: datetime) -> tuple[Span, ...]:
    near = [shift for shift in shifts if shift.since < until and since < shift.until]
    return layers.together([Span(since=shift.since, until=shift.until, people=shift.people) for shift in near])


def _limits(layer: Layer, zone: str) -> layers.Interval:
    """From when until when the layer is in force: people from their first handover on."""
    begin = _rotation(layer, zone).first if layer.groups else datetime.combine(layer.start, time())
    end = moment(datetime.combine(layer.until, time()), zone) if layer.until else datetime.max.replace(tzinfo=UTC)
    return moment(begin, zone), end


def turn(oncall: Oncall, now: datetime, name: str = "", known: Known = NOTHING) -> Turn | None:
    """The turn that `now` falls into, None when nobody is on call. Raises `UnknownSchedule`."""
    meant = named(oncall, name)
    found = None
    for reach in REACHES:
        spans = timeline(oncall, meant, now - reach, now + reach, known)
        current = layers.at(spans, now)
        if current is None:
            return None
        following = next((span for span in spans if span.since >= current.until), None)
        found = Turn(
            people=current.people,
            since=current.since,
            until=current.until,
            following=following.people if following else (),
            resumes=following.since if following else None,
            source=current.source,
        )
        if following and current.since > now - reach:
            break
    return found


def next_handover(oncall: Oncall, name: str, now: datetime, known: Known = NOTHING) -> datetime | None:
    """When somebody else, or nobody, is on call; None when nothing changes for longer than anybody plans."""
    for reach in REACHES:
        spans = timeline(oncall, name, now, now + reach, known)
        current = layers.at(spans, now)
        people, end = (current.people, current.until) if current else ((), now)
        for span in spans:
            if span.since < end or (span.since == end and span.people == people):
                end = max(end, span.until)
            else:
                break
        later = next((span for span in spans if span.since >= end), None)
        if current is None and later is not None:
            return later.since
        if current is not None and end < now + reach:
            return end
    return None


def who(oncall: Oncall, now: datetime, name: str = "", known: Known = NOTHING) -> tuple[str, ...]:
    """Everybody who is on call at that moment. Raises `UnknownSchedule`."""
    spans = timeline(oncall, named(oncall, name), now, now + timedelta(seconds=1), known)
    current = layers.at(spans, now)
    return current.people if current else ()


def _every(rotation: str | Every) -> timedelta:
    return rotation.every if isinstance(rotation, Every) else _LENGTHS[rotation]


def _weekly(every: timedelta) -> bool:
    return not every % timedelta(days=7)
