"""A thousand alerts within a minute, as a failing rack sends them: a handful of cards, nothing lost, nothing refused."""

import json
from pathlib import Path
from typing import Any

import aiohttp

from bot.sandbox import Call, Workspace
from tests.servers.process import free_port
from tests.story.bot import ONCALL, Bot, living
from tests.story.reading import seen

RULES, OF_EACH = 10, 100
QUIET = {"health": {"every": "1h"}, "incidents": {"open_for": []}}


def batch(rule: int, first: int, size: int) -> list[dict[str, Any]]:
    return [
        {
            "labels": {"alertname": f"Rule{rule}", "instance": f"host-{n}", "severity": "critical"},
            "annotations": {"summary": f"rule {rule} is broken"},
            "endsAt": "2099-01-01T00:00:00Z",
        }
        for n in range(first, first + size)
    ]


async def send(port: int, alerts: list[dict[str, Any]]) -> None:
    address = f"http://127.0.0.1:{port}/api/v2/alerts"
    async with aiohttp.ClientSession() as session, session.post(address, json=alerts) as answer:
        assert answer.status == 200, await answer.text()


def cards(workspace: Workspace) -> list[Call]:
    """New messages in #alerts that are no replies."""
    return [
        call
        for call in workspace.calls
        if call.method == "chat.postMessage"
        and call.ok
        and call.args.get("channel") == "C0ALERTS"
        and not call.args.get("thread_ts")
    ]


def listed(bot: Bot) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bot.shell("alerts", "--json").stdout)["alerts"]
    return found


async def test_a_thousand_alerts_are_a_handful_of_cards_and_none_is_lost(tmp_path: Path, sqlite_url: str) -> None:
    port = free_port()
    async with living(tmp_path, sqlite_url, environment={"PORT": str(port)}, **QUIET) as bot:
        workspace = bot.workspace
        for first in range(0, OF_EACH, 20):
            for rule in range(RULES):
                await send(port, batch(rule, first, 20))

        for rule in range(RULES):
            await seen(workspace, "#alerts", f"rule {rule} is broken", f"{OF_EACH} of {OF_EACH} fire", within=60)
        assert sorted((alert["rule"], alert["firing"]) for alert in listed(bot)) == [
            (f"Rule{rule}", OF_EACH) for rule in range(RULES)
        ]
        assert len(cards(workspace)) == RULES
        paged = [c for c in workspace.calls if c.method == "chat.postMessage" and c.ok]
        paged = [c for c in paged if c.args["channel"] == workspace.state.im(ONCALL).id]
        assert len(paged) <= RULES
        assert [call for call in workspace.calls if not call.ok] == []
        assert json.loads(bot.shell("jobs", "--state", "dead", "--json").stdout)["jobs"] == []
