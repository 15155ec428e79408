"""What is measured: a program as a process of its own, beside a sandbox workspace in this one."""

import asyncio
import os
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from benchmarks._table import Unmeasured
from bot.sandbox import Workspace, from_manifest, serve

ROOT = Path(__file__).resolve().parents[1]
BOT = ("handlers.terminal", "up")
BARE = ("benchmarks._bare",)
WITHIN = 60.0


@dataclass(frozen=True)
class Program:
    """A running program. `seconds` is how long it took from its start until it was ready."""

    process: Process
    seconds: float
    address: str = ""


@contextmanager
def folders(*names: str) -> Iterator[list[Path]]:
    """Empty directories that are gone afterwards."""
    with tempfile.TemporaryDirectory() as parent:
        made = [Path(parent, name) for name in names]
        for folder in made:
            folder.mkdir()
        yield made


@asynccontextmanager
async def workspace() -> AsyncIterator[Workspace]:
    """A workspace with the app of the manifest; the demo service and its load are left out."""
    manifest = yaml.safe_load((ROOT / "handlers/terminal/manifest.yml").read_text())
    async with serve(options=from_manifest(manifest)) as there:
        yield there


@asynccontextmanager
async def bot(folder: Path, there: Workspace | None, manage: Mapping[str, Any] | None = None) -> AsyncIterator[Program]:
    """The bot, ready: `/readyz` says that database, worker and Slack connection stand. Without a workspace of ours it
    brings its own. Database, log and manage.yml are in `folder`, and a database that is there already is used.
    """
    port = free_port()
    (folder / "manage.yml").write_text(yaml.safe_dump(dict(manage or {})))
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "MANAGE_CONFIG": str(folder / "manage.yml"),
        "PORT": str(port),
    }
    async with process(_python(BOT), folder, {**settings, **_credentials(there)}) as (started, began):
        await ready(started, f"http://127.0.0.1:{port}/readyz", folder)
        yield Program(started, time.perf_counter() - began, f"http://127.0.0.1:{port}")


@asynccontextmanager
async def bare(folder: Path, there: Workspace) -> AsyncIterator[Program]:
    """The bare Bolt app, connected."""
    async with process(_python(BARE), folder, _credentials(there)) as (started, began):
        await there.until(lambda: there.online or started.returncode is not None, WITHIN)
        if started.returncode is not None:
            raise Unmeasured(f"the bare app ended with {started.returncode}: {_log(folder)}")
        yield Program(started, time.perf_counter() - began)


async def finished(folder: Path, *words: str) -> float:
    """Run the program with these words to its end; gives the seconds that took."""
    settings = {"DATABASE_URL": f"sqlite:///{folder}/bot.db"}
    async with process(_python(("handlers.terminal", *words)), folder, settings) as (started, began):
        code = await asyncio.wait_for(started.wait(), WITHIN)
        if code:
            raise Unmeasured(f"{' '.join(words)} ended with {code}: {_log(folder)}")
        return time.perf_counter() - began


@asynccontextmanager
async def process(
    argv: Sequence[str], folder: Path, settings: Mapping[str, str]
) -> AsyncIterator[tuple[Process, float]]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), **settings}
    with (folder / "log").open("ab") as log:
        began = time.perf_counter()
        started = await asyncio.create_subprocess_exec(
            *argv, cwd=folder, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield started, began
    finally:
        with suppress(ProcessLookupError):
            started.terminate()
        try:
            await asyncio.wait_for(started.wait(), 10)
        except TimeoutError:
            started.kill()
            await started.wait()


async def ready(process: Process, address: str, folder: Path) -> None:
    """The port is bound early and answers late: the first request that gets through is answered when it is ready."""
    deadline = time.monotonic() + WITHIN
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN)) as session:
        while time.monotonic() < deadline and process.returncode is None:
            with suppress(aiohttp.ClientConnectionError):
                async with session.get(address) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.005)
    raise Unmeasured(f"the bot did not become ready (exit code {process.returncode}): {_log(folder)}")


def _credentials(there: Workspace | None) -> dict[str, str]:
    if there is None:
        return {}
    return {
        "SLACK_BOT_TOKEN": there.bot_token,
        "SLACK_APP_TOKEN": there.app_token,
        "SLACK_API_URL": there.api_url,
    }


def _python(words: Sequence[str]) -> tuple[str, ...]:
    return (sys.executable, "-m", *words)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _log(folder: Path) -> str:
    return "\n".join((folder / "log").read_text(errors="replace").splitlines()[-20:])
