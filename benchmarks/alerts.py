"""Alerts from Prometheus, against Alertmanager in the same run: `./do bench alerts [SECONDS]`.

Both take `POST /api/v2/alerts` from wrk, in turns, each time a new process with an empty database; the figure is the
median of the turns. Batches come over ten connections, single alerts over ten and over fifty: the bot commits together
what comes at the same time, so the number of senders counts. `distinct` alerts are all new, `resent` ones were sent
before (which is what Prometheus does each minute). The bot has answered when they are on its disk (SQLite,
synchronous=FULL), Alertmanager when they are in its memory. Then: memory with 100,000 active alerts in 100 groups, the
time from one alert's POST to its notification at a webhook (one at a time, no group wait; again in turns, the p99 is
the median of the turns'), and what is left of 10,000 alerts after SIGKILL.

Needs Debian's packages prometheus-alertmanager and wrk.
"""

import asyncio
import json
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import yaml
from aiohttp import web

from benchmarks import _programs
from benchmarks._table import Row, Unmeasured, percentile, run, show

SECONDS = 3
TURNS = 3
LOADS = ((1, 10), (1, 50), (10, 10), (100, 10))
"""Alerts in a request, and connections."""
ACTIVE = 100_000
NOTICES, NOTICE_TURNS = 300, 15
KILLED = 10_000
SCRIPT = Path(__file__).with_suffix(".lua")
TARGETS = {("distinct", 1): 0.7, ("distinct", 100): 1.0, ("resent", 1): 1.5, ("resent", 10): 1.5, ("resent", 100): 1.5}


@dataclass(frozen=True)
class Taken:
    """One turn: alerts a second, and the latency of a request in milliseconds."""

    rate: float
    p99: float


@dataclass(frozen=True)
class Server:
    """A server that takes alerts at `address`."""

    address: str
    pid: int
    folder: Path


@asynccontextmanager
async def alertmanager(folder: Path, hook: str = "") -> AsyncIterator[Server]:
    """Alertmanager with nothing but a receiver; with `hook` it notifies there at once."""
    program = shutil.which("prometheus-alertmanager") or ""
    if not program:
        raise Unmeasured("there is no prometheus-alertmanager; install Debian's package of that name")
    route = {"receiver": "r", "group_by": ["alertname"]}
    waits = {"group_wait": "0s", "group_interval": "1m"} if hook else {"group_wait": "5m", "group_interval": "5m"}
    receiver = {"name": "r", **({"webhook_configs": [{"url": hook, "send_resolved": False}]} if hook else {})}
    config = {"route": route | waits, "receivers": [receiver]}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    port = _programs.free_port()
    words = (
        f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error",
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    async with _programs.process((program, *words), folder, {}) as (process, _):
        await _programs.ready(process, f"{address}/-/ready", folder)
        yield Server(address, process.pid, folder)


@asynccontextmanager
async def bot(folder: Path, hook: str = "") -> AsyncIterator[Server]:
    """The bot as it comes, its sandbox workspace in this process; with `hook` it notifies there at once."""
    manage: dict[str, Any] = {"alerts": {"group_by": ["alertname"]}, "incidents": {"open_for": []}}
    if hook:
        manage["notifications"] = {"hook": {"type": "webhook", "options": {"url": hook}}}
        manage["escalation"] = {"default": [{"after": "immediately", "via": "hook", "notify": ["here"]}]}
    async with _programs.workspace() as there, _programs.bot(folder, there, manage) as program:
        yield Server(program.address, program.process.pid, folder)


SERVERS = {"Alertmanager": alertmanager, "bot": bot}


async def load(server: Server, size: int, kind: str, *, turn: str, seconds: int, connections: int) -> Taken:
    """Let wrk send for so long."""
    wrk = shutil.which("wrk") or ""
    if not wrk:
        raise Unmeasured("there is no wrk; install Debian's package of that name")
    words = (wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout=30s", "-s", str(SCRIPT), server.address)
    process = await asyncio.create_subprocess_exec(
        *words, "--", str(size), kind, turn, "", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    line = out.decode().strip().splitlines()[-1]
    if process.returncode or not line.startswith("{"):
        raise Unmeasured(f"wrk: {line}")
    told = json.loads(line)
    if told["failed"] or not told["requests"]:
        raise Unmeasured(f"{told['failed']} of {told['requests']} requests were not answered with 2xx ({size}, {kind})")
    return Taken(told["requests"] * size / told["seconds"], told["p99"])


async def taking(seconds: int) -> list[tuple[str, int, int, Mapping[str, list[Taken]]]]:
    """Each load on both servers in turns."""
    found: list[tuple[str, int, int, Mapping[str, list[Taken]]]] = []
    for kind in ("distinct", "resent"):
        for size, connections in LOADS:
            turns: dict[str, list[Taken]] = {name: [] for name in SERVERS}
            for turn in range(TURNS):
                for name, start in SERVERS.items():
                    with _programs.folders("server") as (folder,):
                        async with start(folder) as server:
                            send = partial(load, server, size, turn=f"{kind}{turn}", connections=connections)
                            await send("resent", seconds=2)  # what is re-sent later
                            turns[name].append(await send(kind, seconds=seconds))
            found.append((kind, size, connections, turns))
            print(f"  {_load(kind, size, connections)}: {_said(turns)}", flush=True)
    return found


def _load(kind: str, size: int, connections: int) -> str:
    return f"{kind}, {size} in a request, {connections} connections"


def _said(turns: Mapping[str, Sequence[Taken]]) -> str:
    middle = {name: statistics.median(t.rate for t in taken) for name, taken in turns.items()}
    high = {name: statistics.median(t.p99 for t in taken) for name, taken in turns.items()}
    return ", ".join(f"{name} {middle[name]:,.0f}/s (p99 {high[name]:.1f} ms)" for name in turns)


def batch(first: int, size: int, names: int = 100) -> list[dict[str, Any]]:
    """So many alerts as Prometheus sends them, counted from `first`."""
    return [
        {
            "labels": {
                "alertname": f"Rule{n % names}",
                "instance": f"host-{n}:9100",
                "job": "node",
                "severity": "warning",
            },
            "annotations": {
                "summary": f"a disk of host {n} is almost full",
                "description": "less than a tenth is free",
            },
            "endsAt": "2099-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example:9090/graph?g0.expr=x",
        }
        for n in range(first, first + size)
    ]


async def fill(server: Server, count: int) -> None:
    """Send that many distinct alerts, 500 in a request."""
    async with aiohttp.ClientSession() as session:
        for first in range(0, count, 500):
            async with session.post(f"{server.address}/api/v2/alerts", json=batch(first, 500)) as answer:
                if answer.status != 200:
                    raise Unmeasured(f"a batch was answered with {answer.status}: {await answer.text()}")


async def active(server: Server, last: int) -> int:
    """How many alerts the server says are active, once it tells of the one of number `last` or a minute is over."""
    query = {"filter": f'instance="host-{last}:9100"'}
    async with aiohttp.ClientSession() as session:
        for _ in range(120):
            async with session.get(f"{server.address}/api/v2/alerts", params=query) as answer:
                if json.loads(await answer.read()):
                    break
            await asyncio.sleep(0.5)
    async with aiohttp.ClientSession() as session, session.get(f"{server.address}/api/v2/alerts") as answer:
        return len(json.loads(await answer.read()))


async def memory() -> dict[str, float]:
    """Resident memory in MB with 100,000 active alerts, once all of them are told of."""
    used: dict[str, float] = {}
    for name, start in SERVERS.items():
        with _programs.folders("server") as (folder,):
            async with start(folder) as server:
                await fill(server, ACTIVE)
                if (there := await active(server, ACTIVE - 1)) != ACTIVE:
                    raise Unmeasured(f"{name} has {there} of {ACTIVE} alerts")
                used[name] = psutil.Process(server.pid).memory_info().rss / 1e6
    return used


async def notices() -> dict[str, list[list[float]]]:
    """Milliseconds from the POST of an alert of its own group to its arrival at the webhook, one after another.

    The first tenth of each turn is left out: connections are made in it.
    """
    came: asyncio.Queue[float] = asyncio.Queue()

    async def hook(request: web.Request) -> web.Response:
        await request.read()
        came.put_nowait(time.perf_counter())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    taken: dict[str, list[list[float]]] = {name: [] for name in SERVERS}
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        for name, start in list(SERVERS.items()) * NOTICE_TURNS:
            with _programs.folders("server") as (folder,):
                async with start(folder, address) as server, aiohttp.ClientSession() as session:
                    turn = [await _noticed(session, server, came, n) for n in range(NOTICES)]
                    taken[name].append(turn[NOTICES // 10 :])
    finally:
        await runner.cleanup()
    return taken


async def _noticed(session: aiohttp.ClientSession, server: Server, came: asyncio.Queue[float], number: int) -> float:
    sent = time.perf_counter()
    async with session.post(f"{server.address}/api/v2/alerts", json=batch(number, 1, names=10**9)) as answer:
        await answer.read()
    async with asyncio.timeout(10):
        arrived = await came.get()
    await asyncio.sleep(0.01)
    return (arrived - sent) * 1000


async def killed() -> dict[str, int]:
    """How many of 10,000 alerts that were answered 2xx are there after SIGKILL and a new start."""
    left: dict[str, int] = {}
    for name, start in SERVERS.items():
        with _programs.folders("server") as (folder,):
            async with start(folder) as server:
                await fill(server, KILLED)
                psutil.Process(server.pid).kill()
            async with start(folder) as server:
                left[name] = await active(server, KILLED - 1)
    return left


async def measure() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print(f"POST /api/v2/alerts, median of {TURNS} turns of {seconds} s:", flush=True)
    found = await taking(seconds)
    used, taken, left = await memory(), await notices(), await killed()
    for kind, size, connections, turns in found:
        rate = {name: statistics.median(t.rate for t in taken) for name, taken in turns.items()}
        target = TARGETS.get((kind, size))
        _verdict(_load(kind, size, connections), rate["bot"] / rate["Alertmanager"], target, least=True)
    print(f"  memory with {ACTIVE:,} active alerts: " + ", ".join(f"{n} {mb:.0f} MB" for n, mb in used.items()))
    _verdict("memory", used["bot"] / used["Alertmanager"], 0.7, least=False)
    print(f"  left of {KILLED:,} alerts after SIGKILL: " + ", ".join(f"{name} {n:,}" for name, n in left.items()))
    high = {name: [percentile(turn, 0.99) for turn in turns] for name, turns in taken.items()}
    for name, each in high.items():
        print(f"  p99 from POST to notification in each turn, {name}: {', '.join(f'{ms:.1f}' for ms in each)} ms")
    middle = {name: statistics.median(each) for name, each in high.items()}
    _verdict("POST to notification, p99", middle["bot"] / middle["Alertmanager"], 2, least=False)
    every = {name: [ms for turn in turns for ms in turn] for name, turns in taken.items()}
    show(
        "POST of one alert to its notification at a webhook, all turns",
        "ms",
        [Row("Alertmanager", every["Alertmanager"]), Row("bot", every["bot"], peer=every["Alertmanager"])],
    )


def _verdict(what: str, ratio: float, target: float | None, *, least: bool) -> None:
    sign = "at least" if least else "at most"
    met = "" if target is None else "met" if (ratio >= target) == least or ratio == target else "missed"
    print(f"  {what}: {ratio:.2f} of Alertmanager's" + (f" (target {sign} {target:g}: {met})" if target else ""))


if __name__ == "__main__":
    run(measure)
