"""Kill -9 at any moment of the story: nothing is missing afterwards, nothing is there twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import Workspace
from bot.sandbox.state import Message
from tests.faults.alertmanager_client import client
from tests.servers.process import free_port
from tests.story.bot import BACKUP, ONCALL, YOU, Bot, living
from tests.story.reading import buttons, find, said

KILLS = 10
PATIENT = 120.0


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [20261123])
async def test_ten_kills_at_random_lose_nothing_and_repeat_nothing(
    tmp_path: Path, database_url: str, seed: int
) -> None:
    port = free_port()
    environment = {"PORT": str(port)}
    async with living(tmp_path, database_url, environment=environment, retry_delays=(0.3,) * 200) as bot:
        async with asyncio.TaskGroup() as group:
            killer = group.create_task(_kill_again_and_again(bot, random.Random(seed)))
            await _life(bot)
        kills = killer.result()
        await _settled(port)

        assert kills == KILLS
        _nothing_twice(bot.workspace)
        await _nothing_missing(port)


async def _kill_again_and_again(bot: Bot, chance: random.Random) -> int:
    """Kill and restart; a life that is over sooner is killed while it rests."""
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.0, 2.0))  # the moment is the point
        await bot.kill()
        await bot.start()
    return KILLS


async def _life(bot: Bot) -> None:
    workspace = bot.workspace
    you, demo = workspace.person(YOU), workspace.demo
    assert demo is not None
    await demo.set_mode("down")
    card = await _seen(workspace, "#alerts", "#1 demo is down", "Next")
    await _seen(workspace, workspace.state.im(ONCALL).id, "demo is down")
    await _seen(workspace, workspace.state.im(BACKUP).id, "demo is down")
    await you.react("#alerts", card.ts, "eyes")
    await _seen(workspace, "#alerts", "#1 demo is down", "acknowledged by")
    await _seen(workspace, "#incident-1", "Incident #1: demo is down")
    await you.join("incident-1")
    message = await you.say("#incident-1", "Somebody stopped the demo service")
    await you.react("#incident-1", message.ts, "pushpin")
    await _seen(workspace, "#incident-1", "the timeline by")
    await demo.set_mode("ok")
    await _seen(workspace, "#alerts", "#1 demo is down", "resolved")
    await _until(
        lambda: you.command("/do", "manage incident resolve 1", channel="#incident-1"),
        lambda: find(workspace, "#incident-1", "Time to resolve"),
    )
    draft = await _seen(workspace, "#incident-1", "Postmortem", "Approve")
    await _until(lambda: _press(bot, draft, "Approve"), lambda: _room(workspace).is_archived)


async def _press(bot: Bot, message: Message, label: str) -> None:
    now = bot.workspace.person(YOU).message("#incident-1", message.ts)
    action = next((i for name, i in buttons(now).items() if name.startswith(label)), None)
    if action is not None:
        await bot.workspace.person(YOU).press("#incident-1", message.ts, action)


async def _until(act: Callable[[], Awaitable[Any]], done: Callable[[], Any]) -> None:
    """Act as a person does whose bot does not answer: again, until it has worked."""
    for _ in range(60):
        await act()
        for _ in range(20):
            if done():
                return
            await asyncio.sleep(0.1)
    raise AssertionError("it never worked")


async def _seen(workspace: Workspace, channel: str, *words: str) -> Message:
    try:
        found = await workspace.until(lambda: find(workspace, channel, *words), PATIENT)
    except TimeoutError:
        found = None
    assert found is not None, f"nobody said {words} in {channel}"
    return found


async def _asked(port: int, command: str) -> dict[str, Any]:
    """What the bot says at its door: nothing has to start for that, as beside it."""
    async with client(port) as to, to.post("/api/commands", json={"command": command}) as answer:
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
    return found


async def _settled(port: int) -> None:
    """Wait until no work is under way: all that is left pending lies in the future."""
    for _ in range(600):
        pending = (await _asked(port, "jobs"))["jobs"]
        if not [job for job in pending if job["kind"].startswith("reaction:")]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"work is left over: {pending}")


def _nothing_twice(workspace: Workspace) -> None:
    top = [m for m in workspace.messages("#alerts") if not m.thread_ts and m.by_bot and not m.only_for]
    assert Counter("#1 demo is down" in said(m) for m in top)[True] == 1
    for channel, words in (("#incidents", "Incident #1: demo is down"), ("#incident-1", "Incident #1: demo is down")):
        cards = [m for m in workspace.messages(channel) if words in said(m) and m.attachments]
        assert len(cards) == 1, (channel, [said(m) for m in cards])
    rooms = [c.name for c in workspace.state.channels.values() if c.name.startswith("incident-")]
    assert rooms == ["incident-1"]
    keys = Counter(
        m.metadata["event_payload"]["key"]
        for channel in workspace.state.channels.values()
        for m in channel.messages.values()
        if m.by_bot and m.metadata
    )
    assert [key for key, times in keys.items() if times > 1] == []


async def _nothing_missing(port: int) -> None:
    alerts = (await _asked(port, "alerts --state all"))["alerts"]
    first = next(alert for alert in alerts if alert["number"] == 1)
    assert (first["state"], first["incident"]) == ("resolved", 1)
    incidents = (await _asked(port, "incidents"))["incidents"]
    assert [(i["number"], i["status"]) for i in incidents] == [(1, "resolved")]
    told = [line["said"] for line in (await _asked(port, "incident timeline 1"))["timeline"]]
    for words in (
        "Alert #1 (high)",
        "acknowledged",
        "Incident declared",
        "Somebody stopped",
        "Incident resolved",
        "Postmortem approved",
    ):
        assert sum(words in line for line in told) >= 1, (words, told)
    assert (await _asked(port, "jobs --state dead"))["jobs"] == []


def _room(workspace: Workspace) -> Any:
    return workspace.state.channel("incident-1")
