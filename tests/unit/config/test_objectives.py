"""Mistakes in objectives and in what the impact is worked out from, each in one line with the mend."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.config.currencies import money
from bot.config.errors import ConfigError
from bot.config.manage import Manage, load
from tests.unit.config.plugins import CHANNELS, CHECKS

HEALTH = "health: {checks: [{name: shop, type: http, options: {url: http://x}}]}\n"


def read(path: Path, text: str) -> Manage:
    file = path / "manage.yml"
    file.write_text(HEALTH + text)
    return load(file, checks=CHECKS, channels=CHANNELS, variables={})


@pytest.mark.parametrize(("written", "budget"), [("99.9%", 0.001), ("99 %", 0.01), ("99.999900%", 0.000001)])
def test_an_objective_leaves_the_rest_to_the_error_budget(tmp_path: Path, written: str, budget: float) -> None:
    manage = read(tmp_path, f"objectives: {{up: {{objective: {written}, checks: [shop, store]}}}}")
    assert manage.objectives["up"].budget == budget


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("{objective: 100%, checks: shop}", 'up.objective: found "100%", allowed: a percentage over 0% and under 100%'),
        ("{objective: 0%, checks: shop}", 'up.objective: found "0%"'),
        ("{objective: 0.999, checks: shop}", "up.objective: found 0.999, allowed: a percentage"),
        ("{objective: -1%, checks: shop}", 'up.objective: found "-1%"'),
        ("{objective: 99.9%, checks: shp}", 'up.checks: found "shp", allowed: shop, store (did you mean "shop"?)'),
        ("{objective: 99.9%, checks: [store, shp]}", 'up.checks[1]: found "shp"'),
        ("{objective: 99.9%}", "up: found a mapping (objective), allowed: either checks, or errors and total"),
        ("{objective: 99.9%, errors: failed_requests}", "allowed: either checks, or errors and total"),
        (
            "{objective: 99.9%, errors: failed_requests, total: requests, checks: shop}",
            "allowed: either checks, or errors and total",
        ),
        ("{objective: 99.9%, errors: failed, total: requests}", 'up.errors: found the unknown metric "failed"'),
        ("{objective: 99.9%, errors: failed_requests, total: request}", '(did you mean "requests"?)'),
        (
            "{objective: 99.9%, errors: error_rate, total: requests}",
            'up.errors: found "error_rate", which is in 0..1, allowed: a metric that counts',
        ),
        ("{objective: 99.9%, checks: shop, labels: {a: b}}", "allowed: labels beside errors and total alone"),
        ("{objective: 99.9%, checks: shop, window: 0s}", 'up.window: found "0s", allowed: more than zero'),
        ("{objective: 99.9%, checks: shop, window: 1h}", 'up.window: found "1h", allowed: from 1d to 90d'),
        ("{objective: 99.9%, checks: shop, window: 91d}", 'up.window: found "91d", allowed: from 1d to 90d'),
        ("{objective: 99.9%, checks: shop, widnow: 7d}", 'did you mean "window"?'),
    ],
)
def test_a_wrong_objective_is_told_once_with_what_is_allowed(tmp_path: Path, objective: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"objectives: {{up: {objective}}}")
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("impact", "said"),
    [
        ("{active_users: activ}", 'impact.active_users: found the unknown metric "activ"'),
        ("{affected_users: cpu}", 'impact.affected_users: found "cpu", which is in %, allowed: a metric that counts'),
        ("{cost: {currency: EURO, per_minute: 1}}", 'currency: found "EURO", allowed: a code of ISO 4217, like "EUR"'),
        ("{cost: {currency: eur, per_minute: 1}}", 'currency: found "eur"'),
        ("{cost: {per_minute: 1}}", "cost.currency: found nothing"),
        ("{cost: {currency: EUR, per_minute: 0}}", "cost.per_minute: found 0, allowed: greater than 0"),
        ("{cost: {currency: EUR, per_minute: true}}", "cost.per_minute: found True, allowed: a number"),
        ("{cost: {currency: EUR, per_minute: .nan}}", "cost.per_minute: found"),
        ("{cost: {currency: EUR}}", "allowed: one of per_minute and per_failed_request"),
        (
            "{cost: {currency: EUR, per_minute: 1, per_failed_request: 1}}",
            "allowed: one of per_minute and per_failed_request",
        ),
    ],
)
def test_a_wrong_impact_is_told_once_with_what_is_allowed(tmp_path: Path, impact: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"postmortems: {{impact: {impact}}}")
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_a_rate_is_the_very_number_that_was_written(tmp_path: Path) -> None:
    cost = read(
        tmp_path, "postmortems: {impact: {cost: {currency: JPY, per_failed_request: 0.1}}}"
    ).postmortems.impact.cost
    assert cost is not None
    assert cost.per_failed_request == Decimal("0.1")


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("1488", "1,488 EUR"),
        ("1488.005", "1,488.01 EUR"),
        ("0.0004", "0.0004 EUR"),
        ("120.50", "120.50 EUR"),
        ("1000000000000", "1,000,000,000,000 EUR"),
        ("0", "0 EUR"),
    ],
)
def test_money_is_said_to_the_cent(amount: str, said: str) -> None:
    assert money(Decimal(amount), "EUR") == said
