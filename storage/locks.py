"""Named locks across processes and replicas, held by a lease that runs out when its holder dies."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from storage.tables import leases
from storage.unit_of_work import Conflict, Store, StoreError, UnitOfWork


class Locked(Exception):
    """The lock is held by `owner`, at least until `until` unless it is released before."""

    def __init__(self, name: str, owner: str, until: datetime) -> None:
        super().__init__(f"{name} is locked by {owner}")
        self.name = name
        self.owner = owner
        self.until = until


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def held(
    store: Store, name: str, owner: str, lease: timedelta, *, now: Callable[[], datetime] = _now
) -> AsyncIterator[None]:
    """Hold the lock `name` while the block runs; `owner` is who others are told.

    Raises `Locked` at once when somebody holds it, the same owner included. A holder that dies frees the lock after
    `lease`; a living one extends it. Should another take it over all the same (this process was suspended), the block
    is cancelled and `Locked` raised.
    """
    token = uuid.uuid4().hex

    async def take(unit: UnitOfWork) -> tuple[str, datetime] | None:
        moment = now()
        return await leases.take(unit.conn, name, owner=owner, token=token, until=moment + lease, now=moment)

    holder = await store.transact(take)
    if holder:
        raise Locked(name, *holder)
    scope = asyncio.timeout(None)
    beat = asyncio.create_task(_extend(store, name, token, lease=lease, now=now, scope=scope))
    try:
        async with scope:
            yield
    except TimeoutError:
        if scope.expired():
            raise Locked(name, "another process", now()) from None
        raise
    finally:
        beat.cancel()
        await asyncio.wait([beat])
        await store.transact(lambda unit: leases.release(unit.conn, name, token=token))


async def _extend(
    store: Store, name: str, token: str, *, lease: timedelta, now: Callable[[], datetime], scope: asyncio.Timeout
) -> None:
    while True:
        await asyncio.sleep(lease.total_seconds() / 3)
        with suppress(Conflict, StoreError):  # the next beat may get through, and the lease outlives two of them
            until = now() + lease
            if not await store.transact(lambda unit: leases.extend(unit.conn, name, token=token, until=until)):  # noqa: B023 - runs within this turn
                scope.reschedule(asyncio.get_running_loop().time())
                return
