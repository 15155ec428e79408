"""Buttons: they run their command line once, and speak only when there is something to say."""

import asyncio

import pytest

from bot.cards.card import Button, Card, Link
from bot.sandbox import Workspace
from tests.doors.slack.conftest import ONCALL, YOU, Bot, posted, shown

CARD = Card(
    title="Something",
    buttons=(
        Button(label="Announce", argv=("announce", "lunch")),
        Button(label="Look", argv=("echo", "private")),
        Button(label="Admin", argv=("admin", "only")),
        Button(label="Ask", argv=("announce", "--grade=high"), form=True),
        Button(label="Read", url="https://runbooks.example/x"),
        Button(label="List", argv=("page",)),
    ),
    footer=("See ", Link("https://x.example/", "x")),
)


async def test_a_change_by_button_says_nothing_of_its_own(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    outcome = await workspace.person(YOU).press("#alerts", post.ts, "run:0")
    await workspace.until(bot.lines)
    assert outcome.acked
    assert bot.lines() == [["announce", "lunch"]]
    assert [m.ts for m in workspace.messages("#alerts")] == [post.ts]


async def test_the_caller_of_a_button_is_who_pressed_it(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    await workspace.person(ONCALL).press("#alerts", post.ts, "run:0")
    await workspace.until(bot.lines)
    caller = bot.heard[0][1]
    assert (caller.id, caller.channel, bool(caller.trigger_id)) == (ONCALL, "C0ALERTS", True)


async def test_what_only_looks_is_answered_to_whoever_pressed(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    await workspace.person(YOU).press("#alerts", post.ts, "run:1")
    await workspace.until(lambda: len(workspace.messages("#alerts")) == 2)
    answer = workspace.messages("#alerts")[-1]
    assert answer.only_for == YOU
    assert "private" in shown(answer)


async def test_a_refusal_is_told_to_whoever_pressed(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    await workspace.person(YOU).press("#alerts", post.ts, "run:2")
    await workspace.until(lambda: len(workspace.messages("#alerts")) == 2)
    assert "needs the role admin" in shown(workspace.messages("#alerts")[-1])


async def test_a_double_click_does_its_thing_once(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    person = workspace.person(YOU)
    await asyncio.gather(*(person.press("#alerts", post.ts, "run:0") for _ in range(3)))
    await person.press("#alerts", post.ts, "run:1")
    await workspace.until(lambda: ["echo", "private"] in bot.lines())
    assert bot.lines().count(["announce", "lunch"]) == 1


async def test_two_people_may_press_the_same_button(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    await workspace.person(YOU).press("#alerts", post.ts, "run:0")
    await workspace.person(ONCALL).press("#alerts", post.ts, "run:0")
    await workspace.until(lambda: len(bot.heard) == 2)
    assert {caller.id for _, caller in bot.heard} == {YOU, ONCALL}


async def test_a_link_is_acknowledged_and_runs_nothing(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    assert (await workspace.person(YOU).press("#alerts", post.ts, "link:4")).acked
    assert bot.lines() == []


@pytest.mark.usefixtures("bot")
async def test_pages_turn_in_place_on_a_private_answer(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    await person.command("/do", "manage page", channel="#general")
    first = await workspace.until(lambda: next(iter(workspace.messages("#general")), None))
    await person.press("#general", first.ts, "run:0")
    await workspace.until(lambda: "Page 2" in shown(first))
    await person.press("#general", first.ts, "run:0")
    await workspace.until(lambda: "Page 3" in shown(first))
    assert len(workspace.messages("#general")) == 1


async def test_the_first_page_from_a_public_card_leaves_the_card_alone(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    await workspace.person(YOU).press("#alerts", post.ts, "run:5")
    await workspace.until(lambda: len(workspace.messages("#alerts")) == 2)
    card, answer = workspace.messages("#alerts")
    assert "Something" in shown(card)
    assert (answer.only_for, "Page 1" in shown(answer)) == (YOU, True)


async def test_a_button_in_a_thread_is_answered_in_the_thread(workspace: Workspace, bot: Bot) -> None:
    root = await posted(bot, "alert:1", Card(title="Root"))
    assert bot.ports.chat is not None
    at = await bot.ports.chat.post("#alerts", CARD, key="in-thread", thread_ts=root.ts)
    await workspace.person(YOU).press("#alerts", at.ts, "run:1")
    await workspace.until(lambda: len(workspace.messages("#alerts")) == 3)
    answer = workspace.messages("#alerts")[-1]
    assert (answer.thread_ts, answer.only_for) == (root.ts, YOU)


async def test_a_form_button_keeps_what_it_fixes_out_of_the_form(workspace: Workspace, bot: Bot) -> None:
    post = await posted(bot, "alert:1", CARD)
    person = workspace.person(YOU)
    await person.press("#alerts", post.ts, "form:3")
    view = await workspace.until(lambda: person.modal)
    assert [b["block_id"] for b in view.body["blocks"]] == ["title", "times", "description", "urgent"]
    await person.submit(view.id, {"title": "dinner"})
    await workspace.until(bot.lines)
    assert bot.lines()[0][:2] == ["announce", "--grade=high"]


async def test_a_button_of_another_version_says_so(workspace: Workspace, bot: Bot) -> None:
    await posted(bot, "alert:1", CARD)
    message = workspace.messages("#alerts")[0]
    old = {"type": "button", "action_id": "acknowledge", "text": {"type": "plain_text", "text": "Old"}, "value": "1"}
    message.blocks = [{"type": "actions", "block_id": "old", "elements": [old]}]
    await workspace.person(YOU).press("#alerts", message.ts, "acknowledge")
    await workspace.until(lambda: len(workspace.messages("#alerts")) == 2)
    assert "another version" in shown(workspace.messages("#alerts")[-1])
    assert bot.lines() == []
