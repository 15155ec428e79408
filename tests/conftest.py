"""What every test gets: both databases, real servers on loopback, no other network, nothing left running."""

import asyncio
import gc
import ipaddress
import os
import socket
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import certifi
import psutil
import pytest
from hypothesis import HealthCheck, settings

from handlers.terminal.main import COLLECT
from tests import waiting
from tests.servers.process import IS_SERVER
from tests.servers.tls import certified

pytest_plugins = [
    "tests.servers.postgresql",
    "tests.servers.databases",
    "tests.servers.chromium",
    "tests.servers.promql",
    "tests.servers.radicale",
    "tests.servers.redis",
    "tests.servers.s3",
    "tests.servers.slack_emulator",
    "tests.servers.smtp",
    "tests.servers.tracker_emulator",
    "tests.servers.twilio_emulator",
]


# How long an example takes on a machine that runs other tests beside it says nothing; in CI Hypothesis asks no clock either.
settings.register_profile("any clock", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any clock")

LONG = ("story", "faults")
"""Folders whose tests take longest and mostly wait."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin each half with tests that take long: two processes get them at once, and none is left alone at the end."""
    first, second = ([item for item in items if item.path.parent.name == folder] for folder in LONG)
    rest = [item for item in items if item.path.parent.name not in LONG]
    middle = max(0, len(items) // 2 - len(first))
    items[:] = [*first, *rest[:middle], *second, *rest[middle:]]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the garbage collector pass over the tests themselves: it looked through all of them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a test that ran out of time what its tasks wait for."""
    report = yield
    if call.excinfo is not None and "pytest-timeout" in str(call.excinfo.value):
        report.sections.append(("What waits", waiting.told()))
    return report


@pytest.fixture(autouse=True)
def _nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves child processes or asyncio tasks behind; servers of the session may stay."""
    before = _children()
    if request.node.get_closest_marker("asyncio"):
        request.getfixturevalue("_no_task_left")
    yield
    left = [pid for pid in _children() - before if not _is_server(pid)]
    assert not left, f"left running: {[_shown(pid) for pid in left]}"


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=1)  # what is ending may end
    assert not left, f"left running: {[task.get_coro() for task in left]}"


def _shown(pid: int) -> str:
    try:
        return str(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return str(pid)


@pytest.fixture(scope="session", autouse=True)
def _few_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let HTTP clients trust one authority that signs nothing: to read all of the Internet's takes each one 20 ms."""
    nobody, _ = certified(tmp_path_factory.mktemp("authority"), "nobody.invalid", datetime(2100, 1, 1, tzinfo=UTC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(nobody))
        yield


def _children() -> set[int]:
    """The processes that we started and that have not been waited for. psutil asks every process of the machine."""
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        return {child.pid for child in psutil.Process().children()}
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in _words(task / "children")}


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []  # the thread ended while we looked


def _is_server(pid: int) -> bool:
    try:
        return IS_SERVER in psutil.Process(pid).environ()
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
