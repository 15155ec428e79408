"""The demo service: a small web service under real load, made to be broken by the newcomer.

It answers ``/work``, ``/health`` and ``/metrics`` on a port of its own. A load generator in the same process sends it
real requests over the network; every figure that it shows was measured by that generator.
"""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Literal, get_args

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from bot.sandbox.state import Json

Mode = Literal["ok", "slow", "errors", "down"]
MODES: tuple[Mode, ...] = get_args(Mode)
REQUESTS_PER_SECOND = 25
WINDOW = 0.8
"""Seconds over which error rate and latency are taken: short, so that a change of mode shows within a second."""
SLOW = 1.2
FAILING_SHARE = 0.4
SICK_SHARE = 0.05
HISTORY = 60


@dataclass(frozen=True)
class Sample:
    """One request of the load generator: when it ended (monotonic seconds), how long it took, whether it was good."""

    at: float
    seconds: float
    good: bool


class Demo:
    """The service, its load and what was measured. ``on_reading`` hears of every second's figures."""

    def __init__(self, host: str, port: int, on_reading: Callable[[Json], None]) -> None:
        self.host = host
        self.port = port
        self.on_reading = on_reading
        self.mode: Mode = "ok"
        self.samples: deque[Sample] = deque(maxlen=REQUESTS_PER_SECOND * 20)
        self.history: deque[Json] = deque(maxlen=HISTORY)
        self.random = random.Random(0)  # noqa: S311 - which demo request fails is no secret
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "demo_requests", "Requests that the demo service answered.", ["code"], registry=self.registry
        )
        self.duration = Histogram("demo_request_duration_seconds", "Time to answer a request.", registry=self.registry)
        self.runner: web.AppRunner | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """The address of the service, without a path."""
        return f"http://{'[::1]' if self.host == '::1' else self.host}:{self.port}"

    async def start(self) -> None:
        """Open the port and begin the load. Raises ``OSError`` when the port is taken."""
        await self.listen()
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        self.spawn(self.load(self.session))
        self.spawn(self.report())

    async def stop(self) -> None:
        """End the load and close the port."""
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.session:
            await self.session.close()
        await self.hang_up()

    async def set_mode(self, mode: str) -> None:
        """Become ok, slow, errors or down. Raises ``ValueError`` for another word."""
        if mode not in MODES:
            raise ValueError(f"the demo service has no mode {mode!r}: use {', '.join(MODES)}")
        self.mode = mode
        if mode == "down":
            await self.hang_up()
        elif self.runner is None:
            await self.listen()
        self.on_reading(self.reading())

    async def listen(self) -> None:
        """Open the port: any free one at first, the same one again later."""
        app = web.Application()
        app.router.add_get("/work", self.work)
        app.router.add_get("/health", self.health)
        app.router.add_get("/metrics", self.metrics)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self.runner.setup()
        await web.TCPSite(self.runner, self.host, self.port, reuse_address=True).start()
        self.port = int(self.runner.addresses[0][1])

    async def hang_up(self) -> None:
        """Close the port, so that connections are refused."""
        runner, self.runner = self.runner, None
        if runner:
            await runner.cleanup()

    async def work(self, _request: web.Request) -> web.Response:
        """``GET /work``: a few milliseconds of waiting, as a service that asks its database."""
        started = time.perf_counter()
        await asyncio.sleep(SLOW if self.mode == "slow" else self.random.uniform(0.004, 0.02))
        failing = self.mode == "errors" and self.random.random() < FAILING_SHARE
        self.requests.labels("500" if failing else "200").inc()
        self.duration.observe(time.perf_counter() - started)
        return web.Response(status=500 if failing else 200, text="failed" if failing else "done")

    async def health(self, _request: web.Request) -> web.Response:
        """``GET /health``: 200, or 503 when more than one request in twenty failed of late."""
        if self.mode == "slow":
            await asyncio.sleep(SLOW)
        sick = self.error_rate() > SICK_SHARE
        body = {"status": "failing" if sick else "ok", "error_rate": self.error_rate(), "p95_ms": self.p95_ms()}
        return web.json_response(body, status=503 if sick else 200)

    async def metrics(self, _request: web.Request) -> web.Response:
        """``GET /metrics`` in the Prometheus text format."""
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=generate_latest(self.registry), headers=headers)

    async def load(self, session: aiohttp.ClientSession) -> None:
        """Send requests at an even pace, whether or not earlier ones have been answered."""
        while True:
            self.spawn(self.request(session))
            await asyncio.sleep(1 / REQUESTS_PER_SECOND)

    async def request(self, session: aiohttp.ClientSession) -> None:
        """Send one request and note what came of it."""
        started = time.monotonic()
        good = False
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):  # a refused connection is a failed request
            async with session.get(f"{self.url}/work") as answer:
                good = answer.status == 200
        ended = time.monotonic()
        self.samples.append(Sample(ended, ended - started, good))

    async def report(self) -> None:
        """Tell the figures once a second."""
        while True:
            await asyncio.sleep(1)
            self.history.append({"rate": self.rate(), "p95_ms": self.p95_ms(), "error_rate": self.error_rate()})
            self.on_reading(self.reading())

    def recent(self, seconds: float = WINDOW) -> list[Sample]:
        """Give the requests that ended within the last seconds."""
        since = time.monotonic() - seconds
        return [sample for sample in self.samples if sample.at >= since]

    def rate(self) -> int:
        """Good answers in the last second."""
        return sum(sample.good for sample in self.recent(1.0))

    def error_rate(self) -> float:
        """Give the share of recent requests that failed, 0 to 1."""
        recent = self.recent()
        return round(sum(not sample.good for sample in recent) / len(recent), 3) if recent else 0.0

    def p95_ms(self) -> float:
        """Give the time in milliseconds within which 95 % of the recent good requests were answered."""
        times = sorted(sample.seconds for sample in self.recent() if sample.good)
        return round(times[max(0, -(-len(times) * 95 // 100) - 1)] * 1000, 1) if times else 0.0

    def reading(self) -> Json:
        """Give the mode and the figures of the last minute, for the page."""
        return {"mode": self.mode, "url": self.url, "history": list(self.history)}

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the caller and keep hold of it."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
