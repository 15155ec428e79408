"""The impact in numbers: computed where something measured it, asked for where nothing did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.postmortems import impact
from storage.records.journal import Entry
from storage.records.samples import Sample

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
    assert (down.words, down.entries) == ("check shop was not healthy for 12 min", (1, 3))


def test_a_check_that_did_not_recover_counts_to_the_end_of_the_incident() -> None:
    (down,) = impact.downs([changed(1, 0, "down")], T0, T0 + timedelta(minutes=5))
    assert (down.words, down.entries) == ("check shop was not healthy for 5 min", (1,))


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
    ],
)
def test_only_what_nothing_tells_is_asked_for(said: str, missing: str) -> None:
    assert missing in impact.asked([])
    assert missing not in impact.asked([said])


def test_nothing_is_asked_when_all_is_known() -> None:
    assert impact.asked(["40 users, 7 requests, 1 % of the error budget, €5"]) == ""
