from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.durations import LONGEST, parse, parse_after, spell

spans = st.timedeltas(timedelta(0), LONGEST).map(lambda span: timedelta(milliseconds=span // timedelta(milliseconds=1)))


@given(spans)
def test_what_is_spelled_reads_back(span):
    assert parse(spell(span)) == span


@given(
    st.integers(0, 10_000), st.sampled_from([("s", 1), ("sec", 1), ("m", 60), ("min", 60), ("hour", 3600), ("h", 3600)])
)
def test_the_short_spelling_of_a_step_is_a_delay(count, unit):
    assert parse_after(f"after{count}{unit[0]}") == parse(f"{count} {unit[0]}") == timedelta(seconds=count * unit[1])


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_iso_8601_means_the_same(hours, minutes, seconds):
    assert parse(f"PT{hours}H{minutes}M{seconds}S") == parse(f"{hours}h{minutes}m{seconds}s")


def outcome(read, text):
    try:
        return "", read(text)
    except ValueError as error:
        return str(error), None


@given(st.one_of(st.text(max_size=20), st.from_regex(r"[0-9. ]*[a-zA-Z]{0,4}[0-9a-z. -]*", fullmatch=True)))
def test_anything_is_a_span_or_refused_with_what_is_allowed(text):
    for read in (parse, parse_after):
        said, span = outcome(read, text)
        assert (timedelta(0) <= span <= LONGEST) if span is not None else (said and "\n" not in said)


@pytest.mark.parametrize("text", ["", "5", "m", "5 5m", "-5m", "5x", "1h-5m", "P", "PT", "after", "\u0665m", "99999d"])
def test_what_does_not_say_a_span_is_refused(text):
    with pytest.raises(ValueError, match=r"number with a unit|ten years"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("immediately", timedelta(0)),
        ("after5min", timedelta(minutes=5)),
        ("after15min", timedelta(minutes=15)),
        ("after1hour", timedelta(hours=1)),
        ("After 90 s", timedelta(seconds=90)),
        ("1h30m", timedelta(minutes=90)),
    ],
)
def test_steps_read_as_people_write_them(text, span):
    assert parse_after(text) == span
