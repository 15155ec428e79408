"""An incident's channel over the real client, in a strict workspace that limits, refuses, and loses answers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config.settings import Settings
from bot.sandbox import Options, Workspace, rooms, serve
from bot.sandbox.options import ALL_SCOPES
from bot.slack.client import sessioned
from tests.fakes.chat import FakeChat
from tests.rooms.alerts.conftest import clock, logged, world
from tests.rooms.alerts.world import World

__all__ = ["clock", "logged", "world"]

YOU, ONCALL = "U0YOU", "U0ONCALL"
STEPS = (
    "conversations.create",
    "chat.postMessage",
    "pins.add",
    "conversations.invite",
    "conversations.setTopic",
    "bookmarks.add",
    "bookmarks.list",
    "chat.update",
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: Slack is what this is about."""
    return sqlite_url


@pytest.fixture
def chat() -> FakeChat | None:
    return None


@pytest.fixture
def config() -> dict[str, Any]:
    return {
        "oncall": {"people": [ONCALL], "start": "2026-11-23", "handover": "mon 09:00"},
        "incidents": {"archive": "at_once"},
    }


@pytest.fixture
def scopes() -> frozenset[str]:
    return ALL_SCOPES


@pytest.fixture
async def workspace(world: World, scopes: frozenset[str]) -> AsyncIterator[Workspace]:
    """A workspace that the world's bot works in."""
    async with serve(options=Options(scopes=scopes)) as there:
        settings = Settings(
            slack_bot_token=SecretStr(there.bot_token),
            slack_app_token=SecretStr(there.app_token),
            slack_api_url=there.api_url,
            public_url="https://bot.example",
        )
        async with sessioned(settings, now=lambda: datetime.now(UTC)) as real:
            world.ports = replace(world.ports, chat=real, settings=settings)
            yield there
        assert there.violations == []


async def declare(world: World) -> None:
    await world.run("incident", "declare", "Checkout", "is", "slow", by=YOU)
    await world.forward(minutes=2)


def whole(workspace: Workspace, name: str = "incident-1") -> None:
    """One channel with all that belongs to it, each once."""
    (room,) = [c for c in workspace.state.channels.values() if c.name.startswith("incident-")]
    assert room.name == name
    assert set(room.members) == {workspace.bot_user_id, YOU, ONCALL}
    assert room.topic == "high | investigating | no lead yet"
    assert len(room.pins) == 1
    assert [one["title"] for one in room.bookmarks] == ["Status page"]
    said = [m for m in room.messages.values() if m.by_bot and not m.subtype]
    keys = [m.metadata["event_payload"]["key"] for m in said if m.metadata]
    assert sorted(keys)[:2] == ["incident:1:card", "incident:1:roles"]
    assert len(keys) == len(set(keys)) == len(said)


@pytest.mark.parametrize("method", STEPS)
async def test_a_limit_is_waited_for(world: World, workspace: Workspace, method: str) -> None:
    workspace.faults.rate_limit(method, times=1, retry_after=1)
    await declare(world)

    whole(workspace)
    assert (await world.incident()).trouble == ""
    assert world.died == []


@pytest.mark.parametrize("method", STEPS)
async def test_an_answer_that_is_lost_leaves_nothing_twice(world: World, workspace: Workspace, method: str) -> None:
    workspace.faults.lose_answer(method)
    await declare(world)

    whole(workspace)
    assert (await world.incident()).trouble == ""
    assert world.died == []


async def test_a_name_that_somebody_took_gets_a_number(world: World, workspace: Workspace) -> None:
    rooms.create(workspace, "incident-1", YOU)
    await declare(world)

    assert (await world.incident()).channel_name == "incident-1-2"


LACKING = {
    "pins:write": "The summary could not be pinned",
    "bookmarks:write": "The bookmark Status page could not be set",
    "channels:manage": "No channel could be opened",
}


@pytest.mark.parametrize("scope", LACKING)
class TestWithoutScope:
    @pytest.fixture
    def scopes(self, scope: str) -> frozenset[str]:
        return ALL_SCOPES - {scope}

    async def test_the_card_names_it_and_the_rest_is_done(self, world: World, workspace: Workspace, scope: str) -> None:
        await declare(world)

        trouble = (await world.incident()).trouble
        assert f"{LACKING[scope]}: Slack refuses" in trouble
        assert f"lacks the scope {scope}" in trouble
        announced = [m for m in workspace.messages("#incidents") if m.by_bot]
        assert LACKING[scope] in str(announced[0].attachments)
        assert world.died == []
