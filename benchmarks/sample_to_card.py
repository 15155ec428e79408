"""How soon a failing sample is a card in #alerts: `./do bench sample_to_card [CHECKS]`.

Many HTTP checks, one round a second, one failing round is enough. One target after another breaks and stays broken. The
time runs from the moment at which the target sends its first failing answer (what the round has waited for is not
counted) to the arrival of `chat.postMessage` with that check's card at the sandbox. In between lie: reading the
answer, judging it, committing it to SQLite, the worker's finding of the job, drawing the card, the call. Slack lets
about one message a second into a channel, and the bot keeps to that; breaks are so far apart that no card waits for it.
"""

import asyncio
import json
import random
import sys
import time
from typing import Any

from aiohttp import web

from benchmarks import _programs
from benchmarks._table import Row, Unmeasured, run, show
from bot.sandbox import Call, Workspace

CHECKS = 30
APART = (3.5, 4.5)
"""Seconds between two breaks, at random so that they fall anywhere in a round. An alert is three messages there."""
TARGET = 250.0
WITHIN = 30.0


async def measure() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CHECKS
    names = [f"target-{number:03}" for number in range(count)]
    broken: set[str] = set()
    failed: dict[str, float] = {}

    async def health(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in broken:
            return web.Response(text="ok")
        failed.setdefault(name, time.time())
        return web.Response(status=503, text="broken")

    app = web.Application()
    app.router.add_get("/{name}", health)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        with _programs.folders("bot") as (folder,):
            async with _programs.workspace() as there, _programs.bot(folder, there, _manage(address, names)):
                chance = random.Random(0)
                for name in names:
                    await asyncio.sleep(chance.uniform(*APART))
                    broken.add(name)
                cards = await _cards(there, names)
    finally:
        await runner.cleanup()
    taken = [(cards[name] - failed[name]) * 1000 for name in names]
    show(
        f"Failing sample to card in #alerts, {count} checks, a round a second",
        "ms",
        [Row("bot", taken, TARGET)],
        "There is no peer: a bare Bolt app checks nothing.",
    )


def _manage(address: str, names: list[str]) -> dict[str, Any]:
    checks = [{"name": name, "type": "http", "options": {"url": f"{address}/{name}"}} for name in names]
    return {
        "health": {"every": "1s", "rounds_down": 1, "checks": checks},
        "oncall": {"people": ["U0ONCALL"]},
        # a busy disk would make an alert of its own, whose messages the next card had to wait for
        "alerts": {"rules": {"health-check-degraded": {"enabled": False}}},
    }


async def _cards(there: Workspace, names: list[str]) -> dict[str, float]:
    """When the first message about each check arrived, in Unix seconds."""

    def found() -> dict[str, float]:
        first: dict[str, float] = {}
        for call in there.calls:
            if call.method == "chat.postMessage" and call.args.get("channel") in {"C0ALERTS", "#alerts"}:
                first = {name: call.at for name in names if _about(call, name)} | first
        return first

    try:
        return await there.until(lambda: f if len(f := found()) == len(names) else None, WITHIN) or {}
    except TimeoutError:
        missing = sorted(set(names) - set(found()))
        raise Unmeasured(f"{len(missing)} of {len(names)} cards were not seen, first {missing[0]}") from None


def _about(call: Call, name: str) -> bool:
    return name in json.dumps(call.args)


if __name__ == "__main__":
    run(measure)
