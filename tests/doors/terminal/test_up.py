"""`up` as a process: the sandbox without credentials, one address, clean ends, one line for what stops it."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import aiohttp
import httpx
import pytest

from bot.sandbox import Workspace, serve
from tests.doors.terminal.conftest import Run, Start, Up, starting

READY = "Ctrl-C stops it."


@pytest.fixture(scope="module")
def sandbox(bare: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A bot that is ready, in its sandbox workspace; tests that only look share it."""
    with starting(tmp_path_factory.mktemp("sandbox"), bare) as up:
        up.until(READY)
        yield up


@pytest.fixture
def mine(start: Start) -> Iterator[Up]:
    """A bot that is ready, for this test alone."""
    with start() as up:
        up.until(READY)
        yield up


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as one:
        yield one


def test_the_one_address_is_a_page_of_the_sandbox(sandbox: Up, client: httpx.Client) -> None:
    assert len(re.findall(r"https?://\S+", sandbox.text)) == 1
    page = client.get(sandbox.page)
    assert page.status_code == 200
    assert "<html" in page.text


def test_it_tells_how_long_it_took(sandbox: Up) -> None:
    assert re.search(r"^Ready in \d+\.\d\d s\.", sandbox.text, re.MULTILINE)


def test_when_it_says_ready_it_is(sandbox: Up, client: httpx.Client) -> None:
    answer = client.get(f"{sandbox.door}/readyz")
    assert (answer.status_code, answer.json()["slack"]) == (200, {"ok": True})


def test_the_demo_service_is_watched(sandbox: Up, client: httpx.Client) -> None:
    answer = client.post(f"{sandbox.door}/api/commands", json={"command": "health", "fresh": True})
    assert "demo" in [check["name"] for check in answer.json()["checks"] if check["status"] == "healthy"]


def test_a_shell_beside_it_knows_the_sandbox_too(sandbox: Up, run: Run) -> None:
    done = run("manage", "health", "--json", cwd=sandbox.place)
    assert "demo" in [check["name"] for check in json.loads(done.stdout)["checks"]]


def test_what_it_runs_is_counted(sandbox: Up, client: httpx.Client) -> None:
    client.post(f"{sandbox.door}/api/commands", json={"argv": ["oncall"]})
    assert 'do_manage_commands_total{command="oncall"' in client.get(f"{sandbox.door}/metrics").text


def test_slack_over_http_is_answered_at_its_path(sandbox: Up, client: httpx.Client) -> None:
    answer = client.post(f"{sandbox.door}/slack/events", content=b"{}")
    assert (answer.status_code, "not signed by Slack" in answer.json()["error"]) == (401, True)


def test_a_second_one_in_the_same_place_is_told_of_the_first(sandbox: Up, run: Run) -> None:
    done = run("up", PORT="0", cwd=sandbox.place)
    assert done.returncode == 1
    assert sandbox.page in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_within_five_seconds(mine: Up, number: int) -> None:
    assert mine.stop(number) == 0
    assert mine.stopping_took < 5
    assert "Traceback" not in mine.text


async def test_it_stops_with_its_page_open(mine: Up) -> None:
    async with aiohttp.ClientSession() as browser, browser.ws_connect(f"{mine.page}ui/ws?user=U0YOU") as live:
        await live.receive()
        assert await asyncio.to_thread(mine.stop) == 0
    assert mine.stopping_took < 5


def test_a_second_signal_ends_it_at_once(mine: Up) -> None:
    address = mine.door.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as never_done:  # keeps it stopping for a while
        never_done.sendall(
            b"POST /api/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n"
        )
        httpx.get(f"{mine.door}/healthz", trust_env=False)  # by now the other request is being read
        mine.process.send_signal(signal.SIGINT)
        mine.until("Stopping")
        assert mine.stop(signal.SIGINT) == 128 + signal.SIGINT


def test_after_a_kill_it_starts_again(mine: Up, start: Start) -> None:
    mine.stop(signal.SIGKILL)
    with start() as again:
        again.until(READY)


def test_it_says_of_a_taken_port_which_and_what_to_do(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("up", PORT=port)
    assert done.returncode == 1
    error, mend = done.stderr.splitlines()
    assert error == f"do-manage: port {port} on 127.0.0.1 is taken"
    assert "set PORT" in mend


def test_an_unreachable_database_is_one_line(run: Run) -> None:
    done = run("up", PORT="0", DATABASE_URL="postgresql://bot:hunter2@127.0.0.1:1/bot")
    assert done.returncode == 1
    [error] = done.stderr.splitlines()
    assert "cannot be reached" in error
    assert "hunter2" not in error


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """A workspace of another process than the bot's, as Slack is."""
    async with serve() as one:
        yield one


def tokens(workspace: Workspace) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_API_URL": workspace.api_url,
    }


async def test_in_a_workspace_of_its_own_it_tells_its_address(workspace: Workspace, start: Start) -> None:
    with start(**tokens(workspace)) as up:
        await asyncio.to_thread(up.until, "/do manage health there.")
        assert f"Connected to your workspace:\n\n  {workspace.url}" in up.text
        assert workspace.online
        assert await asyncio.to_thread(up.stop) == 0


@pytest.mark.parametrize("wrong", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
async def test_a_token_that_slack_refuses_is_one_line_that_names_it(
    workspace: Workspace, start: Start, wrong: str
) -> None:
    given = tokens(workspace)
    with start(**(given | {wrong: f"{given[wrong][:5]}-refused-by-slack"})) as up:
        assert await asyncio.to_thread(up.process.wait, 40) == 1
    assert f"\ndo-manage: {wrong}: " in up.text
    assert "Traceback" not in up.text


def test_an_outage_of_slack_does_not_stop_the_start(start: Start) -> None:
    away = {"SLACK_BOT_TOKEN": "xoxb-1-2-hunter2", "SLACK_APP_TOKEN": "xapp-1-2-hunter2", "LOG_FORMAT": "json"}
    with start(**away, SLACK_API_URL="http://127.0.0.1:1/api/") as up:
        up.until("The log says why.")
        assert "Slack is away for now" in up.text
        assert up.stop() == 0
    events = [json.loads(line)["event"] for line in up.text.splitlines() if line.startswith("{")]
    assert "slack_unreachable" in events
    assert "hunter2" not in up.text


async def test_without_an_app_token_it_says_that_slack_must_reach_it(workspace: Workspace, start: Start) -> None:
    over_http = {**tokens(workspace), "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": workspace.signing_secret}
    with start(**over_http) as up:
        await asyncio.to_thread(up.until, "/do manage health there.")
        assert "/slack/events" in up.text
        assert await asyncio.to_thread(up.stop) == 0


def test_the_first_readings_and_the_first_round_of_rules_load_no_library(
    bare: Mapping[str, str], tmp_path: Path
) -> None:
    program = """
import asyncio, sys
from bot.app import opened
from bot.config.settings import Settings
from bot.metrics import service as metrics
from bot.rules import service as rules
from handlers.terminal.up import _loaded

async def main():
    async with opened(Settings(database_url=sys.argv[1])) as app:
        await _loaded()
        before = set(sys.modules)
        await metrics.collect(app.ports)
        await rules.evaluate_all(app.ports)
        print(sorted(set(sys.modules) - before))

asyncio.run(main())
"""
    words = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/bot.db"]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=tmp_path, env=bare)
    assert done.stdout.splitlines()[-1] == "[]"
