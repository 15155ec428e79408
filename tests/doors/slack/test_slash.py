"""A typed command line, from the slash to the answer."""

from bot.sandbox import Workspace
from tests.doors.slack.conftest import YOU, Bot, shown


async def test_a_menu_is_answered_to_the_asker_alone(workspace: Workspace, bot: Bot) -> None:
    outcome = await workspace.person(YOU).command("/do", "manage echo hello there", channel="#general")
    message = await workspace.until(lambda: next(iter(workspace.messages("#general")), None))
    assert outcome.acked
    assert message.only_for == YOU
    assert "hello there" in shown(message)


async def test_a_change_is_told_in_the_channel(workspace: Workspace, bot: Bot) -> None:
    await workspace.person(YOU).command("/do", "manage announce lunch", channel="#general")
    message = await workspace.until(lambda: next(iter(workspace.messages("#general")), None))
    assert message.only_for is None
    assert "lunch" in shown(message)
