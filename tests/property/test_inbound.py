"""Whatever stands in a webhook's body, it is read or refused: nothing else ever comes of it."""

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.fingerprints import fingerprint
from bot.ports import Inbound, Order, Received, Refusal
from bot.report import Report
from handlers.http.inbound.alertmanager import ALERTMANAGER
from handlers.http.inbound.cloudwatch import CLOUDWATCH
from handlers.http.inbound.datadog import DATADOG
from handlers.http.inbound.generic import GENERIC
from handlers.http.inbound.grafana import GRAFANA
from handlers.http.inbound.json_body import parsed
from handlers.http.inbound.pagerduty import PAGERDUTY
from handlers.http.inbound.sentry import SENTRY
from tests.unit.inbound import payloads
from tests.unit.inbound.payloads import MAPPED, sample

SAMPLES: list[tuple[Inbound, str, Any]] = [
    (ALERTMANAGER, "", sample("alerta_prometheus_v4_alert")),
    (ALERTMANAGER, "", sample("alerta_prometheus_v3_alert")),
    (GRAFANA, "", payloads.grafana("firing")),
    (GRAFANA, "", sample("alerta_grafana_alert_alerting")),
    (DATADOG, "", payloads.datadog("Triggered")),
    (SENTRY, "", payloads.sentry_event()),
    (SENTRY, "", payloads.sentry_issue("created")),
    (SENTRY, "", payloads.sentry_metric("critical")),
    (CLOUDWATCH, "", payloads.notification("ALARM")),
    (CLOUDWATCH, "", sample("alerta_cloudwatch_subscription_confirmation")),
    (PAGERDUTY, "", payloads.event_v2("trigger")),
    (PAGERDUTY, "", payloads.incident("triggered")),
    (GENERIC, "pingdom", sample("alerta_pingdom_down")),
    (GENERIC, "stackdriver", sample("alerta_stackdriver_open")),
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", "\x00", "\ud800", "9" * 30, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x" * 5000]
    )
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value inside, and to the whole."""
    yield at
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in pairs:
        yield from places(inside, (*at, key))


def changed(value: Any, at: tuple[Any, ...], new: Any, *, removed: bool) -> Any:
    if not at:
        return new
    whole = copy.deepcopy(value)
    here = whole
    for key in at[:-1]:
        here = here[key]
    if removed:
        del here[at[-1]]
    else:
        here[at[-1]] = new
    return whole


def check(format_: Inbound, name: str, payload: Any) -> None:
    refused, said = None, []
    received = Received(body=b"", headers={}, payload=payload, name=name)
    try:
        said = list(format_.read(received, MAPPED))
        format_.delivery(received)
        format_.answer(received)
    except Refusal as error:
        refused = error
    assert refused is None or (400 <= refused.status < 500 and 0 < len(str(refused)) < 400)
    for one in said:
        report = one.alert if isinstance(one, Order) and isinstance(one.alert, Report) else one
        if isinstance(report, Report):
            assert report.name
            fingerprint(report.name, report.labels)  # what the database cannot hold would fail here
            assert all(isinstance(text, str) for text in (*report.labels.values(), *report.annotations.values()))
            json.dumps([report.value, report.threshold], allow_nan=False)


@pytest.mark.parametrize(("format_", "name", "payload"), SAMPLES, ids=lambda one: getattr(one, "name", None))
@given(data=st.data())
def test_a_payload_with_one_value_changed_is_read_or_refused(
    format_: Inbound, name: str, payload: Any, data: st.DataObject
) -> None:
    at = data.draw(st.sampled_from(list(places(payload))))
    check(format_, name, changed(payload, at, data.draw(ANYTHING), removed=data.draw(st.booleans())))


@pytest.mark.parametrize(("format_", "name"), sorted({(one.name, name) for one, name, _ in SAMPLES}))
@given(payload=ANYTHING)
def test_any_json_is_read_or_refused(format_: str, name: str, payload: Any) -> None:
    check(next(one for one, _, _ in SAMPLES if one.name == format_), name, payload)


@given(message=ANYTHING)
def test_any_message_inside_an_alarm_is_read_or_refused(message: Any) -> None:
    check(CLOUDWATCH, "", {"Type": "Notification", "Message": json.dumps(message)})


@given(body=st.binary(max_size=60))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        parsed(body)


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b'{"a":', b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"\xff\xfe{", b"9" * 5000]
)
def test_what_is_no_json_is_refused_with_the_reason(body: bytes) -> None:
    with pytest.raises(Refusal, match=r"empty|malformed|UTF-8|deeply"):
        parsed(body)
