"""The program as people start it: a process of its own, in an empty directory, with nothing set but what a test sets."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = (sys.executable, "-m", "handlers.terminal")

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., AbstractContextManager["Up"]]


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment without settings, in which modules that are compiled already, our own and libraries', are used."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    home = tmp_path_factory.mktemp("home")
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": path}


@pytest.fixture
def run(bare: Mapping[str, str], tmp_path: Path) -> Run:
    """Run the program with these words and settings until it ends."""

    def run_(*words: str | bytes, cwd: Path = tmp_path, **settings: str) -> subprocess.CompletedProcess[str]:
        argv, env = [*PROGRAM, *words], {**bare, **settings}
        return subprocess.run(argv, check=False, capture_output=True, text=True, cwd=cwd, env=env, timeout=60)

    return run_


@dataclass
class Up:
    """A bot that runs in `place`; what it prints, standard error too, goes to a file there."""

    process: subprocess.Popen[bytes]
    place: Path

    @property
    def text(self) -> str:
        return (self.place / "printed").read_text()

    @property
    def page(self) -> str:
        """The one address that it prints."""
        return re.findall(r"^  (http://\S+)$", self.text, re.MULTILINE)[0]

    @property
    def door(self) -> str:
        """The address of its HTTP door."""
        [port] = re.findall(r"HTTP door on .*, port (\d+)", self.text)
        return f"http://127.0.0.1:{port}"

    def until(self, words: str, within: float = 40) -> None:
        deadline = time.monotonic() + within
        while words not in self.text:
            assert self.process.poll() is None, f"it ended before it said {words!r}:\n{self.text}"
            assert time.monotonic() < deadline, f"it has not said {words!r}:\n{self.text}"
            time.sleep(0.02)

    @property
    def stopping_took(self) -> float:
        """Seconds."""
        return float(re.findall(r"^Stopped in ([\d.]+) s$", self.text, re.MULTILINE)[0])

    def stop(self, number: int = signal.SIGTERM, within: float = 30) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)


@contextmanager
def starting(place: Path, bare: Mapping[str, str], **settings: str) -> Iterator[Up]:
    """Start `up` on a free port for the length of the block."""
    with (place / "printed").open("wb") as out:
        process = subprocess.Popen(
            [*PROGRAM, "up"], cwd=place, env={**bare, "PORT": "0", **settings}, stdout=out, stderr=out
        )
    try:
        yield Up(process, place)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def start(bare: Mapping[str, str], tmp_path: Path) -> Start:
    """Start `up` in this test's own directory."""
    return lambda **settings: starting(tmp_path, bare, **settings)
