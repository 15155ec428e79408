"""A typed command line, from the slash to the answer."""

import pytest

from bot.ports import Posted
from bot.sandbox import Workspace
from bot.sandbox.state import Message
from tests.doors.slack.conftest import YOU, Bot, Start, shown


async def answer(workspace: Workspace, text: str, channel: str = "#general") -> Message:
    before = len(workspace.messages(channel))
    outcome = await workspace.person(YOU).command("/do", text, channel=channel)
    assert outcome.acked
    return await workspace.until(lambda: next(iter(workspace.messages(channel)[before:]), None))


@pytest.mark.usefixtures("bot")
async def test_a_menu_is_answered_to_the_asker_alone(workspace: Workspace) -> None:
    message = await answer(workspace, "manage echo hello there")
    assert message.only_for == YOU
    assert "hello there" in shown(message)


@pytest.mark.usefixtures("bot")
async def test_a_change_is_told_in_the_channel(workspace: Workspace) -> None:
    message = await answer(workspace, "manage announce lunch")
    assert message.only_for is None
    assert "lunch" in shown(message)


@pytest.mark.usefixtures("bot")
async def test_a_change_that_was_refused_is_told_to_the_asker_alone(workspace: Workspace) -> None:
    message = await answer(workspace, "manage admin only")
    assert message.only_for == YOU
    assert "needs the role admin" in shown(message)


@pytest.mark.usefixtures("bot")
async def test_a_change_to_what_is_private_is_told_to_the_asker_alone(workspace: Workspace) -> None:
    message = await answer(workspace, "manage hush --text=treasurer")
    assert (message.only_for, "treasurer" in shown(message)) == (YOU, True)


@pytest.mark.usefixtures("bot")
async def test_a_slow_change_to_what_is_private_shows_the_channel_no_word_of_it(workspace: Workspace) -> None:
    seen = await answer(workspace, "manage hush --slowly --text=treasurer", "#alerts")
    assert (seen.only_for, "hush" in shown(seen), "treasurer" in shown(seen)) == (None, True, False)
    await workspace.until(lambda: len(workspace.messages("#alerts")) == 2)
    assert "treasurer" not in shown(seen)
    assert (workspace.messages("#alerts")[1].only_for, "treasurer" in shown(workspace.messages("#alerts")[1])) == (
        YOU,
        True,
    )


@pytest.mark.parametrize("text", ["", "manage", "  manage  "])
async def test_the_command_alone_gives_help(workspace: Workspace, bot: Bot, text: str) -> None:
    message = await answer(workspace, text)
    assert bot.lines() == [["help"]]
    assert "health" in shown(message)


async def test_the_word_manage_may_be_left_out(workspace: Workspace, bot: Bot) -> None:
    await answer(workspace, "echo hello")
    assert bot.lines() == [["echo", "hello"]]


async def test_an_unbalanced_quote_is_named_with_its_mend(workspace: Workspace, bot: Bot) -> None:
    message = await answer(workspace, 'manage echo "never closed')
    assert message.only_for == YOU
    assert "unbalanced quote" in shown(message)
    assert bot.lines() == []


@pytest.mark.usefixtures("bot")
async def test_a_mistyped_command_is_answered_with_the_nearest(workspace: Workspace) -> None:
    message = await answer(workspace, "manage ecco")
    assert "Did you mean `echo`?" in shown(message) or "echo" in shown(message)


async def test_mentions_and_entities_arrive_as_they_are_meant(workspace: Workspace, bot: Bot) -> None:
    await answer(
        workspace,
        "manage echo <@U0ONCALL|oncall-engineer> <#C0ALERTS|alerts> a &lt;b&gt; &amp;c <https://x.example/a|x>",
    )
    assert bot.lines() == [["echo", "U0ONCALL", "C0ALERTS", "a", "<b>", "&c", "https://x.example/a"]]


async def test_the_caller_is_who_typed_it_and_where(workspace: Workspace, bot: Bot) -> None:
    await answer(workspace, "manage echo", "#alerts")
    caller = bot.heard[0][1]
    assert (caller.id, caller.via, caller.channel) == (YOU, "slack", "C0ALERTS")


async def test_user_groups_give_the_roles_that_manage_yml_names(workspace: Workspace, start: Start) -> None:
    async with start(roles={"default": "viewer", "admin": ["S0ONCALL"]}):
        await workspace.person("U0ONCALL").command("/do", "manage admin only", channel="#general")
        message = await workspace.until(lambda: next(iter(workspace.messages("#general")), None))
    assert "Changed" in shown(message)


@pytest.mark.usefixtures("bot")
async def test_a_slow_change_shows_progress_and_finishes_in_place(workspace: Workspace) -> None:
    message = await answer(workspace, "manage slow", "#alerts")
    assert "Half way there" in shown(message)
    await workspace.until(lambda: "Done at last" in shown(message))
    assert [m.ts for m in workspace.messages("#alerts")] == [message.ts]


@pytest.mark.usefixtures("bot")
async def test_a_slow_change_where_the_bot_is_not_ends_with_an_answer_all_the_same(workspace: Workspace) -> None:
    channel = workspace.state.im("U0ONCALL")
    workspace.faults.fail("chat.postMessage", "channel_not_found")
    await workspace.person("U0ONCALL").command("/do", "manage slow", channel=channel.id)
    await workspace.until(lambda: any("Done at last" in shown(m) for m in workspace.messages(channel.id)))


@pytest.mark.usefixtures("bot")
async def test_what_a_person_wrote_cannot_call_the_channel(workspace: Workspace) -> None:
    message = await answer(workspace, "manage announce &lt;!channel&gt; <!everyone> done")
    assert "<!" not in message.text
    assert workspace.violations == []


async def test_the_answers_link_is_slacks_own(workspace: Workspace, bot: Bot) -> None:
    message = await answer(workspace, "manage announce lunch", "#alerts")
    chat = bot.ports.chat
    assert chat is not None
    permalink = (await chat.call("chat.getPermalink", channel="C0ALERTS", message_ts=message.ts))["permalink"]  # type: ignore[attr-defined]
    assert chat.link(Posted("C0ALERTS", message.ts)) == permalink
