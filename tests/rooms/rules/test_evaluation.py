import time
from dataclasses import replace
from datetime import timedelta

from storage.records.alerts import Severity
from storage.records.samples import Sample
from tests.fakes.ports import T0

ERRORS = {"condition": "error_rate > 0.05", "severity": "critical", "policy": "critical"}


async def test_a_rule_without_delay_fires_at_once_and_is_over_with_its_condition(rules):
    world = rules(errors=ERRORS | {"summary": "{{ labels.service }} fails: {{ value }} of {{ threshold }}"})

    (fired,) = await world.round("error_rate", 0.07, service="shop")
    assert (fired.name, fired.labels, fired.severity) == ("errors", {"service": "shop"}, Severity.CRITICAL)
    assert (fired.resolved, fired.value, fired.threshold, fired.policy) == (False, 0.07, 0.05, "critical")
    assert fired.summary == "shop fails: 0.07 of 0.05"

    (ended,) = await world.round("error_rate", 0.01, service="shop")
    assert (ended.name, ended.labels, ended.resolved) == ("errors", {"service": "shop"}, True)
    assert await world.states() == []


async def test_a_condition_must_hold_for_as_long_as_the_rule_says(rules):
    world = rules(errors=ERRORS | {"for": "1m"})

    assert [await world.round("error_rate", 0.07) for _ in range(4)] == [[]] * 4
    (fired,) = await world.round("error_rate", 0.07)
    assert fired.started_at == T0 + timedelta(seconds=15)


async def test_one_good_value_makes_the_delay_begin_anew(rules):
    world = rules(errors=ERRORS | {"for": "30s"})

    for value in (0.07, 0.07, 0.01, 0.07, 0.07):
        assert await world.round("error_rate", value) == []
    assert len(await world.round("error_rate", 0.07)) == 1


async def test_a_restart_loses_neither_what_waits_nor_what_fires(rules):
    changed = ERRORS | {"for": "30s"}
    await rules(errors=changed).round("error_rate", 0.07)
    await rules(errors=changed).round("error_rate", 0.07)
    world = rules(errors=changed)

    assert len(await world.round("error_rate", 0.07)) == 1
    assert await rules(errors=changed).round("error_rate", 0.07) == []
    assert [r.resolved for r in await rules(errors=changed).round("error_rate", 0.01)] == [True]


async def test_what_waited_through_an_outage_begins_anew(rules):
    world = rules(errors=ERRORS | {"for": "10m"})
    await world.round("error_rate", 0.07)

    assert await world.round("error_rate", 0.07, seconds=1200) == []


async def test_it_goes_on_firing_for_a_while_and_true_again_continues(rules):
    world = rules(errors=ERRORS | {"keep_firing_for": "1m"})
    await world.round("error_rate", 0.07)

    assert [await world.round("error_rate", 0.01) for _ in range(3)][1:] == [[], []]
    assert not any(r.resolved for r in await world.round("error_rate", 0.07))
    for _ in range(4):
        assert not any(r.resolved for r in await world.round("error_rate", 0.01))
    assert [r.resolved for r in await world.round("error_rate", 0.01)] == [True]


async def test_a_rule_with_an_end_of_its_own_is_over_only_then(rules):
    world = rules(errors=ERRORS | {"clear": "error_rate < 0.03"})
    await world.round("error_rate", 0.07)

    assert not any(r.resolved for r in await world.round("error_rate", 0.04))
    assert [r.resolved for r in await world.round("error_rate", 0.02)] == [True]


async def test_a_new_value_is_told_and_the_same_one_is_not(rules):
    world = rules(errors=ERRORS)
    await world.round("error_rate", 0.07)

    assert await world.round("error_rate", 0.07) == []
    (again,) = await world.round("error_rate", 0.09)
    assert (again.value, again.resolved) == (0.09, False)


async def test_missing_data_is_absent_and_neither_fires_nor_resolves(rules):
    world = rules(errors=ERRORS | {"condition": "error_rate < 0.05"})
    await world.measured("error_rate", 0.01, service="shop")
    await world.evaluate()
    world.clock.forward(3600)

    (said,) = await world.evaluate()
    assert (said.resolved, said.reading) == (False, "no data since 2026-11-23 12:00 UTC; last 0.01")
    assert await world.shown() == {("errors", "shop"): "absent"}
    assert await world.evaluate() == []
    assert [r.resolved for r in await world.round("error_rate", 0.9, service="shop")] == [True]


async def test_a_series_that_is_silent_for_days_still_fires(rules):
    world = rules(errors=ERRORS)
    await world.round("error_rate", 0.07, service="shop")
    world.clock.forward(5 * 86_400)

    assert [r.resolved for r in await world.evaluate()] == [False]
    assert [state.phase.value for state in await world.states()] == ["firing"]


async def test_a_silence_ends_what_waited(rules):
    world = rules(errors=ERRORS | {"for": "10m"})
    await world.round("error_rate", 0.07)
    world.clock.forward(400)
    await world.evaluate()

    assert await world.states() == []


async def test_metrics_are_joined_where_their_labels_are_equal(rules):
    world = rules(pool={"condition": "db_connections / db_pool_size > 0.9"})
    for database, used in (("a", 95), ("b", 50)):
        await world.measured("db_connections", used, database=database)
        await world.measured("db_pool_size", 100, database=database)

    (fired,) = await world.evaluate()
    assert (fired.labels, fired.value) == ({"database": "a"}, 0.95)


async def test_metrics_of_different_sources_are_joined_without_the_label_source(rules):
    world = rules(pool={"condition": "db_connections / db_pool_size > 0.9"})
    await world.measured("db_connections", 95, source="pushed", service="shop")
    await world.measured("db_pool_size", 100, source="prometheus", service="shop")

    (fired,) = await world.evaluate()
    assert fired.labels == {"service": "shop"}


async def test_metrics_of_two_sources_that_give_both_stay_apart(rules):
    world = rules(pool={"condition": "db_connections / db_pool_size > 0.9"})
    for source, used in (("one", 95), ("two", 96)):
        await world.measured("db_connections", used, source=source)
        await world.measured("db_pool_size", 100, source=source)

    assert [report.labels for report in await world.evaluate()] == [{"source": "one"}, {"source": "two"}]


async def test_a_label_set_that_lacks_a_metric_is_absent(rules):
    world = rules(pool={"condition": "db_connections / db_pool_size > 0.9"})
    await world.measured("db_connections", 95, database="a")

    assert await world.evaluate() == []
    assert await world.shown() == {("pool", "a"): "absent"}


async def test_a_rule_that_cannot_be_evaluated_says_so_and_resolves_nothing(rules):
    world = rules(pool={"condition": "db_connections / db_pool_size > 0.9"})
    await world.measured("db_connections", 95)
    await world.measured("db_pool_size", 100)
    await world.evaluate()
    world.clock.forward(15)
    await world.measured("db_connections", 95)
    await world.measured("db_pool_size", 0)

    said = await world.evaluate()
    assert [(r.name, r.resolved) for r in said] == [("pool", False), ("rule-broken", False)]
    assert said[1].labels == {"rule": "pool"}
    assert said[1].reading == "division by zero"
    assert await world.evaluate() == []

    world.clock.forward(15)
    await world.measured("db_connections", 10)
    await world.measured("db_pool_size", 100)
    assert sorted((r.name, r.resolved) for r in await world.evaluate()) == [("pool", True), ("rule-broken", True)]


async def test_a_condition_that_cannot_be_read_is_a_broken_rule(rules):
    world = rules(typo={"condition": "cpu >"})

    (said,) = await world.evaluate()
    assert (said.name, said.labels) == ("rule-broken", {"rule": "typo"})
    assert "the end" in said.reading
    assert await world.evaluate() == []
    assert [r.resolved for r in await world.configured(typo={"condition": "cpu > 1"}).evaluate()] == [True]


async def test_what_fires_by_a_rule_that_was_removed_is_over(rules):
    await rules(errors=ERRORS).round("error_rate", 0.07, service="shop")
    world = rules(other={"condition": "cpu > 80"})

    (said,) = await world.evaluate()
    assert (said.name, said.labels, said.resolved) == ("errors", {"service": "shop"}, True)
    assert await world.states() == []


async def test_labels_of_the_rule_are_added_to_its_alerts(rules):
    world = rules(errors=ERRORS | {"labels": {"team": "shop"}})

    (fired,) = await world.round("error_rate", 0.07, service="cart")
    assert fired.labels == {"service": "cart", "team": "shop"}


async def test_a_metric_cannot_name_the_alert_that_it_raises(rules):
    world = rules(errors=ERRORS)

    (fired,) = await world.round("error_rate", 0.07, alertname="other")
    assert (fired.name, fired.labels) == ("errors", {"exported_alertname": "other"})


async def test_after_a_failed_report_everything_is_reported_again(rules):
    world = rules(errors=ERRORS)
    await world.measured("error_rate", 0.07)
    told = world.ports.report

    async def refuse(_reports, /):
        raise ConnectionError("the database is away")

    world.ports = replace(world.ports, report=refuse)
    try:
        await world.evaluate()
    except ConnectionError:
        world.ports = replace(world.ports, report=told)
    assert len(await world.evaluate()) == 1


async def test_an_anomaly_rule_fires_on_what_is_unusual_for_the_hour(rules):
    world = rules(odd={"anomaly": {"metric": "requests", "deviations": 5}})
    many = []
    for minutes in range(5, 4 * 1440, 5):
        at = T0 - timedelta(minutes=minutes)
        usual = 1000.0 if 8 <= at.hour < 20 else 100.0
        many.append(Sample(metric="requests", at=at, value=usual + minutes % 7, labels={"service": "shop"}))
    await world.kept(many)

    assert await world.round("requests", 1003.0, service="shop") == []
    for _ in range(6):
        world.clock.forward(300)
        await world.measured("requests", 20.0, service="shop")
    (fired,) = await world.evaluate()
    assert (fired.name, fired.labels) == ("odd", {"service": "shop"})
    assert fired.threshold is not None
    assert fired.value < fired.threshold < 1000


async def test_an_anomaly_rule_without_history_does_not_judge(rules):
    world = rules(odd={"anomaly": {"metric": "requests"}})

    assert await world.round("requests", 1e9) == []
    assert await world.shown() == {("odd", ""): "ok"}


async def test_a_hundred_rules_over_fifty_label_sets_are_evaluated_well_within_a_second(rules):
    world = rules(**{f"r{n}": {"condition": f"cpu > {n} && memory / 100 > 0.{n:02}"} for n in range(100)})
    at = world.clock()
    await world.kept(
        [
            Sample(metric=metric, at=at, value=0.5, labels={"host": str(host)})
            for host in range(50)
            for metric in ("cpu", "memory")
        ]
    )
    await world.evaluate()
    took = []
    for _ in range(5):
        begun = time.process_time()
        await world.evaluate()
        took.append(time.process_time() - begun)
    assert sorted(took)[2] < 0.8
