"""At every moment exactly one person is on call, whatever clocks do."""

from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.config.hours import WEEKDAYS
from bot.config.oncall import Oncall
from bot.oncall.timeline import turn

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",  # clocks change by half an hour
    "Africa/Cairo",  # clocks change at midnight
    "Asia/Kathmandu",
    "Pacific/Auckland",
)
CLOCKS = ("00:00", "00:30", "01:45", "02:00", "02:15", "02:30", "03:00", "09:00", "23:59")
MOMENTS = st.datetimes(datetime(2023, 6, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
INSTANT = timedelta(microseconds=1)
ROTAS = st.builds(
    lambda people, rotation, day, clock, zone, start: Oncall.model_validate(
        {
            "people": [f"U{n:07}" for n in range(people)],
            "rotation": rotation,
            "handover": f"{day} {clock}",
            "timezone": zone,
            "start": start,
        }
    ),
    st.integers(1, 4),
    st.sampled_from(["daily", "weekly"]),
    st.sampled_from(WEEKDAYS),
    st.sampled_from(CLOCKS),
    st.sampled_from(ZONES),
    st.dates(datetime(2024, 1, 1).date(), datetime(2026, 12, 31).date()),  # noqa: DTZ001 - a date has no zone
)


@cache
def clock_changes(zone):
    """The hours, from 2024 to 2027, in which the zone's offset changes; one of no meaning where it never does."""
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=6 * n) for n in range(4 * 365 * 4)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hour for hour, old, new in zip(hours, offsets, offsets[1:], strict=False) if old != new] or hours[:1]


@st.composite
def rotas_and_moments(draw):
    """A rota and a moment, often one close to a change of the rota's clocks."""
    rota, moment = draw(ROTAS), draw(MOMENTS)
    if draw(st.booleans()):
        moment = draw(st.sampled_from(clock_changes(rota.timezone))) + timedelta(minutes=draw(st.integers(-300, 660)))
    return rota, moment


@given(rotas_and_moments())
def test_every_moment_is_within_its_turn(case):
    rota, now = case
    current = turn(rota, now)

    assert current.since <= now < current.until


@given(rotas_and_moments())
def test_a_turn_is_the_same_one_until_its_last_instant(case):
    rota, now = case
    current = turn(rota, now)

    assert turn(rota, current.since) == current
    assert turn(rota, current.until - INSTANT) == current


@given(rotas_and_moments())
def test_the_next_turn_begins_where_this_one_ends_and_is_the_next_persons(case):
    rota, now = case
    current = turn(rota, now)
    following = turn(rota, current.until)

    assert (following.since, following.people) == (current.until, current.following)


@given(rotas_and_moments())
def test_handovers_are_at_the_same_local_time_unless_a_clock_change_skips_it(case):
    rota, now = case
    zone, clock = ZoneInfo(rota.timezone), time.fromisoformat(rota.handover.split()[1])
    local = turn(rota, now).since.astimezone(zone)
    wanted = datetime.combine(local.date(), clock, tzinfo=zone)
    skipped = wanted.astimezone(UTC).astimezone(zone).time() != clock

    assert local.time() == clock or (skipped and local == wanted.astimezone(UTC).astimezone(zone))


@given(rotas_and_moments())
def test_weekly_handovers_are_on_their_day(case):
    rota, now = case
    local = turn(rota, now).since.astimezone(ZoneInfo(rota.timezone))

    assert rota.rotation == "daily" or WEEKDAYS[local.weekday()] == rota.handover.split()[0]


@given(ROTAS)
def test_the_first_person_has_the_first_turn_from_the_start_on(rota):
    before = datetime.combine(rota.start, time(12), tzinfo=UTC) - timedelta(days=2)
    firsts = (turn(rota, before + timedelta(days=day)) for day in range(12))
    first = next(t for t in firsts if t.since.astimezone(ZoneInfo(rota.timezone)).date() >= rota.start)

    assert first.user == rota.people[0]
