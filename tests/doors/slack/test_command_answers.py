"""What a command answered in the incident's channel bears out a statement of its postmortem, typed as people do it."""

from collections.abc import Sequence

import pytest

from bot.cards.card import Card, Level
from bot.command import Context, command
from bot.permissions import Caller
from bot.postmortems.service import pack_of
from bot.sandbox import Workspace
from bot.sandbox.state import Message
from tests.doors.slack.conftest import ONCALL, OWN, YOU, Bot, Start, shown

CHANNEL = "#incident-1"
BASE = {"postmortems": {"draft_after": "1d"}, "incidents": {"archive": "never"}}


@command("drain", changes=True)
async def drain(_ctx: Context) -> Card:
    """Empty a queue."""
    return Card(title="Drained 4711 jobs", level=Level.OK, body=("mail queue",))


async def says(workspace: Workspace, line: str, words: str) -> str:
    """Type a command line in the incident's channel, and wait for a message that says these words."""
    before = len(workspace.messages(CHANNEL))
    assert (await workspace.person(YOU).command("/do", f"manage {line}", channel=CHANNEL)).acked

    def found() -> str:
        return next((said for m in workspace.messages(CHANNEL)[before:] if words in (said := shown(m))), "")

    return await workspace.until(found, 20)


async def opened(workspace: Workspace, bot: Bot) -> None:
    """An incident whose channel is there, and known to be its own."""
    await bot.invoke(["incident", "declare", "Checkout", "is", "down", "--severity=high"], Caller(id=YOU, via="slack"))
    await workspace.until(lambda: any("Roles" in m.text for m in _said(workspace)), 20)
    await workspace.person(YOU).join(CHANNEL)
    await workspace.idle()


def _said(workspace: Workspace) -> Sequence[Message]:
    known = any(c.name == CHANNEL.lstrip("#") for c in workspace.state.channels.values())
    return workspace.messages(CHANNEL) if known else ()


async def test_a_statement_with_its_number_holds_and_an_invented_one_fails(
    workspace: Workspace, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OWN, "drain", drain)
    async with start(**BASE) as bot:
        await opened(workspace, bot)
        await says(workspace, "drain", "Drained 4711 jobs")
        (item,) = [one for one in (await pack_of(bot.ports, 1)).items if "4711" in one.words]

        def check(number: int) -> str:
            return f'postmortem check 1 --text "The mail queue was drained of {number} jobs [#{item.id}]"'

        await says(workspace, check(4711), "the statement holds")
        await says(workspace, check(5000), "5000 stands in no cited entry")
        await says(workspace, "incident timeline", "“Drained 4711 jobs”")
        assert "4711" in await says(workspace, "postmortem dry-run 1 --section=response", "would send")


async def test_what_is_looked_up_there_is_evidence_though_one_person_saw_it(workspace: Workspace, start: Start) -> None:
    async with start(**BASE) as bot:
        await opened(workspace, bot)
        await says(workspace, "health", "store")
        await says(workspace, "oncall me", "How you are reached")

        told = (await pack_of(bot.ports, 1)).of_kind("CommandAnswered")
        assert [one.words.partition(": ")[0] for one in told] == ["Ran health"]
        assert " store " in told[0].words


@pytest.mark.parametrize("where", ["#general", "#alerts"])
async def test_what_is_looked_up_elsewhere_is_not(workspace: Workspace, start: Start, where: str) -> None:
    async with start(**BASE) as bot:
        await opened(workspace, bot)
        await workspace.person(ONCALL).command("/do", "manage health", channel=where)
        await workspace.until(lambda: bot.lines()[-1] == ["health"])
        await workspace.idle()

        assert (await pack_of(bot.ports, 1)).of_kind("CommandAnswered") == []
