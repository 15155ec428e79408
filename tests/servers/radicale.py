"""A real CalDAV server on loopback: Radicale, one per test session, with a user who must log in."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import pytest

from tests.servers.process import answers, free_port, running

USER, PASSWORD = "team", "radicale-test-password"
MEMORY = "/dev/shm"


@dataclass(frozen=True)
class Radicale:
    """The running server. Each test makes a calendar of its own."""

    origin: str

    async def calendar(self) -> str:
        """Make an empty calendar; gives its address."""
        url = f"{self.origin}/{USER}/{uuid4().hex}"
        await self._ask("MKCALENDAR", f"{url}/")
        return url

    async def text(self, calendar: str) -> str:
        """All that is in the calendar, as one object."""
        return (await self._ask("GET", f"{calendar}/")).text

    async def clear(self, calendar: str, name: str) -> None:
        """A person deletes an entry."""
        await self._ask("DELETE", f"{calendar}/{name}")

    async def _ask(self, method: str, url: str) -> httpx.Response:
        async with httpx.AsyncClient(auth=(USER, PASSWORD), trust_env=False, timeout=30) as http:
            answer = await http.request(method, url)
        answer.raise_for_status()
        return answer


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """Give the running server."""
    home: Path = tmp_path_factory.mktemp("radicale")
    users, config, port = home / "users", home / "config", free_port()
    users.write_text(f"{USER}:{PASSWORD}\n")
    # it has every change reach the disk, which tests need not wait for
    with TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None) as collections:
        config.write_text(
            f"[server]\nhosts = 127.0.0.1:{port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\nhtpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {collections}\n"
        )
        argv = [sys.executable, "-m", "radicale", "--config", str(config)]
        with running(argv, ready=lambda: answers(port), log=home / "server.log"):
            yield Radicale(f"http://127.0.0.1:{port}")
