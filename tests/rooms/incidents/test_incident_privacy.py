"""Private incidents are not there for who does not belong to them; tests page nobody and count nowhere."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cards.marks import plain
from bot.events import AlertLinked, CommandRun, IncidentResolved, PostmortemScheduled, RespondersInvited
from bot.incidents import service
from bot.permissions import Caller
from bot.postmortems import service as postmortems
from bot.telemetry import read as telemetry
from storage.records.journal import Entry
from storage.tables import journal
from tests.rooms.alerts.world import COMMANDS, LEAD, MANAGE, ONCALL, SECOND, World

SECRET = "Laptop of the treasurer stolen"
ADMIN, OTHER = "U000BOSS", "U000ELSE"


ASKED = [
    ("incident", "show", "N"),
    ("incident", "timeline", "N"),
    ("incident", "update", "N", "--text=x"),
    ("incident", "resolve", "N"),
    ("incident", "role", "N"),
    ("incident", "note", "N", "--text=x"),
    ("incident", "merge", "2", "--into=N"),
    ("incident", "affects", "N", "--nothing"),
    ("incident", "cause", "N", "--cause=x"),
    ("incident", "severity", "N", "--severity=low"),
    ("incident", "remind", "N", "--stop"),
    ("incident", "reopen", "N"),
    ("incident", "snooze", "N"),
    ("incident", "unnote", "N", "--channel=C1", "--ts=1.0"),
    ("incident", "catchup", "N"),
    ("incident", "furnish", "N"),
    ("incident", "similar", "N"),
    ("incident", "edit", "N", "--entry=1", "--text=x", "--reason=y"),
    ("incident", "hide", "N", "--entry=1", "--reason=y"),
    ("incident", "export", "N"),
    ("incident", "meeting", "N"),
]
"""Every way to ask about incident N."""


@pytest.fixture
def config() -> dict[str, Any]:
    return MANAGE | {"roles": {"admin": [ADMIN]}}


@pytest.fixture
async def hidden(world: World) -> World:
    """A private incident, and one that everybody may see."""
    await world.ask("incident", "declare", SECRET, "--private", "--description=ask the police")
    await world.ask("incident", "declare", "Slow")
    return world


@pytest.mark.parametrize("argv", ASKED)
async def test_who_does_not_belong_to_it_is_answered_as_if_it_did_not_exist(
    hidden: World, argv: tuple[str, ...]
) -> None:
    def asked(number: str) -> list[str]:
        return [word.replace("N", number) for word in argv]

    secret = await hidden.ask(*asked("1"), by=OTHER)
    missing = await hidden.ask(*asked("9"), by=OTHER)

    assert secret.level.value == "usage"
    assert str(secret).replace("#1", "#9") == str(missing)
    assert (await hidden.incident()).version == 1


def test_every_command_about_an_incident_is_asked_here() -> None:
    about_one = {name for name, cmd in COMMANDS.items() if name.startswith("incident ") and name != "incident declare"}
    assert about_one == {" ".join(argv[:2]) for argv in ASKED}


@pytest.mark.parametrize(("by", "via"), [(LEAD, "slack"), (ADMIN, "slack"), ("shell:root", "shell")])
async def test_who_declared_it_admins_and_the_shell_see_it(hidden: World, by: str, via: str) -> None:
    assert SECRET in (await hidden.ask("incident", "show", "1", by=by, via=via)).title


async def test_who_holds_a_role_or_was_invited_sees_it(hidden: World) -> None:
    await hidden.ask("incident", "role", "1", "--role=scribe", f"--user={SECOND}")
    await service.invited(hidden.ports, 1, [ONCALL])

    assert len(await hidden.facts("incident:1", RespondersInvited)) == 1
    for person in (SECOND, ONCALL):
        assert SECRET in (await hidden.ask("incident", "show", "1", by=person)).title


async def test_the_list_leaves_it_out_and_counts_without_it(hidden: World) -> None:
    assert (await hidden.ask("incidents", by=OTHER)).data["total"] == 1
    assert [i["number"] for i in (await hidden.ask("incidents", by=OTHER)).data["incidents"]] == [2]
    assert [i["number"] for i in (await hidden.ask("incidents", by=LEAD)).data["incidents"]] == [2, 1]


@pytest.mark.parametrize("words", [("incidents",), ("incidents", "stats")])
async def test_what_counts_it_is_answered_to_the_asker_alone(hidden: World, words: tuple[str, ...]) -> None:
    assert (await hidden.ask(*words, by=LEAD)).private
    assert not (await hidden.ask(*words, by=OTHER)).private


async def test_a_list_reads_no_journal_of_each_private_incident(hidden: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await hidden.ask("incident", "declare", SECRET, "--private")
    await service.invited(hidden.ports, 3, [OTHER])
    whole = journal.of_subjects
    read: list[str] = []

    async def counted(conn: AsyncConnection, subjects: Sequence[str]) -> list[Entry]:
        read.extend(subjects)
        return await whole(conn, subjects)

    monkeypatch.setattr(journal, "of_subjects", counted)
    assert await service.hidden(hidden.ports, Caller(id=OTHER, via="slack")) == {1, 4, 5}
    assert read == []


async def test_no_audit_line_tells_what_it_is_about(hidden: World) -> None:
    await hidden.ask("incident", "update", "1", "--text", "it was the treasurer's")
    await hidden.ask("incident", "declare", SECRET, "--private", "--severity=bogus")
    await hidden.ask("incident", "role", "1", "--role=treasurer")

    runs = await hidden.facts("command:incident declare", CommandRun)
    runs += await hidden.facts("command:incident update", CommandRun)
    runs += await hidden.facts("command:incident role", CommandRun)
    told = [run.argv for run in runs]
    assert ("••••", "--private", "--description=••••") in told
    assert ("1", "--text", "••••") in told
    assert ("1", "--role=••••") in told
    assert "treasurer" not in str(told)
    assert "police" not in str(told)


@pytest.mark.parametrize("verb", ["note", "edit"])
async def test_no_audit_line_tells_what_was_typed_with_a_mistake(hidden: World, verb: str) -> None:
    entry = () if verb == "note" else ("--entry=1", "--reason=treasurer")
    card = await hidden.ask("incident", verb, "1", "--text=it was the treasurer", "--at=gibberish", *entry)

    assert card.level.value == "usage"
    assert "treasurer" not in str(await hidden.facts(f"command:incident {verb}", CommandRun))


async def test_no_audit_line_tells_what_a_refused_line_was_about(hidden: World) -> None:
    card = await hidden.ask("incident", "update", "1", "--text=it was the treasurer", "--status=bogus")

    assert card.level.value == "usage"
    (run,) = await hidden.facts("command:incident update", CommandRun)
    assert run.argv == ("1", "--text=••••", "--status=••••")


async def test_its_alert_does_not_lead_to_it(world: World) -> None:
    await world.check("degraded")
    await world.run("incident", "declare", SECRET, "--private", "--alert=1")

    assert (await world.incident()).alert_ids == (1,)
    assert (await world.alert()).incident_id is None
    assert await world.facts("alert:1", AlertLinked) == []


async def test_an_incident_that_everybody_sees_leaves_its_words_in_the_audit_line(world: World) -> None:
    await world.ask("incident", "declare", "Slow")

    assert [run.argv for run in await world.facts("command:incident declare", CommandRun)] == [("Slow",)]


class TestDrill:
    async def test_says_that_it_is_one(self, world: World) -> None:
        card = await world.ask("incident", "declare", "Fire", "drill", "--test")

        assert "It is a test: nobody is paged, and it counts nowhere." in map(plain, card.body)

    async def test_is_counted_nowhere(self, world: World) -> None:
        await world.ask("incident", "declare", "Fire", "drill", "--test")
        await world.ask("incident", "declare", "Slow")

        assert (await telemetry(world.ports)).incidents["high"] == 1

    async def test_gets_no_postmortem_by_itself(self, world: World) -> None:
        for number, words in ((1, ("Fire", "drill", "--test")), (2, ("Slow",))):
            await world.ask("incident", "declare", *words)
            await world.ask("incident", "resolve", str(number))
            await postmortems.schedule(world.ports, IncidentResolved(incident=number, severity="high"))

        assert await world.facts("postmortem:1", PostmortemScheduled) == []
        assert len(await world.facts("postmortem:2", PostmortemScheduled)) == 1
