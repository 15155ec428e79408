"""Events: each with Slack's shape, sent only where the app is, only when subscribed and allowed."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Workspace, from_manifest, serve
from bot.sandbox.link import Answer, Payload
from tests.sandbox.conftest import Online


class Recorder:
    """A link to an app that takes everything."""

    online = True

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    async def send(self, payload: Payload) -> Answer:
        self.events.append(payload.body["event"])
        return Answer(acked=True, seconds=0.0)


@pytest.fixture
def heard(workspace: Workspace) -> list[dict[str, Any]]:
    return listen(workspace)


def listen(workspace: Workspace) -> list[dict[str, Any]]:
    recorder = Recorder()
    workspace.courier.link = recorder
    return recorder.events


async def kinds(workspace: Workspace, heard: list[dict[str, Any]], number: int) -> list[str]:
    await workspace.until(lambda: len(heard) >= number)
    await workspace.idle()
    return [event["type"] + (f".{event['subtype']}" if event.get("subtype") else "") for event in heard]


async def test_a_message_has_its_channel_type_and_sender(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    message = await workspace.person("U0YOU").say("#alerts", "hello")
    await kinds(workspace, heard, 1)
    [event] = heard
    assert (event["user"], event["text"], event["channel"]) == ("U0YOU", "hello", "C0ALERTS")
    assert (event["channel_type"], event["ts"], event["event_ts"]) == ("channel", message.ts, message.ts)


async def test_a_mention_comes_twice_as_slack_sends_it(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    await workspace.person("U0YOU").say("#alerts", "<@U0BOT> status?")
    assert await kinds(workspace, heard, 2) == ["message", "app_mention"]


async def test_a_direct_message_is_of_the_im_type(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    await workspace.person("U0YOU").say(workspace.state.im("U0YOU").id, "hello")
    await kinds(workspace, heard, 1)
    assert heard[0]["channel_type"] == "im"


async def test_the_bots_own_message_comes_back_with_its_bot_id(
    workspace: Workspace, heard: list[dict[str, Any]], client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel="#alerts", text="card")
    await kinds(workspace, heard, 1)
    assert heard[0]["bot_id"] == "B0DOMANAGE"


async def test_reactions_name_the_item_and_whose_it_is(
    workspace: Workspace, heard: list[dict[str, Any]], client: AsyncWebClient
) -> None:
    sent = await client.chat_postMessage(channel="#alerts", text="card")
    await workspace.person("U0ONCALL").react("#alerts", sent["ts"], "eyes")
    await workspace.person("U0ONCALL").unreact("#alerts", sent["ts"], "eyes")
    assert await kinds(workspace, heard, 3) == ["message", "reaction_added", "reaction_removed"]
    assert heard[1]["item"] == {"type": "message", "channel": "C0ALERTS", "ts": sent["ts"]}
    assert (heard[1]["user"], heard[1]["item_user"], heard[1]["reaction"]) == ("U0ONCALL", "U0BOT", "eyes")


async def test_the_life_of_a_channel_is_told(
    workspace: Workspace, heard: list[dict[str, Any]], client: AsyncWebClient
) -> None:
    channel = (await client.conversations_create(name="incident-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users="U0YOU")
    await client.conversations_rename(channel=channel, name="incident-one")
    await client.conversations_archive(channel=channel)
    await client.conversations_unarchive(channel=channel)
    told = await kinds(workspace, heard, 9)
    assert [kind for kind in told if not kind.startswith("message")] == [
        "channel_created",
        "member_joined_channel",
        "channel_rename",
        "channel_archive",
        "channel_unarchive",
    ]
    joined = next(event for event in heard if event["type"] == "member_joined_channel")
    assert (joined["user"], joined["inviter"]) == ("U0YOU", "U0BOT")


async def test_edits_deletions_and_pins_are_told(
    workspace: Workspace, heard: list[dict[str, Any]], client: AsyncWebClient
) -> None:
    sent = await client.chat_postMessage(channel="C0ALERTS", text="card")
    await client.chat_update(channel="C0ALERTS", ts=sent["ts"], text="card 2")
    await client.pins_add(channel="C0ALERTS", timestamp=sent["ts"])
    await client.chat_delete(channel="C0ALERTS", ts=sent["ts"])
    assert await kinds(workspace, heard, 4) == [
        "message",
        "message.message_changed",
        "pin_added",
        "message.message_deleted",
    ]
    assert (heard[1]["previous_message"]["text"], heard[1]["message"]["text"]) == ("card", "card 2")


async def test_nothing_is_told_of_channels_without_the_bot(workspace: Workspace, heard: list[dict[str, Any]]) -> None:
    message = await workspace.person("U0YOU").say("#general", "hello")
    await workspace.person("U0YOU").react("#general", message.ts, "eyes")
    await workspace.person("U0YOU").say("#alerts", "last")
    await kinds(workspace, heard, 1)
    assert [event["text"] for event in heard] == ["last"]


@pytest.mark.parametrize(
    "options",
    [Options(events=frozenset({"message.channels"})), Options(scopes=frozenset({"channels:history"}))],
    ids=["not subscribed", "scope missing"],
)
async def test_only_what_is_subscribed_and_allowed_is_told(options: Options) -> None:
    async with serve(options=options) as workspace:
        heard = listen(workspace)
        message = await workspace.person("U0YOU").say("#alerts", "hello")
        await workspace.person("U0YOU").react("#alerts", message.ts, "eyes")
        await workspace.person("U0YOU").say("#alerts", "<@U0BOT>")
        assert await kinds(workspace, heard, 2) == ["message", "message"]


async def test_an_ephemeral_message_is_no_event(
    workspace: Workspace, heard: list[dict[str, Any]], client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C0ALERTS", user="U0YOU", text="psst")
    await workspace.idle()
    assert heard == []


async def test_the_metadata_of_a_message_is_told_to_who_may_read_it(
    workspace: Workspace, heard: list[dict[str, Any]], client: AsyncWebClient
) -> None:
    metadata = {"event_type": "alert", "event_payload": {"id": 7}}
    await client.chat_postMessage(channel="#alerts", text="card", metadata=metadata)
    await kinds(workspace, heard, 1)
    assert heard[0]["metadata"] == metadata


async def test_bolt_ignores_the_bots_own_events(
    workspace: Workspace, app: AsyncApp, client: AsyncWebClient, online: Online
) -> None:
    seen: list[str] = []

    @app.event("message")
    async def heard_message(event: dict[str, Any]) -> None:
        seen.append(event["text"])

    async with online(app):
        await client.chat_postMessage(channel="#alerts", text="mine")
        await workspace.person("U0YOU").say("#alerts", "yours")
        await workspace.until(lambda: seen)
        await workspace.idle()
    assert seen == ["yours"]


def test_a_manifest_gives_scopes_events_commands_and_shortcuts() -> None:
    manifest = {
        "features": {
            "bot_user": {"display_name": "ops"},
            "slash_commands": [{"command": "/ops", "description": "d", "usage_hint": "u", "should_escape": True}],
            "shortcuts": [{"name": "Declare", "type": "message", "callback_id": "declare", "description": "d"}],
        },
        "oauth_config": {"scopes": {"bot": ["chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["message.im", "tokens_revoked"]}},
    }
    options = from_manifest(manifest)
    assert (options.scopes, options.events, options.bot_name) == ({"chat:write"}, {"message.im"}, "ops")
    assert (options.commands[0].command, options.commands[0].should_escape) == ("/ops", True)
    assert options.shortcuts[0].callback_id == "declare"
