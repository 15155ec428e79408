"""Error budgets: 1 - SLO of a window, what was used, what an incident took, and how that is said."""

from datetime import timedelta

import pytest

from bot.config.objectives import Objective
from bot.objectives.budget import Counted, budget, burn_rate, minutes, percent, requests, taken, words

DAY = 86_400.0
UPTIME = Objective(objective="99.9%", checks="shop")
RATIO = Objective(objective="99%", window=timedelta(days=7), errors="failed_requests", total="requests")


def of_time(bad: float, known: float = 30 * DAY) -> Counted:
    return Counted(bad=bad, all=known, known=known)


def test_the_budget_of_time_is_what_is_missing_to_all_of_the_window() -> None:
    one = budget("shop", UPTIME, of_time(720.0))
    assert one.allowed == pytest.approx(43.2 * 60)
    assert one.left == pytest.approx(31.2 * 60)
    assert one.share(one.used) == pytest.approx(0.27778, abs=1e-5)


def test_time_that_was_not_measured_makes_the_budget_no_smaller_and_is_told() -> None:
    one = budget("shop", UPTIME, of_time(720.0, known=DAY))
    assert one.allowed == pytest.approx(43.2 * 60)
    assert not one.whole


def test_the_budget_of_requests_is_that_of_the_requests_there_were() -> None:
    one = budget("shop", RATIO, Counted(bad=30.0, all=10_000.0, known=7 * DAY))
    assert (one.allowed, one.left, one.whole) == (pytest.approx(100.0), pytest.approx(70.0), True)


def test_of_a_budget_of_no_requests_a_failed_one_is_all() -> None:
    one = budget("shop", RATIO, Counted(bad=0.0, all=0.0, known=DAY))
    assert (one.share(0.0), one.share(1.0)) == (0.0, 1.0)


def test_a_burn_rate_of_one_uses_the_whole_budget_in_the_window() -> None:
    assert burn_rate(UPTIME, of_time(3.6, known=3600.0)) == pytest.approx(1.0)
    assert burn_rate(UPTIME, of_time(3600.0, known=3600.0)) == pytest.approx(1000.0)
    assert burn_rate(RATIO, Counted(bad=0.0, all=0.0, known=3600.0)) is None


def test_what_an_incident_took_is_told_with_all_that_it_is_measured_by() -> None:
    first, second = words(taken(budget("shop", UPTIME, of_time(900.0)), of_time(720.0, 900.0), timedelta(minutes=15)))
    assert first == (
        "it took 12 min of downtime: 27.8% of the error budget of shop (99.9% over 30 d allows 43.2 min of downtime)"
    )
    assert second == (
        "at its end 15 min (34.7%) of the error budget of shop were used, 3 min of that by what came earlier; 28.2 min"
        " (65.3%) were left"
    )


def test_what_was_measured_only_in_part_says_how_much() -> None:
    spent = budget("shop", UPTIME, of_time(240.0, known=3 * DAY))
    first, second = words(taken(spent, of_time(240.0, 300.0), timedelta(minutes=15)))
    assert first.endswith("; 5 min of its 15 min were measured")
    assert second.endswith("; 3 d of these 30 d were measured")


def test_a_budget_that_is_overspent_says_by_how_much() -> None:
    spent = budget("api", RATIO, Counted(bad=2_500.0, all=100_000.0, known=7 * DAY))
    incident = Counted(bad=2_400.0, all=5_000.0, known=600.0)
    first, second = words(taken(spent, incident, timedelta(minutes=10)))
    assert first == (
        "it took 2,400 failed requests: 240% of the error budget of api (99% over 7 d allows 1,000 requests to fail)"
    )
    assert second == (
        "at its end 2,500 requests (250%) of the error budget of api were used, 100 requests of that by what came"
        " earlier; that is 1,500 requests more than it allows"
    )


@pytest.mark.parametrize(
    ("said", "words_"),
    [
        (minutes(0.0), "0 min"),
        (minutes(0.2), "200 ms"),
        (minutes(39.0), "0.65 min"),
        (minutes(60.0), "1 min"),
        (minutes(2_592.0), "43.2 min"),
        (minutes(60e9), "1,000,000,000 min"),
        (requests(1.0), "1 request"),
        (requests(0.24), "0.24 requests"),
        (requests(0.00001), "less than 0.01 requests"),
        (requests(1e15), "1,000,000,000,000,000 requests"),
        (percent(0.0), "0%"),
        (percent(0.0001), "less than 0.1%"),
        (percent(1.0), "100%"),
        (percent(1234.5), "123,450%"),
    ],
)
def test_amounts_are_said_as_they_are_read(said: str, words_: str) -> None:
    assert said == words_
