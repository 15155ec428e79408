"""What the contracts of checks and of sources share: servers that answer badly, for kinds that are aimed at them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

SHORT = timedelta(milliseconds=300)
NO_SUCH_PROTOCOL = pytest.mark.parametrize("answer", [b"", b"\x00\xff garbage\r\n\r\n"], ids=["hangs up", "garbles"])
NO_ENTRY = pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"], ids=["hangs up", "refuses"]
)


@asynccontextmanager
async def a_server(answer: bytes | None) -> AsyncIterator[int]:
    """A server that answers every connection with these bytes and hangs up; with None it says nothing at all."""
    open_ones = []

    async def serve(_reader, writer):
        open_ones.append(writer)
        if answer is not None:
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
