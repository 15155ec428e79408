"""Slack is away, or hangs, while alerts open: phones ring all the same, and the cards follow once it is back."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import providers
from tests.fakes.providers import ACCOUNT, TOKEN, Twilio
from tests.faults.alertmanager_client import QUIET, Pager, alert, client, pager, post
from tests.servers.process import free_port
from tests.story.bot import ONCALL, Bot, living
from tests.story.reading import said, seen

SOON = 5.0
"""Seconds within which phones ring on a busy machine; on a free one it is some tenths of one."""
HANGS = 12.0
"""Seconds; an alert that had to wait for Slack would take at least so long."""
STORM = 40  # more than the worker runs at once


@dataclass
class Scene:
    """A bot that tells by Slack and, at the same time, by phone and by webhook; `port` is its door."""

    bot: Bot
    port: int
    twilio: Twilio
    pager: Pager

    async def post(self, *rules: str) -> float:
        """Alerts of these rules come in; gives the moment."""
        async with client(self.port) as to:
            assert await post(to, [alert(rule, "host") for rule in rules]) == 200
        return time.monotonic()

    def cards(self, rule: str) -> list[str]:
        """The cards of a rule's alert: messages of the bot in #alerts that are no replies."""
        messages = [m for m in self.bot.workspace.messages("#alerts") if m.by_bot and not m.thread_ts]
        return [text for m in messages if f"{rule} is broken" in (text := said(m))]


def sections(twilio: Twilio, to: Pager) -> dict[str, Any]:
    account = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "+15550001111", "url": twilio.url}
    steps = [
        {"after": "immediately", "via": ["slack", "phone", "sms"], "notify": "oncall"},
        {"after": "immediately", "via": "pager", "notify": "here"},
    ]
    return {
        "people": {ONCALL: {"phone": "+4930123456", "timezone": "Etc/UTC"}},
        "notifications": {
            "phone": {"type": "phone", "options": account},
            "sms": {"type": "sms", "options": account},
            "pager": {"type": "webhook", "options": {"url": to.url}},
        },
        "escalation": {"default": steps},
    }


@pytest.fixture
async def scene(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        twilio = await stack.enter_async_context(providers.twilio())
        to = await stack.enter_async_context(pager())
        port = free_port()
        environment, more = {"PORT": str(port)}, sections(twilio, to)
        bot = await stack.enter_async_context(living(tmp_path, sqlite_url, environment=environment, **QUIET, **more))
        yield Scene(bot, port, twilio, to)


async def until(holds: Callable[[], Any], since: float, seconds: float, what: str) -> float:
    """Wait until it holds; gives how long after `since` that was."""
    while not holds():
        assert time.monotonic() < since + seconds, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - since


async def test_while_slack_is_away_phones_ring_and_its_card_comes_once_it_is_back(scene: Scene) -> None:
    workspace = scene.bot.workspace
    workspace.faults.http_error(times=None)
    workspace.faults.drop_connections()

    sent = await scene.post("Broken")
    await until(lambda: scene.twilio.calls and scene.twilio.messages and scene.pager.rang, sent, SOON, "the pages")
    assert [call["to"] for call in scene.twilio.calls] == ["+4930123456"]
    assert scene.cards("Broken") == []

    workspace.faults.clear()
    await seen(workspace, "#alerts", "Broken is broken", within=20)
    await seen(workspace, workspace.state.im(ONCALL).id, "Broken is broken", within=20)
    assert len(scene.cards("Broken")) == 1
    assert (len(scene.twilio.calls), len(scene.twilio.messages), len(scene.pager.keys())) == (1, 1, 1)
    dead = await asyncio.to_thread(scene.bot.shell, "jobs", "--state", "dead", "--json")
    assert json.loads(dead.stdout)["jobs"] == []


async def test_while_slack_hangs_no_storm_of_alerts_keeps_phones_from_ringing(scene: Scene) -> None:
    scene.bot.workspace.faults.slow(seconds=HANGS)

    sent = await scene.post(*(f"Rule{n}" for n in range(STORM)))
    took = await until(lambda: len(scene.twilio.calls) >= STORM, sent, HANGS * 3, "the calls")
    scene.bot.workspace.faults.clear()
    await scene.bot.kill()
    await until(lambda: not answering(), time.monotonic(), HANGS + 5, "the end of what hangs")

    assert took < HANGS  # nobody waited for Slack; what is left is the work of a busy machine
    assert set(Counter(call["twiml"] for call in scene.twilio.calls).values()) == {1}


def answering() -> list[Any]:
    """The sandbox's calls that still hang."""
    return [task for task in asyncio.all_tasks() if "_handle_request" in repr(task.get_coro())]
