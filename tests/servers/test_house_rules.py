"""What tests/conftest.py holds every test to: no skip in CI, no network, nothing left running."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.process import missing

ROOT = Path(__file__).parents[2]
LEAVES_A_TASK = """
import asyncio
async def test_leaves() -> None:
    asyncio.get_running_loop().leftover = asyncio.create_task(asyncio.sleep(60))
"""
LEAVES_A_PROCESS = """
import subprocess
def test_leaves(request) -> None:
    process = subprocess.Popen(["sleep", "60"])
    request.session.addfinalizer(lambda: (process.kill(), process.wait()))
"""


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_server_is_a_skip_but_a_failure_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="needs Debian package redis-server"):
        missing("Debian package redis-server")


@pytest.mark.parametrize("address", ["192.0.2.1", "example.com"])
def test_tests_reach_loopback_alone(address: str) -> None:
    with pytest.raises(RuntimeError, match=f"a test reached for {address}"):
        socket.create_connection((address, 80))


@pytest.mark.parametrize("source", [LEAVES_A_TASK, LEAVES_A_PROCESS])
def test_a_test_that_leaves_something_running_fails(tmp_path: Path, source: str) -> None:
    (tmp_path / "test_leaves.py").write_text(source)
    argv = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", ROOT / "pyproject.toml", tmp_path]
    done = subprocess.run(argv, cwd=ROOT, check=False, capture_output=True, text=True)
    assert "1 passed, 1 error" in done.stdout
    assert "left running" in done.stdout
