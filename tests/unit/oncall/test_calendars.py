from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.oncall.calendars import BadCalendar, read, written
from bot.oncall.layers import Span

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TIMES = "DTSTART:20261123T000000Z\nDTEND:20261123T010000Z\n"


def a_calendar(lines, count=1):
    events = "".join(f"BEGIN:VEVENT\nUID:{n}\nSUMMARY:U0000ONE\n{lines}\nEND:VEVENT\n" for n in range(count))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{events}END:VCALENDAR\n"


def shifts(text):
    return read(text, "UTC", NOW - timedelta(days=35), NOW + timedelta(days=400))


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (f"{TIMES}RRULE:FREQ=SECONDLY", 1),
        (f"{TIMES}RRULE:FREQ=MINUTELY;INTERVAL=600", 1),
        (f"{TIMES}RRULE:FREQ=HOURLY", 100),
        (f"{TIMES}RRULE:FREQ=HOURLY;BYMINUTE=1,2", 1),
        (f"{TIMES}RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5", 1),
        (f"{TIMES}RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", 1),
        (f"{TIMES}RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU", 1),
        (f"{TIMES}RRULE:FREQ=WEEKLY;BYSETPOS=400;BYDAY=MO", 1),
        (f"{TIMES}RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 50),
        ("DTSTART:19000101T000000Z\nDTEND:19000101T010000Z\nRRULE:FREQ=HOURLY", 1),
        ("DTSTART:20000101T000000Z\nDTEND:20000101T010000Z\nRRULE:FREQ=DAILY", 100),
        (TIMES, 5001),
        (f"{TIMES}RRULE:FREQ=WEIRD", 1),
        ("DTEND:20261123T010000Z", 1),
    ],
)
def test_what_could_keep_the_bot_busy_or_cannot_be_read_is_refused(lines, count):
    with pytest.raises(BadCalendar):
        shifts(a_calendar(lines, count))


def test_cancelled_events_and_moved_repetitions_are_as_the_calendar_says():
    moved = (
        f"BEGIN:VEVENT\nUID:0\nSUMMARY:U0000TWO\nRECURRENCE-ID:20261130T000000Z\n"
        "DTSTART:20261130T120000Z\nDTEND:20261130T130000Z\nEND:VEVENT\n"
        f"BEGIN:VEVENT\nUID:9\nSUMMARY:U0000SIX\nSTATUS:CANCELLED\n{TIMES}END:VEVENT\n"
    )
    text = a_calendar(f"{TIMES}RRULE:FREQ=WEEKLY;COUNT=2").replace("END:VCALENDAR", f"{moved}END:VCALENDAR")

    assert [(s.since - NOW, s.named) for s in shifts(text)] == [
        (timedelta(), ("U0000ONE",)),
        (timedelta(days=7, hours=12), ("U0000TWO",)),
    ]


def test_an_event_that_names_nobody_is_given_by_its_title():
    assert shifts(a_calendar(TIMES).replace("U0000ONE", "Backup shift"))[0].named == ("Backup shift",)


def test_what_is_written_is_read_back():
    line = [
        Span(since=NOW + timedelta(days=n), until=NOW + timedelta(days=n + 1), people=("U0000ONE",)) for n in range(3)
    ]
    text = written("shop", {"shop": line}, {}, {}, NOW).decode()

    assert [(s.since, s.until, s.named) for s in shifts(text)] == [(s.since, s.until, s.people) for s in line]


def test_names_and_titles_cannot_add_lines_to_a_calendar():
    line = [Span(since=NOW, until=NOW + timedelta(days=1), people=("U0000ONE",))]
    hostile = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2"
    text = written(hostile, {"shop": line}, {"U0000ONE": hostile}, {}, NOW).decode()

    assert text.count("\r\nBEGIN:VEVENT\r\n") == 1


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_calendar_with_anything_in_it_is_read_or_refused(data):
    whole = a_calendar(f"{TIMES}RRULE:FREQ=WEEKLY;COUNT=3")
    at, length = data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, 30))
    text = whole[:at] + data.draw(st.text(max_size=20)) + whole[at + length :]
    try:
        found = shifts(text)
    except BadCalendar as refused:
        assert "\n" not in str(refused)  # noqa: PT017 - either outcome is fine
    else:
        assert all(shift.since < shift.until for shift in found)
