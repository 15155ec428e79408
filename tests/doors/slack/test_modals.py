"""Forms: opened in time, checked before they close, run, and answered where they were."""

import asyncio

import click
import pytest

from bot.cards.card import Card, Level
from bot.command import Context, command
from bot.sandbox import Workspace
from bot.sandbox.state import View
from tests.doors.slack.conftest import YOU, Bot, Start, shown


async def form(workspace: Workspace, channel: str = "#general") -> View:
    person = workspace.person(YOU)
    await person.command("/do", "manage announce", channel=channel)
    return await workspace.until(lambda: person.modal)


async def test_a_command_that_needs_to_know_more_opens_its_form(workspace: Workspace, bot: Bot) -> None:
    view = await form(workspace)
    assert view.body["title"]["text"] == "Announce something"
    assert bot.lines() == []


@pytest.mark.usefixtures("bot")
async def test_the_fields_are_the_commands_parameters_required_ones_first(workspace: Workspace) -> None:
    blocks = (await form(workspace)).body["blocks"]
    kinds = {b["block_id"]: b["element"]["type"] for b in blocks}
    assert kinds == {
        "title": "plain_text_input",
        "grade": "static_select",
        "times": "number_input",
        "description": "plain_text_input",
        "urgent": "checkboxes",
    }
    assert {b["block_id"] for b in blocks if not b["optional"]} == {"title"}
    assert {b["block_id"] for b in blocks if b["element"].get("multiline")} == {"description"}


@pytest.mark.usefixtures("bot")
async def test_defaults_are_filled_in(workspace: Workspace) -> None:
    elements = {b["block_id"]: b["element"] for b in (await form(workspace)).body["blocks"]}
    assert elements["grade"]["initial_option"]["value"] == "low"
    assert elements["times"]["initial_value"] == "1"


async def test_what_was_entered_becomes_the_command_line(workspace: Workspace, bot: Bot) -> None:
    view = await form(workspace)
    given = {
        "title": "lunch -- at noon",
        "grade": "high",
        "times": "3",
        "description": "two\nlines",
        "urgent": ["true"],
    }
    outcome = await workspace.person(YOU).submit(view.id, given)
    await workspace.until(bot.lines)
    assert outcome.errors == {}
    assert bot.lines() == [
        ["announce", "--grade=high", "--times=3", "--description=two\nlines", "--urgent", "--", "lunch -- at noon"]
    ]


async def test_a_value_that_the_command_does_not_take_is_told_under_its_field(workspace: Workspace, bot: Bot) -> None:
    view = await form(workspace)
    outcome = await workspace.person(YOU).submit(view.id, {"title": "lunch", "times": "9"})
    assert list(outcome.errors) == ["times"]
    assert "1<=x<=5" in outcome.errors["times"]
    assert bot.lines() == []


@pytest.mark.usefixtures("bot")
async def test_the_answer_takes_the_forms_place_and_a_change_is_told_in_the_channel(workspace: Workspace) -> None:
    view = await form(workspace)
    await workspace.person(YOU).submit(view.id, {"title": "lunch"})
    await workspace.until(lambda: "Announced" in str(view.body["blocks"]))
    message = await workspace.until(lambda: next(iter(workspace.messages("#general")), None))
    assert (message.only_for, "Announced" in shown(message)) == (None, True)


@pytest.mark.usefixtures("bot")
async def test_a_change_to_what_is_private_is_told_in_the_form_alone(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    await person.command("/do", "manage hush", channel="#general")
    view = await workspace.until(lambda: person.modal)
    await person.submit(view.id, {"text": "treasurer"})
    await workspace.until(lambda: "Hushed" in str(view.body["blocks"]))
    await person.command("/do", "manage echo", channel="#general")
    await workspace.until(lambda: workspace.messages("#general"))
    assert "treasurer" not in str([shown(m) for m in workspace.messages("#general")])


@pytest.mark.usefixtures("bot")
async def test_what_only_the_command_can_judge_is_told_in_the_form_too(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    await person.shortcut("declare_incident")
    view = await workspace.until(lambda: person.modal)
    outcome = await person.submit(view.id, {"title": "Checkout", "alert": "77"})
    assert list(outcome.errors) == ["title"]
    assert "77" in outcome.errors["title"]
    assert person.modal is not None


async def test_a_slow_form_shows_that_it_works_and_then_its_answer(workspace: Workspace, start: Start) -> None:
    @command("long form", form_title="Take long")
    @click.argument("what")
    async def long_form(_ctx: Context, what: str) -> Card:
        """Take longer than a form may wait."""
        await asyncio.sleep(1.6)
        return Card(title=f"Took long: {what}")

    async with start() as bot:
        bot.commands["long form"] = long_form  # type: ignore[index] # a dict, for the bot a mapping
        person = workspace.person(YOU)
        await person.command("/do", "manage long form", channel="#general")
        view = await workspace.until(lambda: person.modal)
        await person.submit(view.id, {"what": "nap"})
        assert "Working on it" in str(view.body["blocks"])
        await workspace.until(lambda: "Took long: nap" in str(view.body["blocks"]))


async def test_a_slow_form_closed_meanwhile_does_not_swallow_bad_news(workspace: Workspace, start: Start) -> None:
    @command("long form", form_title="Take long")
    @click.argument("what")
    async def long_form(_ctx: Context, what: str) -> Card:
        """Fail after longer than a form may wait."""
        await asyncio.sleep(1.6)
        return Card(title=f"Could not {what}", level=Level.BAD)

    async with start() as bot:
        bot.commands["long form"] = long_form  # type: ignore[index] # a dict, for the bot a mapping
        person = workspace.person(YOU)
        await person.command("/do", "manage long form", channel="#alerts")
        view = await workspace.until(lambda: person.modal)
        await person.submit(view.id, {"what": "nap"})
        await person.close(view.id)
        await workspace.until(lambda: any("Could not nap" in shown(m) for m in workspace.messages("#alerts")))


@pytest.mark.usefixtures("bot")
async def test_a_trigger_that_is_too_old_is_told_with_the_line_to_type(workspace: Workspace) -> None:
    workspace.faults.fail("views.open", "expired_trigger_id")
    await workspace.person(YOU).command("/do", "manage announce", channel="#general")
    message = await workspace.until(lambda: next(iter(workspace.messages("#general")), None))
    assert message.only_for == YOU
    assert "could not be opened" in shown(message)
    assert "announce" in shown(message)
