"""On-call schedules in a workspace: the App Home's form, a swap taken by its button, the user group in step."""

from typing import Any

from bot.oncall import service
from bot.oncall.handovers import sync
from bot.oncall.people import person
from bot.sandbox import Workspace
from tests.doors.slack.conftest import BACKUP, ONCALL, YOU, Start, shown

ROTA = {"oncall": {"people": [ONCALL], "usergroup": "@oncall"}}


def button(view: Any, value: str) -> str:
    return str(
        next(
            e["action_id"]
            for b in view.body["blocks"]
            if b["type"] == "actions"
            for e in b["elements"]
            if e["value"] == value
        )
    )


async def test_people_set_how_they_are_reached_in_their_home(workspace: Workspace, start: Start) -> None:
    you = workspace.person(YOU)
    async with start(**ROTA) as bot:
        await you.open_home()
        home = await workspace.until(lambda: workspace.state.homes.get(YOU))
        assert "you@sandbox.example" in str(home.body["blocks"])
        await you.press_in_view(home.id, button(home, "oncall me set"))
        form = await workspace.until(lambda: you.modal)
        given = {"phone": "+49 30 123456", "rules": "slack immediately, sms after2min"}
        outcome = await you.submit(form.id, given)
        assert (outcome.acked, outcome.errors) == (True, {})
        known = await person(bot.ports, YOU)
        assert (known.phone, [rule.via for rule in known.rules]) == ("+4930123456", ["slack", "sms"])
        await workspace.until(lambda: "sms after2m" in str(workspace.state.homes[YOU].body["blocks"]))
    assert "+4930123456" not in str(workspace.state.homes[YOU].body)


async def test_a_test_page_is_asked_for_in_the_home(workspace: Workspace, start: Start) -> None:
    you = workspace.person(YOU)
    async with start(**ROTA):
        await you.open_home()
        home = await workspace.until(lambda: workspace.state.homes.get(YOU))
        await you.press_in_view(home.id, button(home, "oncall test @me"))
        result = await workspace.until(lambda: you.modal)
        assert "1 channel reached" in str(result.body["blocks"])
        told = [m for channel in workspace.state.channels for m in workspace.state.messages(channel)]
    assert len([m for m in told if "Test page from do-manage" in m.text]) == 1


async def test_the_form_begins_with_what_counts_now(workspace: Workspace, start: Start) -> None:
    you = workspace.person(YOU)
    async with start(**ROTA, people={YOU: {"phone": "+4930123456"}}):
        await you.open_home()
        home = await workspace.until(lambda: workspace.state.homes.get(YOU))
        await you.press_in_view(home.id, button(home, "oncall me set"))
        form = await workspace.until(lambda: you.modal)
    initial = {b["block_id"]: b["element"].get("initial_value") for b in form.body["blocks"] if b["type"] == "input"}
    assert initial == {
        "phone": "+4930123456",
        "email": "you@sandbox.example",
        "timezone": "Etc/UTC",
        "rules": "slack immediately",
        "user": None,
    }


async def test_a_wrong_number_is_told_in_the_form(workspace: Workspace, start: Start) -> None:
    you = workspace.person(YOU)
    async with start(**ROTA) as bot:
        await you.open_home()
        home = await workspace.until(lambda: workspace.state.homes.get(YOU))
        await you.press_in_view(home.id, button(home, "oncall me set"))
        form = await workspace.until(lambda: you.modal)
        outcome = await you.submit(form.id, {"phone": "12"})
        assert "a number with its country" in str(outcome.errors)
        assert (await person(bot.ports, YOU)).phone == ""


async def test_a_swap_is_taken_by_its_button(workspace: Workspace, start: Start) -> None:
    async with start(**ROTA) as bot:
        await workspace.person(ONCALL).command("/do", "manage oncall swap --from +1h --to +2h")
        card = await workspace.until(lambda: [m for m in workspace.messages("#alerts") if "Swap #1" in m.text])
        take = next(
            e["action_id"]
            for part in [{"blocks": card[0].blocks or []}, *(card[0].attachments or [])]
            for b in part["blocks"]
            if b["type"] == "actions"
            for e in b["elements"]
            if e["value"] == "oncall swap take 1"
        )
        await workspace.person(BACKUP).press("#alerts", card[0].ts, take)
        await workspace.until(lambda: "Swap #1 is taken" in shown(workspace.messages("#alerts")[-1]))
        turn = await service.turn(bot.ports)
        assert turn is not None
        assert turn.following == (BACKUP,)


async def test_the_user_group_follows_an_override(workspace: Workspace, start: Start) -> None:
    async with start(**ROTA) as bot:
        await sync(bot.ports)
        assert workspace.state.usergroups["S0ONCALL"]["users"] == [ONCALL]
        await workspace.person(YOU).command("/do", f"manage oncall override <@{BACKUP}|backup-oncall> --to +2h")
        await workspace.until(lambda: workspace.state.usergroups["S0ONCALL"]["users"] == [BACKUP])


async def test_the_calendar_s_address_is_for_the_asker_alone(workspace: Workspace, start: Start) -> None:
    async with start(**ROTA):
        await workspace.person(ONCALL).command("/do", "manage oncall calendar", channel="#alerts")
        told = await workspace.until(lambda: [m for m in workspace.messages("#alerts") if "token=" in shown(m)])
    assert [m.only_for for m in told] == [ONCALL]
