"""Start a real server on loopback, wait until it answers, stop it; or say which Debian package is missing."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

IS_SERVER = "DO_MANAGE_TEST_SERVER"  # set in a server's environment: it may outlive the test that started it


def missing(package: str) -> NoReturn:
    """Skip the test and name what it needs; fail instead where CI=true, so that nothing goes untested unseen."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"needs {package}, and CI must have it", pytrace=False)
    pytest.skip(f"needs {package}")


def program(name: str, package: str, *places: str) -> str:
    """Return the path of a server's binary, found in `places` (globs, the highest version wins) or on PATH."""
    for place in places:
        found = sorted(Path("/").glob(f"{place.lstrip('/')}/{name}"), key=_version)
        if found:
            return str(found[-1])
    return shutil.which(name) or missing(f"Debian package {package}")


def free_port() -> int:
    """Return a TCP port of loopback on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether something accepts connections on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    argv: Sequence[str],
    *,
    ready: Callable[[], bool],
    log: Path,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    deadline: float = 30,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; `ready` is asked until it says yes, at most `deadline` seconds."""
    environment = {**os.environ, **(env or {}), IS_SERVER: "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*_dies_with_us(), *argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            **account(user),
        )
    try:
        _wait(process, ready, log, deadline)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def account(user: str | None) -> dict[str, Any]:
    """Return the arguments of subprocess that run a program as `user` alone; none of them for None."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path, deadline: float) -> None:
    until = time.monotonic() + deadline
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            said = log.read_text(errors="replace")[-2000:]
            state = f"ended with {process.returncode}" if process.returncode is not None else "does not answer"
            pytest.fail(f"{process.args!r} {state}; it said:\n{said}", pytrace=False)
        time.sleep(0.02)


def _dies_with_us() -> list[str]:
    # A killed test run must not leave servers behind; SIGINT is PostgreSQL's fast shutdown.
    return ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parts if part.isdigit())
