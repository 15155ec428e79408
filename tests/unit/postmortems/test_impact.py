"""The impact in numbers: computed where something measured it, asked for where nothing did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.config.objectives import Objective
from bot.config.postmortems import Cost
from bot.health.held import Spent
from bot.objectives.budget import Counted, budget, taken
from bot.postmortems import impact
from storage.records.journal import Entry
from storage.records.samples import Aggregate, Sample

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def changed(number: int, minutes: int, status: str, check: str = "shop", noticed: int = 0) -> Entry:
    """A check came to be so after `minutes`; so many more later that was noticed."""
    since = T0 + timedelta(minutes=minutes)
    return Entry(
        id=number,
        at=since + timedelta(minutes=noticed),
        kind="CheckChanged",
        subject=f"check:{check}",
        actor="bot",
        payload={"check": check, "status": status, "since": since.isoformat()},
    )


def sample(metric: str, value: float, minutes: int = 0, **labels: str) -> Sample:
    return Sample(metric=metric, at=T0 + timedelta(minutes=minutes), value=value, labels=labels)


def test_failed_requests_are_the_share_that_failed_of_the_requests_of_that_moment() -> None:
    rates = [sample("error_rate", 0.5), sample("error_rate", 0.1, 1)]
    counts = [sample("requests", 1000), sample("requests", 2000, 1)]
    found = impact.requests(rates, counts)
    assert found == impact.Requests(all=3000, failed=700, samples=2, first=T0, last=T0 + timedelta(minutes=1))
    assert found.words == "700 of 3,000 requests failed (23.3%), in 2 samples from 2026-11-23 12:00 to 12:01 UTC"


def test_a_share_is_taken_of_the_requests_of_its_own_service_alone() -> None:
    rates = [sample("error_rate", 1.0, service="shop")]
    counts = [sample("requests", 10, service="shop"), sample("requests", 9000, service="mail")]
    assert impact.requests(rates, counts) == impact.Requests(all=10, failed=10, samples=1, first=T0, last=T0)


def test_failed_requests_that_were_counted_need_no_share() -> None:
    counts = [sample("requests", 1000), sample("requests", 1000, 1)]
    found = impact.requests([sample("error_rate", 0.9)], counts, [sample("failed_requests", 7)])
    assert found is not None
    assert found.words == "7 of 1,000 requests failed (0.7%), in 1 sample at 2026-11-23 12:00 UTC"


def test_a_share_of_requests_that_nobody_counted_tells_no_number() -> None:
    assert impact.requests([sample("error_rate", 0.5)], []) is None


def test_a_check_is_counted_from_its_first_bad_change_to_its_recovery() -> None:
    entries = [changed(1, 0, "degraded"), changed(2, 3, "down"), changed(3, 12, "healthy")]
    (down,) = impact.downs(entries, T0, T0 + timedelta(hours=1))
    assert (down.words, down.entries) == ("check shop was degraded or down for 12 min", (1, 3))


def test_a_check_is_counted_from_when_it_was_bad_and_not_from_when_that_was_noticed() -> None:
    entries = [changed(1, -3, "down", noticed=5), changed(2, 12, "healthy", noticed=2)]
    (down,) = impact.downs(entries, T0, T0 + timedelta(hours=1))
    assert down.words == "check shop was degraded or down for 12 min"  # what was before the impact is no part of it


def test_a_check_that_did_not_recover_counts_to_the_end_of_the_incident() -> None:
    (down,) = impact.downs([changed(1, 0, "down")], T0, T0 + timedelta(minutes=5))
    assert (down.words, down.entries) == ("check shop was degraded or down for 5 min", (1,))


def test_checks_do_not_end_each_other() -> None:
    entries = [changed(1, 0, "down"), replace(changed(2, 5, "healthy"), payload={"check": "mail", "status": "healthy"})]
    assert [down.check for down in impact.downs(entries, T0, T0 + timedelta(minutes=9))] == ["shop"]


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("40 users saw errors", "how many users were affected"),
        ("700 of 3,000 requests failed", "how many requests failed"),
        ("a tenth of the error budget is gone", "how much of the error budget it took"),
        ("it cost $2,000 in refunds", "what it cost"),
        ("it cost 2,000 CHF in refunds", "what it cost"),
        ("1 user was affected", "how many users were affected"),
    ],
)
def test_only_what_nothing_tells_is_asked_for(said: str, missing: str) -> None:
    assert missing in impact.asked([])
    assert missing not in impact.asked([said])


def test_nothing_is_asked_when_all_is_known() -> None:
    assert impact.asked(["40 users, 7 requests, 1 % of the error budget, €5"]) == ""


@pytest.mark.parametrize("said", ["up to 40 users were active at one time", "up to 1 user was active at one time"])
def test_who_was_active_was_not_therefore_affected(said: str) -> None:
    assert "how many users were affected" in impact.asked([said])


@pytest.mark.parametrize("said", ["at 12:00 UTC", "all 12 ALLOW rules", "12 in all", "2 top tables"])
def test_what_is_no_money_leaves_the_cost_a_question(said: str) -> None:
    assert "what it cost" in impact.asked([said])


def series(most: float, count: int = 3, **labels: str) -> Aggregate:
    return Aggregate(metric="active_users", at=T0, labels=labels, count=count, min=0.0, max=most, mean=most)


def test_users_are_an_upper_limit_of_one_moment_summed_over_the_series() -> None:
    found = impact.users("active_users", [series(40.2, region="eu"), series(1_000.0, region="us")], affected=False)
    assert found is not None
    assert found.words == "up to 1,041 users were active at one time, by 6 samples of 2 series of active_users"


def test_affected_users_are_called_so_and_one_is_no_plural() -> None:
    found = impact.users("hurt_users", [series(1.0, count=1)], affected=True)
    assert found is not None
    assert found.words == "up to 1 user was affected at one time, by 1 sample of 1 series of hurt_users"


@pytest.mark.parametrize("measured", [[], [series(float("inf"))], [series(-1.0)]])
def test_no_number_of_users_tells_nothing(measured: list[Aggregate]) -> None:
    assert impact.users("active_users", measured, affected=False) is None


def cost(down: Spent | None = None, requests: impact.Requests | None = None, **rate: str) -> list[str]:
    figures = impact.Figures(lasted=900.0, downtime=down, requests=requests, cost=Cost(currency="EUR", **rate))
    return [said for said in impact.counted(figures) if "cost" in said]


FAILED = impact.Requests(all=3000, failed=700, samples=2, first=T0, last=T0)


def test_downtime_costs_what_its_minutes_times_the_rate_are() -> None:
    assert cost(Spent(known=900.0, down=741.0), per_minute="120.5") == [
        "it cost 1,488.18 EUR by the rate in manage.yml: 12.35 min of downtime at 120.50 EUR per minute"
    ]


def test_downtime_that_was_measured_in_part_costs_at_least_so_much() -> None:
    assert cost(Spent(known=600.0, down=600.0), per_minute="100") == [
        (
            "it cost at least 1,000 EUR by the rate in manage.yml: 10 min of downtime at 100 EUR per minute;"
            " 10 min of its 15 min were measured"
        )
    ]


def test_failed_requests_cost_what_their_number_times_the_rate_is() -> None:
    assert cost(requests=FAILED, per_failed_request="0.02") == [
        "it cost 14 EUR by the rate in manage.yml: 700 failed requests at 0.02 EUR each"
    ]


@pytest.mark.parametrize("down", [None, Spent(), Spent(known=900.0, degraded=900.0)])
def test_without_downtime_or_a_rate_no_cost_is_told(down: Spent | None) -> None:
    assert cost(down, per_minute="100") == []
    assert cost(down, per_failed_request="1") == []
    assert list(impact.counted(impact.Figures(lasted=900.0, downtime=Spent(known=900.0, down=60.0)))) == []


def test_budgets_that_nothing_was_taken_of_are_told_together() -> None:
    objective = Objective(objective="99.9%", checks="shop")
    well = Counted(bad=0.0, all=900.0, known=900.0)
    spared = [taken(budget(name, objective, well), well, timedelta(minutes=15)) for name in ("shop", "mail")]
    assert list(impact.budgets(impact.Figures(budgets=spared))) == [
        (None, "0% of the error budget of shop and mail went to this incident, as far as it was measured")
    ]
