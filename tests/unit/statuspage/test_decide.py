"""What the status page says of components, of them all, and of maintenance."""

from datetime import timedelta

import pytest

from bot.statuspage.decide import MOST_PLANNED, Condition, Page
from storage.records.checks import Status
from tests.fakes.ports import T0
from tests.unit.statuspage.states import healthy, page, state, window

NOW = ("2026-11-23 11:00", "2026-11-23 14:00")


def conditions(shown: Page) -> list[str]:
    return [one.condition.value for one in shown.components]


@pytest.mark.parametrize(
    ("status", "condition"),
    [
        (Status.HEALTHY, Condition.OPERATIONAL),
        (Status.DEGRADED, Condition.DEGRADED),
        (Status.DOWN, Condition.OUTAGE),
        (Status.UNKNOWN, Condition.UNKNOWN),
    ],
)
def test_a_component_is_as_its_worst_check_holds(status: Status, condition: Condition) -> None:
    shown = page(healthy(database=status))
    assert conditions(shown) == [condition, "operational"]
    assert shown.condition is condition


def test_the_worst_component_is_the_state_of_them_all() -> None:
    assert page(healthy(api=Status.DEGRADED, smtp=Status.DOWN)).condition is Condition.OUTAGE


def test_a_trouble_has_lasted_since_its_first_check_had_it() -> None:
    earlier = state("api", Status.DOWN, since=T0 - timedelta(hours=2))
    (shop, mail) = page({**healthy(database=Status.DOWN), "api": earlier}).components
    assert (shop.since, mail.since) == (T0 - timedelta(hours=2), None)


def test_a_result_of_long_ago_says_nothing_of_now() -> None:
    old = state("smtp", Status.HEALTHY, observed_at=T0 - timedelta(minutes=4))
    assert conditions(page({**healthy(), "smtp": old})) == ["operational", "unknown"]


def test_a_check_without_a_result_is_not_known() -> None:
    assert conditions(page({})) == ["unknown", "unknown"]


def test_without_components_nothing_is_known() -> None:
    shown = page(healthy(api=Status.DOWN), components=[])
    assert (shown.components, shown.condition) == ((), Condition.UNKNOWN)


@pytest.mark.parametrize("matchers", ["service=shop", 'check=~"api|database"'])
def test_a_component_in_maintenance_says_so_instead_of_an_outage(matchers: str) -> None:
    shown = page(healthy(api=Status.DOWN, database=Status.DOWN), window("move", *NOW, matchers))
    assert conditions(shown) == ["under_maintenance", "operational"]
    assert shown.components[0].since is None
    assert [(one.title, one.components) for one in shown.current] == [("move", ("Shop",))]


def test_what_maintenance_does_not_cover_is_still_an_outage() -> None:
    shown = page(healthy(api=Status.DOWN, database=Status.DOWN), window("move", *NOW, "check=api"))
    assert conditions(shown)[0] == "major_outage"


def test_a_window_that_is_not_public_is_not_there() -> None:
    shown = page(healthy(api=Status.DOWN), window("move", *NOW, public=False))
    assert (conditions(shown)[0], shown.current) == ("major_outage", ())


def test_a_window_counts_from_its_begin_until_its_end() -> None:
    over = window("over", "2026-11-23 10:00", "2026-11-23 12:00")
    begins = window("begins", "2026-11-23 12:00", "2026-11-23 13:00")
    assert [one.title for one in page(healthy(), over, begins).current] == ["begins"]


def test_maintenance_of_the_next_fourteen_days_is_announced_in_its_order() -> None:
    shown = page(
        healthy(),
        window("too far", "2026-12-07 12:00", "2026-12-07 13:00"),
        window("second", "2026-12-07 11:59", "2026-12-07 13:00", title="Network"),
        window("first", "2026-11-24 02:00", "2026-11-24 03:00", "team=other"),
    )
    assert [(one.title, one.components) for one in shown.planned] == [("first", ()), ("Network", ("Shop",))]
    assert conditions(shown) == ["operational", "operational"]


def test_of_many_planned_times_the_first_are_listed_and_the_others_counted() -> None:
    often = [
        {"name": f"at {hour}", "every": f"{hour}:00", "for": "1h", "matchers": "a=b", "public": True}
        for hour in ("13", "14")
    ]
    shown = page(healthy(), *often)
    assert (len(shown.planned), shown.unlisted) == (MOST_PLANNED, 28 - MOST_PLANNED)
