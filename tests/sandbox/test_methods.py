"""What the methods do when all is well: channels, threads, lists, files, streams, people."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Workspace, serve


async def test_an_incident_channel_lives_from_creation_to_archive(client: AsyncWebClient) -> None:
    channel = (await client.conversations_create(name="incident-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=["U0YOU", "U0ONCALL"])
    await client.conversations_setTopic(channel=channel, topic="critical")
    sent = await client.chat_postMessage(channel=channel, text="summary")
    await client.pins_add(channel=channel, timestamp=sent["ts"])
    info = (await client.conversations_info(channel=channel, include_num_members=True))["channel"]
    assert (info["topic"]["value"], info["num_members"], info["is_member"]) == ("critical", 3, True)
    assert [item["message"]["ts"] for item in (await client.pins_list(channel=channel))["items"]] == [sent["ts"]]
    await client.conversations_archive(channel=channel)
    assert (await client.conversations_info(channel=channel))["channel"]["is_archived"]
    open_ones = (await client.conversations_list(exclude_archived=True))["channels"]
    assert channel not in {one["id"] for one in open_ones}


async def test_a_forced_invitation_skips_who_cannot_come(workspace: Workspace, client: AsyncWebClient) -> None:
    channel = (await client.conversations_create(name="incident-1"))["channel"]["id"]
    await client.conversations_invite(channel=channel, users=["U0YOU", "U0NOBODY"], force=True)
    assert workspace.state.channels[channel].members == ["U0BOT", "U0YOU"]


async def test_an_invitation_without_force_is_all_or_nothing(workspace: Workspace, client: AsyncWebClient) -> None:
    channel = (await client.conversations_create(name="incident-1"))["channel"]["id"]
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.conversations_invite(channel=channel, users=["U0YOU", "U0NOBODY"])
    assert workspace.state.channels[channel].members == ["U0BOT"]


async def test_a_private_channel_is_hidden_from_who_is_not_in_it(client: AsyncWebClient) -> None:
    channel = (await client.conversations_create(name="secret", is_private=True))["channel"]["id"]
    public = (await client.conversations_list())["channels"]
    both = (await client.conversations_list(types="public_channel,private_channel"))["channels"]
    assert channel not in {one["id"] for one in public}
    assert channel in {one["id"] for one in both}
    await client.conversations_leave(channel=channel)
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.conversations_info(channel=channel)


async def test_history_pages_from_the_newest_without_thread_answers(client: AsyncWebClient) -> None:
    first = await client.chat_postMessage(channel="#alerts", text="0")
    await client.chat_postMessage(channel="#alerts", text="answer", thread_ts=first["ts"])
    for number in range(1, 7):
        await client.chat_postMessage(channel="#alerts", text=str(number))
    texts, cursor = [], ""
    while True:
        page = await client.conversations_history(channel="C0ALERTS", limit=3, cursor=cursor)
        texts.append([message["text"] for message in page["messages"]])
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]
        await client.chat_postMessage(channel="#alerts", text="meanwhile")
    assert texts == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


async def test_history_keeps_to_its_span(client: AsyncWebClient) -> None:
    sent = [await client.chat_postMessage(channel="#alerts", text=str(number)) for number in range(4)]
    span = {"channel": "C0ALERTS", "oldest": sent[0]["ts"], "latest": sent[3]["ts"]}
    inner = (await client.conversations_history(**span))["messages"]
    whole = (await client.conversations_history(**span, inclusive=True))["messages"]
    assert ([m["text"] for m in inner], len(whole)) == (["2", "1"], 4)


async def test_metadata_comes_back_when_asked_for(client: AsyncWebClient) -> None:
    metadata = {"event_type": "alert", "event_payload": {"id": 7}}
    await client.chat_postMessage(channel="#alerts", text="card", metadata=metadata)
    without = (await client.conversations_history(channel="C0ALERTS"))["messages"][0]
    with_it = (await client.conversations_history(channel="C0ALERTS", include_all_metadata=True))["messages"][0]
    assert ("metadata" in without, with_it["metadata"]) == (False, metadata)


async def test_a_thread_counts_its_answers_and_reads_from_the_oldest(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    first = await client.chat_postMessage(channel="#alerts", text="first")
    await workspace.person("U0YOU").say("#alerts", "one", thread_ts=first["ts"])
    await client.chat_postMessage(channel="#alerts", text="two", thread_ts=first["ts"], reply_broadcast=True)
    page = await client.conversations_replies(channel="C0ALERTS", ts=first["ts"], limit=1)
    rest = await client.conversations_replies(
        channel="C0ALERTS", ts=first["ts"], cursor=page["response_metadata"]["next_cursor"]
    )
    assert [m["text"] for m in page["messages"]] == ["first", "one"]
    assert [m["text"] for m in rest["messages"]] == ["first", "two"]
    assert (page["messages"][0]["reply_count"], page["messages"][0]["reply_users"]) == (2, ["U0YOU", "U0BOT"])
    assert [m["text"] for m in (await client.conversations_history(channel="C0ALERTS"))["messages"]] == ["two", "first"]


async def test_an_update_keeps_what_it_does_not_name(workspace: Workspace, client: AsyncWebClient) -> None:
    metadata = {"event_type": "alert", "event_payload": {}}
    blocks = [{"type": "divider"}]
    sent = await client.chat_postMessage(channel="#alerts", text="card", blocks=blocks, metadata=metadata)
    await client.chat_update(channel="C0ALERTS", ts=sent["ts"], text="new")
    message = workspace.messages("#alerts")[0]
    assert (message.text, bool(message.blocks), message.metadata) == ("new", True, metadata)
    await client.chat_update(channel="C0ALERTS", ts=sent["ts"], text="new", blocks=[], metadata={})
    assert (message.blocks, message.metadata) == ([], {})


async def test_an_ephemeral_message_reaches_one_person(workspace: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel="C0ALERTS", user="U0YOU", text="psst")
    assert workspace.messages("#alerts")[0].only_for == "U0YOU"
    assert (await client.conversations_history(channel="C0ALERTS"))["messages"] == []


async def test_a_direct_message_goes_by_user_or_conversation(workspace: Workspace, client: AsyncWebClient) -> None:
    opened = await client.conversations_open(users="U0LEAD")
    await client.chat_postMessage(channel="U0LEAD", text="by user")
    await client.chat_postMessage(channel=opened["channel"]["id"], text="by conversation")
    assert [m.text for m in workspace.messages(opened["channel"]["id"])] == ["by user", "by conversation"]


async def test_a_file_is_uploaded_shared_and_shown(workspace: Workspace, client: AsyncWebClient) -> None:
    first = await client.chat_postMessage(channel="#alerts", text="thread")
    answer = await client.files_upload_v2(
        channel="C0ALERTS", thread_ts=first["ts"], content="# Report", filename="report.md", initial_comment="here"
    )
    info = (await client.files_info(file=answer["file"]["id"]))["file"]
    assert (info["name"], info["size"], info["mimetype"]) == ("report.md", 8, "text/markdown")
    message = workspace.messages("#alerts")[-1]
    assert (message.text, message.thread_ts, message.files) == ("here", first["ts"], [info["id"]])
    async with aiohttp.ClientSession() as session, session.get(f"{workspace.url}ui/files/{info['id']}") as got:
        assert (await got.text(), got.content_type) == ("# Report", "text/plain")
    bearer = {"Authorization": f"Bearer {workspace.bot_token}"}
    async with aiohttp.ClientSession(headers=bearer) as session, session.get(info["url_private"]) as got:
        assert await got.text() == "# Report"


async def test_a_file_of_another_length_than_announced_is_refused(client: AsyncWebClient) -> None:
    answer = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    async with aiohttp.ClientSession() as session, session.post(str(answer["upload_url"]), data=b"four") as got:
        assert got.status == 400
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=[{"id": answer["file_id"]}], channel_id="C0ALERTS")


async def test_a_stream_grows_and_ends_with_blocks(workspace: Workspace, client: AsyncWebClient) -> None:
    first = await workspace.person("U0YOU").say("#alerts", "write it")
    stream = await client.chat_stream(
        channel="C0ALERTS", thread_ts=first.ts, recipient_user_id="U0YOU", recipient_team_id="T0SANDBOX", buffer_size=1
    )
    await stream.append(markdown_text="## Summary\n")
    await stream.append(markdown_text="It broke.")
    message = workspace.messages("#alerts")[-1]
    assert message.streaming
    with pytest.raises(SlackApiError, match="streaming_state_conflict"):
        await client.chat_update(channel="C0ALERTS", ts=message.ts, text="x")
    await stream.stop(blocks=[{"type": "divider"}])
    assert not message.streaming
    assert message.blocks is not None
    assert [block["type"] for block in message.blocks] == ["markdown", "divider"]
    assert message.blocks[0]["text"] == "## Summary\nIt broke."


async def test_people_and_groups_can_be_looked_up(client: AsyncWebClient) -> None:
    names = {user["id"]: user["real_name"] for user in (await client.users_list())["members"]}
    assert names["U0ONCALL"] == "On-call engineer"
    found = await client.users_lookupByEmail(email="oncall-engineer@sandbox.example")
    assert found["user"]["id"] == "U0ONCALL"
    [group] = (await client.usergroups_list(include_users=True))["usergroups"]
    assert (group["handle"], group["users"]) == ("oncall", ["U0ONCALL", "U0BACKUP"])
    assert (await client.usergroups_users_list(usergroup=group["id"]))["users"] == group["users"]


async def test_a_user_group_gets_other_members(client: AsyncWebClient) -> None:
    answer = await client.usergroups_users_update(usergroup="S0ONCALL", users=["U0YOU", "U0LEAD"], include_count=True)
    assert (answer["usergroup"]["users"], answer["usergroup"]["user_count"]) == (["U0YOU", "U0LEAD"], 2)
    assert (await client.usergroups_users_list(usergroup="S0ONCALL"))["users"] == ["U0YOU", "U0LEAD"]


async def test_an_address_is_hidden_without_its_scope() -> None:
    async with serve(options=Options(scopes=frozenset({"users:read"}))) as workspace:
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
        assert "email" not in (await client.users_info(user="U0YOU"))["user"]["profile"]


async def test_bookmarks_are_kept_changed_and_taken_away(client: AsyncWebClient) -> None:
    kept = await client.bookmarks_add(channel_id="C0ALERTS", title="Board", type="link", link="https://x.example/")
    bookmark_id = kept["bookmark"]["id"]
    await client.bookmarks_edit(channel_id="C0ALERTS", bookmark_id=bookmark_id, title="New board")
    listed: list[dict[str, Any]] = (await client.bookmarks_list(channel_id="C0ALERTS"))["bookmarks"]
    assert [(one["title"], one["link"]) for one in listed] == [("New board", "https://x.example/")]
    await client.bookmarks_remove(channel_id="C0ALERTS", bookmark_id=bookmark_id)
    assert (await client.bookmarks_list(channel_id="C0ALERTS"))["bookmarks"] == []


async def test_who_the_app_is_stands_in_every_answer(workspace: Workspace, client: AsyncWebClient) -> None:
    who = await client.auth_test()
    assert (who["user_id"], who["bot_id"], who["team_id"]) == (workspace.bot_user_id, "B0DOMANAGE", "T0SANDBOX")
    assert "chat:write" in who.headers["x-oauth-scopes"].split(",")


async def test_a_permalink_leads_to_the_page(workspace: Workspace, client: AsyncWebClient) -> None:
    sent = await client.chat_postMessage(channel="#alerts", text="x")
    link = (await client.chat_getPermalink(channel="C0ALERTS", message_ts=sent["ts"]))["permalink"]
    assert link == f"{workspace.url}archives/C0ALERTS/p{sent['ts'].replace('.', '')}"
    async with aiohttp.ClientSession() as session, session.get(link) as got:
        assert (got.status, got.content_type) == (200, "text/html")
