"""The client against a Slack that somebody else wrote: the npm package `emulate`, with strict scopes.

It knows neither users.conversations nor user groups, so channels go by id here, and taken names are left to the sandbox.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.card import Accent, Bold, Button, Card, Field
from bot.config.settings import Settings
from bot.ports import ChatError
from bot.slack.client import SlackChat, sessioned
from tests.servers.slack_emulator import Workspace

pytestmark = pytest.mark.server

CARD = Card(
    title="redis is down",
    accent=Accent.HIGH,
    body=(("since ", Bold("noon"), " <!channel> & <more>"),),
    fields=(Field(label="Rule", value="health-check-failed"),),
    buttons=(Button(label="Acknowledge", argv=("ack", "1"), style="primary"),),
)


@asynccontextmanager
async def connected(workspace: Workspace, token: str) -> AsyncIterator[SlackChat]:
    settings = Settings(
        slack_bot_token=SecretStr(token),
        slack_signing_secret=SecretStr(workspace.signing_secret),
        slack_api_url=workspace.api_url,
    )
    async with sessioned(settings, now=lambda: datetime.now(UTC)) as chat:
        yield chat


@pytest.fixture
async def chat(slack_workspace: Workspace) -> AsyncIterator[SlackChat]:
    async with connected(slack_workspace, slack_workspace.bot_token) as opened:
        yield opened


@pytest.fixture
async def eyes(chat: SlackChat, slack_workspace: Workspace) -> AsyncWebClient:
    """A look at the emulator's own state, as the on-call engineer."""
    return AsyncWebClient(
        token=slack_workspace.on_call_token, base_url=slack_workspace.api_url, session=chat.web.session
    )


async def history(eyes: AsyncWebClient, channel: str) -> list[dict[str, Any]]:
    answer = await eyes.api_call("conversations.history", data={"channel": channel})
    return [m for m in reversed(answer["messages"]) if not m.get("subtype")]


async def user(eyes: AsyncWebClient, email: str) -> str:
    return str((await eyes.api_call("users.lookupByEmail", data={"email": email}))["user"]["id"])


async def test_a_card_is_posted_and_edited_in_place(chat: SlackChat, eyes: AsyncWebClient) -> None:
    channel, name = await chat.open_channel("incident-1")
    posted = await chat.post(channel, CARD, key="k")
    await chat.update(posted, Card(title="redis is back"))
    messages = await history(eyes, channel)
    assert name == "incident-1"
    assert [(m["ts"], m["text"]) for m in messages] == [(posted.ts, "redis is back")]


async def test_what_was_posted_once_is_not_posted_again(chat: SlackChat, eyes: AsyncWebClient) -> None:
    channel, _ = await chat.open_channel("incident-1")
    first = await chat.post(channel, CARD, key="k")
    root = await chat.post(channel, Card(title="root"), key="root")
    answer = await chat.post(channel, Card(title="answer"), key="a", thread_ts=root.ts)
    assert await chat.post(channel, CARD, key="k", attempt=2) == first
    assert await chat.post(channel, Card(title="answer"), key="a", thread_ts=root.ts, attempt=2) == answer
    assert len(await history(eyes, channel)) == 2


async def test_people_come_and_who_is_unknown_is_told(
    chat: SlackChat, eyes: AsyncWebClient, slack_workspace: Workspace
) -> None:
    channel, _ = await chat.open_channel("incident-1")
    commander = await user(eyes, slack_workspace.commander_email)
    assert await chat.invite(channel, [commander, "U0NOBODY"]) == {"U0NOBODY": "user_not_found"}
    members = (await chat.call("conversations.members", channel=channel))["members"]
    assert commander in members


async def test_topic_pin_and_archive_are_done_and_may_be_done_twice(chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    posted = await chat.post(channel, CARD, key="k")
    for _ in range(2):
        await chat.topic(channel, "high · " + "long " * 100)
        await chat.pin(posted)
    info = (await chat.call("conversations.info", channel=channel))["channel"]
    assert info["topic"]["value"].startswith("high · long")
    assert len(info["topic"]["value"]) <= 250
    for _ in range(2):
        await chat.archive(channel)
    with pytest.raises(ChatError) as caught:
        await chat.post(channel, CARD, key="late")
    assert caught.value.code == "is_archived"


async def test_a_direct_message_reaches_a_person(
    chat: SlackChat, eyes: AsyncWebClient, slack_workspace: Workspace
) -> None:
    channel = await chat.direct(await user(eyes, slack_workspace.on_call_email))
    await chat.post(channel, CARD, key="page")
    found = (await chat.call("conversations.history", channel=channel))["messages"]
    assert any("redis is down" in m["text"] for m in found)


async def test_a_message_is_read_in_a_channel_and_in_a_thread(chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    root = await chat.post(channel, Card(title="root"), key="root")
    answer = await chat.post(channel, Card(title="answer"), key="a", thread_ts=root.ts)
    found = [await chat.message(channel, ts) for ts in (root.ts, answer.ts, "1000000000.000001")]
    assert [m and m["text"] for m in found] == ["root", "answer", None]


async def test_a_file_is_uploaded(chat: SlackChat, eyes: AsyncWebClient) -> None:
    channel, _ = await chat.open_channel("incident-1")
    file = await chat.upload(channel, name="postmortem.md", title="Postmortem 1", content="# Facts\n")
    info = await eyes.api_call("files.info", data={"file": file})
    assert (info["file"]["title"], info["file"]["size"]) == ("Postmortem 1", len("# Facts\n"))


async def test_the_link_is_the_emulators_own(chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    posted = await chat.post(channel, CARD, key="k")
    permalink = (await chat.call("chat.getPermalink", channel=channel, message_ts=posted.ts))["permalink"]
    assert permalink.endswith(chat.link(posted).partition("/archives/")[2])


async def test_a_token_without_the_scope_is_told_which(slack_workspace: Workspace) -> None:
    async with connected(slack_workspace, slack_workspace.readonly_token) as chat:
        with pytest.raises(ChatError, match="lacks the scope channels:manage") as caught:
            await chat.open_channel("incident-1")
    assert caught.value.code == "missing_scope"
