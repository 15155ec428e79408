"""Series of samples on both databases: what is newest, what a window holds, and what becomes of old hours."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from storage.records.samples import Aggregate, Reading, Sample, SourceState
from storage.tables import samples, sources
from storage.unit_of_work import Store
from tests.contracts.records import T0

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def a_sample(value: float, at=T0, metric: str = "cpu", **labels: str) -> Sample:
    return Sample(metric=metric, at=at, value=value, labels=labels)


async def keep(store: Store, *given: Sample) -> None:
    await store.transact(lambda unit: samples.insert(unit.conn, given))


async def fold_all(store: Store, before, limit: int = 100) -> list[int]:
    counts = []
    while count := await store.transact(lambda unit: samples.fold(unit.conn, before, limit)):
        counts.append(count)
    return counts


async def left(store: Store) -> int:
    async with store.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(samples.SAMPLES))).scalar_one())


async def test_the_newest_sample_of_each_series_is_found(store: Store) -> None:
    await keep(
        store,
        a_sample(1, T0, host="a"),
        a_sample(2, T0 + MINUTE, host="a"),
        a_sample(3, T0, host="b"),
        a_sample(4, T0, "memory"),
        a_sample(5, T0, "load"),
    )
    async with store.read() as conn:
        found = await samples.latest(conn, {"cpu", "memory", "nothing"}, T0 - HOUR)

    assert found == [a_sample(2, T0 + MINUTE, host="a"), a_sample(3, T0, host="b"), a_sample(4, T0, "memory")]


async def test_a_series_whose_newest_sample_is_too_old_is_absent(store: Store) -> None:
    await keep(store, a_sample(1, T0 - MINUTE, host="a"), a_sample(3, T0, host="b"))
    async with store.read() as conn:
        assert await samples.latest(conn, {"cpu"}, T0) == [a_sample(3, T0, host="b")]


async def test_of_two_samples_of_one_moment_the_later_written_one_is_the_newest(store: Store) -> None:
    await keep(store, a_sample(1))
    await keep(store, a_sample(2))
    async with store.read() as conn:
        assert await samples.latest(conn, {"cpu"}, T0) == [a_sample(2)]


async def test_a_window_holds_its_begin_and_not_its_end(store: Store) -> None:
    await keep(store, *(a_sample(n, T0 + n * MINUTE) for n in range(4)))
    async with store.read() as conn:
        found = await samples.series(conn, "cpu", {}, T0 + MINUTE, T0 + 3 * MINUTE)

    assert [sample.value for sample in found] == [1, 2]


async def test_a_window_is_told_by_series(store: Store) -> None:
    await keep(store, a_sample(1, host="a"), a_sample(3, T0 + MINUTE, host="a"), a_sample(9, host="b"))
    async with store.read() as conn:
        found = await samples.window(conn, "cpu", T0, T0 + HOUR)

    assert found == [
        Aggregate(metric="cpu", at=T0, labels={"host": "a"}, count=2, min=1, max=3, mean=2),
        Aggregate(metric="cpu", at=T0, labels={"host": "b"}, count=1, min=9, max=9, mean=9),
    ]


async def test_many_series_are_kept_at_once(store: Store) -> None:
    many = [a_sample(n, host=str(n)) for n in range(1500)]
    await keep(store, *many)
    await keep(store, *many)
    async with store.read() as conn:
        assert len(await samples.latest(conn, {"cpu"}, T0)) == 1500


async def test_writers_that_meet_a_new_series_at_once_share_it(store: Store) -> None:
    await asyncio.gather(*(keep(store, a_sample(n, host="a")) for n in range(8)))
    async with store.read() as conn:
        assert len(await samples.series(conn, "cpu", {"host": "a"})) == 8
        assert len(await samples.latest(conn, {"cpu"}, T0)) == 1


async def test_an_old_hour_becomes_its_aggregate(store: Store) -> None:
    await keep(store, *(a_sample(n, T0 + n * timedelta(seconds=30), host="a") for n in range(100)))

    assert await fold_all(store, T0 + HOUR) == [1]

    async with store.read() as conn:
        assert await samples.hourly(conn, "cpu", T0, T0 + HOUR) == [
            Aggregate(metric="cpu", at=T0, labels={"host": "a"}, count=100, min=0, max=99, mean=49.5, p95=94)
        ]
    assert await left(store) == 0


async def test_only_hours_that_ended_by_then_are_folded(store: Store) -> None:
    await keep(store, a_sample(1, T0), a_sample(2, T0 + HOUR), a_sample(3, T0 + 2 * HOUR))

    await fold_all(store, T0 + 2 * HOUR - MINUTE)

    assert await left(store) == 2


async def test_folding_goes_on_where_it_stopped(store: Store) -> None:
    await keep(store, *(a_sample(n, T0 + hour * HOUR, host=str(n)) for n in range(3) for hour in range(2)))

    assert sum(await fold_all(store, T0 + 2 * HOUR, limit=2)) == 6
    assert await fold_all(store, T0 + 2 * HOUR) == []


async def test_a_fold_that_does_not_commit_leaves_the_hour_whole(store: Store) -> None:
    await keep(store, a_sample(1), a_sample(2, T0 + MINUTE))

    async def crash(unit) -> None:
        await samples.fold(unit.conn, T0 + HOUR)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await store.transact(crash)

    async with store.read() as conn:
        assert await samples.hourly(conn, "cpu", T0, T0 + HOUR) == []
    assert await left(store) == 2


async def test_samples_that_come_late_are_merged_into_their_hour(store: Store) -> None:
    await keep(store, a_sample(1), a_sample(3, T0 + MINUTE))
    await fold_all(store, T0 + HOUR)
    await keep(store, a_sample(8, T0 + 2 * MINUTE))

    await fold_all(store, T0 + HOUR)

    async with store.read() as conn:
        (hour,) = await samples.hourly(conn, "cpu", T0, T0 + HOUR)
    assert (hour.count, hour.min, hour.max, hour.mean) == (3, 1, 8, 4)


async def test_folded_hours_are_read_like_samples(store: Store) -> None:
    await keep(store, a_sample(1), a_sample(3, T0 + MINUTE), a_sample(5, T0 + HOUR))
    await fold_all(store, T0 + HOUR)
    async with store.read() as conn:
        assert await samples.series(conn, "cpu", {}) == [a_sample(2), a_sample(5, T0 + HOUR)]
        (whole,) = await samples.window(conn, "cpu", T0, T0 + 2 * HOUR)
    assert (whole.count, whole.min, whole.max, whole.mean) == (3, 1, 5, 3)


async def test_every_metric_ever_kept_is_named(store: Store) -> None:
    await keep(store, a_sample(1, host="a"), a_sample(1, host="b"), a_sample(1, metric="memory"))
    async with store.read() as conn:
        assert await samples.names(conn) == ["cpu", "memory"]


def a_state(name: str = "db", **changes) -> SourceState:
    return SourceState(**{"name": name, "type": "postgres", "at": T0, "read_at": T0, "samples": 9, **changes})


async def test_a_source_that_fails_keeps_when_it_was_last_read(store: Store) -> None:
    later = T0 + MINUTE
    await store.transact(lambda unit: sources.put(unit.conn, [a_state()]))
    await store.transact(
        lambda unit: sources.put(unit.conn, [a_state(at=later, read_at=None, failure="refused", samples=0)])
    )
    async with store.read() as conn:
        assert await sources.everything(conn) == [a_state(at=later, failure="refused", samples=0)]


async def test_a_source_that_is_read_no_more_is_forgotten(store: Store) -> None:
    await store.transact(lambda unit: sources.put(unit.conn, [a_state("a"), a_state("b")]))
    await store.transact(lambda unit: sources.put(unit.conn, [a_state("b")]))
    async with store.read() as conn:
        assert [state.name for state in await sources.everything(conn)] == ["b"]


async def test_a_reading_takes_the_place_of_the_one_before(store: Store) -> None:
    older, newer = (Reading(key="k", at=T0 + n * MINUTE, counts={"total": n}) for n in (0, 1))
    for reading in (older, newer):
        await store.transact(lambda unit, given=reading: sources.put_readings(unit.conn, [given]))
    async with store.read() as conn:
        assert await sources.readings(conn, ["k", "unknown"]) == {"k": newer}


async def test_old_readings_are_forgotten(store: Store) -> None:
    await store.transact(lambda unit: sources.put_readings(unit.conn, [Reading(key="k", at=T0, counts={})]))
    await store.transact(lambda unit: sources.forget_readings(unit.conn, T0 + MINUTE))
    async with store.read() as conn:
        assert await sources.readings(conn, ["k"]) == {}


async def test_each_hour_with_samples_is_found_by_its_first(either: Store) -> None:
    begin = T0.replace(minute=0, second=0, microsecond=0)
    moments = [begin - 3 * HOUR, begin - 3 * HOUR + MINUTE, begin + 17 * MINUTE, begin + 59 * MINUTE, begin + HOUR]
    await keep(either, *(a_sample(1, at, host="a") for at in moments), a_sample(1, begin - HOUR, host="b"))
    async with either.read() as conn:
        found = await samples.hours_seen(conn, "cpu", {"host": "a"}, begin - 2 * HOUR)
        every = await samples.hours_seen(conn, "cpu", {"host": "a"}, begin - 9 * HOUR)
        none = await samples.hours_seen(conn, "cpu", {"host": "c"}, begin - 9 * HOUR)

    assert found == [begin + 17 * MINUTE, begin + HOUR]
    assert every == [begin - 3 * HOUR, *found]
    assert none == []


async def test_an_hour_of_which_the_aggregate_is_left_is_found_too(either: Store) -> None:
    begin = T0.replace(minute=0, second=0, microsecond=0)
    await keep(either, a_sample(1, begin - 5 * HOUR + MINUTE, host="a"), a_sample(1, begin, host="a"))
    await fold_all(either, begin - HOUR)
    async with either.read() as conn:
        assert await samples.hours_seen(conn, "cpu", {"host": "a"}, begin - 9 * HOUR) == [begin - 5 * HOUR, begin]
