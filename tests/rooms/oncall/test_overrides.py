"""Overrides and swaps, from the command line to who is on call, cards and direct messages."""

import asyncio
from datetime import timedelta

import pytest

from bot.cards.card import Level
from bot.cards.marks import plain
from bot.oncall import service
from bot.ports import ChatError
from tests.rooms.oncall.conftest import ALERTS, DAILY, MONDAY, ONE, SIX, TWO, Opened


async def test_an_override_puts_somebody_on_call_for_its_time(opened: Opened) -> None:
    world = await opened(DAILY)
    card = await world.run("oncall", "override", f"<@{SIX}>", "--from", "18:00", "--to", "+2h")

    assert card.level is Level.OK
    moments = [MONDAY + timedelta(hours=h) for h in (5.9, 6, 7.9, 8)]
    assert [await service.everyone(world.ports, at=at) for at in moments] == [(ONE,), (SIX,), (SIX,), (ONE,)]


async def test_whoever_is_put_on_call_by_another_is_told(opened: Opened) -> None:
    world = await opened(DAILY)
    world.twice = True
    await world.run("oncall", "override", SIX, "--to", "+2h")

    assert world.told(f"D{SIX[1:]}") == ["Override added"]
    assert world.died == []


async def test_one_of_two_who_cannot_be_written_to_keeps_nothing_from_the_other(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "swap", "--from", "14:00", "--to", "+2h", by=ONE)
    world.chat.refusals["direct"] = [ChatError("user_not_found", "Slack knows no such user", retry=False)]
    await world.run("oncall", "swap", "take", "1", by=TWO)

    assert [world.told(f"D{user[1:]}") for user in (ONE, TWO)] == [[], ["Swap #1 is taken"]]
    assert len(world.died) == 1  # that somebody cannot be reached is not passed over


async def test_whoever_puts_themselves_on_call_is_not_told(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "override", SIX, "--to", "+2h", by=SIX)

    assert world.told(f"D{SIX[1:]}") == []


async def test_a_removed_override_leaves_what_was_true(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "override", SIX, "--to", "+4h")
    await world.forward(hours=1)
    await world.run("oncall", "override", "remove", "1")

    assert await service.everyone(world.ports) == (ONE,)
    assert await service.everyone(world.ports, at=MONDAY + timedelta(minutes=30)) == (SIX,)


async def test_removing_twice_says_so(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "override", SIX, "--to", "+4h")
    await world.run("oncall", "override", "remove", "1")

    assert (await world.run("oncall", "override", "remove", "#1")).body == ("it was removed already.",)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["bob", "--to", "+1h"], "`bob` is no user of Slack"),
        ([SIX, "--to", "half past"], '"half past" is no moment'),
        ([SIX, "--from", "18:00", "--to", "2026-11-23 17:00"], "it ends before it begins"),
        ([SIX, "--from", "2026-11-20", "--to", "+1h"], "it is over already"),
        ([SIX, "--to", "+800d"], "it is longer than a year"),
        ([SIX, "--to", "+1h", "--schedule", "shop"], "there is no schedule shop; there is default"),
    ],
)
async def test_a_wrong_override_is_refused_in_words(opened: Opened, argv: list[str], said: str) -> None:
    card = await (await opened(DAILY)).run("oncall", "override", *argv)

    assert card.level is Level.USAGE
    assert plain(card.body[0]).startswith(said)


async def test_times_are_meant_on_the_clocks_of_whoever_types_them(opened: Opened) -> None:
    world = await opened(DAILY, people={ONE: {"timezone": "Asia/Tokyo"}})
    await world.run("oncall", "override", SIX, "--from", "2026-11-24 09:00", "--to", "+1h")

    [fact] = await world.facts("OverrideAdded")
    assert fact.starts_at == MONDAY + timedelta(hours=12)


async def test_a_swap_is_offered_in_the_channel_and_taken_by_its_button(opened: Opened) -> None:
    world = await opened(DAILY)
    world.twice = True
    await world.run("oncall", "swap", "--from", "18:00", "--to", "+3h", "--comment", "dentist")
    [message] = [m for m in world.chat.messages if m.channel == ALERTS]
    await world.run(*message.card.buttons[0].argv, by=TWO)

    assert await service.everyone(world.ports, at=MONDAY + timedelta(hours=7)) == (TWO,)
    assert await service.everyone(world.ports, at=MONDAY + timedelta(hours=10)) == (ONE,)
    assert world.told(ALERTS) == ["Swap #1 is taken"]
    assert world.told(f"D{ONE[1:]}") == world.told(f"D{TWO[1:]}") == ["Swap #1 is taken"]
    assert world.died == []


async def test_nobody_takes_their_own_swap(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "swap", "--from", "18:00", "--to", "+3h")
    card = await world.run("oncall", "swap", "take", "1")

    assert plain(card.body[0]) == "it is your own; somebody else has to take it"


async def test_of_two_who_take_a_swap_at_once_one_has_it(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "swap", "--from", "18:00", "--to", "+3h")
    await asyncio.gather(*(world.run("oncall", "swap", "take", "1", by=user) for user in (TWO, SIX)))

    assert len(await world.facts("SwapTaken")) == len(await world.facts("OverrideAdded")) == 1


async def test_only_time_on_call_can_be_offered(opened: Opened) -> None:
    card = await (await opened(DAILY)).run("oncall", "swap", "--from", "18:00", "--to", "+3h", by=SIX)

    assert plain(card.body[0]) == "you are not on call in default in that time"


async def test_time_in_another_schedule_is_found(opened: Opened) -> None:
    world = await opened({**DAILY, "schedules": {"payments": {"people": [SIX]}}})
    card = await world.run("oncall", "swap", "--from", "18:00", "--to", "+3h", by=SIX)

    assert plain(card.body[0]).endswith("; add --schedule payments")


async def test_a_withdrawn_swap_cannot_be_taken(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "swap", "--from", "18:00", "--to", "+3h")
    await world.run("oncall", "swap", "withdraw", "1")
    card = await world.run("oncall", "swap", "take", "1", by=TWO)

    assert card.body == ("it was withdrawn.",)
    assert world.told(ALERTS) == ["Swap #1 is withdrawn"]


async def test_a_responder_withdraws_nobody_else_s_swap(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "swap", "--from", "18:00", "--to", "+3h")

    assert (await world.run("oncall", "swap", "withdraw", "1", by=TWO)).level is Level.USAGE
    assert (await world.run("oncall", "swap", "withdraw", "1", by="shell:root", via="shell")).level is Level.OK


async def test_a_swap_that_nobody_took_is_past_due_when_it_begins(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "swap", "--from", "18:00", "--to", "+3h")
    await world.forward(hours=6)

    assert world.told(ALERTS) == ["Swap #1 is past due"]
    assert (await world.run("oncall", "swap", "take", "1", by=TWO)).body == ("its time has begun.",)


async def test_overrides_and_open_swaps_are_listed(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.run("oncall", "override", SIX, "--to", "+2h")
    await world.run("oncall", "swap", "--from", "tomorrow 10:00", "--to", "+1h", by=TWO)
    card = await world.run("oncall", "overrides")

    assert card.table is not None
    assert (card.title, [plain(row[0]) for row in card.table.rows]) == ("1 override, 1 open swap", ["#1", "swap #1"])


async def test_without_overrides_the_list_says_how_to_add_one(opened: Opened) -> None:
    card = await (await opened(DAILY)).run("oncall", "overrides")

    assert "oncall override" in plain(card.hint)
