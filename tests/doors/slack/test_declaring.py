"""An incident is declared wherever somebody notices: typed, in a form, from a message, the App Home, a card, a mention."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from bot.alerts import cards
from bot.sandbox import Workspace
from bot.sandbox.state import View
from storage.records.alerts import Alert, Severity
from storage.records.incidents import Incident
from storage.tables import incidents
from storage.unit_of_work import UnitOfWork
from tests.doors.slack.conftest import ONCALL, YOU, Bot, Start, posted, shown
from tests.fakes.ports import T0

COMPONENTS = {"statuspage": {"components": [{"name": "Shop", "checks": ["store"]}]}}


async def declared(bot: Bot, number: int = 1) -> Incident:
    """The incident of that number, once it is there."""
    async with asyncio.timeout(5):
        while True:
            async with bot.ports.store.read() as conn:
                found = await incidents.get(conn, number)
            if found is not None:
                return found
            await asyncio.sleep(0.01)


def action(view: View, value: str) -> str:
    """The id of the button that stands for this command line."""
    return next(
        str(element["action_id"])
        for block in view.body["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element.get("value") == value
    )


def fields(view: View) -> Mapping[str, Any]:
    return {block["block_id"]: block["element"] for block in view.body["blocks"] if block["type"] == "input"}


@pytest.mark.parametrize("line", ["manage incident declare", "declare"])
async def test_by_a_typed_line(workspace: Workspace, bot: Bot, line: str) -> None:
    await workspace.person(YOU).command("/do", f"{line} checkout is down --severity critical", channel="#general")

    incident = await declared(bot)
    assert (incident.title, incident.severity, incident.declared_by) == ("checkout is down", Severity.CRITICAL, YOU)


async def test_by_a_form(workspace: Workspace, start: Start) -> None:
    async with start(**COMPONENTS) as bot:
        person = workspace.person(YOU)
        await person.command("/do", "manage declare", channel="#general")
        view = await workspace.until(lambda: person.modal)
        assert {"title", "severity", "description", "affected", "private", "test"} <= set(fields(view))
        given = {"title": "Checkout is down", "severity": "high", "affected": "shop", "test": ["true"]}
        await person.submit(view.id, given)

        incident = await declared(bot)
    assert (incident.title, incident.components, incident.test) == ("Checkout is down", ("Shop",), True)


async def test_a_component_that_there_is_not_is_told_in_the_form(workspace: Workspace, start: Start) -> None:
    async with start(**COMPONENTS) as bot:
        person = workspace.person(YOU)
        await person.command("/do", "manage declare", channel="#general")
        view = await workspace.until(lambda: person.modal)
        outcome = await person.submit(view.id, {"title": "Checkout is down", "severity": "high", "affected": "mail"})

        assert "There are Shop." in str(outcome.errors)
        async with bot.ports.store.read() as conn:
            assert await incidents.count(conn) == 0


async def test_from_a_message_that_shows_it(workspace: Workspace, bot: Bot) -> None:
    said = await workspace.person(ONCALL).say("#alerts", "nobody can pay")
    person = workspace.person(YOU)
    await person.shortcut("declare_incident_from_message", "#alerts", said.ts)
    view = await workspace.until(lambda: person.modal)
    await person.submit(view.id, {"title": "Checkout is down", "severity": "high"})

    incident = await declared(bot)
    assert incident.started_at.timestamp() == pytest.approx(float(said.ts), abs=1e-5)


async def test_from_the_app_home(workspace: Workspace, bot: Bot) -> None:
    person = workspace.person(YOU)
    await person.open_home()
    home = await workspace.until(lambda: workspace.state.homes.get(YOU))
    await person.press_in_view(home.id, action(home, "incident declare"))
    view = await workspace.until(lambda: person.modal)
    await person.submit(view.id, {"title": "Checkout is down", "severity": "high"})

    assert (await declared(bot)).declared_by == YOU
    await workspace.until(lambda: "Checkout is down" in str(workspace.state.homes[YOU].body["blocks"]))


async def test_by_the_button_of_an_alerts_card(workspace: Workspace, bot: Bot) -> None:
    alert = Alert(
        id=1,
        fingerprint="f",
        rule="latency",
        severity=Severity.MEDIUM,
        summary="checkout is slow",
        started_at=T0,
        opened_at=T0,
        last_seen_at=T0,
        labels={"service": "checkout"},
    )

    async def write(unit: UnitOfWork) -> None:
        await unit.save(alert)

    await bot.ports.store.transact(write)
    card = cards.live(alert)
    post = await posted(bot, alert.subject, card)
    number = [button.label for button in card.buttons].index("Declare incident")
    await workspace.person(YOU).press("#alerts", post.ts, f"run:{number}")

    incident = await declared(bot)
    assert (incident.title, incident.severity, incident.declared_by) == ("checkout is slow", Severity.MEDIUM, YOU)
    assert (incident.alert_ids, incident.labels) == ((1,), {"service": "checkout"})


async def test_by_a_mention(workspace: Workspace, bot: Bot) -> None:
    said = await workspace.person(YOU).say("#alerts", "<@U0BOT> declare checkout is down --severity high")

    incident = await declared(bot)
    assert (incident.title, incident.severity) == ("checkout is down", Severity.HIGH)
    answers = await workspace.until(lambda: [m for m in workspace.messages("#alerts") if m.thread_ts == said.ts])
    assert "Incident #1 declared" in shown(answers[0])


async def test_privately_so_that_only_who_declared_it_hears_of_it(workspace: Workspace, bot: Bot) -> None:
    await workspace.person(YOU).command("/do", "manage declare laptop stolen --private", channel="#general")
    assert (await declared(bot)).private
    await workspace.until(lambda: workspace.messages("#general"))
    await workspace.person(ONCALL).command("/do", "manage incidents", channel="#general")
    await workspace.until(lambda: len(workspace.messages("#general")) == 2)

    mine, theirs = workspace.messages("#general")
    assert (mine.only_for, "laptop stolen" in shown(mine)) == (YOU, True)
    assert (theirs.only_for, "laptop stolen" in shown(theirs)) == (ONCALL, False)


async def test_what_is_private_is_never_answered_where_others_read(workspace: Workspace, bot: Bot) -> None:
    person = workspace.person(YOU)
    await person.command("/do", "manage declare laptop stolen --private", channel="#general")
    await declared(bot)
    await person.say("#alerts", "<@U0BOT> incident show 1")
    await person.say("#alerts", "<@U0BOT> incident role 1")

    await workspace.until(lambda: len([m for m in workspace.messages("#alerts") if m.by_bot]) == 2)
    answers = [m for m in workspace.messages("#alerts") if m.by_bot]
    assert {m.only_for for m in answers} == {YOU}
    assert any("laptop stolen" in shown(m) for m in answers)
