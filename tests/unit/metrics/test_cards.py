"""What metrics look like: the list, one metric with its past, and both when there is nothing."""

from datetime import timedelta

import pytest

from bot.cards.card import Level
from bot.metrics import cards
from storage.records.samples import Sample, SourceState
from tests.fakes.ports import T0

HOUR = timedelta(hours=1)
FRESH = T0 - timedelta(minutes=5)


def a_sample(value: float, at=T0, metric="cpu", **labels: str) -> Sample:
    return Sample(metric=metric, at=at, value=value, labels=labels)


def listed(*newest: Sample, missing=None, sources=(), page=1):
    found = cards.lines(newest, missing or {}, FRESH)
    return cards.listing(found, sources, page=page, words=(), now=T0)


def rows(card):
    return [tuple(getattr(cell, "text", cell) for cell in row[:3]) for row in card.table.rows]


def test_series_are_listed_by_name_with_values_in_their_unit():
    card = listed(a_sample(2_500_000, metric="db_size", source="db"), a_sample(93, source="host"))

    assert rows(card) == [("cpu", "source=host", "93 %"), ("db_size", "source=db", "2.5 MB")]
    assert (card.title, card.level) == ("2 series of 2 metrics", Level.OK)


@pytest.mark.parametrize(
    ("metric", "value", "said"),
    [
        ("network_in", 1500, "1.5 kB/s"),
        ("db_transactions", 12, "12/s"),
        ("p95_latency", 1240, "1,240 ms"),
        ("disk_usage", 0.851, "0.851"),
        ("requests", 10, "10"),
        ("orders_waiting", 3, "3"),
    ],
)
def test_a_value_is_told_in_its_unit(metric, value, said):
    assert cards.told(metric, value) == said


def test_what_is_old_or_was_never_given_is_absent_and_never_zero():
    card = listed(a_sample(93, T0 - HOUR, source="host"), missing={"host": ["swap"]})

    assert rows(card) == [("cpu", "source=host", "absent"), ("swap", "source=host", "absent")]
    assert card.title == "2 series of 2 metrics, 2 absent"
    assert [line["value"] for line in card.data["metrics"]] == [93, None]


def test_a_source_that_fails_is_told_with_its_reason():
    failed = SourceState(name="db", type="postgres", at=T0, failure="connection refused", read_at=T0 - HOUR)
    card = listed(a_sample(93), sources=[failed])

    assert card.body == ("Source db (postgres) fails: connection refused; last read 1 h ago.",)
    assert card.level is Level.WARNING


def test_nothing_measured_yet_is_said_with_the_next_step():
    card = listed()

    assert (card.title, card.table) == ("Nothing is measured yet", None)
    assert "metrics.sources" in card.hint


def test_a_long_list_has_pages():
    many = [a_sample(n, host=f"{n:03}") for n in range(cards.PAGE + 1)]
    first, last = listed(*many), listed(*many, page=2)

    assert (len(first.table.rows), len(last.table.rows)) == (cards.PAGE, 1)
    assert [button.argv for button in first.buttons] == [("metrics", "--page=2")]
    assert (last.buttons, last.footer) == ((), "Page 2 of 2")


@pytest.mark.parametrize(
    ("values", "bars"),
    [([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([5, 5], "▁▁"), ([0, None, 1], "▁·█"), ([None, None], ""), ([], "")],
)
def test_a_trend_is_drawn_between_the_least_and_the_most(values, bars):
    assert cards.spark(values) == bars


def test_parts_of_a_span_have_the_mean_of_their_samples():
    found = [a_sample(1, T0), a_sample(3, T0 + timedelta(minutes=1)), a_sample(7, T0 + HOUR)]

    assert cards.means(found, T0, T0 + HOUR, parts=3) == (2, None, 7)


def detail(*found: Sample, metric="cpu", page=1):
    past = cards.past(found, T0 - HOUR, T0)
    return cards.detail(metric, past, span=HOUR, page=page, size=10, fresh_since=FRESH, now=T0)


def test_one_metric_is_told_by_series():
    card = detail(a_sample(10, T0 - HOUR, host="a"), a_sample(20, T0, host="a"), a_sample(5, T0 - HOUR, host="b"))

    assert [(row[0], row[1], *row[3:6]) for row in card.table.rows] == [
        ("host=a", "20 %", "10 %", "15 %", "20 %"),
        ("host=b", "absent", "5 %", "5 %", "5 %"),
    ]
    assert {field.label for field in card.fields} == {"Meaning", "Unit"}


def test_a_metric_without_samples_is_absent():
    card = detail(metric="error_rate")

    assert card.title == "error_rate was not measured in the last 1 h"
    assert card.data["series"] == []
