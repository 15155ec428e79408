"""The short road in front of aiohttp: what is answered there, what is handed over, and how it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from aiohttp import web

from bot.alerts.intake import Intake
from handlers.http import road
from handlers.http.app import application
from handlers.http.road import Left, Road, served
from handlers.measured import Measured
from storage.tables import instances
from storage.unit_of_work import Store
from tests.doors.http.conftest import with_token

PATH = "/in"


@dataclass
class Taken:
    """Bodies that came in by the road; those of `wait` are done when told, of `bad` are left."""

    path: str = PATH
    bodies: list[bytes] = field(default_factory=list)
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)
    held: int = 0
    room: int = 100_000

    def hold(self, size: int) -> bool:
        if size > 0 and self.held + size > self.room:
            return False
        self.held += size
        return True

    def take(self, body: bytes) -> "asyncio.Future[None] | None":
        if body.startswith(b'"bad'):
            raise Left
        self.bodies.append(body)
        if not body.startswith(b'"wait'):
            return None
        self.waiting.append(asyncio.get_running_loop().create_future())
        return self.waiting[-1]


@dataclass
class Door:
    """A door with the road, and aiohttp behind it, which answers with what it got."""

    port: int
    road: Road
    taken: Taken


@dataclass
class Line:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode()
        first, *lines = head.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        body = await self.reader.readexactly(int(headers["Content-Length"]))
        return int(first.split()[1]), headers, body

    async def ended(self) -> bytes:
        """What still comes until the other side closes."""
        return await asyncio.wait_for(self.reader.read(), 5)


Connect = Callable[[int], Awaitable[Line]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Open connections to a port of this machine; they are closed at the end."""
    lines: list[Line] = []

    async def made(port: int) -> Line:
        lines.append(Line(*await asyncio.open_connection("127.0.0.1", port)))
        return lines[-1]

    yield made
    for line in lines:
        line.writer.close()


def request(body: bytes, *lines: str, path: str = PATH, version: str = "1.1") -> bytes:
    head = [
        f"POST {path} HTTP/{version}",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


async def until(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - the other side of a socket
            await asyncio.sleep(0.005)


@asynccontextmanager
async def opened(grace: float = 1.0) -> AsyncIterator[Door]:
    taken = Taken()

    async def behind(request: web.Request) -> web.Response:
        return web.Response(status=202, body=await request.read())

    app = web.Application()
    app.router.add_post(PATH, behind)
    app[road.KEY] = Road(taken, lambda head: head.authorization != "none")
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        async with served(app, door, grace, handler_cancellation=True):
            yield Door(port, app[road.KEY], taken)


async def test_plain_requests_are_answered_in_their_order_on_one_connection(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        line.send(request(b'"wait 1"') + request(b"2") + request(b"3"))
        await until(lambda: door.taken.waiting)
        assert door.taken.bodies == [b'"wait 1"']
        door.taken.waiting[0].set_result(None)
        assert [(await line.answer())[0] for _ in range(3)] == [200, 200, 200]
        assert door.taken.bodies == [b'"wait 1"', b"2", b"3"]
        assert door.taken.held == 0


async def test_what_comes_while_one_is_under_way_waits(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        line.send(request(b'"wait"'))
        await until(lambda: door.taken.waiting)
        line.send(request(b"2"))
        line.send(request(b"3") * 1000)
        door.taken.waiting[0].set_result(None)
        assert [(await line.answer())[0] for _ in range(1002)] == [200] * 1002


@pytest.mark.parametrize(
    ("lines", "version", "path"),
    [
        (["Connection: close"], "1.1", PATH),
        (["X-Any: é"], "1.1", PATH),
        (["Authorization: none"], "1.1", PATH),
        ([], "1.0", PATH),
        ([], "1.1", f"{PATH}?a=1"),
    ],
)
async def test_what_is_not_plain_is_answered_behind(
    connect: Connect, lines: list[str], version: str, path: str
) -> None:
    async with opened() as door:
        line = await connect(door.port)
        line.send(request(b"1"))
        assert (await line.answer())[0] == 200
        line.send(request(b"[2]", *lines, path=path, version=version))
        status, _, body = await line.answer()
        assert (status, body) == (202, b"[2]")
        assert door.taken.bodies == [b"1"]


async def test_what_is_not_good_is_handed_over_with_all_behind_it(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        line.send(request(b"1") + request(b'"bad 2"') + request(b"3"))
        answers = [await line.answer() for _ in range(3)]
        assert [(status, body) for status, _, body in answers] == [(200, b""), (202, b'"bad 2"'), (202, b"3")]


async def test_what_fails_is_tried_once_more_behind(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        line.send(request(b'"wait"') + request(b"2"))
        await until(lambda: door.taken.waiting)
        door.taken.waiting[0].set_exception(RuntimeError("the disk is full"))
        assert [(await line.answer())[::2] for _ in range(2)] == [(202, b'"wait"'), (202, b"2")]
        assert door.taken.held == 0


async def test_more_than_may_be_held_is_left_to_what_is_behind(connect: Connect) -> None:
    async with opened() as door:
        door.taken.room = 10
        line = await connect(door.port)
        line.send(request(b"[" + b" " * 20 + b"]"))
        assert (await line.answer())[0] == 202


async def test_a_body_may_come_in_pieces(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        body = b"[" + b" " * 50_000 + b"]"
        whole = request(body)
        for begin in range(0, len(whole), 9_000):
            line.send(whole[begin : begin + 9_000])
            await line.writer.drain()
            await asyncio.sleep(0)
        assert (await line.answer())[0] == 200
        assert door.taken.bodies == [body]


async def test_a_body_that_does_not_go_on_is_waited_for_behind(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        whole = request(b"[1, 2]")
        line.send(whole[:-3])
        await until(lambda: door.taken.held)
        (front,) = door.road.fronts
        assert isinstance(front, road.Front)
        front.look(asyncio.get_running_loop().time() + road.PATIENCE + 1)
        assert door.taken.held == 0
        line.send(whole[-3:])
        assert (await line.answer())[::2] == (202, b"[1, 2]")


async def test_of_half_a_body_nothing_is_taken_or_held(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        line.send(request(b"[1, 2]")[:-3])
        await until(lambda: door.taken.held)
        line.writer.close()
        await until(lambda: not door.road.fronts)
        assert (door.taken.bodies, door.taken.held) == ([], 0)


async def test_a_connection_on_which_nothing_comes_is_closed(connect: Connect) -> None:
    async with opened() as door:
        line = await connect(door.port)
        await until(lambda: door.road.fronts)
        (front,) = door.road.fronts
        front.look(asyncio.get_running_loop().time() + road.IDLE - 1)
        line.send(request(b"1"))
        assert (await line.answer())[0] == 200
        front.look(asyncio.get_running_loop().time() + road.IDLE + 1)
        assert await line.ended() == b""


async def test_what_is_under_way_is_answered_before_the_door_closes(connect: Connect) -> None:
    async with opened() as door:
        line, idle = await connect(door.port), await connect(door.port)
        line.send(request(b'"wait"') + request(b"2"))
        await until(lambda: door.taken.waiting and len(door.road.fronts) == 2)
        asyncio.get_running_loop().call_later(0.1, door.taken.waiting[0].set_result, None)
    assert await idle.ended() == b""
    assert (await line.answer())[0] == 200
    assert await line.ended() == b""
    assert door.taken.bodies == [b'"wait"']


ALERT = {"labels": {"alertname": "Disk", "instance": "a"}, "endsAt": "2099-01-01T00:00:00Z"}
ALERTS = "/api/v2/alerts"


@asynccontextmanager
async def bot_door(bot: Measured) -> AsyncIterator[tuple[int, Road]]:
    """The bot's own door, its intake started."""
    intake = Intake(bot.ports)
    await intake.start()
    app = application(replace(bot, ports=replace(bot.ports, report=intake)))
    try:
        with socket.create_server(("127.0.0.1", 0)) as door:
            async with served(app, door, 1.0, handler_cancellation=True):
                yield door.getsockname()[1], app[road.KEY]
    finally:
        await intake.stop()


async def test_road_and_aiohttp_give_the_same_answer_to_alerts(connect: Connect, bot: Measured, store: Store) -> None:
    async with bot_door(bot) as (port, way):
        line = await connect(port)
        body = orjson.dumps([ALERT])
        line.send(request(body, path=ALERTS))
        short = await line.answer()
        assert way.fronts  # it was not handed over
        line.send(request(body, "TE: trailers", path=ALERTS))
        long = await line.answer()
        assert not way.fronts
        async with store.read() as conn:
            (found,) = await instances.open_instances(conn)
    assert found.labels == {"instance": "a"}
    assert {**short[1], "Date": ""} == {**long[1], "Date": ""}
    assert (short[0], short[2]) == (long[0], long[2]) == (200, b"")


@pytest.mark.parametrize(
    ("body", "status"), [(b"[", 400), (b"{}", 400), (b'["a"]', 400), (b'[{"labels": {}}]', 400), (b"[]", 200)]
)
async def test_what_is_wrong_is_told_as_ever(connect: Connect, bot: Measured, body: bytes, status: int) -> None:
    async with bot_door(bot) as (port, _):
        line = await connect(port)
        line.send(request(body, path=ALERTS))
        assert (await line.answer())[0] == status


@pytest.mark.parametrize(("given", "status"), [("Bearer sesame", 200), ("Bearer no", 401), ("", 401)])
async def test_the_road_asks_for_the_token_too(connect: Connect, bot: Measured, given: str, status: int) -> None:
    async with bot_door(with_token(bot, "sesame")) as (port, _):
        line = await connect(port)
        line.send(request(orjson.dumps([ALERT]), *([f"Authorization: {given}"] if given else []), path=ALERTS))
        assert (await line.answer())[0] == status


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [("127.0.0.1", "", 200), ("evil.example", "", 403), ("127.0.0.1", "http://evil.example", 403), ("[x", "", 403)],
)
async def test_the_road_answers_this_machine_alone_without_a_token(
    connect: Connect, bot: Measured, host: str, origin: str, status: int
) -> None:
    async with bot_door(bot) as (port, _):
        line = await connect(port)
        lines = [f"Origin: {origin}"] if origin else []
        sent = request(orjson.dumps([ALERT]), *lines, path=ALERTS).replace(b"127.0.0.1", host.encode(), 1)
        line.send(sent)
        assert (await line.answer())[0] == status
