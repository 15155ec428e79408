"""A question is answered from commands that only read, run in the asker's name."""

import asyncio
from dataclasses import replace

import pytest

from bot.assistant import service
from bot.cards.card import Card, Level
from bot.command import Context, command
from tests.rooms.assistant.conftest import ADMIN, VIEWER, House, words
from tests.servers.openai import Answer, asks, garbles, refuses, says


async def test_the_answer_names_the_commands_that_it_rests_on(house: House) -> None:
    await house.declare("checkout is slow")
    card = await house.ask("what is open?", asks("incidents", status="open"), says("Incident #1 is open [1]."))
    assert card.title == "what is open?"
    assert words(card).startswith("what is open?\nIncident #1 is open [1].")
    assert "Looked at: [1] /do manage incidents --status=open." in words(card)
    assert card.data["cited"] == [1]


async def test_the_model_reads_what_the_command_said(house: House) -> None:
    await house.declare("checkout is slow")
    await house.ask("what is open?", asks("incidents"), says("One [1]."))
    assert "checkout is slow" in house.results()[0]
    assert house.results()[0].startswith("Result [1] of `incidents`")


async def test_commands_are_run_in_the_askers_name_and_marked_in_the_audit_line(house: House) -> None:
    await house.ask("how is it?", asks("health"), says("Fine [1]."), by=VIEWER)
    runs = [
        (e.actor, e.payload["command"], e.payload["via"], e.payload["through"])
        for e in await house.journal("CommandRun")
    ]
    assert runs == [(VIEWER, "health", "slack", "assistant"), (VIEWER, "ask", "slack", "")]
    audit = await house.run("audit", by=ADMIN)
    assert audit.table is not None
    assert "slack, assistant" in str(audit.table.rows)


async def test_what_the_asker_may_not_run_is_not_offered_and_not_run(house: House) -> None:
    await house.ask("who did what?", asks("audit"), says("I cannot see that."), by=VIEWER)
    assert "audit" not in {tool["function"]["name"] for tool in house.server.requests[0]["tools"]}
    assert await house.ran() == []
    assert house.results()[0].startswith("Refused: `audit` needs the role operator")


async def test_tools_are_the_commands_that_say_they_only_read(house: House) -> None:
    await house.ask("?", says("Ask me something."), by=ADMIN)
    offered = {tool["function"]["name"] for tool in house.server.requests[0]["tools"]}
    reading = {name.replace(" ", "_") for name, cmd in house.commands.items() if cmd.reads}
    assert offered == reading | {"propose"}


async def test_the_answer_is_seen_while_it_grows(house: House) -> None:
    await house.ask("how is it?", asks("health"), says("All is well [1].\n\nNothing to do."))
    seen = [words(card) for card in house.seen]
    assert any("looking at /do manage health" in said for said in seen)
    assert "how is it?\nAll is\n\n" in seen
    assert seen[-1].startswith("how is it?\nAll is well [1].\nNothing to")


async def test_a_citation_of_nothing_is_marked(house: House) -> None:
    card = await house.ask("how is it?", asks("health"), says("Fine [1]. It was down at 9 [4]."))
    assert "It was down at 9 [4?]." in words(card)
    assert "[4?]: nothing was looked at under that number" in words(card)
    assert card.data["unverified"] == [4]


async def test_an_answer_without_commands_says_so(house: House) -> None:
    card = await house.ask("how is it?", says("I guess it is fine."))
    assert "No command was looked at." in words(card)


async def test_a_wrong_call_is_told_to_the_model_which_may_mend_it(house: House) -> None:
    await house.ask(
        "how is it?",
        asks("incident_show", numbr=1),
        asks("weather"),
        Answer(calls=(("health", "{not json"),)),
        says("I do not know."),
    )
    assert [result.partition(" (")[0] for result in house.results()] == [
        "Refused: `incident show` has no parameter numbr",
        "Refused: there is no tool 'weather'",
        "Refused: the arguments must be one JSON object",
    ]


async def test_rounds_are_bounded_and_the_last_one_must_be_an_answer(house: House) -> None:
    card = await house.ask("how is it?", *[asks("health")] * (service.ROUNDS - 1), says("Fine."))
    assert house.server.requests[-1]["tool_choice"] == "none"
    assert len(card.data["ran"]) == service.ROUNDS - 1


async def test_commands_are_bounded(house: House) -> None:
    many = Answer(calls=(("health", "{}"),) * 8, finish_reason="tool_calls")
    card = await house.ask("how is it?", many, many, says("Fine."))
    assert len(card.data["ran"]) == service.MOST_RUNS
    assert house.server.requests[-1]["tool_choice"] == "none"


async def test_output_is_bounded(house: House) -> None:
    @command("long", reads=True)
    async def long(_ctx: Context) -> Card:
        """Say more than anybody can read."""
        return Card(title="x" * 100_000)

    house.commands["long"] = long
    await house.ask("how is it?", asks("long"), says("Long."))
    assert len(house.results()[0]) < 9_000


async def test_a_command_that_hangs_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    @command("stuck", reads=True)
    async def stuck(_ctx: Context) -> Card:
        """Never come back."""
        await asyncio.Event().wait()
        return Card(title="")

    house.commands["stuck"] = stuck
    monkeypatch.setattr(service, "EACH", 0.05)
    await house.ask("how is it?", asks("stuck"), says("It hangs."))
    assert "It took longer than" in house.results()[0]


async def test_secrets_in_answers_of_commands_do_not_reach_the_model(house: House) -> None:
    await house.declare("password=hunter2-very-secret leaked")
    await house.ask("what is open?", asks("incidents"), says("One [1]."))
    assert "hunter2" not in str(house.server.requests)


async def test_private_incidents_are_not_seen_even_for_who_may_see_them(house: House) -> None:
    await house.declare("the secret matter", private=True)
    listed = asks("incidents")
    card = await house.ask("what is open?", listed, asks("incident_show", number=1), says("None [1] [2]."), by=ADMIN)
    assert "the secret matter" not in str(house.server.requests)
    assert card.data["ran"][1]["outcome"] == "usage"
    assert "the secret matter" in str((await house.run("incidents", by=ADMIN)).table)


async def test_the_incident_of_the_channel_needs_no_number(house: House) -> None:
    await house.declare("checkout is slow")
    await house.ask("what is this?", asks("incident_show"), says("An incident [1]."), channel="C0ELSE")
    assert "C0ELSE" in house.told(0)[0]["content"]


async def test_a_thread_remembers_what_was_asked_in_it(house: House) -> None:
    place = {"channel": "C1", "thread_ts": "1.0"}
    await house.ask("how is the database?", asks("health"), says("It is down [1]."), **place)
    await house.ask("since when?", says("Since 9."), **place)
    assert [(m["role"], m["content"]) for m in house.told()[1:]] == [
        ("user", "how is the database?"),
        ("assistant", "It is down."),
        ("user", "since when?"),
    ]


async def test_another_thread_knows_nothing_of_it(house: House) -> None:
    await house.ask("how is the database?", says("Down."), channel="C1", thread_ts="1.0")
    await house.ask("since when?", says("What?"), channel="C1", thread_ts="2.0")
    assert len(house.told()) == 2


async def test_memory_is_bounded_and_keeps_the_latest(house: House) -> None:
    place = {"channel": "C1", "thread_ts": "1.0"}
    for number in range(8):
        await house.ask(f"question {number}?", says("word " * 300), **place)
    await house.ask("and now?", says("Well."), **place)
    kept = [m["content"] for m in house.told() if m["role"] == "user"]
    assert kept == ["question 4?", "question 5?", "question 6?", "question 7?", "and now?"][-len(kept) :]
    assert 2 < len(kept) < 8


async def test_what_is_remembered_holds_no_secret(house: House) -> None:
    await house.ask("is xoxb-1234567890-abcdefghij fine?", says("Yes."), channel="C1", thread_ts="1.0")
    assert "xoxb-1" not in str((await house.journal("QuestionAnswered"))[0].payload)


async def test_without_a_model_it_says_what_to_set_and_help_does_not_list_it(house: House) -> None:
    house.ports = replace(house.ports, talker=None)
    card = await house.ask("how is it?")
    assert card.level is Level.WARNING
    assert "OPENAI_API_KEY" in words(card)
    assert "ask" not in [row["name"] for row in (await house.run("help")).data["commands"]]


async def test_with_a_model_help_lists_it(house: House) -> None:
    assert "ask" in [row["name"] for row in (await house.run("help")).data["commands"]]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ([refuses(429, retry_after=0.01)] * 3, "answers 429"),
        ([refuses(401)], "check OPENAI_API_KEY"),
        ([garbles(b"<html></html>")], "check OPENAI_BASE_URL"),
    ],
    ids=["busy", "key", "garbage"],
)
async def test_a_model_that_fails_is_one_line_with_the_next_step(house: House, script: list[Answer], told: str) -> None:
    card = await house.ask("how is it?", *script)
    assert card.level is Level.BAD
    assert told in words(card)
    assert "Commands work without it: /do manage help." in words(card)


async def test_a_model_that_fails_half_way_still_names_what_was_looked_at(house: House) -> None:
    card = await house.ask("how is it?", asks("health"), refuses(401))
    assert "Looked at: [1] /do manage health." in words(card)


async def test_a_question_that_takes_too_long_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "WITHIN", 0.2)
    card = await house.ask("how is it?", says("Fine.", delay=3))
    assert "it was not ready within 200 ms" in words(card)


async def test_a_question_is_not_endless(house: House) -> None:
    card = await house.ask("x" * 2001)
    assert card.level is Level.USAGE
    assert house.server.requests == []
