"""Numbers and names in running text."""

import pytest

from bot.postmortems.claims import claims
from bot.postmortems.figures import figures


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,451 jobs", 1451, ""),
        ("47 000 addresses", 47_000, ""),
        ("five million events", 5e6, ""),
        ("80 thousand builds", 80_000, ""),
        ("$2M", 2e6, "$"),
        ("1.21B queries", 1.21e9, ""),
        ("12.5%", 12.5, "%"),
        ("88x", 88, "x"),
        ("4.5 GB", 4.5e9, "B"),
        ("43 seconds", 43, "s"),
        ("850 ms", 0.85, "s"),
        ("1 h 5 min", 3900, "s"),
        ("24 hours and 11 minutes", 87_060, "s"),
        ("an hour", 3600, "s"),
        ("half an hour", 1800, "s"),
        ("twenty-two tasks", 22, ""),
        ("two dozen tasks", 24, ""),
    ],
)
def test_a_number_is_read_however_it_is_written(text: str, value: float, unit: str) -> None:
    found = figures(text)
    assert [(round(f.value, 6), f.unit) for f in found] == [(value, unit)]


@pytest.mark.parametrize(
    "text", ["db2 failed", "v1.2.3", "incident #465", "USA-2", "5xx answers", "one of them", "10.0.0.1"]
)
def test_a_number_inside_a_name_is_no_number(text: str) -> None:
    assert figures(text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("db2 failed", ("db2",)),
        ("the host db1.staging in USA-2", ("db1.staging", "USA-2")),
        ("v1.2.3 at 10.0.0.1", ("v1.2.3", "10.0.0.1")),
        ("it ran max_wal_senders", ("max_wal_senders",)),
        ("Then Orchestrator moved", ("Orchestrator",)),
        ("see `kubectl get pods`", ("kubectl get pods",)),
        ("post in /r/shakespeare by @someone", ("/r/shakespeare", "@someone")),
        ("Everything was fine. Nobody noticed the HTTP errors on Monday", ()),
    ],
)
def test_names_are_told_from_words(text: str, names: tuple[str, ...]) -> None:
    assert sorted(claims(text).names) == sorted(names)


@pytest.mark.parametrize(
    ("text", "clock"),
    [("at 14:05", (14, 5, None)), ("14:05:09 UTC", (14, 5, 9)), ("2:05 pm", (14, 5, None)), ("9 am", (9, 0, None))],
)
def test_times_are_read(text: str, clock: tuple[int, int, int | None]) -> None:
    assert claims(text).clocks == (clock,)


@pytest.mark.parametrize(
    "text", ["2018-10-21", "21 October 2018", "October 21, 2018", "Oct 21st, 2018", "2018-10-21T22:52:00Z"]
)
def test_dates_are_read(text: str) -> None:
    assert claims(text).days == ((2018, 10, 21),)
