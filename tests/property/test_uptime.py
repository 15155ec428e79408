"""The bars of the status page against an oracle that asks each second of what it was."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.statuspage.uptime import Change, Record, begins, percent, uptime
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


def oracle(record: Record, second: int) -> Status:
    """What the check held in that second, asked of everything that is known."""
    moment = START + timedelta(seconds=second)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    here = [at for at in record.seen if hour <= at < hour + timedelta(hours=1)]
    before = [at for at in record.seen if hour - timedelta(hours=1) <= at < hour]
    if not here or (not before and moment < min(here)):
        return Status.UNKNOWN
    status = record.changes[0].previous if record.changes else record.held
    for change in record.changes:
        status = change.status if change.since <= moment else status
    return status


@settings(max_examples=20, deadline=None)
@given(st.lists(records(), min_size=1, max_size=2))
def test_the_bars_are_what_each_second_says(given_: list[Record]) -> None:
    counted: dict[str, dict[Status, int]] = {}
    tables = [[oracle(record, second) for second in range(SPAN)] for record in given_]
    for second in range(SPAN):
        day = (START + timedelta(seconds=second)).date().isoformat()
        worst = max((table[second] for table in tables), key=BADNESS.index)
        of_day = counted.setdefault(day, {})
        of_day[worst] = of_day.get(worst, 0) + 1

    found = uptime(given_, NOW, DAYS)

    assert [day.date.isoformat() for day in found.days] == sorted(counted)
    for day in found.days:
        of_day = counted[day.date.isoformat()]
        assert day.down == of_day.get(Status.DOWN, 0)
        assert day.degraded == of_day.get(Status.DEGRADED, 0)
        assert day.known == sum(n for status, n in of_day.items() if status is not Status.UNKNOWN)


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
