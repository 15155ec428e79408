"""What every test gets: both databases, real servers on loopback, no other network, nothing left running."""

import asyncio
import ipaddress
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest

from tests.servers.process import IS_SERVER

pytest_plugins = [
    "tests.servers.postgresql",
    "tests.servers.databases",
    "tests.servers.chromium",
    "tests.servers.promql",
    "tests.servers.redis",
    "tests.servers.s3",
    "tests.servers.slack_emulator",
    "tests.servers.smtp",
    "tests.servers.twilio_emulator",
]


@pytest.fixture(autouse=True)
def _nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves child processes or asyncio tasks behind; servers of the session may stay."""
    before = set(psutil.Process().children())
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("_no_task_left")
    yield
    left = [child for child in set(psutil.Process().children()) - before if not _is_server(child)]
    assert not left, f"left running: {left}"


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=1)  # what is ending may end
    assert not left, f"left running: {[task.get_coro() for task in left]}"


def _is_server(child: psutil.Process) -> bool:
    try:
        return IS_SERVER in child.environ()
    except psutil.NoSuchProcess:
        return True  # it ended while we looked


def _loopback_only(event: str, args: tuple[object, ...]) -> None:
    """Refuse connections beyond this machine: a test that needs the Internet is a test that fails by chance."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")  # what RFC 6761 promises, offline too
    if name != "localhost" and not _is_loopback(name):
        raise RuntimeError(f"a test reached for {name}; tests may use loopback only")


def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_loopback_only)
