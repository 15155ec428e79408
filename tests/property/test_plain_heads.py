"""Heads that are taken for plain mean to aiohttp what they mean here; no byte of a stream is lost or read twice."""

import asyncio
from typing import Any

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser
from aiohttp.http_exceptions import HttpProcessingError
from hypothesis import event, given
from hypothesis import strategies as st

from handlers.http import plain
from handlers.http.road import Front, Left, Road

PATH = b"/in"
PLAIN = [b"Host: a", b"Content-Type: application/json", b"Content-Length: 3"]
ODD = [
    b"Content-Length: 4",
    b"content-length: 3",
    b"Content-Length: +3",
    b"Content-Length: 0x3",
    b"Content-Length: 3, 3",
    b"Content-Length:3",
    b"Content-Length : 3",
    b"Transfer-Encoding: chunked",
    b"transfer-encoding: identity",
    b"Expect: 100-continue",
    b"Upgrade: h2c",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: keep-alive, Upgrade",
    b"Content-Encoding: gzip",
    b"Content-Type: text/plain",
    b"Content-Type: application/json; charset=utf-8",
    b"Authorization: Bearer a",
    b"Authorization:  Bearer  b ",
    b"Host: b",
    b"Origin: http://a",
    b"X-A: 1",
    b" folded",
    b"\tfolded",
    b"X-\xe9: 1",
    b"X-B: \xe9",
    b"X-C: \x00",
    b"X-D: a\rb",
    b"X-E: a\nContent-Length: 9",
    b"no colon",
    b": no name",
    b"X-F:",
    b"",
]
FIRST = [b"POST /in HTTP/1.1"] * 8 + [
    b"POST /in HTTP/1.0",
    b"POST  /in HTTP/1.1",
    b"GET /in HTTP/1.1",
    b"POST /in?a HTTP/1.1",
]


def parsed(head: bytes) -> Any:
    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(BaseProtocol(loop), loop, 2**16, max_line_size=8190, max_field_size=8190)
        messages, _, _ = parser.feed_data(head + b"\r\n\r\n")
    except HttpProcessingError:
        return None
    finally:
        loop.close()
    return messages[0][0] if messages else None


@given(
    st.sampled_from(FIRST), st.lists(st.sampled_from([*PLAIN, *ODD]) | st.binary(max_size=12), max_size=4), st.randoms()
)
def test_a_plain_head_means_the_same_to_aiohttp(first: bytes, more: list[bytes], chance: Any) -> None:
    lines = [*PLAIN, *more]
    chance.shuffle(lines)
    head = b"\r\n".join([first, *lines])
    if b"\r\n\r\n" in head + b"\r\n":
        return  # its end comes earlier
    found = plain.posted(head, PATH)
    event("plain" if found else "not plain")
    if found is None:
        return
    same = parsed(head)
    assert same is not None
    assert (same.method, same.path, tuple(same.version)) == ("POST", "/in", (1, 1))
    assert (same.chunked, same.upgrade, same.should_close, same.compression) == (False, False, False, None)
    assert same.headers.getall("Content-Length") == [str(found.length)]
    assert same.headers.getall("Host") == [found.host]
    assert same.headers.get("Authorization", "") == found.authorization
    assert same.headers.get("Origin") == found.origin


def test_a_head_as_prometheus_sends_it_is_plain() -> None:
    more = [b"User-Agent: Prometheus/2.42.0", b"Accept-Encoding: gzip", b"Authorization: Bearer t"]
    head = b"\r\n".join([b"POST /in HTTP/1.1", *PLAIN, *more])
    assert plain.posted(head, PATH) == plain.Head(3, "a", "Bearer t", None)


@pytest.mark.parametrize("body", [b"0", b"", b"-1", b"9999999999", b"\xb2"])
def test_a_length_that_is_none_is_not_plain(body: bytes) -> None:
    assert (
        plain.posted(b"POST /in HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " + body, PATH)
        is None
    )


class Wire(asyncio.Transport):
    """A transport that keeps what happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0
        self.paused = False
        self.protocol: Any = None

    def write(self, _data: Any) -> None:
        self.answers += 1

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return False


class Behind(asyncio.Protocol):
    """What aiohttp would get."""

    def __init__(self) -> None:
        self.got = b""

    def data_received(self, data: bytes) -> None:
        self.got += data


class Takes:
    """Takes bodies at once, later or not at all, as their first letter says."""

    path = PATH.decode()

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.later: list[asyncio.Future[None]] = []
        self.held = 0

    def hold(self, size: int) -> bool:
        self.held += size
        return True

    def take(self, body: bytes) -> "asyncio.Future[None] | None":
        if body[:1] == b"b":
            raise Left
        self.bodies.append(body)
        if body[:1] == b"n":
            return None
        self.later.append(asyncio.get_running_loop().create_future())
        return self.later[-1]


def _request(body: bytes) -> bytes:
    return (
        b"POST /in HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )


BODIES = st.builds(
    lambda kind, size: kind + b"x" * size, st.sampled_from([b"n", b"n", b"l", b"l", b"b"]), st.integers(0, 300)
)


@given(st.lists(BODIES, max_size=6), st.lists(st.integers(1, 400), max_size=30), st.binary(max_size=20))
def test_each_byte_is_taken_once_or_handed_over_in_its_order(bodies: list[bytes], cuts: list[int], rest: bytes) -> None:
    stream = b"".join(map(_request, bodies)) + rest

    async def run() -> tuple[Wire, Takes, bytes, int]:
        takes, wire, behind = Takes(), Wire(), Behind()
        road = Road(takes, lambda _head: True)
        road.behind = lambda: behind
        front = Front(road)
        wire.protocol = front
        front.connection_made(wire)
        left = stream
        for size in [*cuts, *[len(stream)] * 20]:
            piece, left = left[:size], left[size:]
            if piece:
                wire.protocol.data_received(piece)
            while wire.paused or (not left and takes.later):
                takes.later.pop().set_result(None)
                await asyncio.sleep(0)
        wire.protocol.connection_lost(None)
        return wire, takes, behind.got, len(road.fronts)

    wire, takes, handed, fronts = asyncio.run(run())
    taken = b"".join(map(_request, takes.bodies))
    assert wire.answers == len(takes.bodies)
    assert stream.startswith(taken + handed)
    assert handed or len(takes.bodies) == len(bodies)
    assert (takes.held, fronts) == (0, 0)
