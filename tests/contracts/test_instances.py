"""What can be asked of instances, on SQLite and PostgreSQL alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.records.alerts import AlertState, Instance, Severity
from storage.tables import alerts, instances
from storage.unit_of_work import Conflict, Store
from tests.contracts.records import T0, an_alert, save

PLAIN = Instance(
    fingerprint="f1",
    alert_id=1,
    name="errors",
    labels={"pod": "1", "zone": "Zürich\x00"},
    severity=Severity.HIGH,
    started_at=T0,
    opened_at=T0,
    last_seen_at=T0,
    annotations={"summary": "“broken”"},
    ends_at=T0 + timedelta(minutes=5),
    openings=(T0 - timedelta(minutes=1), T0),
)


async def put(store: Store, *some: Instance) -> None:
    await store.transact(lambda unit: instances.insert(unit.conn, some))


async def firing(store: Store) -> list[Instance]:
    async with store.read() as conn:
        return await instances.open_instances(conn)


async def test_instances_come_back_as_they_were(store: Store) -> None:
    await put(store, PLAIN)

    (found,) = await firing(store)
    assert replace(found, id=None) == PLAIN


async def test_two_open_instances_of_one_fingerprint_are_refused(store: Store) -> None:
    await put(store, PLAIN)
    with pytest.raises(Conflict):
        await put(store, PLAIN)


@pytest.mark.parametrize(
    ("asked", "group", "known"),
    [
        ("f1", "none", "open"),
        ("over", "none", "resolved lately"),
        ("over long ago", "none", ""),
        ("new", "none", ""),
        ("new", "group", "of an open alert"),
    ],
)
async def test_it_is_told_at_once_of_what_nothing_is_known(store: Store, asked: str, group: str, known: str) -> None:
    over = replace(PLAIN, state=AlertState.RESOLVED, resolved_at=T0)
    long_ago = replace(over, fingerprint="over long ago", resolved_at=T0 - timedelta(hours=2))
    await put(store, PLAIN, replace(over, fingerprint="over"), long_ago)
    await save(store, an_alert(fingerprint="group"))

    told = await store.transact(lambda unit: instances.unknown(unit.conn, [asked], [group], T0 - timedelta(hours=1)))

    assert told == (not known and store.dialect == "sqlite")  # on PostgreSQL it would be one question more


async def test_a_resolved_one_stands_beside_an_open_one(store: Store) -> None:
    over = replace(PLAIN, state=AlertState.RESOLVED, resolved_at=T0)
    await put(store, over, replace(over, resolved_at=T0 + timedelta(minutes=1)), PLAIN)

    assert len(await firing(store)) == 1
    async with store.read() as conn:
        (latest,) = await instances.latest_over(conn, ["f1", "f2"], T0 - timedelta(hours=1))
        assert latest.resolved_at == T0 + timedelta(minutes=1)
        assert await instances.latest_over(conn, ["f1"], T0 + timedelta(hours=1)) == []


async def test_an_instance_is_written_over_its_row(store: Store) -> None:
    await put(store, PLAIN)
    (found,) = await firing(store)
    muted = replace(found, state=AlertState.SILENCED, muted_by="silence 3", count=7, ends_at=None)
    await store.transact(lambda unit: instances.update(unit.conn, [muted]))

    assert await firing(store) == [muted]


async def test_repetitions_are_counted_of_what_is_open(store: Store) -> None:
    await save(store, an_alert(id=1))
    await put(store, PLAIN)
    later = T0 + timedelta(minutes=2)
    await store.transact(lambda unit: instances.seen_again(unit.conn, [("f1", 3, later, None), ("f2", 1, later, None)]))
    await store.transact(lambda unit: alerts.seen_again(unit.conn, [(1, 3, later)]))

    (found,) = await firing(store)
    assert (found.count, found.last_seen_at, found.ends_at) == (4, later, None)
    async with store.read() as conn:
        alert = await alerts.get(conn, 1)
    assert alert is not None
    assert (alert.count, alert.last_seen_at) == (4, later)


async def test_those_whose_end_has_passed_are_found_and_the_unheard_spared(store: Store) -> None:
    await put(store, PLAIN, replace(PLAIN, fingerprint="f2", last_seen_at=T0 + timedelta(minutes=4)))
    async with store.read() as conn:
        assert await instances.ended(conn, T0 + timedelta(minutes=4)) == []
        at = T0 + timedelta(minutes=6)
        assert {i.fingerprint for i in await instances.ended(conn, at)} == {"f1", "f2"}
        heard = await instances.ended(conn, at, seen_since=T0 + timedelta(minutes=3))
        assert [i.fingerprint for i in heard] == ["f2"]


async def test_an_alerts_instances_are_closed_together(store: Store) -> None:
    await put(store, PLAIN, replace(PLAIN, fingerprint="f2"), replace(PLAIN, fingerprint="f3", alert_id=2))
    await store.transact(lambda unit: instances.close(unit.conn, 1, T0))

    assert [i.fingerprint for i in await firing(store)] == ["f3"]


async def test_what_another_connection_writes_is_seen_at_the_tail_of_the_journal(store: Store) -> None:
    tail = store.tail(["AlertResolved"])
    if store.dialect == "postgresql":
        assert tail is None
        return
    assert tail is not None
    try:
        assert tail.news() == []
        for kind in ("AlertOpened", "AlertResolved"):
            await store.transact(
                lambda unit, kind=kind: unit.append(at=T0, kind=kind, subject="alert:1", actor="bot", payload={"n": 1})
            )
        assert tail.news() == [("AlertResolved", {"n": 1})]
        assert tail.news() == []
    finally:
        tail.close()


async def test_a_unit_of_work_that_waits_for_something_else_is_refused(store: Store) -> None:
    import asyncio

    async def sleeps(_unit: object) -> None:
        await asyncio.sleep(0)

    if store.dialect == "postgresql":
        await store.transact(sleeps)
        return
    with pytest.raises(RuntimeError, match="wait for nothing"):
        await store.transact(sleeps)
