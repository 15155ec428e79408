"""Who ran what, read back, on both databases."""

from datetime import timedelta

import pytest

from bot.audit.commands import PAGE, audit
from bot.cards.card import Card, Level
from bot.cards.json import to_json
from bot.cards.marks import plain
from bot.events import CommandRun, payload_of
from bot.invoke import invoke
from bot.permissions import Caller
from storage.unit_of_work import Store, UnitOfWork
from tests.fakes.ports import T0, FrozenClock, make_ports


async def ran(store: Store, *argv: str, by: str = "U1", before: timedelta = timedelta(hours=1)) -> None:
    event = CommandRun(command=argv[0], argv=argv[1:], via="slack", role="responder", outcome="ok", seconds=0.01)

    async def work(unit: UnitOfWork) -> None:
        await unit.append(at=T0 - before, kind="CommandRun", subject=event.subject, actor=by, payload=payload_of(event))

    await store.transact(work)


async def said(store: Store, *argv: str, via: str = "shell") -> Card:
    ports = make_ports(store, now=FrozenClock())
    return await invoke(["audit", *argv], Caller(id="U0VIEWER", via=via), ports, {"audit": audit})


def cells(card: Card) -> list[list[str]]:
    assert card.table is not None
    return [[plain(cell) for cell in row] for row in card.table.rows]


async def test_runs_are_shown_newest_first_as_they_were_typed(either: Store) -> None:
    await ran(either, "health", before=timedelta(hours=2))
    await ran(either, "ack", "1", "--comment", "on it", by="U2")
    assert cells(await said(either)) == [
        ["2026-11-23 11:00 UTC", "U2", "slack", "ack 1 --comment 'on it'", "ok"],
        ["2026-11-23 10:00 UTC", "U1", "slack", "health", "ok"],
    ]


async def test_without_runs_it_says_so(store: Store) -> None:
    card = await said(store, "--user", "U2")
    assert (card.title, [plain(text) for text in card.body]) == (
        "0 commands in 7 d",
        ["Nothing was run by U2 in that time."],
    )


@pytest.mark.parametrize("user", ["U2", "<@U2>", "<@U2|sam>"])
async def test_one_person_can_be_asked_for_however_they_are_spelled(store: Store, user: str) -> None:
    await ran(store, "health")
    await ran(store, "alerts", by="U2")
    assert [row[3] for row in cells(await said(store, "--user", user))] == ["alerts"]


async def test_what_was_before_the_period_is_left_out(either: Store) -> None:
    await ran(either, "health", before=timedelta(hours=13))
    await ran(either, "alerts", before=timedelta(hours=11))
    assert [row[3] for row in cells(await said(either, "--period=12h"))] == ["alerts"]


@pytest.mark.parametrize("period", ["soon", "-1h", "", "99999999d"])
async def test_a_period_that_is_none_is_refused(store: Store, period: str) -> None:
    card = await said(store, f"--period={period}")
    assert card.level is Level.USAGE
    assert f"`{period}` is no span of time" in str(card.body[0])


async def test_a_long_list_has_pages(store: Store) -> None:
    for number in range(PAGE + 1):
        await ran(store, "ack", str(number), by="U2")
    first = await said(store, "--user=U2")
    [more] = first.buttons
    second = await said(store, *more.argv[1:])
    assert [row[3] for row in cells(second)] == ["ack 0"]
    assert (first.footer, second.footer, second.buttons) == ("Page 1 of 2", "Page 2 of 2", ())


async def test_a_page_that_is_not_there_is_answered_with_the_last(store: Store) -> None:
    await ran(store, "health")
    card = await said(store, "--page=2")
    assert (card.body, card.hint) == (("there is no page 2",), "The last one is 1.")


async def test_programs_get_all_of_them(store: Store) -> None:
    for number in range(PAGE + 1):
        await ran(store, "ack", str(number))
    commands = to_json(await said(store))["commands"]
    assert len(commands) == PAGE + 1
    assert commands[-1] == {
        "at": "2026-11-23T11:00:00Z",
        "by": "U1",
        "command": "ack",
        "argv": ["0"],
        "via": "slack",
        "role": "responder",
        "outcome": "ok",
        "seconds": 0.01,
        "changes": False,
        "channel": "",
        "through": "",
    }


async def test_it_takes_an_operator_to_look(store: Store) -> None:
    assert (await said(store, via="slack")).level is Level.DENIED
