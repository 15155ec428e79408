"""How people are reached: App Home settings over manage.yml over Slack."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from typing_extensions import override

from bot.cards.card import Level
from bot.cards.marks import plain
from bot.oncall.people import PATIENCE, by_email, by_phone, person, reach
from bot.ports import ChatError, Profile
from storage.records.people import Rule
from storage.tables import journal
from tests.fakes.chat import FakeChat
from tests.rooms.oncall.conftest import DAILY, ONE, SIX, TWO, Opened

PHONE = "+4930123456"


class SilentChat(FakeChat):
    """A Slack that never answers."""

    @override
    async def profile(self, user: str) -> Profile:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return] # it never ends


async def test_slack_tells_address_and_zone_where_nothing_else_does(opened: Opened) -> None:
    world = await opened(DAILY)
    known = await person(world.ports, ONE)

    assert (known.email, known.timezone, known.phone) == ("u0000one@shop.example", "UTC", "")
    assert known.rules == (Rule(timedelta(0), "slack"),)


async def test_manage_yml_counts_before_slack(opened: Opened) -> None:
    said = {
        "email": "one@shop.example",
        "phone": "+49 30 123-456",
        "notify": {"after2min": "sms", "immediately": "slack"},
    }
    world = await opened(DAILY, people={ONE: said})
    known = await person(world.ports, ONE)

    assert (known.email, known.phone) == ("one@shop.example", PHONE)
    assert known.rules == (Rule(timedelta(0), "slack"), Rule(timedelta(minutes=2), "sms"))


async def test_what_people_set_themselves_counts_before_manage_yml(opened: Opened) -> None:
    world = await opened(DAILY, people={ONE: {"email": "one@shop.example", "notify": {"immediately": "email"}}})
    card = await world.run(
        "oncall", "me", "set", "--phone", PHONE, "--rules", "slack immediately, sms after 2 min, phone after5min"
    )
    known = await person(world.ports, ONE)

    assert card.level is Level.OK
    assert (known.email, known.phone) == ("one@shop.example", PHONE)
    assert [(rule.via, rule.after.total_seconds()) for rule in known.rules] == [
        ("slack", 0),
        ("sms", 120),
        ("phone", 300),
    ]


async def test_none_clears_a_setting(opened: Opened) -> None:
    world = await opened(DAILY, people={ONE: {"phone": "+4930999999"}})
    await world.run("oncall", "me", "set", "--phone", PHONE, "--rules", "sms")
    await world.run("oncall", "me", "set", "--phone", "none", "--rules", "none")
    known = await person(world.ports, ONE)

    assert (known.phone, [rule.via for rule in known.rules]) == ("+4930999999", ["slack"])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "nothing to set"),
        (["--phone", "030 123"], '--phone "030 123": a number with its country'),
        (["--email", "me"], '--email "me": an address'),
        (["--timezone", "Berlin"], '--timezone "Berlin": the name of a time zone'),
        (["--rules", "pigeon after2min"], '"pigeon" is no channel: slack, sms, phone, email'),
        (["--rules", "sms later"], '"later" after sms is no delay'),
        (["--rules", "sms after3d"], '"after3d" after sms is more than a day'),
        (["--rules", ","], "1 to 10 rules"),
    ],
)
async def test_wrong_settings_are_refused_in_words(opened: Opened, argv: list[str], said: str) -> None:
    card = await (await opened(DAILY)).run("oncall", "me", "set", *argv)

    assert card.level is Level.USAGE
    assert plain(card.body[0]).startswith(said)


async def test_channels_of_manage_yml_may_be_chosen(opened: Opened) -> None:
    world = await opened(DAILY, notifications={"pager": {"type": "webhook", "options": {}}})

    assert (await world.run("oncall", "me", "set", "--rules", "pager after1m")).level is Level.OK


async def test_nobody_sets_what_is_another_s_but_admins(opened: Opened) -> None:
    world = await opened(DAILY, roles={"admin": [SIX], "operator": [TWO]})

    assert (await world.run("oncall", "me", "set", "--user", ONE, "--phone", PHONE, by=TWO)).level is Level.DENIED
    assert (await world.run("oncall", "me", "set", "--user", ONE, "--phone", PHONE, by=SIX)).level is Level.OK


async def test_numbers_stand_in_no_card_and_nowhere_in_the_journal(opened: Opened) -> None:
    world = await opened(DAILY)
    card = await world.run("oncall", "me", "set", "--phone", PHONE, "--email", "secret@shop.example")
    async with world.store.read() as conn:
        written = repr(await journal.after(conn, 0))

    assert PHONE not in repr(card)
    assert PHONE not in written
    assert "secret@shop.example" not in written
    assert (await world.facts("PreferencesSet"))[0].fields == ("phone", "email")


async def test_rules_that_need_a_number_without_one_are_warned_of(opened: Opened) -> None:
    card = await (await opened(DAILY)).run("oncall", "me", "set", "--rules", "sms")

    assert card.level is Level.WARNING
    assert card.body == ("Without a phone number nothing comes by sms.",)


async def test_a_person_is_found_by_number_and_by_address(opened: Opened) -> None:
    world = await opened(DAILY, people={TWO: {"phone": "+4930222222", "email": "two@shop.example"}})
    await world.run("oncall", "me", "set", "--phone", PHONE, "--email", "one@shop.example")

    assert [await by_phone(world.ports, n) for n in (PHONE, "+49 (30) 222-222", "+4930333333", "", "me")] == [
        ONE,
        TWO,
        "",
        "",
        "",
    ]
    addresses = ("ONE@shop.example", "Two@Shop.example", "u0000six@shop.example", "nobody@shop.example", "")
    assert [await by_email(world.ports, a) for a in addresses] == [ONE, TWO, SIX, "", ""]


async def test_slack_being_away_leaves_out_what_only_it_knows(opened: Opened) -> None:
    world = await opened({**DAILY, "timezone": "Europe/Berlin"})
    away = ChatError("unreachable", "Slack is away", retry=True)
    world.chat.refusals = {"profile": [away], "by_email": [away]}

    assert (await person(world.ports, ONE)).timezone == "Europe/Berlin"
    assert await by_email(world.ports, "u0000one@shop.example") == ""


async def test_slack_not_answering_holds_a_page_up_for_two_seconds_at_most(opened: Opened) -> None:
    world = await opened(DAILY)
    silent = replace(world.ports, chat=SilentChat())

    async with asyncio.timeout(PATIENCE + 1):
        assert (await person(silent, ONE)).email == ""


async def test_each_kind_of_channel_has_its_target(opened: Opened) -> None:
    world = await opened(DAILY, people={ONE: {"phone": PHONE}})
    known = await person(world.ports, ONE)

    assert [reach(known, via) for via in ("slack", "sms", "phone", "email", "pagerduty")] == [
        f"@{ONE}",
        PHONE,
        PHONE,
        "u0000one@shop.example",
        "",
    ]


async def test_the_shell_is_told_that_it_is_nobody_in_slack(opened: Opened) -> None:
    card = await (await opened(DAILY)).run("oncall", "me", by="shell:root", via="shell")

    assert card.level is Level.USAGE
