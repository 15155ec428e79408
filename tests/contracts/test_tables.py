"""What can be asked of the tables, on SQLite and PostgreSQL alike."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from storage.records.alerts import AlertState, Severity
from storage.records.follow_ups import FollowUp
from storage.records.incidents import IncidentStatus
from storage.records.jobs import JobState, NewJob
from storage.records.journal import Entry
from storage.records.meetings import Meeting
from storage.records.postmortems import Version
from storage.records.samples import Sample
from storage.tables import (
    alerts,
    checks,
    fires,
    follow_ups,
    incidents,
    jobs,
    journal,
    meetings,
    postmortems,
    posts,
    samples,
)
from storage.unit_of_work import Conflict, Store, UnitOfWork
from tests.contracts.records import SECTION, T0, a_check, a_post, a_postmortem, an_alert, an_incident, save


async def test_alerts_are_listed_newest_first_by_state_and_page(store: Store) -> None:
    states = [AlertState.RESOLVED, AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.FIRING]
    await save(store, *(an_alert(id=i, fingerprint=f"f{i}", state=s) for i, s in enumerate(states, 1)))
    async with store.read() as conn:
        assert [a.id for a in await alerts.listing(conn)] == [4, 3, 2, 1]
        assert [a.id for a in await alerts.listing(conn, limit=2, offset=1)] == [3, 2]
        assert [a.id for a in await alerts.listing(conn, states=[AlertState.FIRING])] == [4, 2]
        assert await alerts.count(conn, states=[AlertState.FIRING, AlertState.RESOLVED]) == 3
        assert [a.id for a in await alerts.open_alerts(conn)] == [2, 3, 4]


async def test_alerts_are_found_by_their_incident(store: Store) -> None:
    await save(store, *(an_alert(id=i, fingerprint=f"f{i}", incident_id=i % 2) for i in range(1, 5)))
    async with store.read() as conn:
        assert [a.id for a in await alerts.of_incident(conn, 1)] == [1, 3]


async def test_follow_ups_are_listed_with_ones_own_first_and_what_is_due_first(store: Store) -> None:
    made = [
        FollowUp(id=n, incident=incident, title=f"{n}", created_by="U1", created_at=T0, owner=owner, due_on=day)
        for n, incident, owner, day in (
            (1, None, "", None),
            (2, 7, "U1", date(2026, 12, 2)),
            (3, 8, "U2", date(2026, 12, 1)),
            (4, 8, "", date(2026, 12, 3)),
        )
    ]
    await save(store, *made)
    async with store.read() as conn:
        assert [one.id for one in await follow_ups.listing(conn)] == [3, 2, 4, 1]
        assert [one.id for one in await follow_ups.listing(conn, foremost="U1")] == [2, 3, 4, 1]
        assert [one.id for one in await follow_ups.listing(conn, without=[8])] == [2, 1]
        assert await follow_ups.count(conn, without=[7, 8]) == 1
        assert [one.id for one in await follow_ups.listing(conn, owner="", due_by=date(2026, 12, 3))] == [4]


async def test_a_follow_up_comes_from_one_place_alone(store: Store) -> None:
    one = FollowUp(id=1, incident=1, title="x", created_by="U1", created_at=T0, origin="C1:170.1")
    await save(store, one)
    with pytest.raises(Conflict):
        await save(store, replace(one, id=2))
    async with store.read() as conn:
        assert (await follow_ups.by_origin(conn, "C1:170.1")) == replace(one, version=1)
        assert await follow_ups.by_origin(conn, "") is None


async def test_checks_are_listed_by_name_and_forgotten(store: Store) -> None:
    await save(store, a_check(name="redis"), a_check(name="api"))
    assert await store.transact(lambda unit: checks.remove(unit.conn, "redis"))
    assert not await store.transact(lambda unit: checks.remove(unit.conn, "redis"))
    async with store.read() as conn:
        assert [c.name for c in await checks.everything(conn)] == ["api"]


async def test_incidents_are_listed_by_status_severity_and_time(store: Store) -> None:
    await save(
        store,
        an_incident(id=1, status=IncidentStatus.RESOLVED, declared_at=T0 - timedelta(days=2)),
        an_incident(id=2, severity=Severity.CRITICAL),
        an_incident(id=3, channel="C3"),
    )
    async with store.read() as conn:
        assert [i.id for i in await incidents.listing(conn)] == [3, 2, 1]
        assert [i.id for i in await incidents.listing(conn, statuses=[IncidentStatus.RESOLVED])] == [1]
        assert await incidents.count(conn, severity=Severity.CRITICAL) == 1
        assert await incidents.count(conn, since=T0) == 2
        assert (await incidents.by_channel(conn, "C3")) == an_incident(id=3, channel="C3", version=1)
        assert await incidents.by_channel(conn, "") is None


async def test_the_journal_reads_back_oldest_first(store: Store) -> None:
    async def write(unit: UnitOfWork) -> list[Entry]:
        facts = [("AlertOpened", "alert:1"), ("AlertOpened", "alert:2"), ("AlertResolved", "alert:1")]
        return [
            await unit.append(at=T0 + timedelta(seconds=i), kind=kind, subject=subject, actor="bot", payload={"i": i})
            for i, (kind, subject) in enumerate(facts)
        ]

    one, two, three = await store.transact(write)
    async with store.read() as conn:
        assert await journal.of_subjects(conn, ["alert:1"]) == [one, three]
        assert await journal.of_subjects(conn, []) == []
        assert await journal.by_ids(conn, [three.id, one.id, 999]) == [one, three]
        assert await journal.after(conn, one.id, limit=1) == [two]
        assert await journal.of_kind(conn, "AlertOpened") == [one, two]
        assert await journal.of_kind(conn, "AlertOpened", since=T0 + timedelta(seconds=1)) == [two]
        assert await journal.of_kind(conn, "AlertOpened", limit=1) == [two]
        assert await journal.of_subject(conn, "alert:1", ["AlertOpened", "AlertResolved"]) == [one, three]
        assert await journal.of_subject(conn, "alert:1", ["AlertOpened", "AlertResolved"], latest=1) == [three]
        assert await journal.of_subject(conn, "alert:1", ["AlertOpened"]) == [one]
        assert await journal.of_subject(conn, "alert:1", []) == []
        assert await journal.numbers(conn, ["alert:1", "alert:2"]) == [one.id, two.id, three.id]
        assert await journal.numbers(conn, []) == []
        assert await journal.numbers_of_kind(conn, "AlertOpened", T0, 9) == [one.id, two.id]
        assert await journal.numbers_of_kind(conn, "AlertOpened", T0, 1) == [two.id]
        assert await journal.numbers_of_kind(conn, "AlertOpened", T0, 1, until=T0) == [one.id]


async def test_many_entries_are_read_whole(store: Store) -> None:
    facts = [
        {"at": T0, "kind": "NoteAdded", "subject": "incident:1", "actor": "bot", "payload": {"n": n}}
        for n in range(1203)
    ]
    written = await store.transact(lambda unit: unit.append_all(facts))
    async with store.read() as conn:
        assert await journal.by_ids(conn, [entry.id for entry in reversed(written)] * 2) == written


async def test_a_post_is_found_by_message_and_subject(store: Store) -> None:
    card, note = a_post(), a_post(key="n", kind="note", ts="2.000100", posted_at=T0 + timedelta(seconds=1))

    async def put(unit: UnitOfWork) -> None:
        await posts.put(unit.conn, note)
        await posts.put(unit.conn, card)

    await store.transact(put)
    async with store.read() as conn:
        assert await posts.by_message(conn, "C1", "2.000100") == note
        assert await posts.by_message(conn, "C1", "9.9") is None
        assert await posts.of_subject(conn, "alert:1") == [card, note]
        assert await posts.of_subject(conn, "alert:1", kind="note") == [note]


async def test_a_post_put_again_is_replaced(store: Store) -> None:
    await store.transact(lambda unit: posts.put(unit.conn, a_post()))
    await store.transact(lambda unit: posts.put(unit.conn, a_post(ts="9.000900")))
    async with store.read() as conn:
        assert await posts.of_subject(conn, "alert:1") == [a_post(ts="9.000900")]


async def test_a_post_remembers_what_it_shows(store: Store) -> None:
    await store.transact(lambda unit: posts.put(unit.conn, a_post()))
    await store.transact(lambda unit: posts.shown(unit.conn, "alert:1:card", "digest", T0))
    async with store.read() as conn:
        assert await posts.get(conn, "alert:1:card") == a_post(rendered="digest", edited_at=T0)


async def test_all_versions_of_a_postmortem_are_kept(store: Store) -> None:
    texts = [
        Version(incident_id=1, number=n, at=T0, author="U1", reason="review", sections=(replace(SECTION, revision=n),))
        for n in (1, 2)
    ]

    async def work(unit: UnitOfWork) -> None:
        for text in reversed(texts):
            await postmortems.add_version(unit.conn, text)
        await unit.save(a_postmortem())

    await store.transact(work)
    async with store.read() as conn:
        assert await postmortems.versions(conn, 1) == texts
        assert await postmortems.version(conn, 1, 2) == texts[1]
        assert await postmortems.version(conn, 1, 3) is None


async def test_a_version_without_its_postmortem_is_refused(store: Store) -> None:
    text = Version(incident_id=7, number=1, at=T0, author="U1", reason="", sections=())
    with pytest.raises(DBAPIError):
        await store.transact(lambda unit: postmortems.add_version(unit.conn, text))


async def test_samples_are_found_by_their_labels_in_any_order(store: Store) -> None:
    a = Sample(metric="latency", at=T0, value=1.5, labels={"check": "redis", "host": "a"})
    b = Sample(metric="latency", at=T0 + timedelta(seconds=1), value=2.5, labels={"check": "api"})
    await store.transact(lambda unit: samples.insert(unit.conn, [b, a]))
    async with store.read() as conn:
        assert await samples.series(conn, "latency", {"host": "a", "check": "redis"}) == [a]
        assert await samples.series(conn, "latency") == [a, b]
        assert await samples.series(conn, "latency", {}) == []


async def test_a_sample_that_is_no_number_is_left_out(store: Store) -> None:
    values = [float("nan"), float("inf"), 1.0]
    await store.transact(
        lambda unit: samples.insert(unit.conn, [Sample(metric="m", at=T0, value=value) for value in values])
    )
    async with store.read() as conn:
        assert [sample.value for sample in await samples.series(conn, "m")] == [float("inf"), 1.0]


async def test_a_firing_is_claimed_once(store: Store) -> None:
    claims = await asyncio.gather(
        *(store.transact(lambda unit: fires.claim(unit.conn, "health.round", T0)) for _ in range(8))
    )
    assert sorted(claims) == [False] * 7 + [True]


async def test_two_firings_are_two_claims(store: Store) -> None:
    async def claim(unit: UnitOfWork) -> list[bool]:
        moments = [T0, T0 + timedelta(seconds=60), T0]
        return [await fires.claim(unit.conn, "health.round", at) for at in moments]

    assert await store.transact(claim) == [True, True, False]


async def test_an_acknowledgement_cancels_pending_steps_in_its_own_transaction(store: Store) -> None:
    steps = [
        NewJob(kind="escalate", key="a", due_at=T0, subject="alert:1"),
        NewJob(kind="escalate", key="b", due_at=T0, subject="alert:2"),
        NewJob(kind="refresh", key="c", due_at=T0, subject="alert:1"),
    ]
    await store.transact(lambda unit: unit.enqueue(steps))

    async def acknowledge(unit: UnitOfWork) -> int:
        await unit.save(an_alert(state=AlertState.ACKNOWLEDGED))
        return await unit.cancel("alert:1", "escalate")

    assert await store.transact(acknowledge) == 1
    async with store.read() as conn:
        assert {job.key: job.state for job in await jobs.listing(conn)} == {
            "a": JobState.CANCELLED,
            "b": JobState.PENDING,
            "c": JobState.PENDING,
        }


async def test_meetings_are_kept_whole_the_meeting_itself_first(store: Store) -> None:
    kept = Meeting(
        incident=7, calendar="team", uid="u", title="Incident postmortem #7", starts_at=T0, ends_at=T0, zone="Europe/Berlin",
        people=("U0000ONE", "U0000TWO"), attendees=("one@example.com",), unreached=("U0000TWO",), sequence=2,
        cancelled=True, begun=True, reference="r", trouble="HTTP 503", made_at=T0,
    )  # fmt: skip
    await save(store, kept, replace(kept, calendar="", made_at=None), replace(kept, incident=8))
    async with store.read() as conn:
        assert await meetings.get(conn, 7, "team") == replace(kept, version=1)
        assert await meetings.get(conn, 7, "other") is None
        assert [one.calendar for one in await meetings.of_incident(conn, 7)] == ["", "team"]
