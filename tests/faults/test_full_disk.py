"""The disk fills up while alerts come in: senders are asked to come back, nothing is half stored, it goes on later."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.alertmanager_client import QUIET, Client, alert, client, post, shown, shown_once
from tests.servers.process import free_port, missing
from tests.story.bot import living

SIZE, LEFT = 16_000_000, 300_000
BATCH = 100


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        missing("root, who may mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], check=False).returncode:
        missing("a machine on which root may mount a tmpfs")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path, left: int) -> Path:
    """Take all space of the disk but so many bytes; gives the file that does."""
    there = os.statvfs(disk)
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, there.f_bavail * there.f_frsize - left)
    return filler


def batch(number: int) -> list[dict[str, Any]]:
    return [alert(f"Rule{number % 5}", f"host-{number}-{n}") for n in range(BATCH)]


def named(number: int) -> set[tuple[str, str]]:
    return {(one["labels"]["alertname"], one["labels"]["instance"]) for one in batch(number)}


async def until_refused(to: Client, taken: set[tuple[str, str]]) -> int:
    """Send batches until one is refused; gives its number. Those that were answered 200 are added to `taken`."""
    for number in range(1, 1000):
        async with to.post("/api/v2/alerts", json=batch(number)) as answer:
            said = await answer.json() if answer.status != 200 else {}
            if answer.status != 200:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "5"), said
                assert "database" in said["error"], said
                return number
        taken |= named(number)
    raise AssertionError("the disk never became full")


async def test_a_full_disk_is_503_with_retry_after_and_all_goes_on_when_there_is_space(
    tmp_path: Path, disk: Path
) -> None:
    port, taken = free_port(), set[tuple[str, str]]()
    address = f"sqlite:///{disk / 'bot.db'}"
    async with living(tmp_path, address, environment={"PORT": str(port)}, **QUIET) as bot, client(port) as to:
        assert await post(to, batch(0)) == 200
        taken |= named(0)
        filler = fill(disk, LEFT)
        refused = await until_refused(to, taken)
        assert named(refused) & set(await shown(to)) == set()

        filler.unlink()
        found = await shown_once(to, lambda there: taken <= set(there), within=20)
        assert set(found) == taken
        assert len(found) == len(taken)

        assert await post(to, batch(refused)) == 200
        found = await shown_once(to, lambda there: named(refused) <= set(there), within=20)
        assert set(found) == taken | named(refused)
        assert bot.process is not None
        assert bot.process.poll() is None
