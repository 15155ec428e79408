import asyncio
from contextlib import suppress

from bot.slack.lanes import Lanes


async def entered(lanes: Lanes, order: list[str], name: str, *, first: bool = False) -> None:
    async with lanes.hold("post C1", first=first):
        await asyncio.sleep(0)
        order.append(name)


async def test_a_lane_is_left_in_the_order_of_entering_and_then_forgotten() -> None:
    lanes, order = Lanes(), []
    await asyncio.gather(*(entered(lanes, order, str(n)) for n in range(20)))
    assert order == [str(n) for n in range(20)]
    assert lanes._held == {}


async def test_who_has_precedence_goes_before_all_who_wait_without_it_in_its_own_order() -> None:
    lanes, order = Lanes(), []
    notes = [entered(lanes, order, f"note {n}") for n in range(3)]
    cards = [entered(lanes, order, f"card {n}", first=True) for n in range(2)]
    await asyncio.gather(*notes, *cards)
    assert order == ["note 0", "card 0", "card 1", "note 1", "note 2"]


async def test_who_gives_up_waiting_is_passed_over() -> None:
    lanes, order = Lanes(), []
    tasks = [asyncio.create_task(entered(lanes, order, str(n))) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["0", "2", "3"]
    assert lanes._held == {}


async def test_who_is_cancelled_just_when_its_turn_comes_passes_the_lane_on() -> None:
    lanes, order = Lanes(), []
    async with lanes.hold("post C1"):
        waiting = [asyncio.create_task(entered(lanes, order, str(n))) for n in range(2)]
        await asyncio.sleep(0)
    waiting[0].cancel()
    with suppress(asyncio.CancelledError):
        await waiting[0]
    await waiting[1]
    assert order == ["1"]
    assert lanes._held == {}
