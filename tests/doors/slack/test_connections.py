"""How the bot comes to hear from Slack, and goes on hearing: connections, tokens, scopes, outages."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from pydantic import SecretStr

from bot.ports import Ports
from bot.sandbox import Workspace, serve
from bot.sandbox.socket_mode import SocketLink
from handlers.slack.app import CONNECTIONS, Unusable
from storage.unit_of_work import Store, StoreError, UnitOfWork
from tests.doors.slack.conftest import YOU, Bot, bot_at, sandbox_options

T = TypeVar("T")


def connections(workspace: Workspace) -> int:
    link = workspace.courier.link
    assert isinstance(link, SocketLink)
    return len(link.connections)


async def hears(workspace: Workspace, bot: Bot, tries: int = 3) -> None:
    """A command is answered; the SDK closes an old connection before it opens the new one, so one may be missed."""
    for _ in range(tries):
        if (await workspace.person(YOU).command("/do", "manage echo hello", channel="#general")).acked:
            break
    await workspace.until(lambda: ["echo", "hello"] in bot.lines())


async def test_there_are_two_connections_from_the_start(workspace: Workspace, bot: Bot) -> None:
    assert connections(workspace) == CONNECTIONS == 2
    assert bot.ports.chat is not None
    assert bot.ports.chat.connected


async def test_connections_that_slack_renews_come_back(workspace: Workspace, bot: Bot) -> None:
    await workspace.faults.refresh_connections()
    await workspace.until(lambda: connections(workspace) == CONNECTIONS, within=15)
    await hears(workspace, bot)


async def test_connections_that_are_cut_come_back(workspace: Workspace, bot: Bot) -> None:
    workspace.faults.drop_connections()
    assert bot.ports.chat is not None
    await workspace.until(lambda: connections(workspace) == CONNECTIONS, within=20)
    assert bot.ports.chat.connected
    await hears(workspace, bot)


async def test_connections_that_are_cut_are_not_called_connected(workspace: Workspace, bot: Bot) -> None:
    chat = bot.ports.chat
    assert chat is not None
    workspace.faults.fail("apps.connections.open", "internal_error", times=None)
    workspace.faults.drop_connections()
    await workspace.until(lambda: not chat.connected, within=10)


async def test_an_event_of_a_gap_is_delivered_after_it(tmp_path: Path) -> None:
    options = replace(sandbox_options(), retry_delays=(0.0, 1.0, 2.0, 4.0, 4.0))
    async with serve(options=options) as workspace, bot_at(workspace, tmp_path, {}) as bot:
        workspace.faults.drop_connections()
        await workspace.person(YOU).say("#alerts", "<@U0BOT> echo after the gap")
        await workspace.until(lambda: ["echo", "after", "the", "gap"] in bot.lines(), within=20)


async def test_an_outage_at_the_start_does_not_stop_the_bot(workspace: Workspace, tmp_path: Path) -> None:
    workspace.faults.http_error("auth.test", 503, times=None)
    workspace.faults.http_error("apps.connections.open", 503, times=None)
    async with bot_at(workspace, tmp_path, {}) as bot:
        chat = bot.ports.chat
        assert chat is not None
        assert not chat.connected
        workspace.faults.clear()
        await workspace.until(lambda: chat.connected and connections(workspace) == CONNECTIONS, within=15)
        await hears(workspace, bot)


async def refusal(workspace: Workspace, where: Path, **changes: object) -> str:
    """What a start that Slack refuses says."""
    with pytest.raises(Unusable) as caught:
        async with bot_at(workspace, where, {}, **changes):
            pytest.fail("it started")
    assert "\n" not in str(caught.value)
    assert "wrong-token" not in str(caught.value)
    return str(caught.value)


async def test_a_wrong_bot_token_stops_the_start_and_is_named(workspace: Workspace, tmp_path: Path) -> None:
    said = await refusal(workspace, tmp_path, slack_bot_token=SecretStr("xoxb-wrong-token"))
    assert said.startswith("SLACK_BOT_TOKEN: ")
    assert "invalid_auth; set SLACK_BOT_TOKEN to the Bot User OAuth Token" in said


async def test_a_wrong_app_token_stops_the_start_and_is_named(workspace: Workspace, tmp_path: Path) -> None:
    said = await refusal(workspace, tmp_path, slack_app_token=SecretStr("xapp-wrong-token"))
    assert said.startswith("SLACK_APP_TOKEN: Slack says invalid_auth; ")
    assert "connections:write" in said


async def test_missing_scopes_stop_the_start_and_are_named(tmp_path: Path) -> None:
    options = sandbox_options()
    async with serve(options=replace(options, scopes=options.scopes - {"pins:write", "im:write"})) as workspace:
        said = await refusal(workspace, tmp_path)
    assert "lacks the scopes im:write, pins:write; paste manifest.yml" in said


async def test_stopping_waits_for_what_is_under_way(workspace: Workspace, tmp_path: Path) -> None:
    async with bot_at(workspace, tmp_path, {}) as bot:
        await workspace.person(YOU).command("/do", "manage slow", channel="#alerts")
        await workspace.until(bot.lines)
    assert any("Done at last" in str(m.blocks) for m in workspace.messages("#alerts"))


@pytest.mark.usefixtures("bot")
async def test_many_people_at_once_are_all_acknowledged_in_time(workspace: Workspace) -> None:
    people = [workspace.person(user) for user in ("U0YOU", "U0ONCALL", "U0BACKUP", "U0LEAD")] * 5
    outcomes = await asyncio.gather(
        *(person.command("/do", f"manage echo {n}", channel="#general") for n, person in enumerate(people))
    )
    assert all(outcome.acked for outcome in outcomes)
    await workspace.until(lambda: len(workspace.messages("#general")) == len(people), within=15)


async def test_a_workspace_on_this_machine_is_reached_past_a_proxy(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody listens on the discard port
    async with bot_at(workspace, tmp_path, {}) as bot:
        await hears(workspace, bot)
        await workspace.until(lambda: workspace.messages("#general"))


@dataclass
class Forgetful:
    """A store that cannot write for the first few times."""

    store: Store
    refusals: int

    async def transact(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the database is away")
        return await self.store.transact(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


async def test_an_event_that_could_not_be_kept_is_sent_again_and_acted_on(tmp_path: Path) -> None:
    def forgetful(ports: Ports) -> Ports:
        return replace(ports, store=cast("Store", Forgetful(ports.store, refusals=2)))

    options = replace(sandbox_options(), retry_delays=(0.0, 0.1, 0.1), ack_within=1.0)
    async with serve(options=options) as workspace, bot_at(workspace, tmp_path, {}, ports=forgetful) as bot:
        await workspace.person(YOU).say("#alerts", "<@U0BOT> echo not lost")
        await workspace.until(lambda: ["echo", "not", "lost"] in bot.lines(), within=10)
        assert bot.lines() == [["echo", "not", "lost"]]
