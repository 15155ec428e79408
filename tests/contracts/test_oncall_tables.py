"""What schedules keep, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.records.feeds import Feed, Shift, Subscription
from storage.records.people import Preferences, Rule
from storage.records.rota import Override, Swap, SwapState
from storage.tables import feeds, overrides, people, swaps
from storage.unit_of_work import Conflict, Store
from tests.contracts.records import T0, save

DAY = timedelta(days=1)


def an_override(**changes: object) -> Override:
    fixed: dict[str, object] = {"id": 1, "schedule": "default", "user": "U0000ONE", "created_by": "U0000TWO"}
    times: dict[str, object] = {"starts_at": T0, "ends_at": T0 + DAY, "created_at": T0}
    return Override(**{**fixed, **times, **changes})  # type: ignore[arg-type] # each under its own name


def a_swap(**changes: object) -> Swap:
    fixed: dict[str, object] = {"id": 1, "schedule": "default", "offered_by": "U0000ONE"}
    times: dict[str, object] = {"starts_at": T0 + DAY, "ends_at": T0 + 2 * DAY, "created_at": T0}
    return Swap(**{**fixed, **times, **changes})  # type: ignore[arg-type] # each under its own name


def a_person(**changes: object) -> Preferences:
    fixed: dict[str, object] = {
        "user": "U0000ONE",
        "updated_at": T0,
        "email": "One@Shop.example",
        "phone": "+4930123456",
    }
    rules = (Rule(timedelta(0), "slack"), Rule(timedelta(minutes=2), "sms"))
    return Preferences(**{**fixed, "rules": rules, **changes})  # type: ignore[arg-type] # each under its own name


async def test_an_override_comes_back_as_it_was_saved(store: Store) -> None:
    whole = an_override(comment="dentist", instead_of="U0000SIX", swap=4, removed_at=T0, removed_by="U0000SIX")
    await save(store, whole)
    async with store.read() as conn:
        assert await overrides.get(conn, 1) == replace(whole, version=1)


async def test_overrides_are_found_by_schedule_and_the_time_they_touch(store: Store) -> None:
    await save(
        store,
        an_override(),
        an_override(id=2, schedule="payments"),
        an_override(id=3, starts_at=T0 + DAY, ends_at=T0 + 2 * DAY),
    )
    async with store.read() as conn:
        found = await overrides.between(conn, ["default"], T0 + DAY / 2, T0 + DAY)
        none = await overrides.between(conn, ["default"], T0 - DAY, T0)
    assert ([o.id for o in found], none) == ([1], [])


async def test_removed_and_past_overrides_are_not_upcoming(store: Store) -> None:
    await save(store, an_override(), an_override(id=2, removed_at=T0), an_override(id=3, ends_at=T0 + DAY / 4))
    async with store.read() as conn:
        assert [o.id for o in await overrides.upcoming(conn, T0 + DAY / 2)] == [1]


async def test_of_two_changes_to_one_override_the_later_is_refused(store: Store) -> None:
    await save(store, an_override())
    first = an_override(removed_at=T0, version=1)
    await save(store, first)
    with pytest.raises(Conflict):
        await save(store, first)


async def test_a_swap_comes_back_as_it_was_saved(store: Store) -> None:
    whole = a_swap(state=SwapState.TAKEN, taken_by="U0000TWO", closed_at=T0, comment="dentist")
    await save(store, whole)
    async with store.read() as conn:
        assert await swaps.get(conn, 1) == replace(whole, version=1)


async def test_only_open_swaps_are_open_the_next_one_first(store: Store) -> None:
    late = a_swap(id=2, starts_at=T0 + 3 * DAY, ends_at=T0 + 4 * DAY)
    await save(store, late, a_swap(), a_swap(id=3, state=SwapState.WITHDRAWN))
    async with store.read() as conn:
        assert [s.id for s in await swaps.open_(conn)] == [1, 2]


async def test_preferences_come_back_as_they_were_saved(store: Store) -> None:
    await save(store, a_person(timezone="Europe/Berlin"))
    async with store.read() as conn:
        assert await people.get(conn, "U0000ONE") == a_person(timezone="Europe/Berlin", version=1)


async def test_people_are_found_by_number_and_by_address_in_any_case(store: Store) -> None:
    await save(store, a_person(), a_person(user="U0000TWO", email="", phone=""))
    async with store.read() as conn:
        assert [p.user for p in await people.by_phone(conn, "+4930123456")] == ["U0000ONE"]
        assert [p.user for p in await people.by_email(conn, "one@shop.EXAMPLE")] == ["U0000ONE"]


async def test_the_copy_of_a_calendar_comes_back_and_is_replaced(store: Store) -> None:
    copy = Feed(place="team:1", source="a", tried_at=T0, read_at=T0, shifts=(Shift(T0, T0 + DAY, ("U0000ONE",)),))
    broken = replace(copy, error="HTTP 500", failing_since=T0, told_at=T0 + DAY, unknown=("a@shop.example",))
    for one in (copy, broken):
        await store.transact(lambda unit, one=one: feeds.put(unit.conn, one))  # type: ignore[misc]
        async with store.read() as conn:
            assert await feeds.all_of(conn) == [one]


async def test_a_calendar_s_secret_is_replaced_by_a_new_one(store: Store) -> None:
    first = Subscription(name="default", token="a", created_by="U0000ONE", created_at=T0)
    second = replace(first, token="b")
    for one in (first, second):
        await store.transact(lambda unit, one=one: feeds.subscribe(unit.conn, one))  # type: ignore[misc]
    async with store.read() as conn:
        assert await feeds.subscription(conn, "default") == second
        assert await feeds.subscription(conn, "payments") is None
