import pytest

from bot.alerts import rules
from bot.alerts.fingerprints import fingerprint
from bot.events import CheckChanged, JobDied
from tests.fakes.ports import T0


def change(status, **more):
    return CheckChanged(check="shop", status=status, previous="healthy", since=T0, **more)


@pytest.mark.parametrize(
    ("status", "broken"),
    [
        ("down", ["health-check-failed"]),
        ("degraded", ["health-check-degraded"]),
        ("healthy", []),
        ("unknown", []),
    ],
)
def test_each_status_breaks_its_rule(status, broken):
    assert [name for name, breach in rules.breaches(change(status)).items() if breach] == broken


def test_a_breach_says_in_numbers_what_no_words_say():
    breach = rules.breaches(change("degraded", value=840.0, unit="ms"))["health-check-degraded"]

    assert (breach.summary, breach.reading) == ("shop is degraded", "840 ms")


def test_a_recovery_says_what_the_check_is_now():
    assert rules.recovery("health-check-failed", change("healthy", detail="HTTP 200")) == "shop is healthy: HTTP 200"


def test_a_recovery_without_detail_is_said_all_the_same():
    assert rules.recovery("health-check-failed", change("healthy")) == "shop is healthy"


def test_an_alert_of_a_rule_that_is_still_broken_is_over_because_the_rule_is_off():
    assert rules.recovery("health-check-failed", change("down")) == "the rule health-check-failed is switched off"


def test_dead_jobs_of_one_kind_are_one_trouble():
    first, second = (rules.dead_job(JobDied(job=n, kind="k", error="E", attempts=1), T0) for n in (1, 2))

    assert first.fingerprint == second.fingerprint
    assert first.reading == "job 1 was tried 1 time: E"


def test_a_fingerprint_does_not_depend_on_order_or_empty_labels():
    assert fingerprint("r", {"a": "1", "b": "2", "c": ""}) == fingerprint("r", {"b": "2", "a": "1"})


def test_fingerprints_of_other_rules_or_labels_differ():
    prints = {fingerprint(*case) for case in [("r", {"a": "1"}), ("s", {"a": "1"}), ("r", {"a": "2"}), ("r", {})]}

    assert len(prints) == 4
