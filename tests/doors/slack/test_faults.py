"""What Slack and the network do to the client: nothing is lost, nothing comes twice, every refusal says its mend."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cards.card import Accent, Button, Card, Field
from bot.ports import ChatError, Posted
from bot.sandbox import Workspace, serve
from bot.slack import client
from bot.slack.client import SlackChat, sessioned
from tests.doors.slack.conftest import YOU, sandbox_options, settings_of, shown


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def chat(workspace: Workspace, tmp_path: Path):  # type: ignore[no-untyped-def] # a generator, typed by what it yields
    async with sessioned(settings_of(workspace, tmp_path), now=now) as opened:
        yield opened


def titles(workspace: Workspace, channel: str = "#alerts") -> list[str]:
    return [m.text for m in workspace.messages(channel) if m.by_bot and m.subtype is None]


async def test_a_burst_waits_its_turn_keeps_its_order_and_loses_nothing(tmp_path: Path) -> None:
    async with serve(options=replace(sandbox_options(), enforce_rates=True)) as workspace:
        async with sessioned(settings_of(workspace, tmp_path), now=now) as chat:
            await asyncio.gather(*(chat.post("#alerts", Card(title=f"{n}"), key=f"k{n}") for n in range(7)))
        assert titles(workspace) == [str(n) for n in range(7)]
        assert [call for call in workspace.calls if call.error == "ratelimited"] == []


async def test_a_429_is_waited_for_and_the_order_stays(workspace: Workspace, chat: SlackChat) -> None:
    workspace.faults.rate_limit("chat.postMessage", times=2, retry_after=1)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(chat.post("#alerts", Card(title=f"{n}"), key=f"k{n}") for n in range(3)))
    assert titles(workspace) == ["0", "1", "2"]
    assert asyncio.get_running_loop().time() - began >= 2


async def test_a_429_of_one_channel_holds_no_other_up(workspace: Workspace, chat: SlackChat) -> None:
    await chat.join("#incidents")
    workspace.faults.rate_limit("chat.postMessage", times=1, retry_after=2)
    held = asyncio.create_task(chat.post("#alerts", Card(title="held"), key="held"))
    await workspace.until(lambda: any(c.status == 429 for c in workspace.calls))
    await chat.post("#incidents", Card(title="free"), key="free")
    assert not held.done()
    await held


async def test_a_lost_answer_does_not_post_twice(workspace: Workspace, chat: SlackChat) -> None:
    workspace.faults.lose_answer("chat.postMessage")
    posted = await chat.post("#alerts", Card(title="once"), key="k")
    assert [m.ts for m in workspace.messages("#alerts")] == [posted.ts]


async def test_a_lost_answer_in_a_thread_does_not_post_twice(workspace: Workspace, chat: SlackChat) -> None:
    root = await chat.post("#alerts", Card(title="root"), key="root")
    workspace.faults.lose_answer("chat.postMessage")
    posted = await chat.post("#alerts", Card(title="once"), key="k", thread_ts=root.ts)
    assert [m.ts for m in workspace.messages("#alerts")] == [root.ts, posted.ts]


async def test_a_server_error_is_tried_again(workspace: Workspace, chat: SlackChat) -> None:
    workspace.faults.http_error("chat.postMessage", 503, times=2)
    await chat.post("#alerts", Card(title="at last"), key="k")
    assert titles(workspace) == ["at last"]


async def test_a_server_that_keeps_failing_is_said_to_be_worth_another_try(
    workspace: Workspace, chat: SlackChat
) -> None:
    workspace.faults.http_error("chat.postMessage", 502, times=None)
    with pytest.raises(ChatError, match="HTTP 502") as caught:
        await chat.post("#alerts", Card(title="never"), key="k")
    assert caught.value.retry


async def test_a_second_attempt_finds_what_the_first_one_posted(workspace: Workspace, chat: SlackChat) -> None:
    first = await chat.post("#alerts", Card(title="once"), key="k")
    again = await chat.post("#alerts", Card(title="once"), key="k", attempt=2)
    assert again == first
    assert titles(workspace) == ["once"]


async def test_a_second_attempt_posts_what_the_first_one_did_not(workspace: Workspace, chat: SlackChat) -> None:
    await chat.post("#alerts", Card(title="another"), key="other")
    await chat.post("#alerts", Card(title="mine"), key="k", attempt=2)
    assert titles(workspace) == ["another", "mine"]


async def test_a_lost_answer_to_an_edit_is_edited_again(workspace: Workspace, chat: SlackChat) -> None:
    posted = await chat.post("#alerts", Card(title="old"), key="k")
    workspace.faults.lose_answer("chat.update")
    await chat.update(posted, Card(title="new"))
    assert titles(workspace) == ["new"]


async def test_an_edit_clears_what_the_newer_card_has_not(workspace: Workspace, chat: SlackChat) -> None:
    rich = Card(
        title="rich",
        accent=Accent.HIGH,
        fields=(Field(label="Since", value="now"),),
        buttons=(Button(label="Go", argv=("help",)),),
    )
    posted = await chat.post("#alerts", rich, key="k")
    await chat.update(posted, Card(title="plain"))
    message = workspace.messages("#alerts")[0]
    assert not message.attachments
    assert "Since" not in shown(message)


async def test_of_edits_that_wait_only_the_newest_goes_out(workspace: Workspace, chat: SlackChat) -> None:
    posted = await chat.post("#alerts", Card(title="0"), key="k")
    workspace.faults.rate_limit("chat.update", retry_after=1)
    await asyncio.gather(*(chat.update(posted, Card(title=f"{n}")) for n in range(1, 6)))
    assert titles(workspace) == ["5"]
    assert len([c for c in workspace.calls if c.method == "chat.update" and c.ok]) <= 2


async def test_an_edit_is_not_held_up_by_posts_that_wait(workspace: Workspace, chat: SlackChat) -> None:
    posted = await chat.post("#alerts", Card(title="card"), key="card")
    burst = [asyncio.create_task(chat.post("#alerts", Card(title=f"{n}"), key=f"k{n}")) for n in range(4)]
    await chat.update(posted, Card(title="pressed"))
    assert not all(task.done() for task in burst)
    assert titles(workspace)[0] == "pressed"
    await asyncio.gather(*burst)


@pytest.mark.usefixtures("workspace")
async def test_our_own_fresh_channel_of_a_taken_name_is_used_again(chat: SlackChat) -> None:
    first = await chat.open_channel("incident-1")
    assert await chat.open_channel("incident-1") == first


async def test_a_lost_answer_to_a_creation_makes_one_channel(workspace: Workspace, chat: SlackChat) -> None:
    workspace.faults.lose_answer("conversations.create")
    _, name = await chat.open_channel("incident-1")
    assert name == "incident-1"


@pytest.mark.usefixtures("workspace")
async def test_somebody_elses_channel_of_that_name_is_left_alone(chat: SlackChat) -> None:
    _, name = await chat.open_channel("alerts")
    assert name == "alerts-2"


@pytest.mark.usefixtures("workspace")
async def test_an_archived_channel_of_that_name_is_left_alone(chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    await chat.archive(channel)
    _, name = await chat.open_channel("incident-1")
    assert name == "incident-1-2"


@pytest.mark.usefixtures("workspace")
async def test_a_name_is_made_fit_for_slack(chat: SlackChat) -> None:
    _, name = await chat.open_channel("Incident: Checkout & Cart!")
    assert name == "incident-checkout-cart"


async def test_who_cannot_be_invited_is_told_by_name_and_the_others_come(workspace: Workspace, chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    refused = await chat.invite(channel, [YOU, "U0NOBODY", "U0ONCALL", "U0BOT", "USLACKBOT"])
    assert refused == {"U0NOBODY": "user_not_found", "U0BOT": "cant_invite_self", "USLACKBOT": "cant_invite"}
    members = workspace.state.channels[channel].members
    assert {YOU, "U0ONCALL"} <= set(members)


@pytest.mark.usefixtures("workspace")
async def test_who_is_there_already_is_fine(chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    await chat.invite(channel, [YOU])
    assert await chat.invite(channel, [YOU, "U0ONCALL"]) == {}


@pytest.mark.usefixtures("workspace")
async def test_an_archived_channel_is_said_with_its_mend(chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    await chat.archive(channel)
    with pytest.raises(ChatError, match="unarchive the channel") as caught:
        await chat.post(channel, Card(title="late"), key="k")
    assert (caught.value.code, caught.value.retry) == ("is_archived", False)


async def test_archiving_and_pinning_twice_is_fine(workspace: Workspace, chat: SlackChat) -> None:
    channel, _ = await chat.open_channel("incident-1")
    posted = await chat.post(channel, Card(title="card"), key="k")
    for _ in range(2):
        await chat.pin(posted)
    for _ in range(2):
        await chat.archive(channel)
    assert list(workspace.state.channels[channel].pins) == [posted.ts]


@pytest.mark.usefixtures("workspace")
async def test_an_unknown_channel_is_named_with_its_mend(chat: SlackChat) -> None:
    with pytest.raises(ChatError, match="no channel #nowhere that the bot can see; create it") as caught:
        await chat.post("#nowhere", Card(title="lost"), key="k")
    assert caught.value.code == "channel_not_found"


async def test_an_unknown_channel_is_not_looked_for_again_at_once(workspace: Workspace, chat: SlackChat) -> None:
    for _ in range(3):
        with pytest.raises(ChatError):
            await chat.post("#nowhere", Card(title="lost"), key="k")
    assert [c.method for c in workspace.calls].count("conversations.list") == 1


async def test_a_public_channel_is_joined_when_the_bot_is_not_in_it(workspace: Workspace, chat: SlackChat) -> None:
    await chat.post("#general", Card(title="hello"), key="k")
    assert titles(workspace, "#general") == ["hello"]
    assert workspace.bot_user_id in workspace.state.channels["C0GENERAL"].members


async def test_a_channel_the_bot_left_is_joined_again(workspace: Workspace, chat: SlackChat) -> None:
    await chat.post("#alerts", Card(title="before"), key="k1")
    workspace.state.channels["C0ALERTS"].members.remove(workspace.bot_user_id)
    await chat.post("#alerts", Card(title="after"), key="k2")
    assert titles(workspace) == ["before", "after"]


async def test_a_missing_scope_is_named_with_its_mend(tmp_path: Path) -> None:
    options = sandbox_options()
    async with (
        serve(options=replace(options, scopes=options.scopes - {"pins:write"})) as workspace,
        sessioned(settings_of(workspace, tmp_path), now=now) as chat,
    ):
        posted = await chat.post("#alerts", Card(title="card"), key="k")
        with pytest.raises(ChatError) as caught:
            await chat.pin(posted)
    assert "lacks the scope pins:write; add it in manifest.yml and reinstall the app" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_blocks_that_slack_refuses_are_said_again_in_plain_ones(workspace: Workspace, chat: SlackChat) -> None:
    workspace.faults.fail("chat.postMessage", "invalid_blocks")
    await chat.post("#alerts", Card(title="Down", body=("since noon",)), key="k")
    message = workspace.messages("#alerts")[0]
    assert {b["type"] for b in message.blocks or []} == {"section"}
    assert "since noon" in shown(message)


async def test_blocks_that_slack_refuses_twice_are_an_error(workspace: Workspace, chat: SlackChat) -> None:
    workspace.faults.fail("chat.postMessage", "invalid_blocks", times=2)
    with pytest.raises(ChatError, match="invalid_blocks"):
        await chat.post("#alerts", Card(title="Down"), key="k")


async def test_a_whisper_is_seen_by_its_user_alone(workspace: Workspace, chat: SlackChat) -> None:
    await chat.whisper("#alerts", YOU, Card(title="psst"))
    assert workspace.messages("#alerts")[0].only_for == YOU


async def test_a_topic_is_cut_to_slacks_limit(workspace: Workspace, chat: SlackChat) -> None:
    await chat.topic("#alerts", "long " * 100)
    assert 200 < len(workspace.state.channels["C0ALERTS"].topic) <= 250


async def test_a_file_is_uploaded_into_the_channel(workspace: Workspace, chat: SlackChat) -> None:
    file_id = await chat.upload("#alerts", name="postmortem.md", title="Postmortem 1", content="# Facts\n")
    file = workspace.state.files[file_id]
    assert (file.content, file.title, file.channels) == (b"# Facts\n", "Postmortem 1", ["C0ALERTS"])


async def test_messages_are_found_in_channels_and_threads(workspace: Workspace, chat: SlackChat) -> None:
    person = workspace.person(YOU)
    root = await person.say("#alerts", "root")
    answer = await person.say("#alerts", "answer", root.ts)
    found = [await chat.message("#alerts", ts) for ts in (root.ts, answer.ts, "1.000001")]
    assert [m and m["text"] for m in found] == ["root", "answer", None]


async def test_groups_are_asked_for_once_a_minute(workspace: Workspace, chat: SlackChat) -> None:
    assert await chat.groups_of("U0ONCALL", ["S0ONCALL"]) == {"S0ONCALL"}
    assert await chat.groups_of(YOU, ["S0ONCALL"]) == frozenset()
    assert await chat.members_of("S0ONCALL") == ("U0ONCALL", "U0BACKUP")
    assert [c.method for c in workspace.calls].count("usergroups.users.list") == 1


async def test_while_slack_hangs_groups_are_those_known_last(
    workspace: Workspace, chat: SlackChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.members_of("S0ONCALL")
    monkeypatch.setattr(client, "GROUP_FOR", timedelta(0))
    monkeypatch.setattr(client, "GROUP_WITHIN", 0.1)
    await chat.members_of("S0ONCALL")  # kept for no time at all: asked for again
    workspace.faults.slow("usergroups.users.list", 30.0)
    async with asyncio.timeout(5):
        assert await chat.groups_of("U0ONCALL", ["S0ONCALL"]) == {"S0ONCALL"}


@pytest.mark.usefixtures("workspace")
async def test_the_probe_takes_some_time(chat: SlackChat) -> None:
    assert 0 < await chat.probe() < 1000


async def test_slack_out_of_reach_is_worth_another_try(tmp_path: Path) -> None:
    async with serve(options=sandbox_options()) as workspace:
        settings = settings_of(workspace, tmp_path)
    async with sessioned(settings, now=now) as chat:
        with pytest.raises(ChatError, match="does not answer") as caught:
            await chat.update(Posted("C0ALERTS", "1.1"), Card(title="lost"))
    assert caught.value.retry


async def test_a_wrong_token_is_said_with_its_mend(workspace: Workspace, tmp_path: Path) -> None:
    from pydantic import SecretStr

    settings = settings_of(workspace, tmp_path).model_copy(update={"slack_bot_token": SecretStr("xoxb-wrong")})
    async with sessioned(settings, now=now) as chat:
        with pytest.raises(ChatError, match="SLACK_BOT_TOKEN") as caught:
            await chat.probe()
    assert (caught.value.code, caught.value.retry) == ("invalid_auth", False)
    assert "xoxb-wrong" not in str(caught.value)


@pytest.mark.usefixtures("bot")
async def test_a_lost_answer_to_a_person_is_not_lost(workspace: Workspace) -> None:
    """A response URL that is gone leaves a message that only the asker sees."""
    person = workspace.person(YOU)
    workspace.tickets.response_url_life = -1.0
    await person.command("/do", "manage echo still here", channel="#alerts")
    await workspace.until(lambda: workspace.messages("#alerts"))
    message = workspace.messages("#alerts")[0]
    assert (message.only_for, "still here" in shown(message)) == (YOU, True)


async def test_a_channel_made_anew_under_its_old_name_is_found(workspace: Workspace, chat: SlackChat) -> None:
    await chat.post("#alerts", Card(title="before"), key="k1")
    old = workspace.state.channels["C0ALERTS"]
    old.is_archived, old.name = True, "alerts-old"
    with pytest.raises(ChatError, match="is_archived"):
        await chat.post("#alerts", Card(title="lost"), key="k2")
    new, _ = await chat.open_channel("alerts")
    await chat.post("#alerts", Card(title="after"), key="k3")
    assert titles(workspace, new) == ["after"]


@pytest.mark.usefixtures("bot")
async def test_progress_that_cannot_be_shown_fails_nothing(workspace: Workspace) -> None:
    workspace.faults.fail("chat.update", "message_not_found", times=None)
    await workspace.person(YOU).command("/do", "manage slow", channel="#alerts")
    await workspace.until(lambda: any("Done at last" in shown(m) for m in workspace.messages("#alerts")))
