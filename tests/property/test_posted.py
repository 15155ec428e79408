"""What Prometheus posts and nobody has read yet: told to be good by a look alone, kept, and read back later."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts import keeping, posted
from bot.alerts.keeping import Posted
from bot.report import Report
from storage.records.alerts import Severity

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TIMEOUT = timedelta(minutes=5)
TIMES = st.sampled_from(
    [
        "2026-11-23T11:00:00Z",
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:04:00.5+01:00",
        "2026-11-23T13:00:00Z",
        "2026-11-23T13:00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "soon",
        "",
    ]
)
VALUES = st.one_of(st.text(max_size=5), st.sampled_from(["\0", "x" * 65_537, "critical"]), st.none(), st.integers())
STRINGS = st.one_of(
    st.dictionaries(st.sampled_from(["alertname", "severity", "instance", "", "n" * 1_001, "a\0"]), VALUES, max_size=4),
    st.none(),
    st.lists(st.text(max_size=2), max_size=2),
)
ALERTS = st.fixed_dictionaries(
    {},
    optional={
        "labels": STRINGS,
        "annotations": STRINGS,
        "startsAt": st.one_of(TIMES, st.none(), st.integers()),
        "endsAt": st.one_of(TIMES, st.none(), st.integers()),
        "generatorURL": st.one_of(st.sampled_from(["http://p/graph", "", "javascript:x"]), st.none(), st.integers()),
    },
)
GOOD = st.fixed_dictionaries(
    {
        "labels": st.dictionaries(
            st.sampled_from(["alertname", "severity", "pod"]), st.text("ab", min_size=1), min_size=1
        ),
        "annotations": st.dictionaries(st.sampled_from(["summary", "runbook_url"]), st.text('aü " ', max_size=5)),
        "startsAt": st.just("2026-11-23T11:00:00Z"),
        "endsAt": st.just("2026-11-23T12:04:00Z"),
    }
)
REPORTS = st.builds(
    Report,
    name=st.text("ab", min_size=1),
    labels=st.dictionaries(st.text("ab", min_size=1), st.text(max_size=3)),
    severity=st.sampled_from(Severity),
    source=st.just("test"),
    started_at=st.sampled_from([None, NOW]),
    ends_at=st.sampled_from([None, NOW + TIMEOUT]),
)


@given(st.one_of(ALERTS, GOOD))
def test_what_surely_fires_is_read_without_a_fault_and_fires(alert: dict[str, Any]) -> None:
    if posted.surely_fires(alert, NOW):
        [report], wrong = posted.reports([alert], NOW, TIMEOUT)
        assert (wrong, report.resolved) == ([], False)


@given(GOOD)
def test_what_prometheus_sends_surely_fires(alert: dict[str, Any]) -> None:
    assert posted.surely_fires(alert, NOW)


@given(
    st.lists(st.one_of(st.lists(REPORTS, min_size=1, max_size=3), st.lists(GOOD, min_size=1, max_size=3)), min_size=1)
)
def test_what_is_kept_is_read_back_in_its_order(told: list[list[Any]]) -> None:
    batches: list[keeping.Batch] = [
        batch if isinstance(batch[0], Report) else Posted(json.dumps(batch).encode(), len(batch), NOW, TIMEOUT)
        for batch in told
    ]
    expected = [report for batch in batches for report in keeping.reports(batch)]
    assert keeping.read(keeping.record(batches)) == expected
    assert sum(map(len, batches)) == len(expected)
