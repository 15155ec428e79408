"""Heartbeats while the machine's clock is set back and forth: silence is still found, and told once."""

import pytest

from bot.heartbeats import service
from storage.unit_of_work import Store
from tests.rooms.heartbeats.test_heartbeats import Room


@pytest.fixture
async def beats(store: Store) -> Room:
    return Room(store)


@pytest.mark.parametrize("jump", [-7200, -240, 240, 7200])
async def test_silence_after_the_clock_was_set_is_told_once_and_ended_once(beats: Room, jump: int) -> None:
    await service.watch(beats.ports)
    for _ in range(3):
        await service.beat(beats.ports, "backup")
        await beats.run(2)
    beats.clock.forward(jump)
    await beats.work()
    before = len(beats.reports)
    assert before <= 1  # a clock set forward by hours looks like silence, until the next beat
    await service.beat(beats.ports, "backup")
    await beats.work()
    began = [report.resolved for report in beats.reports]
    assert began in ([], [False, True])

    await beats.run(12)
    await service.beat(beats.ports, "backup")
    await beats.run(3)
    assert [report.resolved for report in beats.reports[len(began) :]] == [False, True]
