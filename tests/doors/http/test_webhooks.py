"""`POST /webhooks/…`: who may send, what is taken, and that what is refused leaves nothing behind."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.alerts.intake import Intake
from handlers.http.inbound.no_data import MARK
from storage.tables.alerts import ALERTS
from storage.tables.instances import INSTANCES
from storage.tables.journal import JOURNAL
from storage.unit_of_work import Store
from tests.doors.http.conftest import Open
from tests.doors.http.inbound import BEARER, TOPIC, Sns, listening, with_report
from tests.unit.inbound.payloads import (
    PINGDOM,
    datadog,
    event_v2,
    grafana,
    incident,
    notification,
    sample,
    sentry_event,
    sentry_issue,
)

SECRET = "client-secret"
PLAIN: dict[str, Any] = {
    "alertmanager": sample("alerta_prometheus_v4_alert"),
    "grafana": grafana("firing"),
    "datadog": datadog("Triggered"),
    "sentry": sentry_event(),
    "pagerduty": incident("triggered"),
    "generic/pingdom": sample("alerta_pingdom_down"),
}
SETUP: dict[str, Any] = {"generic": {"pingdom": PINGDOM}, "cloudwatch": {"topics": [TOPIC]}}


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def rows(store: Store) -> int:
    async with store.read() as conn:
        counts = [await conn.scalar(select(func.count()).select_from(table)) for table in (ALERTS, INSTANCES, JOURNAL)]
    return sum(count or 0 for count in counts)


@pytest.mark.parametrize("path", PLAIN)
async def test_with_the_token_a_payload_is_reported_before_it_is_answered(
    store: Store, opened: Open, path: str
) -> None:
    bot, taken = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post(f"/webhooks/{path}", json=PLAIN[path], headers=BEARER)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert answer.json()["reports"] == len(taken.reports) > 0


@pytest.mark.parametrize("path", PLAIN)
async def test_without_token_or_signature_nothing_is_taken(store: Store, opened: Open, path: str) -> None:
    bot, taken = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post(f"/webhooks/{path}", json=PLAIN[path])
    assert (answer.status_code, taken.reports) == (401, [])


async def test_without_a_token_other_names_of_this_machine_are_refused(store: Store, opened: Open) -> None:
    bot, taken = listening(store, SETUP, token="")
    async with opened(bot) as client:
        here = await client.post("/webhooks/grafana", json=grafana("firing"))
        foreign = await client.post("/webhooks/grafana", json=grafana("firing"), headers={"Host": "bot.example"})
    assert (here.status_code, foreign.status_code, len(taken.reports)) == (202, 403, 1)


SIGNED = {
    "sentry": ({"sentry": {"secret": SECRET}}, "Sentry-Hook-Signature", "{}", sentry_event()),
    "pagerduty": ({"pagerduty": {"secret": SECRET}}, "X-PagerDuty-Signature", "v1=bad,v1={}", incident("triggered")),
    "generic/pingdom": (
        {
            "generic": {
                "pingdom": PINGDOM.model_dump(exclude={"secret", "header"})
                | {"secret": SECRET, "header": "X-Hub-Signature-256"}
            }
        },
        "X-Hub-Signature-256",
        "sha256={}",
        sample("alerta_pingdom_down"),
    ),
}


@pytest.mark.parametrize("path", SIGNED)
async def test_a_signature_suffices(store: Store, opened: Open, path: str) -> None:
    config, header, form, payload = SIGNED[path]
    bot, taken = listening(store, config)
    body = json.dumps(payload).encode()
    async with opened(bot) as client:
        answer = await client.post(f"/webhooks/{path}", content=body, headers={header: form.format(signature(body))})
    assert (answer.status_code, len(taken.reports)) == (202, 1)


@pytest.mark.parametrize("given", ["", "0" * 64, "v1=" + "0" * 64, "é", None])
@pytest.mark.parametrize("path", SIGNED)
async def test_a_wrong_signature_is_refused_even_with_the_token(
    store: Store, opened: Open, path: str, given: str | None
) -> None:
    config, header, _, payload = SIGNED[path]
    bot, taken = listening(store, config)
    headers = [(name.encode(), value.encode()) for name, value in BEARER.items()]
    headers += [(header.encode(), given.encode())] if given is not None else []
    async with opened(bot) as client:
        answer = await client.post(f"/webhooks/{path}", content=json.dumps(payload).encode(), headers=headers)
    assert (answer.status_code, taken.reports) == (401, [])
    assert header in answer.json()["error"]
    assert SECRET not in answer.text


async def test_a_signature_of_another_body_is_refused(store: Store, opened: Open) -> None:
    bot, taken = listening(store, {"sentry": {"secret": SECRET}})
    async with opened(bot) as client:
        headers = {"Sentry-Hook-Signature": signature(b"{}")}
        answer = await client.post("/webhooks/sentry", json=sentry_event(), headers=headers)
    assert (answer.status_code, taken.reports) == (401, [])


async def test_an_event_for_pagerdutys_api_is_let_in_by_its_routing_key(store: Store, opened: Open) -> None:
    bot, taken = listening(store, {"pagerduty": {"routing_key": "R" * 32, "secret": SECRET}})
    async with opened(bot) as client:
        right = await client.post("/webhooks/pagerduty", json=event_v2("trigger"))
        wrong = await client.post("/webhooks/pagerduty", json=event_v2("trigger", routing_key="x"))
    assert (right.status_code, wrong.status_code, len(taken.reports)) == (202, 401, 1)
    assert right.json()["dedup_key"] == "disk/web-1"


@pytest.mark.parametrize("version", ["1", "2"])
async def test_an_alarm_that_aws_signed_is_taken_without_a_token(store: Store, opened: Open, version: str) -> None:
    sns = Sns()
    async with sns.client() as http:
        bot, taken = listening(store, SETUP, http=http)
        async with opened(bot) as client:
            for state in ("ALARM", "OK"):
                body = sns.signed(notification(state) | {"MessageId": state}, version)
                answer = await client.post("/webhooks/cloudwatch", content=body, headers={"Content-Type": "text/plain"})
                assert answer.status_code == 202
    assert [report.resolved for report in taken.reports if MARK not in report.name] == [False, True]
    assert len(sns.asked) == 1  # the certificate is fetched once


async def test_a_redelivered_alarm_does_nothing_more(store: Store, opened: Open) -> None:
    sns = Sns()
    async with sns.client() as http:
        bot, taken = listening(store, SETUP, http=http)
        async with opened(bot) as client:
            answers = [
                await client.post("/webhooks/cloudwatch", content=sns.signed(notification("ALARM"))) for _ in range(2)
            ]
    assert [answer.json()["status"] for answer in answers] == ["accepted", "taken before"]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len(taken.reports) == 2


async def test_a_subscription_is_confirmed(store: Store, opened: Open) -> None:
    sns, asked = Sns(), sample("alerta_cloudwatch_subscription_confirmation")
    async with sns.client() as http:
        bot, _ = listening(store, SETUP, http=http)
        async with opened(bot) as client:
            answer = await client.post("/webhooks/cloudwatch", content=sns.signed(asked))
    assert answer.status_code == 202
    assert sns.asked[-1] == asked["SubscribeURL"]


async def test_while_aws_does_not_answer_it_is_asked_to_try_again(store: Store, opened: Open) -> None:
    sns = Sns()
    async with sns.client() as http:
        bot, _ = listening(store, SETUP, http=http)
        async with opened(bot) as client:
            await client.post("/webhooks/cloudwatch", content=sns.signed(notification("OK")))
            sns.status = 500
            asked = sns.signed(sample("alerta_cloudwatch_subscription_confirmation"))
            answer = await client.post("/webhooks/cloudwatch", content=asked)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


FORGED: dict[str, dict[str, Any]] = {
    "another text": {"Message": json.dumps({"AlarmName": "x", "NewStateValue": "OK"})},
    "another host": {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem"},
    "no TLS": {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/a.pem"},
    "no certificate": {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.html"},
    "no signature": {"Signature": None},
    "no base64": {"Signature": "%%"},
    "another version": {"SignatureVersion": "3"},
    "a subject": {"Subject": "another"},
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED)
async def test_what_aws_did_not_sign_is_refused_even_with_the_token(
    store: Store, opened: Open, changes: dict[str, Any]
) -> None:
    sns = Sns()
    async with sns.client() as http:
        bot, taken = listening(store, SETUP, http=http)
        async with opened(bot) as client:
            body = json.loads(sns.signed(notification("ALARM"))) | changes
            answer = await client.post("/webhooks/cloudwatch", json=body, headers=BEARER)
    assert (answer.status_code, taken.reports) == (401, [])
    assert not [url for url in sns.asked if "evil" in url or url.startswith("http:")]


async def test_a_topic_that_is_not_listed_is_refused(store: Store, opened: Open) -> None:
    sns = Sns()
    async with sns.client() as http:
        bot, taken = listening(store, {}, http=http)
        async with opened(bot) as client:
            answer = await client.post("/webhooks/cloudwatch", content=sns.signed(notification("ALARM")))
    assert (answer.status_code, taken.reports, sns.asked) == (403, [], [])
    assert "webhooks.cloudwatch.topics" in answer.json()["hint"]


async def test_a_certificate_that_is_out_of_date_proves_nothing(store: Store, opened: Open) -> None:
    sns = Sns(now=Sns().now.replace(year=2020))
    async with sns.client() as http:
        bot, taken = listening(store, SETUP, http=http)
        async with opened(bot) as client:
            answer = await client.post("/webhooks/cloudwatch", content=sns.signed(notification("ALARM")))
    assert (answer.status_code, answer.json()["error"]) == (401, "the certificate is not in force")
    assert taken.reports == []


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "truncated": b'{"alerts": [{"status": "fir',
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "not a number": b'{"alerts": NaN}',
    "deep": b'{"a":' * 50_000,
    "wrong types": b'{"alerts": {"status": 1}, "event": [], "data": 5, "ruleName": {}, "alert_transition": []}',
    "an empty object": b"{}",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("path", [*PLAIN, "cloudwatch"])
async def test_a_broken_body_is_refused_by_name_and_leaves_nothing(
    store: Store, opened: Open, path: str, body: bytes
) -> None:
    bot, taken = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post(f"/webhooks/{path}", content=body, headers=BEARER)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]
    assert answer.json()["hint"]
    assert (taken.reports, await rows(store)) == ([], 0)


async def test_a_huge_body_is_refused(store: Store, opened: Open) -> None:
    bot, _ = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post("/webhooks/grafana", content=b" " * 1_100_000, headers=BEARER)
    assert answer.status_code == 413


async def test_a_path_that_the_payload_lacks_is_named(store: Store, opened: Open) -> None:
    bot, taken = listening(store, SETUP)
    payload = {key: value for key, value in sample("alerta_pingdom_down").items() if key != "check_name"}
    async with opened(bot) as client:
        answer = await client.post("/webhooks/generic/pingdom", json=payload, headers=BEARER)
    assert (answer.status_code, answer.json()["error"]) == (400, "there is no 'check_name' in the body")
    assert taken.reports == []


async def test_a_mapping_that_is_not_there_is_told_with_those_that_are(store: Store, opened: Open) -> None:
    bot, _ = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post("/webhooks/generic", json={}, headers=BEARER)
    assert answer.status_code == 404
    assert "/webhooks/generic/pingdom" in answer.json()["hint"]


async def test_a_dry_run_shows_and_does_nothing(store: Store, opened: Open) -> None:
    bot, taken = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post(
            "/webhooks/generic/pingdom?dry_run=1", json=sample("alerta_pingdom_down"), headers=BEARER
        )
    assert answer.json()["would"][0]["labels"] == {"check": "803318", "host": "api.alerta.io"}
    assert taken.reports == []


async def test_the_same_payload_twice_is_one_alert_and_its_end_resolves_it(store: Store, opened: Open) -> None:
    bot, _ = listening(store, SETUP)
    bot = with_report(bot, Intake(bot.ports))
    async with opened(bot) as client:
        for payload in (grafana("firing"), grafana("firing")):
            await client.post("/webhooks/grafana", json=payload, headers=BEARER)
        async with store.read() as conn:
            assert (await conn.execute(select(INSTANCES.c.state, INSTANCES.c.count))).all() == [("firing", 2)]
        await client.post("/webhooks/grafana", json=grafana("resolved"), headers=BEARER)
    async with store.read() as conn:
        assert (await conn.execute(select(INSTANCES.c.state))).all() == [("resolved",)]
        assert (await conn.execute(select(ALERTS.c.state))).all() == [("resolved",)]


async def test_missing_data_opens_a_second_alert_and_its_return_leaves_the_first(store: Store, opened: Open) -> None:
    bot, _ = listening(store, SETUP)
    bot = with_report(bot, Intake(bot.ports))
    states = []
    async with opened(bot) as client:
        for transition in ("Triggered", "No Data", "Re-Triggered", "Recovered"):
            await client.post("/webhooks/datadog", json=datadog(transition), headers=BEARER)
            async with store.read() as conn:
                states.append([row[0] for row in await conn.execute(select(ALERTS.c.state).order_by(ALERTS.c.id))])
    assert states == [["firing"], ["firing", "firing"], ["firing", "resolved"], ["resolved", "resolved"]]


@pytest.mark.parametrize("default", ["responder", "viewer"])
async def test_an_acknowledgement_in_pagerduty_acknowledges_here(store: Store, opened: Open, default: str) -> None:
    bot, _ = listening(store, SETUP, roles={"default": default})
    bot = with_report(bot, Intake(bot.ports))
    async with opened(bot) as client:
        await client.post("/webhooks/grafana", json=grafana("firing"), headers=BEARER)
        answer = await client.post(
            "/webhooks/pagerduty", json=incident("acknowledged", "do-manage:alert:1"), headers=BEARER
        )
        assert answer.status_code == 202
        async with store.read() as conn:
            found = (await conn.execute(select(ALERTS.c.state, ALERTS.c.acknowledged_by))).all()
        assert found == [("acknowledged", "pagerduty:on-call engineer")]
        await client.post("/webhooks/pagerduty", json=incident("resolved", "do-manage:alert:1"), headers=BEARER)
    async with store.read() as conn:
        assert (await conn.execute(select(ALERTS.c.state))).all() == [("resolved",)]


async def test_an_event_acknowledges_what_its_trigger_opened(store: Store, opened: Open) -> None:
    bot, _ = listening(store, SETUP)
    bot = with_report(bot, Intake(bot.ports))
    async with opened(bot) as client:
        for action in ("trigger", "acknowledge"):
            await client.post("/webhooks/pagerduty", json=event_v2(action), headers=BEARER)
    async with store.read() as conn:
        assert (await conn.execute(select(ALERTS.c.state))).all() == [("acknowledged",)]


async def test_an_order_for_an_alert_that_is_not_there_is_taken_and_logged(
    store: Store, opened: Open, logged: list[Any]
) -> None:
    bot, _ = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post(
            "/webhooks/pagerduty", json=incident("resolved", "do-manage:alert:99"), headers=BEARER
        )
    assert answer.status_code == 202
    assert "webhook_order_refused" in [entry["event"] for entry in logged]


async def test_what_says_nothing_of_alerts_is_taken_and_logged(store: Store, opened: Open, logged: list[Any]) -> None:
    bot, _ = listening(store, SETUP)
    async with opened(bot) as client:
        answer = await client.post("/webhooks/sentry", json=sentry_issue("assigned"), headers=BEARER)
    assert (answer.status_code, answer.json()["status"]) == (202, "ignored")
    assert "webhook_ignored" in [entry["event"] for entry in logged]
