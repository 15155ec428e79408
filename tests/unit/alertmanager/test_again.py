from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts import posted
from bot.alerts.posted import BadBody
from bot.alerts.resent import said
from handlers.http.alertmanager.again import Again
from tests.fakes.ports import T0

TIMEOUT = timedelta(minutes=5)


class FakeIntake:
    """Knows the numbers that it was told to know, and counts them."""

    def __init__(self) -> None:
        self.known: set[int] = set()
        self.asked: list[int] = []
        self.counted = 0

    def repeated(self, told: Sequence[tuple[int, datetime | None]], /) -> list[bool]:
        self.asked = [number for number, _ in told]
        verdicts = [number in self.known for number, _ in told]
        self.counted += sum(verdicts)
        return verdicts

    def knows_all(self) -> None:
        """Everything that was asked last is open from now on."""
        self.known |= set(self.asked)


def an_alert(instance: str = "db-1", ends: str = "2026-11-23T12:04:00Z", **more: Any) -> dict[str, Any]:
    labels = {"alertname": "DiskFull", "instance": instance, "severity": "critical"}
    return {
        "labels": labels,
        "annotations": {"summary": "almost full"},
        "startsAt": "2026-11-23T11:00:00Z",
        "endsAt": ends,
    } | more


def names(again: Again, *alerts: dict[str, Any], now: datetime = T0) -> list[str]:
    found, wrong = again.news(deepcopy(list(alerts)), now, TIMEOUT)
    assert wrong == []
    return [report.labels["instance"] for report in found]


def test_what_was_never_said_is_news() -> None:
    assert names(Again(FakeIntake()), an_alert("a"), an_alert("b")) == ["a", "b"]


def test_what_is_sent_again_with_a_later_end_is_no_news_and_is_read_no_more() -> None:
    intake = FakeIntake()
    again = Again(intake)
    names(again, an_alert())
    intake.knows_all()
    assert names(again, an_alert(ends="2026-11-23T12:05:00Z")) == []  # read once more, then known by its words
    assert names(again, an_alert(ends="2026-11-23T12:06:00Z")) == []
    assert intake.counted == 2
    assert len(again._said) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"annotations": {"summary": "quite full"}},
        {"startsAt": "2026-11-23T11:30:00Z"},
        {"endsAt": "2026-11-23T11:59:00Z"},
        {"endsAt": None},
        {"generatorURL": "http://127.0.0.1/graph"},
    ],
)
def test_what_says_something_else_or_ends_is_news(change: dict[str, Any]) -> None:
    intake = FakeIntake()
    again = Again(intake)
    for _ in range(3):
        names(again, an_alert())
        intake.knows_all()
    assert names(again, an_alert() | change) == ["db-1"]


def test_what_is_over_meanwhile_is_news_again() -> None:
    intake = FakeIntake()
    again = Again(intake)
    for _ in range(3):
        names(again, an_alert())
        intake.knows_all()
    intake.known.clear()
    assert names(again, an_alert(), an_alert()) == ["db-1", "db-1"]


def test_what_is_nested_deeper_than_can_be_written_is_read_each_time() -> None:
    deep: Any = []
    for _ in range(260):
        deep = [deep]
    intake = FakeIntake()
    again = Again(intake)
    assert names(again, an_alert(more=deep)) == ["db-1"]
    assert names(again, an_alert(more=deep)) == ["db-1"]


def test_a_body_of_a_wrong_type_counts_nothing() -> None:
    intake = FakeIntake()
    again = Again(intake)
    for _ in range(3):
        names(again, an_alert())
        intake.knows_all()
    before = intake.counted
    with pytest.raises(BadBody):
        again.news([an_alert(), "no alert"], T0, TIMEOUT)
    assert intake.counted == before


@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["11:59", "12:04", "12:05"])), max_size=5)),
    st.sets(st.sampled_from("abc")),
)
def test_all_but_what_the_intake_knows_to_fire_is_news_in_its_order(
    batches: list[list[tuple[str, str]]], firing: set[str]
) -> None:
    intake = FakeIntake()
    intake.known = {said(report) for name in firing for report in posted.reports([an_alert(name)], T0, TIMEOUT)[0]}
    again = Again(intake)
    for batch in batches:
        body = [an_alert(name, ends=f"2026-11-23T{end}:00Z") for name, end in batch]
        plain, _ = posted.reports(deepcopy(body), T0, TIMEOUT)
        expected = [report for report in plain if report.resolved or report.labels["instance"] not in firing]
        assert again.news(deepcopy(body), T0, TIMEOUT) == (expected, [])


def test_a_batch_of_which_nothing_was_said_before_is_fresh_once() -> None:
    again = Again(FakeIntake())
    assert again.fresh([an_alert("a"), an_alert("b")], T0)
    assert not again.fresh([an_alert("c"), an_alert("b")], T0)


def test_what_was_fresh_once_is_learned_when_it_is_sent_again() -> None:
    intake = FakeIntake()
    again = Again(intake)
    assert again.fresh([an_alert("a")], T0)
    names(again, an_alert("a"))
    intake.knows_all()
    assert names(again, an_alert("a", ends="2026-11-23T12:05:00Z")) == []
    assert not again.fresh([an_alert("a")], T0)


@pytest.mark.parametrize(
    "body", [{}, [1], [an_alert("a"), {}], [an_alert("a", ends="2026-11-23T11:30:00Z")], [an_alert("a", labels=None)]]
)
def test_what_does_not_surely_fire_is_never_fresh(body: Any) -> None:
    assert not Again(FakeIntake()).fresh(body, T0)


def test_what_bears_a_heartbeat_s_name_is_never_fresh() -> None:
    assert not Again(FakeIntake()).fresh([an_alert("a")], T0, {"DiskFull"})
