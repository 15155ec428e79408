"""The short road: plain requests to one path are answered where their bytes come in, all others by aiohttp behind it.

Every connection begins here. With its first request that is not plain, or not simply good, it is handed to aiohttp with
all that was read of it, and stays there: so whatever goes wrong is said in one place.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Protocol, cast

from aiohttp import web

from handlers.http import plain, problems

HEADERS = {"Server": "do-manage", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""What every answer of the door says; the server without the versions that aiohttp tells."""
IDLE = 3_630.0
"""Seconds after which a connection on which nothing comes is closed, as aiohttp does."""
PATIENCE = 10.0
"""Seconds that the rest of a body is waited for here; then aiohttp waits for it."""
_LOOKS = 5.0
_END = b"\r\n\r\n"


class Left(Exception):
    """The request is not simply good: aiohttp is to answer it."""


class Takes(Protocol):
    """What becomes of the bodies."""

    path: str

    def hold(self, size: int) -> bool:
        """Whether a body of that many bytes may be held now, and count it; negative to let go of it."""

    def take(self, body: bytes) -> "asyncio.Future[None] | None":
        """Take a body: None when that is done, else what is done with it, or fails. Raises `Left`."""


class Road:
    """What the connections of one door share. `behind` makes a connection of aiohttp."""

    def __init__(self, takes: Takes, admits: Callable[[plain.Head], bool]) -> None:
        self.takes = takes
        self.admits = admits
        self.path = takes.path.encode()
        self.behind: Callable[[], asyncio.Protocol]
        self.fronts: set[Front] = set()
        self.closing = False

    def front(self) -> asyncio.Protocol:
        """A new connection."""
        return Front(self)

    async def look(self) -> None:
        """Look again and again for connections on which nothing comes."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_LOOKS)
            for front in list(self.fronts):
                front.look(clock())

    async def close(self, grace: float) -> None:
        """Close all connections once what is under way is answered, after `grace` seconds at the latest."""
        self.closing = True
        for front in list(self.fronts):
            front.close()
        if under_way := [front.taken for front in self.fronts if front.taken is not None]:
            await asyncio.wait(under_way, timeout=grace)
            await asyncio.sleep(0)  # their answers are written
        for front in list(self.fronts):
            front.close(now=True)


class Front(asyncio.Protocol):
    """One connection, until it is handed over. One request at a time: what comes meanwhile waits."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self._transport: asyncio.Transport
        self._read: list[bytes] = []
        self._missing = 0
        self._held = 0
        self._end = 0
        self._clogged = False
        self._clock: Callable[[], float]
        self._since = 0.0
        self.taken: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # what a stream socket gives; uvloop's is of no class
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()
        self._road.fronts.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """End; what is under way goes on."""
        self._road.fronts.discard(self)
        self._hold(0)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._clogged = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It does again."""
        self._clogged = False
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, of its rest, or of several."""
        self._read.append(data)
        if self.taken is not None or self._clogged:
            self._transport.pause_reading()
            return
        self._missing -= len(data)
        if self._missing <= 0:
            self._serve()

    def look(self, now: float) -> None:
        """Do not wait for ever."""
        if self.taken is not None or self._clogged:
            self._since = now
        elif self._read and now - self._since > PATIENCE:
            self._hand_over()
        elif now - self._since > IDLE:
            self.close()

    def close(self, *, now: bool = False) -> None:
        """Close it, `now` or as soon as what is under way is answered."""
        if now or self.taken is None:
            self._transport.close()

    def _serve(self) -> None:
        """Answer what is there as a whole."""
        road, self._since = self._road, self._clock()
        data = self._read[0] if len(self._read) == 1 else b"".join(self._read)
        self._read, self._missing = [], 0
        at = 0
        while at < len(data) and not self._clogged:
            end = data.find(_END, at, at + plain.LONGEST_HEAD)
            head = plain.posted(data[at:end], road.path) if end > 0 else None
            if head is None or head.length >= problems.LARGEST_BODY or not road.admits(head):
                return self._hand_over(data[at:])
            whole = end + len(_END) + head.length
            if not self._hold(head.length):
                return self._hand_over(data[at:])
            if len(data) < whole:
                self._read, self._missing = [data[at:]], whole - len(data)
                return None
            try:
                taken = road.takes.take(data[end + len(_END) : whole])
            except Left:
                return self._hand_over(data[at:])
            if taken is not None:
                self._read, self._end, self.taken = [data[at:]], whole - at, taken
                taken.add_done_callback(self._done)
                return None
            self._answer()
            at = whole
        self._read = [data[at:]] if at < len(data) else []
        return None

    def _done(self, taken: "asyncio.Future[None]") -> None:
        self.taken = None
        if self._transport.is_closing():
            return
        if taken.cancelled() or taken.exception() is not None:
            self._hand_over()  # it is tried once more there, and said what is wrong
            return
        self._answer()
        self._read[0] = self._read[0][self._end :]
        if self._road.closing:
            self._transport.close()
        elif not self._clogged:
            self._go_on()

    def _go_on(self) -> None:
        if self.taken is None and not self._transport.is_closing():
            self._transport.resume_reading()
            if any(self._read):
                self._serve()
            else:
                self._read = []

    def _answer(self) -> None:
        self._hold(0)
        self._transport.write(_taken(int(self._since)))

    def _hold(self, size: int) -> bool:
        held = self._road.takes.hold(size - self._held)
        if held:
            self._held = size
        return held

    def _hand_over(self, data: bytes = b"") -> None:
        """Let aiohttp have the connection, from the request on that was not answered yet."""
        self._road.fronts.discard(self)
        self._hold(0)
        read, self._read = b"".join((data, *self._read)), []
        if self._road.closing:
            self._transport.close()
            return
        behind = self._road.behind()
        self._transport.resume_reading()
        self._transport.set_protocol(behind)
        behind.connection_made(self._transport)
        if self._clogged:
            behind.pause_writing()
        behind.data_received(read)


@asynccontextmanager
async def served(
    application: web.Application, door: socket.socket, grace: float, **options: Any
) -> AsyncIterator[None]:
    """Serve the application on a bound socket; `options` are for aiohttp's server.

    At the end requests that are under way get `grace` seconds.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=grace, **options)
    await runner.setup()
    road, behind = application[KEY], runner.server
    assert behind is not None  # noqa: S101 - it has been set up
    road.behind = behind
    server = await asyncio.get_running_loop().create_server(road.front, sock=door, backlog=128)
    looking = asyncio.create_task(road.look(), name="http:look")
    try:
        yield
    finally:
        looking.cancel()
        server.close()
        await asyncio.gather(road.close(grace), runner.cleanup())


KEY = web.AppKey("road", Road)


@lru_cache(1)
def _taken(_second: int) -> bytes:
    """The answer of this second to what was taken: the same that aiohttp makes of an empty one."""
    lines = {**HEADERS, "Content-Length": "0"}
    date = formatdate(usegmt=True)
    return "\r\n".join(["HTTP/1.1 200 OK", *(f"{n}: {v}" for n, v in lines.items()), f"Date: {date}", "", ""]).encode()
