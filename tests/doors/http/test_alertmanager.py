"""The Alertmanager v2 API, request by request: what is taken, what is refused, what is given."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.report import Report
from handlers.http.alertmanager import paths, taking
from handlers.measured import Measured
from storage.records.alerts import Alert, AlertState, Instance, Severity
from storage.tables import instances
from storage.unit_of_work import Store, StoreError, UnitOfWork
from tests.doors.http.conftest import Open, with_token
from tests.fakes.ports import T0

ALERTS, SILENCES = "/api/v2/alerts", "/api/v2/silences"
ALERT: dict[str, Any] = {
    "labels": {"alertname": "HighLoad", "service": "api", "severity": "page", "empty": ""},
    "annotations": {"summary": "busy", "description": "very", "runbook_url": "https://r.example/1"},
    "startsAt": "2026-11-23T11:59:00.123456789+01:00",
    "generatorURL": "https://p.example/graph",
}


class Taken(list[Report]):
    """Reports that came in."""

    async def __call__(self, reports: Sequence[Report], /) -> None:
        self.extend(reports)


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
async def client(bot: Measured, opened: Open, taken: Taken) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(replace(bot, ports=replace(bot.ports, report=taken))) as one:
        yield one


async def post(client: httpx.AsyncClient, *alerts: Any) -> httpx.Response:
    return await client.post(ALERTS, json=list(alerts))


async def test_an_alert_becomes_a_report(client: httpx.AsyncClient, taken: Taken) -> None:
    answer = await post(client, ALERT)
    assert (answer.status_code, answer.content) == (200, b"")
    (report,) = taken
    assert report == Report(
        name="HighLoad",
        labels={"service": "api", "severity": "page"},
        severity=Severity.CRITICAL,
        source="prometheus",
        started_at=T0.replace(hour=10, minute=59, microsecond=123456),
        ends_at=T0 + timedelta(minutes=5),
        summary="busy",
        description="very",
        annotations=ALERT["annotations"],
        runbook="https://r.example/1",
        link="https://p.example/graph",
    )


@pytest.mark.parametrize("ends", [None, "", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"])
async def test_one_without_an_end_is_over_when_it_is_not_sent_again(
    client: httpx.AsyncClient, taken: Taken, ends: str | None
) -> None:
    await post(client, {**ALERT, "endsAt": ends})
    assert (taken[0].resolved, taken[0].ends_at) == (False, T0 + timedelta(minutes=5))


async def test_one_whose_end_has_passed_is_resolved(client: httpx.AsyncClient, taken: Taken) -> None:
    await post(client, {**ALERT, "endsAt": "2026-11-23T12:00:00Z"}, {**ALERT, "endsAt": "2026-11-23T12:00:01Z"})
    assert [report.resolved for report in taken] == [True, False]


async def test_one_without_a_name_is_taken(client: httpx.AsyncClient, taken: Taken) -> None:
    assert (await post(client, {"labels": {"a": "b"}})).status_code == 200
    assert (taken[0].name, taken[0].started_at, taken[0].severity) == ("unnamed", None, Severity.MEDIUM)


@pytest.mark.parametrize(
    ("alert", "complaint"),
    [
        ({"labels": {}}, "alert 1: at least one label pair required"),
        ({"labels": {"alertname": ""}}, "alert 1: at least one label pair required"),
        ({}, "alert 1: at least one label pair required"),
        ({**ALERT, "labels": {"": "x"}}, "alert 1: labels has an empty"),
        ({**ALERT, "labels": {"a": "x\0y"}}, "NUL"),
        ({**ALERT, "labels": {f"l{n}": "x" for n in range(201)}}, "201 labels are too many"),
        ({**ALERT, "annotations": {"a": "x" * 65_537}}, "more than 65,536 characters"),
        ({**ALERT, "endsAt": "2026-11-01T00:00:00Z"}, "start time must be before end time"),
        ({**ALERT, "startsAt": "9999-12-31T23:59:59-14:00"}, "out of range"),
    ],
)
async def test_what_is_wrong_with_one_alert_is_told_and_the_others_are_taken(
    client: httpx.AsyncClient, taken: Taken, alert: dict[str, Any], complaint: str
) -> None:
    answer = await post(client, ALERT, alert)
    assert answer.status_code == 400
    assert complaint in answer.json()
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "the body is empty"),
        (b'[{"labels": {"a": "b"}}, {"lab', "malformed JSON"),
        (b'[{"labels": {"a": "\xff"}}]', "malformed JSON"),
        (b'[{"labels": {"a": NaN}}]', "malformed JSON"),
        (b"[" * 100_000, "malformed JSON"),
        (b"{}", "must be a list of alerts, not an object"),
        (b"null", "must be a list of alerts, not null"),
        (b'[{"labels": {"a": "b"}}, 7]', "alert 1 must be an object, not a number"),
        (b'[{"labels": {"a": "b"}}, {"labels": []}]', "labels of alert 1 must be an object, not a list"),
        (b'[{"labels": {"a": "b"}}, {"labels": {"a": 1}}]', "labels.a of alert 1 must be a string, not a number"),
        (b'[{"labels": {"a": "b"}, "annotations": {"a": null}}]', "annotations.a of alert 0 must be a string"),
        (b'[{"labels": {"a": "b"}, "startsAt": 5}]', "startsAt of alert 0 must be a time, not a number"),
        (b'[{"labels": {"a": "b"}, "endsAt": "soon"}]', "endsAt of alert 0 must be a time like"),
        (b'[{"labels": {"a": "b"}, "endsAt": "2026-11-23T12:00:00"}]', "endsAt of alert 0 must be a time like"),
        (b'[{"labels": {"a": "b"}, "generatorURL": [1]}]', "generatorURL of alert 0 must be a string"),
    ],
)
async def test_a_body_of_a_wrong_shape_is_refused_whole(
    client: httpx.AsyncClient, taken: Taken, body: bytes, complaint: str
) -> None:
    answer = await client.post(ALERTS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert complaint in answer.json()
    assert taken == []


async def test_an_empty_list_is_fine(client: httpx.AsyncClient, taken: Taken) -> None:
    assert (await post(client)).status_code == 200
    assert taken == []


async def test_what_is_not_json_is_refused_by_its_type(client: httpx.AsyncClient, taken: Taken) -> None:
    answer = await client.post(ALERTS, content=json.dumps([ALERT]), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert taken == []


async def test_a_batch_larger_than_elsewhere_is_taken(client: httpx.AsyncClient, taken: Taken) -> None:
    many = [{**ALERT, "labels": {**ALERT["labels"], "instance": f"i{n}"}} for n in range(5000)]
    assert len(json.dumps(many)) > 1_500_000
    assert (await post(client, *many)).status_code == 200
    assert len(taken) == 5000


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_huge_body_is_refused(client: httpx.AsyncClient, taken: Taken, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b" " * 1_000_000

    content = pieces() if chunked else b" " * 5_000_000
    answer = await client.post(ALERTS, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "5,000,000 bytes" in answer.json()["hint"]
    assert taken == []


async def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await client.post(ALERTS, content=gzip.compress(b" " * 50_000_000), headers=headers)
    assert answer.status_code == 413


async def test_a_wrong_token_is_refused_before_anything_is_read(bot: Measured, opened: Open, taken: Taken) -> None:
    guarded = with_token(replace(bot, ports=replace(bot.ports, report=taken)), "right")
    async with opened(guarded) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (await client.post(ALERTS, json=[ALERT], headers=headers)).status_code == 401
            assert (await client.get(ALERTS, headers=headers)).status_code == 401
        assert (await client.post(ALERTS, json=[ALERT], headers={"Authorization": "Bearer right"})).status_code == 200
        assert (await client.get("/-/healthy")).status_code == 200
    assert len(taken) == 1


async def test_without_the_database_the_sender_is_asked_to_come_back(bot: Measured, opened: Open) -> None:
    async def lost(_reports: Sequence[Report], /) -> None:
        raise StoreError("gone")

    async with opened(replace(bot, ports=replace(bot.ports, report=lost))) as client:
        answer = await post(client, ALERT)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


async def test_more_than_can_be_written_at_once_is_put_off(bot: Measured, opened: Open) -> None:
    entered, free = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_reports: Sequence[Report], /) -> None:
        entered.release()
        await free.wait()

    async def unannounced(client: httpx.AsyncClient) -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield json.dumps([ALERT]).encode()

        return await client.post(ALERTS, content=pieces(), headers={"Content-Type": "application/json"})

    most = taking.MOST_INSIDE // paths.LARGEST  # of a body whose length is not told, the most is expected
    async with opened(replace(bot, ports=replace(bot.ports, report=slow))) as client:
        inside = [asyncio.create_task(unannounced(client)) for _ in range(most)]
        for _ in inside:
            await entered.acquire()
        refused = await unannounced(client)
        free.set()
        assert {(await one).status_code for one in inside} == {200}
        assert (await unannounced(client)).status_code == 200
    assert (refused.status_code, bool(refused.headers["Retry-After"])) == (503, True)


async def keep(store: Store, *found: Instance) -> None:
    async def work(unit: UnitOfWork) -> None:
        for number in sorted({one.alert_id for one in found}):
            await unit.save(
                Alert(
                    id=number,
                    fingerprint=f"g{number}",
                    rule=f"Rule{number}",
                    severity=Severity.HIGH,
                    summary="s",
                    started_at=T0,
                    opened_at=T0,
                    last_seen_at=T0,
                    labels={"service": f"s{number}"},
                    policy="default" if number < 3 else "other",
                )
            )
        await instances.insert(unit.conn, found)

    await store.transact(work)


def an_instance(print_: str, alert: int = 1, **changes: Any) -> Instance:
    fixed: dict[str, Any] = {"name": f"Rule{alert}", "labels": {"service": f"s{alert}", "node": print_}}
    moments = dict.fromkeys(("started_at", "opened_at", "last_seen_at"), T0)
    return Instance(
        **{"fingerprint": print_, "alert_id": alert, "severity": Severity.HIGH, **moments, **fixed, **changes}
    )


async def seen(client: httpx.AsyncClient, query: str = "", path: str = ALERTS) -> list[dict[str, Any]]:
    answer = await client.get(f"{path}{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_an_alert_is_given_as_alertmanager_gives_it(client: httpx.AsyncClient, store: Store) -> None:
    one = an_instance("f1", annotations={"summary": "é"}, link="https://p.example", ends_at=T0 + timedelta(minutes=5))
    await keep(store, one)
    assert await seen(client) == [
        {
            "annotations": {"summary": "é"},
            "endsAt": "2026-11-23T12:05:00Z",
            "fingerprint": "f1",
            "receivers": [{"name": "default"}],
            "startsAt": "2026-11-23T12:00:00Z",
            "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active"},
            "updatedAt": "2026-11-23T12:00:00Z",
            "generatorURL": "https://p.example",
            "labels": {"alertname": "Rule1", "service": "s1", "node": "f1"},
        }
    ]


async def test_without_alerts_the_list_is_empty(client: httpx.AsyncClient) -> None:
    assert await seen(client) == await seen(client, path=f"{ALERTS}/groups") == []


async def test_alerts_are_filtered_by_matchers_state_and_receiver(client: httpx.AsyncClient, store: Store) -> None:
    silenced = {"state": AlertState.SILENCED, "muted_by": "silence 1"}
    await keep(
        store,
        an_instance("a"),
        an_instance("b", **silenced),
        an_instance("c", muted_by="inhibited by #1"),
        an_instance("d", muted_by="maintenance db"),
        an_instance("e", 3, labels={}),
        an_instance("f", state=AlertState.RESOLVED, resolved_at=T0),
    )
    expected = {
        "": "abcde",
        "?active=false": "bcd",
        "?silenced=false": "ace",
        "?inhibited=false": "abde",
        "?silenced=false&inhibited=false": "ae",
        "?muted=false": "abce",
        "?receiver=oth.*": "e",
        "?receiver=defaul": "",
        '?filter=node="b"': "b",
        '?filter=node=~"a|b"&filter=node!="a"': "b",
        '?filter={alertname="Rule1",node!~"a|b"}': "cd",
        '?filter=node=""': "e",
        '?filter=service="s"': "",
    }
    found = {query: "".join(a["fingerprint"] for a in await seen(client, query)) for query in expected}
    assert found == expected
    by = {a["fingerprint"]: a["status"] for a in await seen(client)}
    assert [by[p]["state"] for p in "abcde"] == ["active", "suppressed", "suppressed", "suppressed", "active"]
    assert (by["c"]["inhibitedBy"], by["d"]["mutedBy"]) == (["a", "b", "c", "d"], ["maintenance db"])


async def test_groups_are_the_alerts_that_people_handle(client: httpx.AsyncClient, store: Store) -> None:
    await keep(
        store, an_instance("b", 1), an_instance("a", 2), an_instance("c", 1), an_instance("d", 3, muted_by="silence 1")
    )
    groups = await seen(client, "?silenced=false", f"{ALERTS}/groups")
    assert [(g["labels"], g["receiver"]["name"], [a["fingerprint"] for a in g["alerts"]]) for g in groups] == [
        ({"alertname": "Rule1", "service": "s1"}, "default", ["b", "c"]),
        ({"alertname": "Rule2", "service": "s2"}, "default", ["a"]),
    ]


async def test_more_alerts_than_fit_a_page_are_all_given_once(client: httpx.AsyncClient, store: Store) -> None:
    await keep(store, *(an_instance(f"{n:04x}", n % 7 + 1) for n in range(2345)))
    assert [a["fingerprint"] for a in await seen(client)] == [f"{n:04x}" for n in range(2345)]
    groups = await seen(client, path=f"{ALERTS}/groups")
    assert [g["labels"]["alertname"] for g in groups] == [f"Rule{n}" for n in range(1, 8)]
    assert sorted(a["fingerprint"] for g in groups for a in g["alerts"]) == [f"{n:04x}" for n in range(2345)]
    assert len(await seen(client, '?filter=service="s3"')) == 335


@pytest.mark.parametrize("path", [ALERTS, f"{ALERTS}/groups", SILENCES])
async def test_a_filter_that_is_none_is_told(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, params={"filter": "severity"})
    assert answer.status_code == 400
    assert "bad matcher format: severity is no matcher" in answer.json()


async def test_a_flag_or_receiver_that_is_none_is_told(client: httpx.AsyncClient) -> None:
    assert "active in query" in (await client.get(f"{ALERTS}?active=maybe")).json()
    assert "receiver" in (await client.get(ALERTS, params={"receiver": "("})).json()


SILENCE: dict[str, Any] = {
    "matchers": [{"name": "service", "value": "api", "isRegex": False}],
    "startsAt": "2026-11-23T12:00:00Z",
    "endsAt": "2026-11-23T13:00:00Z",
    "createdBy": "root",
    "comment": "repair",
}


async def made(client: httpx.AsyncClient, **changes: Any) -> str:
    answer = await client.post(SILENCES, json={**SILENCE, **changes})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["silenceID"])


async def test_a_silence_is_made_given_changed_and_expired(client: httpx.AsyncClient) -> None:
    id_ = await made(client)
    expected = {
        **SILENCE,
        "id": id_,
        "updatedAt": "2026-11-23T12:00:00Z",
        "status": {"state": "active"},
        "matchers": [{"name": "service", "value": "api", "isRegex": False, "isEqual": True}],
    }
    assert (await client.get(f"/api/v2/silence/{id_}")).json() == expected
    assert await made(client, id=id_, comment="longer") == id_
    assert [s["comment"] for s in await seen(client, path=SILENCES)] == ["longer"]
    for _ in range(2):
        assert (await client.delete(f"/api/v2/silence/{id_}")).status_code == 200
    assert [s["status"]["state"] for s in await seen(client, path=SILENCES)] == ["expired"]


async def test_one_that_is_over_is_made_anew_when_it_is_changed(client: httpx.AsyncClient) -> None:
    id_ = await made(client)
    await client.delete(f"/api/v2/silence/{id_}")
    assert await made(client, id=id_) != id_


async def test_silences_are_filtered_by_what_they_match_and_sorted_by_state(client: httpx.AsyncClient) -> None:
    pending = await made(client, startsAt="2026-11-23T12:30:00Z", comment="pending")
    active = await made(client, comment="active")
    other = await made(client, matchers=[{"name": "team", "value": "x.*", "isRegex": True}], comment="other")
    assert [s["id"] for s in await seen(client, path=SILENCES)] == [active, other, pending]
    assert [s["id"] for s in await seen(client, "?filter=service=~a.*", SILENCES)] == [active, pending]


@pytest.mark.parametrize(
    ("changes", "status", "complaint"),
    [
        ({"matchers": []}, 422, "should have at least 1 items"),
        ({"matchers": None}, 422, "matchers in body is required"),
        ({"createdBy": None}, 422, "createdBy in body is required"),
        ({"matchers": {}}, 400, "must be a list"),
        ({"matchers": [7]}, 400, "must be an object"),
        ({"matchers": [{"name": "a", "value": "b"}]}, 422, "isRegex"),
        ({"matchers": [{"name": "a", "isRegex": False}]}, 422, "name and value"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, "no regular expression"),
        ({"matchers": [{"name": "", "value": "b", "isRegex": False}]}, 400, "needs the name"),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, 400, "must not match the empty string"),
        ({"startsAt": "now"}, 400, "startsAt must be a time like"),
        ({"endsAt": "2026-11-23T11:00:00Z"}, 400, "end time must be after start time"),
        ({"startsAt": "2026-11-22T11:00:00Z", "endsAt": "2026-11-23T11:00:00Z"}, 400, "in the past"),
        ({"comment": 7}, 400, "comment must be a string"),
        ({"id": 7}, 400, "id must be a string"),
        ({"id": "x"}, 422, "must be of type uuid"),
        ({"id": "01890000-0000-7000-8000-000000000000"}, 404, "silence not found"),
    ],
)
async def test_what_is_no_silence_is_refused(
    client: httpx.AsyncClient, changes: dict[str, Any], status: int, complaint: str
) -> None:
    answer = await client.post(SILENCES, json={**SILENCE, **changes})
    assert (answer.status_code, complaint in answer.json()) == (status, True), answer.text
    assert await seen(client, path=SILENCES) == []


@pytest.mark.parametrize("body", [b"", b"[]", b'{"matchers": ', b"\xff"])
async def test_a_body_that_is_no_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(SILENCES, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize(("id_", "status"), [("9", 404), ("x", 422), ("01890000-0000-7000-8000-000000000000", 404)])
async def test_a_silence_that_is_not_there_is_told(client: httpx.AsyncClient, id_: str, status: int) -> None:
    for method in ("GET", "DELETE"):
        assert (await client.request(method, f"/api/v2/silence/{id_}")).status_code == status


async def test_status_names_what_clients_require(client: httpx.AsyncClient) -> None:
    status = (await client.get("/api/v2/status")).json()
    assert set(status) == {"cluster", "config", "uptime", "versionInfo"}
    assert status["versionInfo"]["version"] == "1.2.3"
    assert "resolve_timeout: 5m" in status["config"]["original"]


async def test_receivers_are_the_escalation_policies(client: httpx.AsyncClient) -> None:
    assert "default" in [one["name"] for one in (await client.get("/api/v2/receivers")).json()]


async def test_version_one_is_gone_and_says_where_to_go(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/alerts", json=[])
    assert (answer.status_code, "/api/v2/" in answer.json()["hint"]) == (410, True)
