"""The recorded incidents from timeline to draft, by a model's server that answers well, badly, late, or not at all."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.incidents import service as incidents
from bot.incidents.decide import Source
from bot.llm.client import Model
from bot.postmortems import drafting, facts, sections, service
from bot.postmortems.drafting import Written
from bot.postmortems.evidence import Pack
from bot.postmortems.prompt import MOST_STATEMENTS
from storage.records.alerts import Severity
from storage.records.postmortems import Statement, StatementKind
from tests.rooms.postmortems.conftest import LEAD, House
from tests.servers.openai import API_KEY, MODEL, Answer, breaks_off, garbles, openai_server, refuses, says
from tests.unit.postmortems import lies, truths
from tests.unit.postmortems.incidents import HELD_OUT, NAMES, account

MOST_FLAGGED = 0.02
NOBODY = ("team", "system", "monitoring", "pager")
"""Actors of the accounts that are no person."""
PATIENCE = timedelta(seconds=5)


async def told(house: House, name: str) -> tuple[Pack, list[int]]:
    """The incident lived through once more: declared, each line pinned, resolved. Gives the numbers of the lines."""
    lines = account(name)["timeline"]
    house.clock.time = datetime.fromisoformat(lines[0]["at"])
    await incidents.declare(house.ports, title=account(name)["title"], severity=Severity.HIGH, by=LEAD)
    for number, line in enumerate(lines):
        at = max(datetime.fromisoformat(line["at"]), house.clock())
        house.clock.time = at
        source = Source(
            channel="C0000INC",
            ts=f"17000{number:05}.000100",
            text=line["text"],
            author="bot" if line["actor"] in NOBODY else line["actor"],
            said_at=at,
        )
        await incidents.note(house.ports, 1, source, by=LEAD)
    await incidents.resolve(house.ports, 1, by=LEAD)
    pack = await service.pack_of(house.ports, 1)
    return pack, sorted(item.id for item in pack.of_kind("NoteAdded"))


def answer(statements: Iterable[Statement], pack: Pack, ids: Sequence[int]) -> str:
    """The statements as a model gives them: people by their labels, entries by their numbers in this journal."""

    def named(text: str) -> str:
        for label, person in pack.people.items():
            text = re.sub(rf"(?<![\w:]){re.escape(person)}(?!\w)", label, text, flags=re.IGNORECASE)
        return text

    given = [
        {
            "kind": "fact",
            "text": named(s.text),
            "evidence": [ids[n - 1] if n <= len(ids) else 999_999 for n in s.evidence],
        }
        for s in statements
    ]
    return json.dumps({"statements": given})


async def drafted(house: House, pack: Pack, *script: Answer, patience: timedelta = PATIENCE) -> Written:
    """One section, written by a server that gives these answers."""
    async with openai_server(*script) as server:
        model = Model(model=MODEL, base_url=server.base_url, key=SecretStr(API_KEY), timeout=patience)
        return await drafting.first(replace(house.ports, writer=model), pack, sections.RESPONSE, missing=1)


def in_parts(statements: Sequence[Statement]) -> list[Sequence[Statement]]:
    return [statements[n : n + MOST_STATEMENTS] for n in range(0, len(statements), MOST_STATEMENTS)]


@pytest.mark.parametrize("name", [*NAMES, *HELD_OUT])
async def test_what_a_good_answer_says_stands_in_the_draft_unmarked(house: House, name: str) -> None:
    pack, ids = await told(house, name)
    written: list[Statement] = []
    for part in in_parts(truths.written(name)):
        said = says(answer(part, pack, ids))
        written += (await drafted(house, pack, said, said)).section.statements
    flagged = [(s.text, s.unverified) for s in written if s.unverified]
    assert len(written) == len(truths.written(name))
    assert len(flagged) / len(written) <= MOST_FLAGGED, flagged


@pytest.mark.parametrize("name", [*NAMES, *HELD_OUT])
async def test_every_falsehood_that_the_model_insists_on_stands_in_the_draft_marked(house: House, name: str) -> None:
    pack, ids = await told(house, name)
    unmarked: list[str] = []
    planted = [statement for kind, statement in lies.written(name) if kind != "limit"]
    for part in in_parts(planted):
        said = says(answer(part, pack, ids))
        shown = (await drafted(house, pack, said, said)).section.statements
        unmarked += [s.text for s in shown if not s.unverified]
    assert unmarked == []


@pytest.fixture
async def incident(house: House) -> tuple[Pack, list[int]]:
    return await told(house, NAMES[2])


@pytest.fixture
def good(incident: tuple[Pack, list[int]]) -> str:
    return answer(truths.written(NAMES[2])[:3], *incident)


@pytest.mark.parametrize("fault", ["broken JSON", "no JSON", "cut by the token limit", "slow"])
async def test_an_answer_that_can_be_had_after_all_is_used(
    house: House, incident: tuple[Pack, list[int]], good: str, fault: str
) -> None:
    first = {
        "broken JSON": says(good[:-2]),
        "no JSON": says("Here is what happened:"),
        "cut by the token limit": says(good[: len(good) // 2], finish_reason="length"),
        "slow": says(good, delay=0.2),
    }[fault]
    written = await drafted(house, incident[0], first, says(good))
    assert (written.section.author, written.remark) == (MODEL, "")
    assert len(written.section.statements) == 3


@pytest.mark.parametrize(
    ("fault", "remark"),
    [
        (refuses(429, retry_after=0.01), "answers 429"),
        (refuses(500, retry_after=0.01), "answers 500"),
        (garbles(b"<html>maintenance</html>"), "not as the chat API does"),
        (says("no JSON at all"), "answered twice with something else"),
    ],
    ids=["429", "500", "no API", "never JSON"],
)
async def test_a_server_that_fails_leaves_the_section_to_the_facts_and_says_why(
    house: House, incident: tuple[Pack, list[int]], fault: Answer, remark: str
) -> None:
    written = await drafted(house, incident[0], *[fault] * 4)
    assert written.section.author == facts.AUTHOR
    assert remark in written.remark


async def test_a_server_that_never_answers_is_given_up(
    house: House, incident: tuple[Pack, list[int]], good: str
) -> None:
    written = await drafted(house, incident[0], says(good, delay=30), patience=timedelta(seconds=0.3))
    assert written.section.author == facts.AUTHOR
    assert "did not answer within" in written.remark


async def test_a_connection_that_breaks_in_the_middle_is_tried_again(
    house: House, incident: tuple[Pack, list[int]], good: str
) -> None:
    written = await drafted(house, incident[0], breaks_off(good), says(good))
    assert (written.section.author, len(written.section.statements)) == (MODEL, 3)


async def test_words_that_blame_carry_advice_into_the_draft(house: House, incident: tuple[Pack, list[int]]) -> None:
    pack, ids = incident
    blaming = Statement(kind=StatementKind.FACT, text="The removal of the directory was human error.", evidence=(9,))
    said = says(answer([blaming], pack, ids))
    (shown,) = (await drafted(house, pack, said, said)).section.statements
    assert "human error" in shown.blame
