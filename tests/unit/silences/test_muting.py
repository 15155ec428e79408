"""Why nobody is told of an instance."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.config.alerts import Inhibition
from bot.matchers import parse
from bot.silences.maintenance import Window
from bot.silences.muting import inhibits, muted_by, muting
from storage.records.alerts import AlertState, Instance, Severity
from storage.records.silences import Silence
from tests.fakes.ports import T0

HOUR = timedelta(hours=1)


def a_silence(number: int, matchers: str, **changes: Any) -> Silence:
    fixed: dict[str, Any] = {"starts_at": T0, "ends_at": T0 + HOUR, "created_by": "U1", "created_at": T0}
    return Silence(**{**fixed, "id": number, "uuid": str(number), "matchers": parse(matchers), **changes})


def an_instance(alert: int, name: str, **labels: str) -> Instance:
    return Instance(
        fingerprint=f"{name}{labels}",
        alert_id=alert,
        name=name,
        labels=labels,
        severity=Severity.HIGH,
        started_at=T0,
        opened_at=T0,
        last_seen_at=T0,
    )


def a_rule(source: str, target: str, *equal: str) -> Inhibition:
    return Inhibition(source=(source,), target=(target,), equal=equal)


@pytest.mark.parametrize(
    ("at", "why"), [(-1, ""), (0, "silence 3"), (3599, "silence 3"), (3600, "")], ids=["before", "start", "last", "end"]
)
def test_a_silence_mutes_from_its_start_until_just_before_its_end(at: int, why: str) -> None:
    one = muting([a_silence(3, "service=api")], [], [], [])
    assert muted_by(one, "HighLoad", {"service": "api"}, T0 + timedelta(seconds=at)) == why


def test_of_several_silences_the_first_is_named_however_they_match() -> None:
    one = muting([a_silence(4, "service=api"), a_silence(2, "service=~a.*"), a_silence(3, "alertname=X")], [], [], [])
    assert muted_by(one, "X", {"service": "api"}, T0) == "silence 2"
    assert muted_by(one, "X", {"service": "db"}, T0) == "silence 3"
    assert muted_by(one, "Y", {"service": "db"}, T0) == ""


def test_a_silence_of_several_values_mutes_each_of_them() -> None:
    one = muting([a_silence(1, 'service=~"api|db"')], [], [], [])
    assert [muted_by(one, "X", {"service": name}, T0) for name in ("api", "db", "web")] == ["silence 1"] * 2 + [""]


def test_a_window_mutes_while_it_takes_place() -> None:
    window = Window(name="db", starts_at=T0, ends_at=T0 + HOUR, matchers=parse("service=db"))
    one = muting([], [window], [], [])
    assert muted_by(one, "X", {"service": "db"}, T0) == "maintenance db"
    assert muted_by(one, "X", {"service": "db"}, T0 + HOUR) == ""


CRITICAL_OVER_WARNING = a_rule("severity=critical", "severity=warning", "service")


def asked(*firing: Instance, rule: Inhibition = CRITICAL_OVER_WARNING, at: datetime = T0) -> str:
    return muted_by(muting([], [], [rule], firing), "Slow", {"severity": "warning", "service": "api"}, at)


def test_a_worse_alert_with_equal_labels_inhibits() -> None:
    assert asked(an_instance(7, "Down", severity="critical", service="api")) == "inhibited by #7"
    assert asked(an_instance(7, "Down", severity="critical", service="db")) == ""
    assert asked(an_instance(7, "Down", severity="warning", service="api")) == ""


def test_the_oldest_of_those_that_inhibit_is_named() -> None:
    both = (an_instance(n, "Down", severity="critical", service="api") for n in (9, 7, 8))
    assert asked(*both) == "inhibited by #7"


def test_what_is_resolved_inhibits_nothing() -> None:
    over = replace(an_instance(7, "Down", severity="critical", service="api"), state=AlertState.RESOLVED)
    assert asked(over) == ""


def test_labels_that_both_lack_are_equal() -> None:
    one = muting([], [], [CRITICAL_OVER_WARNING], [an_instance(7, "Down", severity="critical")])
    assert muted_by(one, "Slow", {"severity": "warning"}, T0) == "inhibited by #7"
    assert muted_by(one, "Slow", {"severity": "warning", "service": "api"}, T0) == ""


def test_what_matches_both_sides_is_inhibited_only_by_what_does_not() -> None:
    rule = a_rule("severity=~critical|warning", "severity=warning", "service")
    both, source = (
        an_instance(5, "A", severity="warning", service="api"),
        an_instance(7, "B", severity="critical", service="api"),
    )
    assert asked(both, rule=rule) == ""
    assert asked(both, source, rule=rule) == "inhibited by #7"
    low = a_rule("severity=warning", "service=api", "service")
    assert (
        muted_by(muting([], [], [low], [both]), "Slow", {"severity": "low", "service": "api"}, T0) == "inhibited by #5"
    )


def test_a_silenced_alert_inhibits_all_the_same() -> None:
    muted = replace(an_instance(7, "Down", severity="critical", service="api"), state=AlertState.SILENCED)
    assert asked(muted) == "inhibited by #7"


def test_it_is_known_which_instances_inhibit() -> None:
    one = muting([], [], [CRITICAL_OVER_WARNING], [])
    assert inhibits(one, "X", {"severity": "critical"})
    assert not inhibits(one, "X", {"severity": "warning"})


def test_a_silence_is_named_before_what_inhibits() -> None:
    firing = [an_instance(7, "Down", severity="critical", service="api")]
    one = muting([a_silence(1, "service=api")], [], [CRITICAL_OVER_WARNING], firing)
    assert muted_by(one, "Slow", {"severity": "warning", "service": "api"}, T0) == "silence 1"


def test_fifty_silences_are_asked_for_many_instances_without_asking_each() -> None:
    silences = [a_silence(n, f"alertname=R{n},instance=~web-.*") for n in range(50)]
    one = muting(silences, [], [], [])
    begun = time.process_time()
    for n in range(20_000):
        muted_by(one, f"R{n % 400}", {"instance": f"web-{n}", "job": "x"}, T0)
    spent = time.process_time() - begun
    assert spent < 2, f"{spent / 20_000 * 1e6:.0f} microseconds for each instance"
