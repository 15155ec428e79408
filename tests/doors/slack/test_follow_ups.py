"""A star, the shortcut, the buttons and the App Home of follow-ups, against a workspace."""

from typing import Any

import pytest

from bot.sandbox import Workspace
from storage.records.follow_ups import FollowUp
from storage.tables import follow_ups
from tests.doors.slack.conftest import ONCALL, YOU, Bot, shown
from tests.doors.slack.test_events import with_incident


async def found(bot: Bot) -> list[FollowUp]:
    async with bot.ports.store.read() as conn:
        return await follow_ups.listing(conn)


def notes(workspace: Workspace, ts: str) -> list[Any]:
    return [m for m in workspace.messages("#alerts") if m.thread_ts == ts and m.by_bot]


async def test_a_star_makes_a_follow_up_answered_with_a_tick_and_a_note(workspace: Workspace, bot: Bot) -> None:
    await with_incident(bot)
    said = await workspace.person(ONCALL).say("#alerts", "we should alert on the queue &amp; page <@U0BACKUP>")
    await workspace.person(YOU).react("#alerts", said.ts, "star")
    await workspace.until(lambda: notes(workspace, said.ts))
    (made,) = await found(bot)
    assert (made.title, made.incident) == ("we should alert on the queue & page @U0BACKUP", 1)
    reactions = next(m for m in workspace.messages("#alerts") if m.ts == said.ts).reactions
    assert "white_check_mark" in str(reactions)
    await workspace.person(YOU).unreact("#alerts", said.ts, "star")
    await workspace.idle()
    assert len(await found(bot)) == 1


async def test_a_button_of_its_card_ends_it_and_the_card_follows(workspace: Workspace, bot: Bot) -> None:
    await with_incident(bot)
    said = await workspace.person(ONCALL).say("#alerts", "alert on the queue")
    person = workspace.person(YOU)
    await person.react("#alerts", said.ts, "star")
    await workspace.until(lambda: notes(workspace, said.ts))
    await person.press("#alerts", notes(workspace, said.ts)[0].ts, "run:0")
    await workspace.until(lambda: "Reopen" in shown(notes(workspace, said.ts)[0]))
    (made,) = await found(bot)
    assert (made.open, made.closed_by) == (False, YOU)


async def test_a_star_elsewhere_means_nothing(workspace: Workspace, bot: Bot) -> None:
    await with_incident(bot)
    said = await workspace.person(ONCALL).say("#incidents", "nice")
    await workspace.person(YOU).react("#incidents", said.ts, "star")
    await workspace.idle()
    assert bot.lines() == []


async def test_the_shortcut_opens_the_form_with_the_words_of_the_message(workspace: Workspace, bot: Bot) -> None:
    await with_incident(bot)
    said = await workspace.person(ONCALL).say("#alerts", "raise\nthe pool")
    person = workspace.person(YOU)
    await person.shortcut("add_follow_up", "#alerts", said.ts)
    view = await workspace.until(lambda: person.modal)
    elements = {b["block_id"]: b["element"] for b in view.body["blocks"]}
    assert elements["title"]["initial_value"] == "raise the pool"
    assert elements["user"]["type"] == "users_select"
    await person.submit(view.id, {"title": "raise the pool", "user": ONCALL, "due": "14d", "kind": "prevent"})
    await workspace.until(lambda: notes(workspace, said.ts))
    (made,) = await found(bot)
    assert (made.owner, made.kind.value, made.origin) == (ONCALL, "prevent", f"C0ALERTS:{said.ts}")


@pytest.mark.usefixtures("bot")
async def test_the_home_lists_ones_own_first_with_a_button_to_end_them(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    for number, typed in enumerate(("for somebody else --due 1d", "mine --owner me --due 9d"), 1):
        await person.command("/do", f"manage followup add {typed}", channel="#general")
        said = f"Follow-up #{number} is to be done"  # one after another: commands of one moment may change places
        await workspace.until(lambda said=said: said in str(workspace.messages("#general")))
    await person.open_home()
    home = await workspace.until(lambda: workspace.state.homes.get(YOU))
    text = str(home.body["blocks"])
    assert text.index("mine") < text.index("for somebody else")
    assert "Done #2" in text
