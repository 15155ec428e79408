"""Where Slack says no, the sandbox says no in the same word."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Workspace, serve
from tests.sandbox.conftest import button, field, modal, plain

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
NO_SUCH = "1700000000.000001"


@pytest.fixture
async def prepared(workspace: Workspace, client: AsyncWebClient) -> dict[str, str]:
    """Name what the table speaks of: messages, an archived channel, a private one without the bot, a file."""
    sent = await client.chat_postMessage(channel="#alerts", text="the bot's own")
    theirs = await workspace.person("U0YOU").say("#alerts", "a person's")
    whispered = await client.chat_postEphemeral(channel="C0ALERTS", user="U0YOU", text="psst")
    closed = await client.conversations_create(name="closed")
    old = await client.chat_postMessage(channel=closed["channel"]["id"], text="old")
    await client.conversations_archive(channel=closed["channel"]["id"])
    await client.reactions_add(channel="C0ALERTS", timestamp=sent["ts"], name="eyes")
    await client.pins_add(channel="C0ALERTS", timestamp=sent["ts"])
    return {
        "OWN": sent["ts"],
        "THEIRS": theirs.ts,
        "WHISPER": whispered["message_ts"],
        "CLOSED": closed["channel"]["id"],
        "OLD": old["ts"],
        "MANY": ",".join(f"U{number}" for number in range(101)),
    }


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("no.such", {}, "unknown_method"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "#alerts"}, "no_text"),
        ("chat.postMessage", {"channel": "#alerts", "text": " "}, "no_text"),
        ("chat.postMessage", {"channel": "CLOSED", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "#alerts", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ("chat.postMessage", {"channel": "#alerts", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": "#alerts", "text": "x", "blocks": [SECTION] * 51}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "#alerts", "text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
        ("chat.postMessage", {"channel": "#alerts", "text": "x", "metadata": "{}x"}, "invalid_metadata_format"),
        (
            "chat.postMessage",
            {"channel": "#alerts", "text": "x", "metadata": {"event_type": "a"}},
            "invalid_metadata_schema",
        ),
        (
            "chat.postMessage",
            {"channel": "#alerts", "text": "x", "metadata": {"event_type": "a", "event_payload": {"b": "c" * 9000}}},
            "metadata_too_large",
        ),
        ("chat.postMessage", {"channel": "#alerts", "text": "x", "thread_ts": "WHISPER"}, "cannot_reply_to_message"),
        ("chat.update", {"channel": "C0ALERTS", "ts": NO_SUCH, "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": "C0ALERTS", "ts": "THEIRS", "text": "x"}, "cant_update_message"),
        ("chat.update", {"channel": "C0ALERTS", "ts": "WHISPER", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": "C0ALERTS", "ts": "OWN", "text": "x" * 4001}, "msg_too_long"),
        ("chat.update", {"channel": "CLOSED", "ts": "OLD", "text": "x"}, "is_inactive"),
        ("chat.update", {"channel": "#alerts", "ts": "OWN", "text": "x"}, "channel_not_found"),
        ("chat.delete", {"channel": "C0ALERTS", "ts": "THEIRS"}, "cant_delete_message"),
        ("chat.postEphemeral", {"channel": "C0ALERTS", "user": "U0NOBODY", "text": "x"}, "user_not_in_channel"),
        ("chat.postEphemeral", {"channel": "C0GENERAL", "user": "U0YOU", "text": "x"}, "not_in_channel"),
        ("chat.getPermalink", {"channel": "C0ALERTS", "message_ts": NO_SUCH}, "message_not_found"),
        ("chat.startStream", {"channel": "C0ALERTS", "markdown_text": "x"}, "missing_recipient_user_id"),
        (
            "chat.appendStream",
            {"channel": "C0ALERTS", "ts": "OWN", "markdown_text": "x"},
            "message_not_in_streaming_state",
        ),
        ("conversations.create", {"name": ""}, "invalid_name_required"),
        ("conversations.create", {"name": "Upper"}, "invalid_name_specials"),
        ("conversations.create", {"name": "--"}, "invalid_name_punctuation"),
        ("conversations.create", {"name": "x" * 81}, "invalid_name_maxlength"),
        ("conversations.create", {"name": "alerts"}, "name_taken"),
        ("conversations.create", {"name": "closed"}, "name_taken"),
        ("conversations.invite", {"channel": "C0ALERTS", "users": "U0NOBODY"}, "user_not_found"),
        ("conversations.invite", {"channel": "C0ALERTS", "users": "U0BOT"}, "cant_invite_self"),
        ("conversations.invite", {"channel": "C0ALERTS", "users": "U0YOU"}, "already_in_channel"),
        ("conversations.invite", {"channel": "C0ALERTS", "users": "USLACKBOT"}, "cant_invite"),
        ("conversations.invite", {"channel": "C0ALERTS", "users": ""}, "no_user"),
        ("conversations.invite", {"channel": "C0ALERTS", "users": "MANY"}, "invalid_arguments"),
        ("conversations.invite", {"channel": "CLOSED", "users": "U0YOU"}, "is_archived"),
        ("conversations.invite", {"channel": "C0GENERAL", "users": "U0YOU"}, "not_in_channel"),
        ("conversations.archive", {"channel": "CLOSED"}, "already_archived"),
        ("conversations.archive", {"channel": "C0GENERAL"}, "cant_archive_general"),
        ("conversations.unarchive", {"channel": "C0ALERTS"}, "not_archived"),
        ("conversations.setTopic", {"channel": "C0ALERTS", "topic": "x" * 251}, "too_long"),
        ("conversations.setTopic", {"channel": "CLOSED", "topic": "x"}, "is_archived"),
        ("conversations.setPurpose", {"channel": "C0ALERTS", "purpose": "x" * 251}, "too_long"),
        ("conversations.join", {"channel": "CLOSED"}, "is_archived"),
        ("conversations.kick", {"channel": "C0ALERTS", "user": "U0BOT"}, "cant_kick_self"),
        ("conversations.kick", {"channel": "C0ALERTS", "user": "U0NOBODY"}, "user_not_found"),
        ("conversations.rename", {"channel": "C0ALERTS", "name": "incidents"}, "name_taken"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("conversations.open", {"users": "U0NOBODY"}, "user_not_found"),
        ("conversations.history", {"channel": "C0GENERAL"}, "not_in_channel"),
        ("conversations.history", {"channel": "C0ALERTS", "cursor": "!"}, "invalid_cursor"),
        ("conversations.history", {"channel": "C0ALERTS", "oldest": "monday"}, "invalid_ts_oldest"),
        ("conversations.replies", {"channel": "C0ALERTS", "ts": NO_SUCH}, "thread_not_found"),
        ("conversations.list", {"types": "secret"}, "invalid_types"),
        ("reactions.add", {"channel": "C0ALERTS", "timestamp": "OWN", "name": "eyes"}, "already_reacted"),
        ("reactions.add", {"channel": "C0ALERTS", "timestamp": "OWN", "name": ":eyes:"}, "invalid_name"),
        ("reactions.add", {"channel": "C0ALERTS", "timestamp": "now", "name": "eyes"}, "bad_timestamp"),
        ("reactions.add", {"channel": "C0ALERTS", "timestamp": NO_SUCH, "name": "eyes"}, "message_not_found"),
        ("reactions.add", {"channel": "CLOSED", "timestamp": "OLD", "name": "eyes"}, "is_archived"),
        ("reactions.remove", {"channel": "C0ALERTS", "timestamp": "OWN", "name": "tada"}, "no_reaction"),
        ("reactions.remove", {"name": "tada"}, "no_item_specified"),
        ("pins.add", {"channel": "C0ALERTS", "timestamp": "OWN"}, "already_pinned"),
        ("pins.add", {"channel": "CLOSED", "timestamp": "OLD"}, "is_archived"),
        ("pins.remove", {"channel": "C0ALERTS", "timestamp": "THEIRS"}, "no_pin"),
        ("bookmarks.add", {"channel_id": "C0ALERTS", "title": "x", "type": "link", "link": "ftp:"}, "invalid_link"),
        ("bookmarks.add", {"channel_id": "C0ALERTS", "title": "x", "type": "file"}, "invalid_bookmark_type"),
        ("bookmarks.edit", {"channel_id": "C0ALERTS", "bookmark_id": "Bk1"}, "not_found"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@sandbox.example"}, "users_not_found"),
        ("usergroups.users.list", {"usergroup": "S0NONE"}, "no_such_subteam"),
        ("usergroups.users.update", {"usergroup": "S0NONE", "users": "U0YOU"}, "no_such_subteam"),
        ("usergroups.users.update", {"usergroup": "S0ONCALL", "users": ","}, "no_users_provided"),
        ("usergroups.users.update", {"usergroup": "S0ONCALL", "users": "U0YOU,U0NOBODY"}, "invalid_users"),
        ("usergroups.users.update", {"usergroup": "S0ONCALL", "users": "U0DOOPS"}, "invalid_users"),
        ("views.open", {"view": modal(), "trigger_id": "1.2.3"}, "invalid_trigger_id"),
        ("views.update", {"view": modal(), "view_id": "V0NONE"}, "not_found"),
        ("views.publish", {"view": modal(), "user_id": "U0YOU"}, "invalid_arguments"),
        ("views.publish", {"view": {"type": "home", "blocks": []}, "user_id": "U0NOBODY"}, "invalid_arguments"),
        ("files.getUploadURLExternal", {"filename": "a", "length": 0}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": [{"id": "F0NONE"}]}, "file_not_found"),
        ("files.info", {"file": "F0NONE"}, "file_not_found"),
        ("bots.info", {"bot": "B0NONE"}, "bot_not_found"),
    ],
)
async def test_a_wrong_call_gets_slacks_error(
    client: AsyncWebClient, prepared: dict[str, str], method: str, args: dict[str, Any], error: str
) -> None:
    named = {key: prepared.get(value, value) if isinstance(value, str) else value for key, value in args.items()}
    as_query = method.startswith(
        ("files.getUpload", "files.info", "users.", "usergroups.", "bots.", "conversations.list")
    )
    as_query |= method in ("conversations.replies", "chat.getPermalink")
    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, params=named) if as_query else await client.api_call(method, json=named)
    assert refused.value.response["error"] == error


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(title=None), "unsupported type: None [json-pointer:/view/title/type]"),
        (modal(submit=None), "missing required field: submit [json-pointer:/view]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(field("a"), field("a")), "block_id already exists: a [json-pointer:/blocks/1]"),
        (modal(*[SECTION] * 101), "no more than 100 items allowed [json-pointer:/blocks]"),
        (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown [json-pointer:/blocks/0/type]"),
    ],
)
async def test_a_wrong_view_is_refused_with_what_is_wrong(
    workspace: Workspace, client: AsyncWebClient, view: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.views_open(trigger_id=workspace.tickets.trigger("U0YOU"), view=view)
    assert f"[ERROR] {problem}" in refused.value.response["response_metadata"]["messages"]


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-wrong", "invalid_auth"), ("APP", "not_allowed_token_type")],
)
async def test_a_wrong_token_is_refused(workspace: Workspace, token: str, error: str) -> None:
    headers = {"Authorization": f"Bearer {workspace.app_token if token == 'APP' else token}"} if token else {}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(f"{workspace.api_url}auth.test") as got:
        assert (await got.json())["error"] == error


async def test_a_missing_scope_is_named_with_those_that_are_there() -> None:
    async with serve(options=Options(scopes=frozenset({"chat:write", "channels:read"}))) as workspace:
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
        with pytest.raises(SlackApiError) as refused:
            await client.conversations_create(name="incident-1")
    answer = refused.value.response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:manage")
    assert answer["provided"] == "channels:read,chat:write"


@pytest.mark.parametrize("scopes", [{"chat:write"}, {"chat:write", "chat:write.public"}])
async def test_posting_where_the_bot_is_no_member_needs_the_public_scope(scopes: set[str]) -> None:
    async with serve(options=Options(scopes=frozenset(scopes))) as workspace:
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
        if "chat:write.public" in scopes:
            assert (await client.chat_postMessage(channel="#general", text="x"))["ok"]
        else:
            with pytest.raises(SlackApiError, match="not_in_channel"):
                await client.chat_postMessage(channel="#general", text="x")


@pytest.mark.parametrize(
    ("args", "rule"),
    [
        ({"text": "x", "colour": "red"}, "unknown_argument"),
        ({"blocks": [SECTION]}, "text_beside_blocks"),
        ({"text": "a < b"}, "mrkdwn"),
        ({"text": "a & b"}, "mrkdwn"),
        ({"text": "<!channel> wake up"}, "mrkdwn"),
        ({"text": "<script>"}, "mrkdwn"),
        ({"text": "ask <@U0NOBODY>"}, "unknown_mention"),
        ({"text": "x", "blocks": [{"type": "header", "text": plain("a &amp; b")}]}, "mrkdwn"),
        ({"text": "x", "blocks": [{"type": "actions", "elements": [button("a")]}] * 2}, "action_id_twice"),
        ({"text": "x" * 4001}, "long_text"),
    ],
)
async def test_what_slack_lets_pass_but_nobody_means_is_recorded(
    workspace: Workspace, client: AsyncWebClient, args: dict[str, Any], rule: str
) -> None:
    await client.api_call("chat.postMessage", json={"channel": "#alerts", **args})
    assert {violation.rule for violation in workspace.violations} == {rule}


async def test_a_careful_message_is_no_violation(workspace: Workspace, client: AsyncWebClient) -> None:
    text = "<@U0YOU> &lt;b&gt; <#C0ALERTS|alerts> <!date^1700000000^{date}|then> <https://example.org|here>\n> quoted"
    await client.chat_postMessage(
        channel="#alerts", text=text, blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    )
    assert workspace.violations == []
    assert workspace.messages("#alerts")[0].text == text.replace("> quoted", "&gt; quoted")


async def test_a_broadcast_that_is_allowed_is_no_violation() -> None:
    async with serve(options=Options(allow_broadcast=True)) as workspace:
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
        await client.chat_postMessage(channel="#alerts", text="<!here> look")
        assert workspace.violations == []


async def test_a_long_text_is_cut_with_a_warning(workspace: Workspace, client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(channel="#alerts", text="x" * 40_001)
    assert answer["response_metadata"]["warnings"] == ["message_truncated"]
    assert len(workspace.messages("#alerts")[0].text) == 40_000


async def test_a_json_body_is_not_read_where_slack_does_not_read_one(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.api_call("users.info", json={"user": "U0YOU"})
    assert [violation.rule for violation in workspace.violations] == ["json_body"]


@pytest.mark.parametrize("form", ["json", "form", "query", "multipart"])
async def test_arguments_come_in_every_form_that_clients_use(workspace: Workspace, form: str) -> None:
    args = {"channel": "#alerts", "text": "x", "blocks": '[{"type": "divider"}]'}
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    multipart = aiohttp.FormData(args, default_to_multipart=True)
    sent: dict[str, Any] = {
        "json": {"json": args},
        "form": {"data": args},
        "query": {"params": args},
        "multipart": {"data": multipart},
    }[form]
    url = f"{workspace.api_url}chat.postMessage"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, **sent) as got:
        assert (await got.json())["message"]["blocks"][0]["type"] == "divider"
