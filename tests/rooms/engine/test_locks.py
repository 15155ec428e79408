"""Named locks: held by one, told to others, freed when the holder ends or dies."""

import asyncio
from datetime import timedelta

import pytest

from storage.locks import Locked, held
from storage.tables import leases
from storage.unit_of_work import Store
from tests.rooms.engine.conftest import T0, FrozenClock, eventually

MINUTE = timedelta(minutes=1)


async def test_a_held_lock_is_refused_and_names_its_holder(store: Store, clock: FrozenClock) -> None:
    async with held(store, "db:vacuum", "U1", MINUTE, now=clock):
        with pytest.raises(Locked, match="db:vacuum is locked by U1") as refused:
            async with held(store, "db:vacuum", "U2", MINUTE, now=clock):
                pytest.fail("two hold it")
    assert (refused.value.owner, refused.value.until) == ("U1", T0 + MINUTE)


async def test_the_same_owner_cannot_hold_it_twice(store: Store, clock: FrozenClock) -> None:
    async with held(store, "db:vacuum", "U1", MINUTE, now=clock):
        with pytest.raises(Locked):
            async with held(store, "db:vacuum", "U1", MINUTE, now=clock):
                pytest.fail("two hold it")


async def test_locks_of_two_names_do_not_meet(store: Store, clock: FrozenClock) -> None:
    async with held(store, "db:vacuum", "U1", MINUTE, now=clock), held(store, "db:reindex", "U2", MINUTE, now=clock):
        pass


async def test_a_lock_is_free_after_its_block_even_when_that_fails(store: Store, clock: FrozenClock) -> None:
    with pytest.raises(LookupError):
        async with held(store, "db:vacuum", "U1", MINUTE, now=clock):
            raise LookupError
    async with held(store, "db:vacuum", "U2", MINUTE, now=clock):
        pass


async def test_the_lock_of_a_dead_holder_is_free_when_its_lease_has_run_out(store: Store, clock: FrozenClock) -> None:
    await store.transact(
        lambda unit: leases.take(unit.conn, "db:vacuum", owner="dead", token="t", until=T0 + MINUTE, now=T0)
    )
    clock.forward(59)
    with pytest.raises(Locked):
        async with held(store, "db:vacuum", "U2", MINUTE, now=clock):
            pytest.fail("two hold it")
    clock.forward(1)
    async with held(store, "db:vacuum", "U2", MINUTE, now=clock):
        pass


async def test_a_living_holder_keeps_it_beyond_its_lease(store: Store, clock: FrozenClock) -> None:
    lease = timedelta(seconds=0.3)

    async def extended() -> bool:
        with pytest.raises(Locked) as refused:
            async with held(store, "db:vacuum", "U2", lease, now=clock):
                pytest.fail("two hold it")
        return refused.value.until == clock() + lease

    async with held(store, "db:vacuum", "U1", lease, now=clock):
        for _ in range(12):
            clock.forward(0.1)
            await eventually(extended)


async def test_a_holder_that_lost_it_is_stopped(store: Store) -> None:
    async def hold() -> None:
        async with held(store, "db:vacuum", "U1", timedelta(seconds=0.3)), asyncio.timeout(20):
            # As if this process had been suspended for longer than its lease, and another had come.
            await store.transact(lambda unit: unit.conn.execute(leases.LEASES.update().values(token="another")))
            await asyncio.Event().wait()

    with pytest.raises(Locked, match="another process"):
        await hold()
