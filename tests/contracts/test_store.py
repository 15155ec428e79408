"""What the store promises about records, values and transactions, on SQLite and PostgreSQL alike."""

import asyncio
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from storage.records.alerts import Alert, AlertState
from storage.records.checks import CheckState
from storage.records.incidents import Incident
from storage.records.jobs import Job, NewJob
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem, Version
from storage.records.posts import Post
from storage.records.samples import Sample
from storage.tables import alerts, checks, incidents, jobs, journal, postmortems, posts, samples
from storage.unit_of_work import Conflict, Store, UnitOfWork
from tests.contracts.records import SECTION, T0, a_check, a_postmortem, an_alert, an_incident, save


@pytest.mark.parametrize(
    "record",
    [
        an_alert(
            labels={"z": "1", "a": "ü"},
            value=0.07,
            threshold=0.05,
            unit="ratio",
            next_step=1,
            next_step_at=T0 + timedelta(minutes=5),
            acknowledged_at=T0,
            acknowledged_by="U1",
            incident_id=7,
        ),
        a_check(latency_ms=0.25, detail="connection refused", value=1e-9, threshold=1e300),
        an_incident(alert_ids=(1, 2), roles={"commander": "U1"}, fingerprint="f1", resolved_at=T0, channel="C9"),
        a_postmortem(sections=(SECTION,), approved_version=1, approved_at=T0, approved_by="U1"),
    ],
    ids=lambda record: type(record).__name__,
)
async def test_a_record_comes_back_as_it_was_saved_one_version_higher(store: Store, record: Any) -> None:
    await save(store, record)
    async with store.read() as conn:
        match record:
            case Alert():
                kept: Any = await alerts.get(conn, record.id)
            case CheckState():
                kept = await checks.get(conn, record.name)
            case Incident():
                kept = await incidents.get(conn, record.id)
            case _:
                kept = await postmortems.get(conn, record.id)
    assert kept == replace(record, version=1)


@pytest.mark.parametrize(
    ("table", "record"),
    [
        (alerts.ALERTS, Alert),
        (checks.CHECKS, CheckState),
        (incidents.INCIDENTS, Incident),
        (jobs.JOBS, Job),
        (journal.JOURNAL, Entry),
        (postmortems.POSTMORTEMS, Postmortem),
        (postmortems.VERSIONS, Version),
        (posts.POSTS, Post),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_columns_are_named_as_the_fields_of_the_record(table: Any, record: Any) -> None:
    assert {column.name for column in table.columns} == {field.name for field in fields(record)}


async def test_an_update_replaces_the_version_it_was_decided_on(store: Store) -> None:
    await save(store, an_alert())
    await save(store, an_alert(version=1, state=AlertState.ACKNOWLEDGED))
    async with store.read() as conn:
        assert await alerts.get(conn, 1) == an_alert(version=2, state=AlertState.ACKNOWLEDGED)


async def test_a_stale_version_is_a_conflict_and_changes_nothing(store: Store) -> None:
    await save(store, an_alert())
    await save(store, an_alert(version=1, comment="first"))
    with pytest.raises(Conflict, match="alerts 1: version 1"):
        await save(store, an_alert(version=1, comment="second"))
    async with store.read() as conn:
        assert (await alerts.get(conn, 1)) == an_alert(version=2, comment="first")


async def test_a_second_new_record_of_the_same_id_is_a_conflict(store: Store) -> None:
    await save(store, a_check())
    with pytest.raises(Conflict):
        await save(store, a_check(detail="from another replica"))


async def test_a_second_open_alert_of_a_fingerprint_is_a_conflict(store: Store) -> None:
    await save(store, an_alert(id=1))
    with pytest.raises(Conflict):
        await save(store, an_alert(id=2))


async def test_reopening_an_alert_beside_an_open_one_is_a_conflict(store: Store) -> None:
    await save(store, an_alert(id=1, state=AlertState.RESOLVED), an_alert(id=2))
    with pytest.raises(Conflict):
        await save(store, an_alert(id=1, version=1, state=AlertState.FIRING))


async def test_resolved_alerts_share_a_fingerprint_with_one_open_one(store: Store) -> None:
    gone = AlertState.RESOLVED
    await save(store, an_alert(id=1, state=gone), an_alert(id=2, state=gone), an_alert(id=3))
    async with store.read() as conn:
        assert await alerts.open_by_fingerprint(conn, "f1") == an_alert(id=3, version=1)


async def test_declared_incidents_without_a_fingerprint_stand_side_by_side(store: Store) -> None:
    await save(store, an_incident(id=1), an_incident(id=2))
    async with store.read() as conn:
        assert await incidents.open_by_fingerprint(conn, "") is None


async def test_a_second_open_incident_of_a_fingerprint_is_a_conflict(store: Store) -> None:
    await save(store, an_incident(id=1, fingerprint="f1"))
    with pytest.raises(Conflict):
        await save(store, an_incident(id=2, fingerprint="f1"))


async def test_a_lost_race_is_decided_again_on_the_new_state(store: Store) -> None:
    await save(store, an_alert())
    met = asyncio.Barrier(2)
    tries = 0

    async def add(unit: UnitOfWork) -> None:
        nonlocal tries
        tries += 1
        alert = await alerts.get(unit.conn, 1)
        assert alert
        if store.dialect == "postgresql" and tries <= 2:
            await met.wait()  # both have read the same version
        await unit.save(replace(alert, next_step=alert.next_step + 1))

    await asyncio.gather(store.transact(add), store.transact(add))
    async with store.read() as conn:
        kept = await alerts.get(conn, 1)
    assert kept
    assert kept.next_step == 2


async def test_many_writers_of_one_locked_record_lose_no_update(store: Store) -> None:
    await save(store, an_alert())

    async def add(unit: UnitOfWork) -> None:
        alert = await alerts.get(unit.conn, 1, lock=True)
        assert alert
        await unit.save(replace(alert, next_step=alert.next_step + 1))

    await asyncio.gather(*(store.transact(add) for _ in range(15)))
    async with store.read() as conn:
        kept = await alerts.get(conn, 1)
    assert kept
    assert kept.next_step == 15


async def test_an_unknown_kind_of_record_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match="str is not a record"):
        await save(store, "alert")


async def test_times_come_back_in_utc(store: Store) -> None:
    elsewhere = datetime(2026, 11, 23, 18, 30, tzinfo=timezone(timedelta(hours=6, minutes=30)))
    await save(store, an_alert(started_at=elsewhere))
    async with store.read() as conn:
        kept = await alerts.get(conn, 1)
    assert kept
    assert kept.started_at.isoformat() == "2026-11-23T12:00:00+00:00"


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = T0.replace(tzinfo=None)
    with pytest.raises(Exception, match="has no time zone"):
        await save(store, an_alert(started_at=naive))


async def test_times_compare_across_the_second(store: Store) -> None:
    moments = [T0 + timedelta(microseconds=us) for us in (-1, 0, 1, 999_999, 1_000_000)]
    await store.transact(
        lambda unit: samples.insert(unit.conn, [Sample(metric="m", at=at, value=0) for at in reversed(moments)])
    )
    async with store.read() as conn:
        assert [sample.at for sample in await samples.series(conn, "m", since=T0)] == moments[1:]


@pytest.mark.parametrize("text", ["'; DROP TABLE alerts; --", "👀 ü\n\t", "%s :name ?", ""])
async def test_text_comes_back_as_it_was(store: Store, text: str) -> None:
    await save(store, an_alert(summary=text))
    async with store.read() as conn:
        kept = await alerts.get(conn, 1)
    assert kept
    assert kept.summary == text


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "half a surrogate pair"])
async def test_text_that_no_database_takes_is_kept_with_a_mark(store: Store, text: str) -> None:
    await save(store, an_alert(summary=text))
    async with store.read() as conn:
        kept = await alerts.get(conn, 1)
    assert kept
    assert kept.summary == "a\ufffdb"


async def test_a_payload_of_a_job_may_hold_any_json(store: Store) -> None:
    payload = {"z": [1, 2.5, None, True], "a": {"nul": "\x00", "half": "\ud800"}}
    await store.transact(lambda unit: unit.enqueue([NewJob(kind="k", key="1", due_at=T0, payload=payload)]))
    async with store.read() as conn:
        [job] = await jobs.listing(conn)
    assert job.payload == payload
    assert list(job.payload) == ["z", "a"]


async def test_a_number_that_json_cannot_say_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="not JSON compliant"):
        await store.transact(
            lambda unit: unit.append(at=T0, kind="K", subject="s", actor="a", payload={"value": float("nan")})
        )


async def test_state_fact_job_and_number_are_committed_together_or_not_at_all(store: Store) -> None:
    async def broken(unit: UnitOfWork) -> None:
        number = await unit.next_id("alert")
        await unit.save(an_alert(id=number))
        await unit.append(at=T0, kind="AlertOpened", subject=f"alert:{number}", actor="bot", payload={})
        await unit.enqueue([NewJob(kind="page", key="1", due_at=T0)])
        raise LookupError("no such policy")

    with pytest.raises(LookupError):
        await store.transact(broken)
    async with store.read() as conn:
        assert await alerts.count(conn) == 0
        assert await journal.after(conn, 0) == []
        assert await jobs.listing(conn) == []
    assert await store.transact(lambda unit: unit.next_id("alert")) == 1


async def test_numbers_of_a_name_have_no_gaps_under_concurrency(store: Store) -> None:
    numbers = await asyncio.gather(*(store.transact(lambda unit: unit.next_id("alert")) for _ in range(15)))
    assert sorted(numbers) == list(range(1, 16))


async def test_numbers_of_two_names_are_counted_apart(store: Store) -> None:
    await store.transact(lambda unit: unit.next_id("alert"))
    assert await store.transact(lambda unit: unit.next_id("incident")) == 1


async def test_a_read_sees_one_state_however_long_it_lasts(store: Store) -> None:
    await save(store, an_alert(id=1, fingerprint="f1"))
    async with store.read() as conn:
        before = await alerts.count(conn)
        await save(store, an_alert(id=2, fingerprint="f2"))
        assert await alerts.count(conn) == before


async def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(RuntimeError, match="cannot write"):
        async with store.read() as conn:
            await checks.remove(conn, "redis")
    await save(store, a_check())  # and the connection is good for writing again


async def test_a_cancelled_unit_of_work_leaves_nothing_behind(store: Store) -> None:
    inside = asyncio.Event()

    async def hang(unit: UnitOfWork) -> None:
        await unit.save(an_alert())
        inside.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.transact(hang))
    await inside.wait()
    task.cancel()
    await asyncio.wait([task])
    await save(store, an_alert())  # neither the row nor a lock is there


async def test_a_unit_of_work_inside_another_is_refused_rather_than_waiting_for_itself(store: Store) -> None:
    async def outer(_unit: UnitOfWork) -> None:
        await store.transact(lambda unit: unit.next_id("alert"))

    with pytest.raises(RuntimeError, match="began another"):
        await store.transact(outer)


async def test_a_commit_with_jobs_wakes_and_one_without_does_not(store: Store) -> None:
    woken: list[str] = []
    store.wake_on_commit(lambda: woken.append("now"))
    await save(store, an_alert())
    assert woken == []
    await store.transact(lambda unit: unit.enqueue([NewJob(kind="k", key="1", due_at=T0)]))
    assert woken == ["now"]
