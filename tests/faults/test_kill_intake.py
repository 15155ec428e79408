"""Kill -9 while alerts come in and escalate: what was answered 2xx stays, nothing is there twice, no step is lost."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from bot.events import AlertAcknowledged, AlertOpened, EscalationStepFired, PageDelivered
from storage.unit_of_work import Store
from tests.faults.alertmanager_client import QUIET, Client, Pager, alert, client, facts, pager, paging, post, shown_once
from tests.servers.process import free_port
from tests.story.bot import Bot, living

KILLS = 3
CONNECTIONS = 4
RULES = 7
SIZES = (1, 3, 20, 60)
"""Alerts of a request; the larger ones are only kept at first, and decided later."""
FOR_EVER = {"escalation": {"default": [{"after": "immediately", "notify": "#incidents"}]}}


@dataclass
class Sent:
    """What the senders sent. `taken` was answered 200; what was not is sent again, as Prometheus does."""

    taken: list[tuple[str, str]] = field(default_factory=list)
    unanswered: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def a_bot(tmp_path: Path, url: str, **sections: Any) -> AsyncIterator[tuple[Bot, int]]:
    """A bot in a quiet workspace, and the port of its door, which stays the same."""
    port = free_port()
    environment = {"PORT": str(port)}
    async with living(tmp_path, url, environment=environment, retry_delays=(0.2,) * 50, **QUIET, **sections) as bot:
        yield bot, port


async def send_on(port: int, name: int, sent: Sent, chance: random.Random) -> None:
    """Send one batch after another until told to stop, each until it is answered."""
    async with client(port) as to:
        for number in count():
            hosts = [f"host-{name}-{number}-{i}" for i in range(chance.choice(SIZES))]
            batch = [alert(f"Rule{chance.randrange(RULES)}", host) for host in hosts]
            while await post(to, batch) != 200:
                sent.unanswered += 1
                await asyncio.sleep(0.02)
            sent.taken += [(one["labels"]["alertname"], one["labels"]["instance"]) for one in batch]
            await asyncio.sleep(0.03)
            if sent.over.is_set():
                return


async def send(to: Client, batch: list[dict[str, Any]]) -> None:
    """Send a batch until it is answered: a bot that has just come online opens its door a moment later."""
    async with asyncio.timeout(20):
        while await post(to, batch) != 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def test_what_was_answered_2xx_while_the_bot_was_killed_again_and_again_is_open_once(
    tmp_path: Path, database_url: str
) -> None:
    chance, sent = random.Random(3), Sent()
    async with a_bot(tmp_path, database_url, **FOR_EVER) as (bot, port):
        async with asyncio.TaskGroup() as senders:
            for name in range(CONNECTIONS):
                senders.create_task(send_on(port, name, sent, random.Random(name)))
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.1, 0.7))  # the moment is the point
                await bot.kill()
                await bot.start()
            sent.over.set()
        async with client(port) as to:
            open_ = await shown_once(to, lambda found: set(sent.taken) <= set(found), within=60)
        listed = json.loads(bot.shell("alerts", "--json").stdout)["alerts"]

    assert sent.unanswered, "no request was under way at a kill"
    assert set(sent.taken) - set(open_) == set()
    assert [one for one, times in Counter(open_).items() if times > 1] == []
    assert set(open_) - set(sent.taken) == set()  # each batch was sent until it was answered
    expected = Counter(rule for rule, _ in open_)
    assert {one["rule"]: one["firing"] for one in listed} == expected
    assert len(listed) == len(expected)
    store = await Store.open(database_url)
    opened, steps = await facts(store, AlertOpened), await facts(store, EscalationStepFired)
    await store.close()
    assert len(opened) == len(expected)
    assert len({(step.alert, step.round, step.step) for step in steps}) == len(steps) == len(expected)


async def test_ten_thousand_alerts_are_there_after_a_kill_right_behind_the_last_answer(
    tmp_path: Path, sqlite_url: str
) -> None:
    sent = [alert(f"Rule{n % 100}", f"host-{n}") for n in range(10_000)]
    async with a_bot(tmp_path, sqlite_url, **FOR_EVER) as (bot, port):
        async with client(port) as to:
            for first in range(0, len(sent), 500):
                await send(to, sent[first : first + 500])
        await bot.kill()
        await bot.start()
        async with client(port) as to:
            open_ = await shown_once(to, lambda found: len(found) >= len(sent), within=60)

    assert Counter(open_) == Counter((one["labels"]["alertname"], one["labels"]["instance"]) for one in sent)


async def test_a_page_that_is_out_when_the_bot_is_killed_is_about_an_alert_that_is_there_afterwards(
    tmp_path: Path, sqlite_url: str
) -> None:
    unanswered, sent = 0, list[tuple[str, str]]()
    async with pager() as to, a_bot(tmp_path, sqlite_url, **paging(to, "immediately")) as (bot, port):
        for number in range(PAGES):
            async with client(port) as door:
                await send(door, [alert(f"Before{number}", "host")])  # there is a connection to the pager then
                await rung(to, 2 * number + 1, within=20)
                to.at_once = lambda _: bot.process and bot.process.kill()
                unanswered += await post(door, [alert(f"Rule{number}", "host")]) == 0
                await rung(to, 2 * number + 2, within=20)
                to.at_once = str
            await bot.kill()
            await bot.start()
            sent.extend([(f"Before{number}", "host"), (f"Rule{number}", "host")])
            async with client(port) as door:  # nobody sends it again
                open_ = await shown_once(door, lambda found: len(found) >= len(sent), within=20)
            assert Counter(open_) == Counter(sent)
        listed = {one["number"]: one["rule"] for one in json.loads(bot.shell("alerts", "--json").stdout)["alerts"]}

    assert unanswered, "no request was under way at a kill"
    paged = {int(key.split(":")[1]): title for _, key, title in to.rang}
    assert len(listed) == 2 * PAGES
    assert {number: listed[number] in title for number, title in paged.items()} == dict.fromkeys(listed, True)


PAGES = 5
GROUPS, ACKED, STEPS = 20, 8, 3


async def rung(to: Pager, pages: int, within: float) -> None:
    """Wait for that many different pages."""
    async with asyncio.timeout(within):
        while len(to.keys()) < pages:  # noqa: ASYNC110 - they come from another process
            await asyncio.sleep(0.02)


async def delivered(url: str, pages: int, within: float) -> list[PageDelivered]:
    """Wait until it is written down that so many pages of the first groups arrived, and give them.

    Those under way at a kill are sent again.
    """
    store = await Store.open(url)
    try:
        async with asyncio.timeout(within):
            while True:
                found = [page for page in await facts(store, PageDelivered) if page.alert <= GROUPS]
                if len(found) >= pages:
                    return found
                await asyncio.sleep(0.1)
    finally:
        await store.close()


async def test_steps_that_came_due_while_the_bot_was_dead_are_taken_at_once_and_once_but_not_after_an_ack(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        pager() as to,
        a_bot(tmp_path, database_url, **paging(to, "immediately", "8s", "9s", "1h")) as (bot, port),
    ):
        async with client(port) as door:
            await send(door, [alert(f"Rule{n}", "host") for n in range(GROUPS)])
            await rung(to, GROUPS, within=20)
            for number in range(1, ACKED + 1):
                async with door.post("/api/commands", json={"command": f"ack {number}"}) as answer:
                    assert answer.status == 200, await answer.text()
        await bot.kill()
        await asyncio.sleep(9.5)  # the last of the short steps comes due meanwhile
        await bot.start()
        begun = datetime.now(UTC)
        await rung(to, GROUPS + 2 * (GROUPS - ACKED), within=20)
        await bot.kill()
        await bot.start()  # nothing is taken again
        async with client(port) as door:
            await send(door, [alert("Another", "host")])
        await rung(to, GROUPS + 2 * (GROUPS - ACKED) + 1, within=20)
        pages = await delivered(database_url, GROUPS + 2 * (GROUPS - ACKED), within=20)

    store = await Store.open(database_url)
    steps = [step for step in await facts(store, EscalationStepFired) if step.alert <= GROUPS]
    acked = {fact.alert for fact in await facts(store, AlertAcknowledged)}
    await store.close()
    assert len(acked) == ACKED
    taken = Counter((step.alert, step.round, step.step) for step in steps)
    assert taken == Counter((n, 0, i) for n in range(1, GROUPS + 1) for i in range(1 if n in acked else STEPS))
    assert Counter((page.alert, page.round, page.step) for page in pages) == taken
    first = {key: at for at, key, _ in reversed(to.rang)}
    overdue = [at for key, at in first.items() if ":page:0:0:" not in key and f"alert:{GROUPS + 1}:" not in key]
    assert max(overdue) < begun + timedelta(seconds=5)  # the slack is for a busy machine
