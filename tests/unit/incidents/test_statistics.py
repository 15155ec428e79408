from datetime import timedelta

import pytest

from bot.incidents.statistics import UNNAMED, Outcome, outcome, step_of, summed
from storage.records.alerts import Severity
from storage.records.incidents import Incident, IncidentStatus
from tests.fakes.ports import T0

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def one(number: int = 1, *, days_ago: float = 1, minutes: float | None = 60, **changes) -> Outcome:
    spans = {} if minutes is None else {"detect": 60.0, "resolve": minutes * 60}
    fields = {"number": number, "severity": "high", "declared_at": T0 - days_ago * DAY, "spans": spans}
    return Outcome(**{**fields, **changes})


def of_30_days(*outcomes: Outcome):
    return summed(outcomes, since=T0 - 30 * DAY, until=T0)


class TestOutcome:
    INCIDENT = Incident(
        id=3,
        title="x",
        severity=Severity.HIGH,
        declared_by="bot",
        started_at=T0,
        declared_at=T0 + 2 * MINUTE,
        acknowledged_at=T0 + 5 * MINUTE,
        mitigated_at=T0 + 30 * MINUTE,
        resolved_at=T0 + HOUR,
        status=IncidentStatus.RESOLVED,
        components=("Checkout",),
    )

    def test_counts_each_part_from_the_start_of_the_impact(self) -> None:
        assert outcome(self.INCIDENT).spans == {
            "detect": 120.0,
            "acknowledge": 300.0,
            "mitigate": 1800.0,
            "resolve": 3600.0,
        }

    def test_leaves_out_what_nobody_said(self) -> None:
        unsaid = Incident(**{**vars(self.INCIDENT), "acknowledged_at": None, "mitigated_at": None})

        assert set(outcome(unsaid).spans) == {"detect", "resolve"}

    def test_has_no_spans_while_it_is_open(self) -> None:
        assert outcome(Incident(**{**vars(self.INCIDENT), "resolved_at": None})).spans == {}

    def test_is_known_by_its_services_else_by_what_it_affects(self) -> None:
        assert outcome(self.INCIDENT, ["shop", "shop"]).services == ("shop",)
        assert outcome(self.INCIDENT, checks=["http"]).services == ("Checkout",)
        unaffected = Incident(**{**vars(self.INCIDENT), "components": ()})
        assert outcome(unaffected, checks=["http"]).services == ("http",)


class TestSummed:
    def test_tells_the_mean_and_the_middle_of_each_part(self) -> None:
        found = of_30_days(one(minutes=10), one(minutes=20), one(minutes=90))

        assert (found.declared, found.still_open) == (3, 0)
        assert (found.parts["resolve"].mean, found.parts["resolve"].median) == (2400.0, 1200.0)
        assert found.parts["detect"].count == 3
        assert "mitigate" not in found.parts

    def test_counts_open_ones_without_letting_them_shorten_the_mean(self) -> None:
        found = of_30_days(one(minutes=60), one(minutes=None))

        assert (found.declared, found.still_open, found.parts["resolve"].mean) == (2, 1, 3600.0)

    def test_leaves_out_what_was_declared_before(self) -> None:
        assert of_30_days(one(days_ago=31)).declared == 0

    def test_counts_what_was_declared_this_moment(self) -> None:
        found = of_30_days(one(days_ago=0))

        assert (found.declared, found.trend[-1].declared) == (1, 1)

    def test_counts_what_was_declared_at_the_very_beginning(self) -> None:
        found = of_30_days(one(days_ago=30))

        assert (found.declared, found.trend[0].declared) == (1, 1)

    def test_tells_the_trend_with_gaps_where_nothing_was_resolved(self) -> None:
        found = of_30_days(one(days_ago=1, minutes=10), one(days_ago=15, minutes=30))

        assert [p.declared for p in found.trend] == [0, 0, 1, 0, 1]
        assert [p.resolve.mean if p.resolve else None for p in found.trend] == [None, None, 1800.0, None, 600.0]
        assert found.trend[-1].since == T0 - 7 * DAY
        assert found.trend[0].since == T0 - 30 * DAY

    def test_puts_each_incident_into_one_period(self) -> None:
        found = of_30_days(*(one(days_ago=n / 4) for n in range(121)))

        assert sum(p.declared for p in found.trend) == found.declared == 121

    def test_puts_the_service_first_that_took_longest_in_all(self) -> None:
        found = of_30_days(
            one(minutes=50, services=("shop",)),
            one(minutes=30, services=("mail",)),
            one(minutes=40, services=("mail", "shop")),
        )

        assert [(g.name, g.declared, g.total) for g in found.services] == [("shop", 2, 5400.0), ("mail", 2, 4200.0)]

    def test_puts_what_has_no_cause_last(self) -> None:
        found = of_30_days(one(minutes=500), one(minutes=1, cause="deploy"))

        assert [g.name for g in found.causes] == ["deploy", UNNAMED]

    def test_is_empty_for_nothing(self) -> None:
        found = of_30_days()

        assert (found.declared, found.parts, found.services, found.causes) == (0, {}, (), ())


@pytest.mark.parametrize(("days", "step"), [(1, 1), (14, 1), (30, 7), (180, 7), (365, 30)])
def test_a_point_of_the_trend_grows_with_the_span(days: int, step: int) -> None:
    assert step_of(days * DAY) == step * DAY
