"""What each format says: who fires, who is over, and that both are the same alert."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.ports import Inbound, Order, Refusal, Visit
from bot.report import Report
from handlers.http.inbound.alertmanager import ALERTMANAGER
from handlers.http.inbound.cloudwatch import CLOUDWATCH
from handlers.http.inbound.datadog import DATADOG
from handlers.http.inbound.generic import GENERIC
from handlers.http.inbound.grafana import GRAFANA
from handlers.http.inbound.pagerduty import PAGERDUTY
from handlers.http.inbound.sentry import SENTRY
from storage.records.alerts import Severity
from tests.unit.inbound.payloads import (
    alarm,
    datadog,
    event_v2,
    grafana,
    identity,
    incident,
    notification,
    said,
    sample,
    sentry_event,
    sentry_issue,
    sentry_metric,
)


def v4(status: str) -> dict[str, Any]:
    body = sample("alerta_prometheus_v4_alert")
    one = body["alerts"][0]
    over = {
        "endsAt": "2017-08-03T15:27:37.804-04:00",
        "annotations": {**one["annotations"], "summary": "Things are back"},
    }
    return {**body, "alerts": [{**one, "status": status, **(over if status == "resolved" else {})}]}


def v3(status: str) -> dict[str, Any]:
    body = sample("alerta_prometheus_v3_alert")
    return {**body, "alerts": [{**body["alerts"][0], "status": status}]}


PAIRS: dict[str, tuple[Inbound, Any, Any, str]] = {
    "alertmanager v4": (ALERTMANAGER, v4("firing"), v4("resolved"), ""),
    "alertmanager v3": (ALERTMANAGER, v3("firing"), v3("resolved"), ""),
    "grafana": (GRAFANA, grafana("firing"), grafana("resolved"), ""),
    "grafana legacy": (GRAFANA, sample("alerta_grafana_alert_alerting"), sample("alerta_grafana_alert_ok"), ""),
    "datadog": (DATADOG, datadog("Triggered"), datadog("Recovered"), ""),
    "datadog warn": (DATADOG, datadog("Re-Warn"), datadog("Recovered", alert_type="success"), ""),
    "sentry issue": (SENTRY, sentry_issue("created"), sentry_issue("resolved"), ""),
    "sentry event": (SENTRY, sentry_event(), sentry_issue("archived"), ""),
    "sentry metric": (SENTRY, sentry_metric("critical"), sentry_metric("resolved"), ""),
    "cloudwatch": (CLOUDWATCH, notification("ALARM"), notification("OK", OldStateValue="ALARM"), ""),
    "pagerduty event": (PAGERDUTY, event_v2("trigger"), event_v2("resolve"), ""),
    "pagerduty incident": (PAGERDUTY, incident("triggered"), incident("resolved"), ""),
    "pingdom": (GENERIC, sample("alerta_pingdom_down"), sample("alerta_pingdom_up"), "pingdom"),
    "stackdriver": (GENERIC, sample("alerta_stackdriver_open"), sample("alerta_stackdriver_closed"), "stackdriver"),
}


@pytest.mark.parametrize(("format_", "firing", "resolved", "name"), PAIRS.values(), ids=PAIRS)
def test_what_resolves_has_the_identity_of_what_fired(format_: Inbound, firing: Any, resolved: Any, name: str) -> None:
    began, ended = said(format_, firing, name)[0], said(format_, resolved, name)[0]
    assert (began.resolved, ended.resolved) == (False, True)
    assert identity(began) == identity(ended)


def test_alerts_of_one_message_are_read_by_their_own_status() -> None:
    both = {**v4("firing"), "alerts": [*v4("firing")["alerts"], *v4("resolved")["alerts"]]}
    assert [one.resolved for one in said(ALERTMANAGER, both)] == [False, True]


def test_an_alert_of_alertmanager_is_read_in_full() -> None:
    [report] = said(ALERTMANAGER, v4("firing"))
    assert report == Report(
        name="thing_dead",
        labels={"severity": "critical"},
        severity=Severity.CRITICAL,
        source="alertmanager",
        started_at=datetime(2017, 8, 3, 19, 17, 37, 804000, UTC),
        summary="No things for over 10 minutes",
        description="No things have been recorded for over 10 minutes. Something terrible is happening.",
        annotations=v4("firing")["alerts"][0]["annotations"],
        link=v4("firing")["alerts"][0]["generatorURL"],
    )


def test_grafanas_missing_data_is_an_alert_of_its_own() -> None:
    [report] = said(GRAFANA, grafana("firing", alertname="DatasourceNoData", rulename="cpu"))
    assert report.name == "DatasourceNoData"
    assert identity(report) != identity(said(GRAFANA, grafana("firing"))[0])


def test_grafana_tells_the_value() -> None:
    [report] = said(GRAFANA, grafana("firing"))
    assert (report.value, report.reading) == (97.5, "B = 97.5")


@pytest.mark.parametrize("state", ["pending", "paused", "unknown"])
def test_states_of_the_old_grafana_that_say_nothing_change_nothing(state: str) -> None:
    assert said(GRAFANA, {**sample("alerta_grafana_example"), "state": state}) == []


NO_DATA: dict[str, tuple[Inbound, Any, Any]] = {
    "grafana legacy": (
        GRAFANA,
        sample("alerta_grafana_alert_alerting"),
        {**sample("alerta_grafana_alert_ok"), "state": "no_data"},
    ),
    "datadog": (DATADOG, datadog("Triggered"), datadog("No Data", alert_type="warning")),
    "cloudwatch": (CLOUDWATCH, notification("ALARM"), notification("INSUFFICIENT_DATA")),
}


@pytest.mark.parametrize(("format_", "firing", "absent"), NO_DATA.values(), ids=NO_DATA)
def test_missing_data_ends_nothing_and_is_an_alert_of_its_own(format_: Inbound, firing: Any, absent: Any) -> None:
    [report] = said(format_, absent)
    assert not report.resolved
    assert identity(report) != identity(said(format_, firing)[0])
    assert report.summary.startswith("No data: ")


@pytest.mark.parametrize(("format_", "firing", "absent"), NO_DATA.values(), ids=NO_DATA)
def test_data_that_is_back_ends_the_alert_about_its_absence(format_: Inbound, firing: Any, absent: Any) -> None:
    _, back = said(format_, firing)
    assert back.resolved
    assert identity(back) == identity(said(format_, absent)[0])


@pytest.mark.parametrize("unset", ["", "$ALERT_PRIORITY", None, "null"])
def test_a_variable_that_datadog_did_not_fill_is_empty(unset: str | None) -> None:
    report = said(DATADOG, datadog("Triggered", alert_priority=unset, tags=unset, alert_query=unset))[0]
    assert (report.severity, report.annotations, report.reading) == (Severity.HIGH, {}, "")


def test_a_scope_becomes_labels_and_tags_do_not() -> None:
    report = said(DATADOG, datadog("Triggered", alert_scope="host:web-1,env:prod,*,host:web-2,alone"))[0]
    assert report.labels == {"monitor_id": "1234567", "env": "prod", "host": "web-1,web-2", "scope": "alone"}
    assert report.annotations == {"tags": "env:prod,host:web-1,monitor"}


def test_a_monitors_name_is_free_of_its_transition() -> None:
    assert said(DATADOG, datadog("Triggered"))[0].name == "Disk is full"


def test_datadog_mutes_in_silence() -> None:
    assert said(DATADOG, datadog("Muted")) == []


def test_datadogs_own_payload_without_the_template_is_refused_with_the_mend() -> None:
    with pytest.raises(Refusal, match="alert_transition is missing") as refused:
        said(DATADOG, {"id": "1", "title": "x", "body": "y"})
    assert "template" in refused.value.hint


def test_tags_of_sentry_without_a_value_are_left_out() -> None:
    [report] = said(SENTRY, sentry_event())
    assert report.annotations["environment"] == "prod"
    assert (report.severity, report.summary) == (Severity.HIGH, "ReferenceError: heck is not defined")


@pytest.mark.parametrize("resource", ["comment", "installation", "error"])
def test_what_sentry_tells_beside_alerts_is_taken_and_left(resource: str) -> None:
    assert said(SENTRY, {"action": "created", "data": {}}, **{"sentry-hook-resource": resource}) == []


def test_an_assigned_issue_neither_begins_nor_ends() -> None:
    assert said(SENTRY, sentry_issue("assigned")) == []


def test_a_message_of_the_old_sentry_plugin_is_the_issue() -> None:
    old = {
        "id": "1170820242",
        "project": "front-end",
        "level": "fatal",
        "message": "boom",
        "url": "https://sentry.io/1",
        "event": {"tags": []},
    }
    [report] = said(SENTRY, old)
    assert identity(report) == identity(said(SENTRY, sentry_event())[0])
    assert report.severity is Severity.CRITICAL


def test_an_alarm_is_read_in_full() -> None:
    report = said(CLOUDWATCH, notification("ALARM"))[0]
    assert (report.name, report.labels) == ("bucketbytesAlarm", {"account": "1234567890", "region": "EU (Ireland)"})
    assert report.annotations["BucketName"] == "try.alerta.io"
    assert (report.threshold, report.started_at) == (0.0, datetime(2019, 2, 15, 23, 53, 45, 93000, UTC))


@pytest.mark.parametrize(
    ("description", "severity"),
    [
        (None, Severity.HIGH),
        ("P1: checkout", Severity.CRITICAL),
        ("sev3", Severity.MEDIUM),
        ("low-disk", Severity.HIGH),
    ],
)
def test_an_alarm_is_as_bad_as_it_says(description: str | None, severity: Severity) -> None:
    assert said(CLOUDWATCH, notification("ALARM", AlarmDescription=description))[0].severity is severity


def test_a_subscription_is_confirmed_at_its_address() -> None:
    asked = sample("alerta_cloudwatch_subscription_confirmation")
    assert said(CLOUDWATCH, asked) == [Visit(asked["SubscribeURL"])]


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/",
        "https://sns.eu-west-1.amazonaws.com.evil.example/",
        "https://evil.example/?sns.eu-west-1.amazonaws.com",
        "https://x@sns.eu-west-1.amazonaws.com/",
        "https://sns.eu-west-1.amazonaws.com:8443/",
        "https://169.254.169.254/",
        "https://[::1/",
    ],
)
def test_no_other_address_is_fetched(url: str) -> None:
    with pytest.raises(Refusal, match="no address of AWS's"):
        said(CLOUDWATCH, {**sample("alerta_cloudwatch_subscription_confirmation"), "SubscribeURL": url})


def test_the_end_of_a_subscription_changes_nothing() -> None:
    assert said(CLOUDWATCH, {"Type": "UnsubscribeConfirmation"}) == []


def test_a_message_that_is_no_alarm_is_refused() -> None:
    with pytest.raises(Refusal, match="no CloudWatch alarm"):
        said(CLOUDWATCH, {"Type": "Notification", "Message": "hello"})
    assert alarm("OK")["NewStateValue"] == "OK"


def test_an_acknowledgement_by_event_is_meant_for_the_alert_of_its_trigger() -> None:
    [order] = said(PAGERDUTY, event_v2("acknowledge"))
    assert isinstance(order, Order)
    assert (order.command, identity(order)) == ("ack", identity(said(PAGERDUTY, event_v2("trigger"))[0]))


def test_a_trigger_without_a_key_has_the_same_one_each_time() -> None:
    [one] = said(PAGERDUTY, event_v2("trigger", dedup_key=None))
    [again] = said(PAGERDUTY, event_v2("trigger", dedup_key=None))
    assert identity(one) == identity(again)
    assert len(one.name) == 32


@pytest.mark.parametrize(
    ("kind", "command"), [("acknowledged", "ack"), ("unacknowledged", "unack"), ("resolved", "resolve")]
)
def test_what_is_done_there_to_our_incident_is_done_to_our_alert(kind: str, command: str) -> None:
    assert said(PAGERDUTY, incident(kind, "do-manage:alert:42")) == [
        Order(command=command, alert=42, by="on-call engineer")
    ]


@pytest.mark.parametrize("kind", ["triggered", "escalated", "annotated", "priority_updated"])
def test_what_else_happens_to_our_incident_changes_nothing_here(kind: str) -> None:
    assert said(PAGERDUTY, incident(kind, "do-manage:alert:42")) == []


def test_an_incident_from_elsewhere_is_a_report() -> None:
    [report] = said(PAGERDUTY, incident("triggered"))
    assert (report.name, report.severity, report.annotations) == (
        "PagerDuty incident PGR0VU2",
        Severity.CRITICAL,
        {"service": "API Service"},
    )
