"""What a draft costs apart from the model: `./do bench postmortem [ENTRIES]`, 2,000 entries on the timeline by default.

The model is a server on this machine that answers each request after a fixed time with eight statements; that time is
taken off. The whole draft is written as the bot's jobs write it, section by section, with the check of every statement,
into a SQLite file; posting goes to a Slack that takes everything at once: Slack's own pace would hide the rest. A short
draft before loads what is loaded with the first one, and the garbage collector is left as the bot leaves it when it has
started. A fourth draft gets a new entry before each section, so that the evidence is read and cleaned anew each time.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from benchmarks._table import Row, run, show
from bot.config.manage import Manage
from bot.events import NoteAdded, payload_of
from bot.incidents import service as incidents
from bot.llm.client import Model
from bot.ports import Ports
from bot.postmortems import grounding, reading, sections, service
from bot.recent import Recent
from handlers.terminal.up import settle
from storage.records.alerts import Severity
from storage.records.postmortems import Statement, StatementKind
from storage.unit_of_work import Store
from tests.fakes.chat import FakeChat
from tests.fakes.ports import FrozenClock, make_ports
from tests.servers.openai import API_KEY, MODEL, Answer, OpenAI, openai_server

ENTRIES = 2000
DRAFTS = 3
FEW = 20
"""Entries of the draft that is not measured."""
ANSWERS_AFTER = 0.05
"""Seconds that the model takes for an answer."""
BEGAN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TARGET, HELD = 1000.0, 50.0
TOLD = "Replica {n} of db{n} answers after {n} ms, {n} of 40 connections wait, the deploy of 11:52 is suspected"
ANSWER = "Replica {n} of db{n} answered after {n} ms."


async def measure() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    found: dict[str, list[float]] = defaultdict(list)
    moving: dict[str, list[float]] = defaultdict(list)
    settle()
    await _drafted(FEW, defaultdict(list))
    for _ in range(DRAFTS):
        await _drafted(entries, found)
    await _drafted(entries, moving, moves=True)
    show(
        f"Draft of a postmortem, {entries:,} entries, {len(sections.PARTS)} sections, the model's time taken off",
        "ms",
        [
            Row("whole draft", found["draft"], TARGET * len(sections.PARTS)),
            Row("one section", found["section"], TARGET),
            Row("one section, processor time", found["busy"]),
            Row("longest that nothing else could run, for each draft", found["held"], HELD),
            Row("one section, a new entry before each", moving["section"], TARGET),
            Row("longest that nothing else could run there", moving["held"], HELD),
            Row("evidence read and cleaned", found["read"]),
            Row("check of eight statements (in a thread)", found["check"]),
        ],
    )


async def _drafted(entries: int, found: dict[str, list[float]], *, moves: bool = False) -> None:
    """Write a whole draft of that many entries; when it `moves`, somebody says something before each section."""
    clock = FrozenClock(BEGAN)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        store = await Store.open(f"sqlite:///{folder}/bot.sqlite")
        stack.push_async_callback(store.close)
        server = await stack.enter_async_context(openai_server())
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        model = Model(model=MODEL, base_url=server.base_url, key=SecretStr(API_KEY), timeout=timedelta(seconds=60))
        ports = make_ports(store, now=clock, manage=Manage(), chat=FakeChat(), writer=model, http=http)
        ids = await _incident(ports, clock, entries)
        said = [{"kind": "fact", "text": ANSWER.format(n=n), "evidence": [ids[n]]} for n in range(entries - 8, entries)]
        server.script += [Answer(json.dumps({"statements": said}), delay=ANSWERS_AFTER)] * 100
        await service.begin(ports, 1)
        pulse = asyncio.create_task(_pulse(found["held"]))
        took = []
        for number, name in enumerate(sections.NAMES, entries):
            if moves:
                await store.transact(lambda unit, n=number: unit.append_all([_note(n)]))
            busy = time.process_time()
            took.append(await _section(ports, name, server))
            found["busy"].append(1000 * (time.process_time() - busy))
        pulse.cancel()
        found["section"] += took
        found["draft"].append(sum(took))
        began = time.perf_counter()
        pack = await reading.pack_of(replace(ports, recent=Recent()), 1)
        found["read"].append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        grounding.check(
            [Statement(kind=StatementKind.FACT, text=s["text"], evidence=tuple(s["evidence"])) for s in said], pack
        )
        found["check"].append(1000 * (time.perf_counter() - began))


async def _section(ports: Ports, name: str, server: OpenAI) -> float:
    """Write a section and look at it as its message does; gives the milliseconds without the model's."""
    asked = len(server.requests)
    began = time.perf_counter()
    await service.write(ports, 1, name)
    await service.view(ports, 1)
    own = (len(server.requests) - asked) * ANSWERS_AFTER
    return 1000 * (time.perf_counter() - began - own)


async def _pulse(found: list[float]) -> None:
    """Note the longest time between two turns of what else there is to do, in milliseconds."""
    found.append(0.0)
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        found[-1] = max(found[-1], 1000 * (now - last) - 1)
        last = now


async def _incident(ports: Ports, clock: FrozenClock, entries: int) -> list[int]:
    """A resolved incident of that many notes; gives their numbers."""
    await incidents.declare(ports, title="Checkout is down", severity=Severity.HIGH, by="U0000LEAD")
    written = await ports.store.transact(lambda unit: unit.append_all([_note(n) for n in range(entries)]))
    clock.forward(entries + 60)
    await incidents.resolve(ports, 1, by="U0000LEAD", comment="rolled back")
    return [entry.id for entry in written]


def _note(number: int) -> dict[str, Any]:
    """What somebody said in the channel, as the journal has it."""
    said_at = BEGAN + timedelta(seconds=number)
    event = NoteAdded(
        incident=1,
        text=TOLD.format(n=number),
        author=f"U0000PER{number % 20:02}",
        said_at=said_at,
        channel="C0000INC",
        ts=f"{1700000000 + number}.000100",
    )
    return {
        "at": said_at,
        "kind": "NoteAdded",
        "subject": event.subject,
        "actor": event.author,
        "payload": payload_of(event),
    }


if __name__ == "__main__":
    run(measure)
