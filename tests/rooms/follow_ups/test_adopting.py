"""What an approved postmortem wants to be done becomes follow-ups, each once."""

from dataclasses import replace

from bot.events import PostmortemApproved
from storage.records.follow_ups import FollowUp, FollowUpKind
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind
from storage.tables import follow_ups as table
from storage.tables import postmortems
from tests.rooms.alerts.world import LEAD, World
from tests.rooms.follow_ups.conftest import CHANNEL


def statement(text: str, kind: StatementKind = StatementKind.FACT) -> Statement:
    return Statement(kind=kind, text=text, evidence=(1,))


WANTED = (
    statement("Alert on the length of the queue."),
    statement("Raise the pool size; owner: incident commander."),
    statement("What will be changed?", StatementKind.UNKNOWN),
)


async def approve(world: World, *said: Statement, version: int = 1) -> None:
    section = Section(name="follow-ups", statements=said, author="ai")
    approved = Postmortem(
        id=1,
        status=PostmortemStatus.APPROVED,
        scheduled_at=world.clock(),
        sections=(section,),
        text_version=version,
        approved_version=version,
        approved_by=LEAD,
    )
    async with world.store.read() as conn:
        before = await postmortems.get(conn, 1)
    kept = replace(approved, version=before.version) if before else approved
    await world.store.transact(lambda unit: unit.save(kept))
    await world.happen(PostmortemApproved(incident=1, text_version=version))


async def adopted(world: World) -> list[FollowUp]:
    async with world.store.read() as conn:
        return await table.listing(conn)


async def test_each_statement_becomes_one_with_the_owner_that_it_names(incident: World) -> None:
    await incident.run("incident", "role", "1")
    await approve(incident, *WANTED)
    alert, pool = await adopted(incident)
    assert (alert.title, alert.owner, alert.kind) == ("Alert on the length of the queue.", "", FollowUpKind.DETECT)
    assert (pool.incident, pool.owner) == (1, LEAD)


async def test_they_are_told_in_one_message_that_is_kept_up_to_date(incident: World) -> None:
    await approve(incident, *WANTED)
    (said,) = [text for text in await incident.thread("incident:1:digest") if "from the postmortem" in text]
    assert said.startswith("📝 2 follow-ups from the postmortem of incident #1")
    await incident.run("followup", "done", "1")
    (said,) = [text for text in await incident.thread("incident:1:digest") if "from the postmortem" in text]
    assert "✅ #1 Alert on the length of the queue." in said
    assert "1 of them open" in said


async def test_a_later_version_adds_only_what_is_new(incident: World) -> None:
    await approve(incident, *WANTED)
    await incident.run("followup", "drop", "2")
    await approve(incident, *WANTED, statement("Write a runbook."), version=2)
    found = await adopted(incident)
    assert [one.title for one in found] == [*(one.text for one in WANTED[:2]), "Write a runbook."]
    assert not found[1].open


async def test_the_reaction_may_run_again(incident: World) -> None:
    incident.twice = True
    await approve(incident, *WANTED)
    assert len(await adopted(incident)) == 2
    assert len([text for text in await incident.thread("incident:1:digest") if "from the postmortem" in text]) == 1


async def test_one_that_wants_nothing_says_nothing(incident: World) -> None:
    await approve(incident, WANTED[2])
    assert await adopted(incident) == []
    assert not [text for text in await incident.thread("incident:1:digest") if "from the postmortem" in text]


async def test_those_of_a_private_one_are_told_among_who_belongs_to_it(secret: World) -> None:
    await approve(secret, *WANTED)
    assert "Alert on the length" in str(secret.told(CHANNEL))
    assert "Alert on the length" not in str(secret.told("#incidents"))
