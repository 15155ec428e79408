"""Rules of iCalendar occur when dateutil says that they do, wherever dateutil can say it in time."""

# ruff: noqa: DTZ001, DTZ901 - rules are written in wall time

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from dateutil.rrule import rrulestr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.config import recurrence

DAYS = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
SPAN = timedelta(days=800)


def some(key: str, numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    listed = st.lists(numbers.map(str), min_size=1, max_size=4, unique=True)
    return st.one_of(st.just(""), listed.map(lambda values: f";{key}={','.join(values)}"))


def signed(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most) | st.integers(-most, -1)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(recurrence.FREQUENCIES))
    numbered = st.tuples(signed(5), DAYS).map(lambda day: f"{day[0]}{day[1]}")
    # dateutil wants both where plain and numbered days are mixed, RFC 5545 either
    days = numbered if frequency in {"MONTHLY", "YEARLY"} and draw(st.booleans()) else DAYS
    parts = [
        some("BYMONTH", st.integers(1, 12)),
        some("BYMONTHDAY", signed(31)),
        some("BYDAY", days),
        some("BYHOUR", st.integers(0, 23)),
        some("BYMINUTE", st.integers(0, 59)),
    ]
    if frequency == "YEARLY":
        parts += [some("BYYEARDAY", signed(366)), some("BYWEEKNO", signed(53))]
    if frequency != "WEEKLY":  # dateutil counts positions of a first week from the start's day, not from its first
        parts.append(some("BYSETPOS", signed(10)))
    counted = draw(st.sampled_from(["", ";COUNT=5", ";UNTIL=20270301T120000"]))
    more = f";INTERVAL={draw(st.integers(1, 5))};WKST={draw(DAYS)}{counted}"
    return f"FREQ={frequency}{more}" + "".join(draw(part) for part in parts if draw(st.integers(0, 2)) == 0)


@given(rules(), st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)), st.integers(-400, 800))
@example("FREQ=YEARLY;BYWEEKNO=1,-1", datetime(2025, 12, 29), 0)
@settings(max_examples=400, deadline=None)
def test_a_rule_occurs_when_dateutil_says(rule: str, start: datetime, later: int) -> None:
    start = start.replace(microsecond=0)
    since = start + timedelta(days=later)
    until = since + SPAN
    try:
        read = recurrence.parse(rule)
        recurrence.check(read, start)
    except recurrence.BadRule:
        return
    found = list(recurrence.occurrences(read, start, since, until))
    given_rule = rrulestr(rule, dtstart=start, ignoretz=True)
    assert found == [at for at in islice(given_rule.xafter(since, inc=True), len(found) + 1) if at <= until]


@given(rules(), st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
@settings(max_examples=100, deadline=None)
def test_no_search_looks_at_more_days_than_it_may(rule: str, start: datetime) -> None:
    try:
        read = recurrence.parse(rule)
    except recurrence.BadRule:
        return
    looked = sum(len(days) for days in recurrence.periods(read, start, start, datetime.max))
    assert looked <= recurrence.MOST_DAYS
