"""`postmortem check`: each statement with its verdict, its reasons and its sources; exit code 1 when one fails."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cards.card import Card, Level
from bot.cards.json import to_json
from bot.cards.marks import plain
from bot.invoke import invoke
from bot.permissions import Caller
from bot.postmortems import service
from bot.postmortems.check_commands import check
from storage.records.postmortems import Statement, StatementKind
from storage.tables import postmortems
from tests.rooms.postmortems.conftest import LEAD, House


async def run(house: House, *argv: str) -> Card:
    return await invoke(("postmortem", "check", *argv), Caller(id=LEAD, via="slack"), house.ports, {check.name: check})


@pytest.fixture
async def drafted(house: House) -> House:
    await house.resolve_incident()
    await house.settle()
    house.clock.forward(timedelta(minutes=10).total_seconds())
    await house.settle()
    return house


async def plant(house: House, text: str) -> None:
    """Put a statement into the stored summary as a model's mistake would stand there."""
    known = await house.postmortem()
    cited = (await service.pack_of(house.ports, 1)).of_kind("IncidentDeclared")[0].id
    lie = Statement(kind=StatementKind.FACT, text=text, evidence=(cited,))
    parts = tuple(replace(p, statements=(*p.statements, lie)) if p.name == "summary" else p for p in known.sections)
    await house.store.transact(
        lambda unit: postmortems.save(unit.conn, replace(known, sections=parts, version=known.version))
    )


async def test_a_draft_made_from_the_facts_holds(drafted: House) -> None:
    card = await run(drafted, "1")
    assert card.level.exit_code == 0, [plain(step) for step in card.steps]
    assert card.data["failed"] == 0


async def test_a_planted_number_is_told_with_its_code_and_its_source(drafted: House) -> None:
    await plant(drafted, "Checkout is down for 4,711 users.")
    card = await run(drafted, "1", "--section", "summary")
    assert card.level.exit_code == 1
    lie = to_json(card)["statements"][-1]
    assert lie["verdict"] == "unverified"
    assert lie["failures"][0]["code"] == "number"
    assert "4,711" in lie["failures"][0]["reason"]
    assert "Checkout is down" in lie["evidence"][0]["said"]
    assert "4,711" in plain(card.steps[-1])


async def test_only_the_named_section_is_checked(drafted: House) -> None:
    await plant(drafted, "Checkout is down for 4,711 users.")
    assert (await run(drafted, "1", "--section", "impact")).level.exit_code == 0


async def test_given_words_are_held_against_everything_or_what_they_cite(house: House) -> None:
    await house.resolve_incident()
    assert (await run(house, "1", "--text", "Connections ran out because of the deploy at 11:52.")).level is Level.OK
    assert (await run(house, "1", "--text", "Connections ran out at 11:53.")).level is Level.BAD
    card = await run(house, "1", "--text", "Checkout is down [#999].")
    assert card.data["statements"][0]["failures"][0]["code"] == "unknown entry"


async def test_blame_warns_and_fails_nothing(house: House) -> None:
    await house.resolve_incident()
    card = await run(house, "1", "--text", "Connections ran out, obviously because of the deploy at 11:52.")
    assert card.level is Level.WARNING
    assert card.level.exit_code == 0
    assert "obviously" in plain(card.steps[0])


@pytest.mark.parametrize("argv", [("7",), ("7", "--text", "x")])
async def test_an_unknown_incident_is_named(house: House, argv: tuple[str, ...]) -> None:
    card = await run(house, *argv)
    assert card.level is Level.USAGE
    assert "#7" in plain(card.body[0])


async def test_empty_words_are_refused(house: House) -> None:
    await house.resolve_incident()
    assert (await run(house, "1", "--text", "  ")).level is Level.USAGE
