"""The bars of the status page against an oracle that paints each second."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.health.held import Change, Record
from bot.statuspage.uptime import begins, percent, uptime
from storage.records.checks import Status

DAYS = 2
NOW = datetime(2026, 11, 23, 9, 30, 17, tzinfo=UTC)
START = begins(NOW, DAYS)
SPAN = int((NOW - START).total_seconds())
BADNESS = [Status.HEALTHY, Status.UNKNOWN, Status.DEGRADED, Status.DOWN]

statuses = st.sampled_from(BADNESS)
seconds = st.integers(-7200, SPAN + 60)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A check whose changes follow one another, seen in some hours."""
    times = sorted(draw(st.lists(seconds, max_size=6)))
    held = [draw(statuses) for _ in range(len(times) + 1)]
    hours = draw(st.sets(st.integers(-1, SPAN // 3600), max_size=40))
    offsets = {hour: draw(st.integers(0, 3599)) for hour in sorted(hours)}
    seen = [START + timedelta(hours=hour, seconds=offset) for hour, offset in offsets.items()]
    changes = [
        Change(since=START + timedelta(seconds=at), status=held[n + 1], previous=held[n]) for n, at in enumerate(times)
    ]
    return Record(held=held[-1], changes=changes, seen=[at for at in seen if at <= NOW])


def oracle(record: Record) -> list[int]:
    """How bad the check was in each second, painted over by one change after another, then by what nobody saw."""
    painted = [BADNESS.index(record.changes[0].previous if record.changes else record.held)] * SPAN
    for change in record.changes:
        since = min(max(0, second_of(change.since)), SPAN)
        painted[since:] = [BADNESS.index(change.status)] * (SPAN - since)
    seen = sorted(second_of(at) for at in record.seen)
    for hour in range(0, SPAN, 3600):
        here = [at for at in seen if hour <= at < hour + 3600]
        before = [at for at in seen if hour - 3600 <= at < hour]
        until = min(hour + 3600, SPAN)
        known = until if not here else hour if before else min(here[0], until)
        painted[hour:known] = [BADNESS.index(Status.UNKNOWN)] * (known - hour)
    return painted


def second_of(moment: datetime) -> int:
    return int((moment - START).total_seconds())


@settings(max_examples=20, deadline=None)
@given(st.lists(records(), min_size=1, max_size=2))
def test_the_bars_are_what_each_second_says(given_: list[Record]) -> None:
    worst = list(map(max, zip(*map(oracle, given_), strict=True)))
    days = {(START + timedelta(days=n)).date(): worst[n * 86400 : (n + 1) * 86400] for n in range(DAYS)}

    found = uptime(given_, NOW, DAYS)

    assert [day.date for day in found.days] == list(days)
    for day in found.days:
        seconds_ = Counter(BADNESS[bad] for bad in days[day.date])
        assert (day.down, day.degraded) == (seconds_[Status.DOWN], seconds_[Status.DEGRADED])
        assert day.known == len(days[day.date]) - seconds_[Status.UNKNOWN]


@given(st.lists(records(), max_size=3))
def test_what_is_not_known_is_never_up(given_: list[Record]) -> None:
    blind = [Record(held=one.held, changes=one.changes) for one in given_]
    found = uptime(blind, NOW, DAYS)
    assert (found.up, found.known, {day.up for day in found.days}) == (None, 0, {None})


@given(st.floats(0, 1))
def test_a_share_is_never_told_better_than_it_was(share: float) -> None:
    told = float(percent(share).removesuffix(" %"))
    assert told <= share * 100 + 1e-3
    assert share * 100 - told < 0.0101
