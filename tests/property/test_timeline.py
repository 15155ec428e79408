"""At every instant exactly those are on call whom the definition names, worked out there one instant at a time."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.hours import WEEKDAYS
from bot.config.oncall import Oncall
from bot.oncall import layers, timeline
from bot.oncall.timeline import Known
from storage.records.rota import Override
from tests.property.test_rota import CLOCKS, ZONES, clock_changes

PEOPLE = [f"U000000{n}" for n in range(6)]
LENGTHS = {"daily": 24, "weekly": 168}
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

DURING = st.none() | st.builds(
    lambda days, begin, end: {"days": sorted(days), "from": begin, "to": end},
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.sampled_from(CLOCKS),
    st.sampled_from([*CLOCKS, "24:00"]),
)
LAYERS = st.fixed_dictionaries(
    {
        "turns": st.lists(
            st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True), min_size=1, max_size=3
        ),
        "rotation": st.sampled_from(["daily", "weekly"])
        | st.sampled_from([1, 5, 12, 30, 72]).map(lambda h: {"every": f"{h}h"}),
        "handover": st.builds("{} {}".format, st.sampled_from(WEEKDAYS), st.sampled_from(CLOCKS)),
        "start": st.dates(datetime(2025, 12, 1).date(), datetime(2026, 10, 1).date()),  # noqa: DTZ001 - a date has no zone
        "during": DURING,
    }
)


@st.composite
def cases(draw):
    """A schedule of up to three layers, overrides, and an instant, often close to a change of clocks."""
    zone = draw(st.sampled_from(ZONES))
    oncall = Oncall.model_validate(
        {"schedules": {"s": {"timezone": zone, "layers": draw(st.lists(LAYERS, min_size=1, max_size=3))}}}
    )
    now = BEGIN + timedelta(minutes=draw(st.integers(0, 60 * 24 * 365)))
    if draw(st.booleans()):
        now = draw(st.sampled_from(clock_changes(zone))) + timedelta(minutes=draw(st.integers(-300, 660)))
    overrides = tuple(
        Override(
            id=number,
            schedule="s",
            user=draw(st.sampled_from(PEOPLE)),
            instead_of=draw(st.sampled_from(["", *PEOPLE])),
            starts_at=now + timedelta(hours=draw(st.integers(-30, 20))),
            ends_at=now + timedelta(hours=draw(st.integers(21, 60))),
            created_by="U0000000",
            created_at=BEGIN,
        )
        for number in range(1, 1 + draw(st.integers(0, 3)))
    )
    return oncall, Known(overrides=overrides), now


def shown(wall, zone):
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def turn_of(layer, zone, now):
    """The group that has the last handover which took place, None before the first one."""
    every = timedelta(hours=LENGTHS.get(layer.rotation, 0)) if isinstance(layer.rotation, str) else layer.rotation.every
    first = datetime.combine(layer.start, time.fromisoformat(layer.handover.split()[1]))
    while every % timedelta(days=7) == timedelta(0) and WEEKDAYS[first.weekday()] != layer.handover.split()[0]:
        first += timedelta(days=1)
    if now < shown(first, zone):
        return None
    number = (now.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=2) - first) // every
    while shown(first + number * every, zone) > now:
        number -= 1
    return layer.turns[number % len(layer.turns)]


def in_force(layer, zone, now):
    if layer.during is None:
        return True
    local = now.astimezone(ZoneInfo(zone)).date()
    for day in (local + timedelta(days=n) for n in (-2, -1, 0, 1)):
        if WEEKDAYS[day.weekday()] not in layer.during.days:
            continue
        begin = datetime.combine(day, time.fromisoformat(layer.during.from_))
        whole = layer.during.to == "24:00"
        end = (
            datetime.combine(day, time()) + timedelta(days=1)
            if whole
            else datetime.combine(day, time.fromisoformat(layer.during.to))
        )
        end += timedelta(days=0 if end > begin else 1)
        if shown(begin, zone) <= now < shown(end, zone):
            return True
    return False


def defined(oncall, known, now):
    """Who is on call at this instant, straight from what layers and overrides mean."""
    rota = oncall.schedules["s"]
    people = ()
    for layer in rota.layers:
        group = turn_of(layer, rota.timezone, now)
        people = group if group is not None and in_force(layer, rota.timezone, now) else people
    for override in known.overrides:
        if not override.starts_at <= now < override.until:
            continue
        if not override.instead_of:
            people = (override.user,)
        else:
            people = tuple(dict.fromkeys(override.user if u == override.instead_of else u for u in people))
    return tuple(people)


@given(cases())
@settings(max_examples=300, deadline=None)
def test_whoever_the_definition_names_is_on_call(case):
    oncall, known, now = case

    assert timeline.who(oncall, now, "s", known) == defined(oncall, known, now)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_a_line_of_days_says_the_same_as_each_instant_of_it(case):
    oncall, known, now = case
    line = timeline.timeline(oncall, "s", now - timedelta(days=3), now + timedelta(days=3), known)

    current = layers.at(line, now)
    assert (current.people if current else ()) == defined(oncall, known, now)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_spans_follow_each_other_and_with_the_gaps_they_fill_the_time(case):
    oncall, known, now = case
    since, until = now - timedelta(days=10), now + timedelta(days=10)
    line = timeline.timeline(oncall, "s", since, until, known)

    assert all(span.since < span.until for span in line)
    assert all(one.until <= other.since for one, other in pairwise(line))
    open_ = layers.gaps(line, since, until)
    assert sum((s.length for s in line), timedelta()) + sum((b - a for a, b in open_), timedelta()) == until - since


@given(cases())
@settings(max_examples=100, deadline=None)
def test_the_next_handover_is_the_first_instant_at_which_others_are_on_call(case):
    oncall, known, now = case
    at = timeline.next_handover(oncall, "s", now, known)

    if at is not None:
        second = timedelta(seconds=1)
        before = timeline.who(oncall, at - second, "s", known)
        assert before == timeline.who(oncall, now, "s", known)
        assert before != timeline.who(oncall, at, "s", known)
