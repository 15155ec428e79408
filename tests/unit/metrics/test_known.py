"""The names that conditions may use, and the page that tells them."""

from pathlib import Path

import pytest

from bot.config.errors import ConfigError
from bot.config.known_metrics import WELL_KNOWN, WellKnown, known, known_in, pushable
from bot.config.manage import load
from bot.config.metrics import Metrics
from bot.metrics.sources.host import HOST
from bot.metrics.sources.prometheus import PROMETHEUS

PAGE = (Path(__file__).parents[3] / "docs/metrics.md").read_text(encoding="utf-8")
KINDS = {"host": HOST, "prometheus": PROMETHEUS}


@pytest.mark.parametrize("one", WELL_KNOWN.values(), ids=WELL_KNOWN)
def test_a_well_known_metric_stands_on_the_page_with_unit_and_meaning(one: WellKnown) -> None:
    assert f"\n| `{one.name}` | {one.unit} | {one.meaning} |" in PAGE


def test_the_page_names_no_other_metric() -> None:
    table = PAGE.partition("## Well-known metrics")[2]
    assert [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")] == list(WELL_KNOWN)


def manage(**metrics):
    return load(None, checks={}, channels={}, sources=KINDS, base={"metrics": metrics}).metrics


def test_pushed_names_are_known_and_may_be_pushed() -> None:
    given = manage(pushed=["orders_waiting"])

    assert "orders_waiting" in known(given, KINDS) & pushable(given)


def test_the_queries_of_prometheus_are_known_and_may_not_be_pushed() -> None:
    options = {"url": "http://127.0.0.1:9090", "queries": {"orders": "sum(orders)"}}
    given = manage(sources=[{"name": "p", "type": "prometheus", "options": options}])

    assert "orders" in known(given, KINDS)
    assert "orders" not in pushable(given)


def test_without_a_source_its_names_are_not_known() -> None:
    assert "orders" not in known(Metrics(), KINDS)


@pytest.mark.parametrize(
    "section",
    [None, 5, {"pushed": 5, "sources": 5}, {"pushed": [5, None], "sources": [5, {"type": 5}, {"type": "nothing"}]}],
)
def test_what_is_malformed_is_passed_over(section) -> None:
    assert known_in({"metrics": section}, KINDS) == known(Metrics(), KINDS)


def test_one_word_may_stand_for_a_list() -> None:
    assert "orders" in known_in({"metrics": {"pushed": "orders"}}, KINDS)


@pytest.mark.parametrize("name", ["orders-waiting", "1st", "http.requests", "in", "", "orders waiting", "ünits"])
def test_a_name_that_conditions_cannot_spell_is_refused(name) -> None:
    with pytest.raises(ConfigError, match=r"the name of a metric as conditions write it|at least 1"):
        manage(pushed=[name])


def test_two_sources_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="a second time"):
        manage(sources=[{"name": "it", "type": "host"}, {"name": "it", "type": "host"}])
