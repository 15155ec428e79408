"""Schedules read from calendars: over HTTP and from files, with the last good copy when they break."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot.oncall import reactions, service
from bot.oncall.calendars import LARGEST
from tests.rooms.oncall.conftest import ALERTS, MONDAY, ONE, SIX, TWO, Opened, World

URL = "https://calendar.example/team.ics?key=s3cret"
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
DTSTART;TZID=Europe/Berlin:20261123T090000
DTEND;TZID=Europe/Berlin:20261124T090000
RRULE:FREQ=DAILY;INTERVAL=2
SUMMARY:On call
ATTENDEE:mailto:U0000ONE@shop.example
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;TZID=Europe/Berlin:20261124T090000
DURATION:PT24H
RRULE:FREQ=DAILY;INTERVAL=2
SUMMARY:U0000TWO
END:VEVENT
END:VCALENDAR
"""


@dataclass
class Server:
    """Answers with `text`, or with `status`, and counts."""

    text: str = CALENDAR
    status: int = 200
    asked: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert request.url.params["key"] == "s3cret"
        return httpx.Response(self.status, text=self.text)


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def world(opened: Opened, server: Server) -> AsyncIterator[World]:
    made = await opened({"timezone": "Europe/Berlin", "schedules": {"team": {"ical": URL}}})
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as http:
        made.ports = replace(made.ports, http=http)
        yield made


async def test_people_are_found_by_address_and_by_id_in_each_repetition(world: World) -> None:
    await world.fire(reactions.read_calendars)

    days = [MONDAY + timedelta(days=n) for n in range(4)]
    assert [await service.everyone(world.ports, at=day) for day in days] == [(ONE,), (TWO,), (ONE,), (TWO,)]
    turn = await service.turn(world.ports)
    assert turn is not None
    assert (turn.until, turn.source) == (MONDAY.replace(day=24, hour=8), "calendar")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 500),
        ("<html>sign in</html>", 200),
        ("", 200),
        (CALENDAR[: len(CALENDAR) // 2], 200),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n" + "x" * LARGEST, 200),
        (CALENDAR.replace("FREQ=DAILY", "FREQ=SECONDLY"), 200),
        (CALENDAR.replace("INTERVAL=2", "BYHOUR=1,2,3,4,5,6;BYMINUTE=1,2,3,4,5,6"), 200),
        (CALENDAR.replace("U0000", "V0000"), 200),
        ("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n", 200),
    ],
    ids=["error", "page", "empty", "half", "huge", "runaway", "dense", "strangers", "emptied"],
)
async def test_a_calendar_that_breaks_keeps_its_last_good_copy(
    world: World, server: Server, text: str, status: int
) -> None:
    await world.fire(reactions.read_calendars)
    server.text, server.status = text, status
    for _ in range(6):
        await world.forward(minutes=5)
        await world.fire(reactions.read_calendars)

    assert await service.everyone(world.ports) == (ONE,)
    assert world.told(ALERTS) == ["The calendar of team cannot be read"]
    assert "s3cret" not in repr(world.chat.messages)


async def test_a_short_failure_is_not_told(world: World, server: Server) -> None:
    await world.fire(reactions.read_calendars)
    server.status = 503
    await world.forward(minutes=5)
    await world.fire(reactions.read_calendars)
    server.status = 200
    await world.forward(minutes=5)
    await world.fire(reactions.read_calendars)

    assert world.told(ALERTS) == []


async def test_a_calendar_that_was_never_read_is_told_at_once_and_when_it_is_mended(
    world: World, server: Server
) -> None:
    server.status = 404
    await world.fire(reactions.read_calendars)
    assert [p for p in (await world.run("oncall", "check")).steps if "HTTP 404" in str(p)]

    server.status = 200
    await world.fire(reactions.read_calendars)
    assert world.told(ALERTS) == ["The calendar of team cannot be read", "The calendar of team can be read again"]


async def test_whom_nobody_knows_is_named_and_others_are_on_call(world: World, server: Server) -> None:
    server.text = CALENDAR.replace("U0000ONE@", "stranger@")
    await world.fire(reactions.read_calendars)
    card = await world.run("oncall", "check")

    assert await service.everyone(world.ports, at=MONDAY + timedelta(days=1)) == (TWO,)
    assert [step for step in card.steps if "names nobody known in Slack: stranger@shop.example" in str(step)]


async def test_a_copy_of_another_address_counts_for_nothing(world: World) -> None:
    await world.fire(reactions.read_calendars)
    other = world.ports.manage.oncall.schedules["team"].model_copy(update={"ical": URL + "2"})
    oncall = world.ports.manage.oncall.model_copy(update={"schedules": {"team": other}})
    moved = replace(world.ports, manage=world.ports.manage.model_copy(update={"oncall": oncall}))

    assert await service.everyone(moved) == ()


async def test_a_calendar_may_be_a_file(opened: Opened, tmp_path: Path) -> None:
    file = tmp_path / "team.ics"
    file.write_text(CALENDAR)
    world = await opened({"schedules": {"team": {"layers": [{"people": [SIX]}, {"ical": str(file)}]}}})
    await world.fire(reactions.read_calendars)
    assert await service.everyone(world.ports) == (ONE,)

    file.unlink()
    await world.forward(minutes=30)
    await world.fire(reactions.read_calendars)
    assert await service.everyone(world.ports) == (ONE,)


async def test_whole_days_and_times_without_zone_are_on_the_schedule_s_clocks(world: World, server: Server) -> None:
    server.text = CALENDAR.replace(";TZID=Europe/Berlin:20261123T090000", ";VALUE=DATE:20261123").replace(
        ";TZID=Europe/Berlin:20261124T090000\nRRULE", ";VALUE=DATE:20261124\nRRULE"
    )
    await world.fire(reactions.read_calendars)
    turn = await service.turn(world.ports)

    assert turn is not None
    assert turn.since == MONDAY.replace(day=22, hour=23)
