import pytest

from bot.alerts import rules
from bot.alerts.fingerprints import fingerprint
from bot.config.alerts import RuleConfig
from bot.events import CheckChanged, JobDied
from tests.fakes.ports import T0

RULES = {name: RuleConfig() for name in (rules.FAILED, rules.DEGRADED, rules.DEAD)}


def reports(status, configured=RULES, **more):
    change = CheckChanged(check="shop", status=status, previous="healthy", since=T0, **more)
    return {report.name: report for report in rules.of_check(change, configured)}


@pytest.mark.parametrize(
    ("status", "broken"),
    [
        ("down", ["health-check-failed"]),
        ("degraded", ["health-check-degraded"]),
        ("healthy", []),
        ("unknown", []),
    ],
)
def test_each_status_breaks_its_rule_and_ends_the_other(status, broken):
    told = reports(status)

    assert set(told) == {"health-check-failed", "health-check-degraded"}
    assert [name for name, report in told.items() if not report.resolved] == broken


def test_a_breach_says_in_numbers_what_no_words_say():
    told = reports("degraded", value=840.0, unit="ms")["health-check-degraded"]

    assert (told.summary, told.reading) == ("shop is degraded", "840 ms")


def test_a_recovery_says_what_the_check_is_now():
    assert reports("healthy", detail="HTTP 200")["health-check-failed"].reading == "shop is healthy: HTTP 200"


def test_a_recovery_without_detail_is_said_all_the_same():
    assert reports("healthy")["health-check-failed"].reading == "shop is healthy"


def test_an_alert_of_a_rule_that_is_still_broken_is_over_because_the_rule_is_off():
    off = {**RULES, rules.FAILED: RuleConfig(enabled=False)}
    told = reports("down", off)["health-check-failed"]

    assert (told.resolved, told.reading) == (True, "the rule health-check-failed is switched off")


def test_the_labels_of_a_rule_are_on_what_it_reports():
    labelled = {**RULES, rules.FAILED: RuleConfig(labels={"team": "web"})}

    assert reports("down", labelled)["health-check-failed"].labels == {"team": "web", "check": "shop"}


def test_dead_jobs_of_one_kind_are_one_trouble():
    (first,), (second,) = (
        rules.of_dead_job(JobDied(job=n, kind="k", error="E", attempts=1), T0, RULES) for n in (1, 2)
    )

    assert (first.name, first.labels) == (second.name, second.labels)
    assert first.reading == "job 1 was tried 1 time: E"


def test_dead_jobs_are_not_told_of_when_the_rule_is_off():
    off = {**RULES, rules.DEAD: RuleConfig(enabled=False)}

    assert rules.of_dead_job(JobDied(job=1, kind="k", error="E", attempts=1), T0, off) == []


def test_a_fingerprint_does_not_depend_on_order_or_empty_labels():
    assert fingerprint("r", {"a": "1", "b": "2", "c": ""}) == fingerprint("r", {"b": "2", "a": "1"})


def test_fingerprints_of_other_rules_or_labels_differ():
    prints = {fingerprint(*case) for case in [("r", {"a": "1"}), ("s", {"a": "1"}), ("r", {"a": "2"}), ("r", {})]}

    assert len(prints) == 4
