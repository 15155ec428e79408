"""On-call schedules as calendars, at addresses with a secret of their own."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import icalendar
import pytest

from bot.config.manage import Manage
from bot.invoke import invoke
from bot.oncall import people, subscriptions
from bot.oncall.commands import calendar as command
from bot.permissions import Caller
from bot.ports import Profile
from handlers.measured import Measured
from tests.doors.http.conftest import Open, with_token
from tests.fakes.chat import FakeChat
from tests.fakes.ports import T0

ONE, TWO = "U0000ONE", "U0000TWO"
ONCALL = {"people": [ONE, TWO], "rotation": "daily", "handover": "09:00", "start": "2026-11-23"}


@pytest.fixture
def bot(bot: Measured) -> Measured:
    manage = Manage.model_validate({"oncall": {**ONCALL, "schedules": {"payments": {"people": [TWO]}}}})
    chat = FakeChat(profiles={ONE: Profile(user=ONE, name="On-call, engineer")})
    ports = with_token(bot, "s3cr3t-token-of-the-tests").ports
    return replace(bot, ports=replace(ports, manage=manage, chat=chat))


async def path(bot: Measured, name: str, *, renew: bool = False) -> str:
    address = await subscriptions.address(bot.ports, name, by=ONE, renew=renew)
    return address.partition(":8080")[2]


def events(answer: httpx.Response) -> list[Any]:
    return list(icalendar.Calendar.from_ical(answer.content).walk("VEVENT"))


async def test_a_schedule_is_a_calendar_of_ninety_days(bot: Measured, opened: Open) -> None:
    async with opened(bot) as client:
        answer = await client.get(await path(bot, "default"))
    found = events(answer)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert str(found[-1]["SUMMARY"]).endswith("(default)")
    assert found[-1]["DTEND"].dt == T0 + subscriptions.AHEAD
    assert {str(e["SUMMARY"]) for e in found} == {"On call: On-call, engineer (default)", f"On call: {TWO} (default)"}


async def test_while_slack_hangs_people_appear_by_their_ids(
    bot: Measured, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(FakeChat):
        async def profile(self, user: str) -> Profile:
            await asyncio.Event().wait()
            raise AssertionError(user)

    monkeypatch.setattr(people, "PATIENCE", 0.05)
    hung = replace(bot, ports=replace(bot.ports, chat=Hanging()))
    async with opened(hung) as client, asyncio.timeout(5):
        found = events(await client.get(await path(hung, "default")))

    assert {str(e["SUMMARY"]) for e in found} == {f"On call: {ONE} (default)", f"On call: {TWO} (default)"}


async def test_a_person_s_calendar_has_their_shifts_in_all_schedules(bot: Measured, opened: Open) -> None:
    async with opened(bot) as client:
        found = events(await client.get(await path(bot, TWO)))

    assert {str(e["SUMMARY"]) for e in found} == {f"On call: {TWO} (default)", f"On call: {TWO} (payments)"}


async def test_the_same_shift_is_the_same_event_each_time(bot: Measured, opened: Open) -> None:
    later = replace(bot, ports=replace(bot.ports, now=lambda: T0 + timedelta(hours=5)))
    address = await path(bot, "default")
    async with opened(bot) as client:
        first = events(await client.get(address))
    async with opened(later) as client:
        second = events(await client.get(address))

    uids = [[str(e["UID"]) for e in found] for found in (first, second)]
    assert len(set(uids[0])) == len(uids[0])
    assert set(uids[0][2:-2]) <= set(uids[1])


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=" + "x" * 5000, "?token=%ff"])
async def test_without_its_secret_no_calendar_is_given(bot: Measured, opened: Open, query: str) -> None:
    await path(bot, "default")
    async with opened(bot) as client:
        answers = [await client.get(f"/oncall/{name}.ics{query}") for name in ("default", "nowhere", ONE)]

    assert {(a.status_code, a.json()["error"]) for a in answers} == {(404, "there is no calendar at this address")}


async def test_the_secret_of_one_calendar_opens_no_other(bot: Measured, opened: Open) -> None:
    other = await path(bot, "default")
    await path(bot, "payments")
    async with opened(bot) as client:
        assert (await client.get(other.replace("default", "payments"))).status_code == 404


async def test_a_renewed_address_ends_the_old_one(bot: Measured, opened: Open) -> None:
    old = await path(bot, "default")
    assert await path(bot, "default") == old
    new = await path(bot, "default", renew=True)
    async with opened(bot) as client:
        assert [(await client.get(one)).status_code for one in (old, new)] == [404, 200]


async def test_the_command_gives_the_address(bot: Measured) -> None:
    card = await invoke(["oncall", "calendar"], Caller(id=ONE, via="slack"), bot.ports, {command.name: command})

    assert str(card.data["address"]).startswith("http://127.0.0.1:8080/oncall/default.ics?token=")


async def test_only_an_operator_renews_a_schedule_s_address(bot: Measured) -> None:
    answers = [
        await invoke(argv, Caller(id=ONE, via="slack"), bot.ports, {command.name: command})
        for argv in (["oncall", "calendar", "--renew"], ["oncall", "calendar", "--mine", "--renew"])
    ]

    assert [card.level.value for card in answers] == ["denied", "ok"]
