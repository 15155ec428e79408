"""From a resolved incident to a published postmortem without a model."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cards.card import Level, Link
from bot.events import IncidentResolved
from bot.incidents import decide
from bot.incidents import service as incidents
from bot.ports import ChatError
from bot.postmortems import review, sections, service
from storage.records.alerts import Severity
from storage.records.postmortems import PostmortemStatus, StatementKind
from storage.tables import journal, posts
from tests.fakes.chat import FakeChat
from tests.fakes.crashes import Died, Fate, Mortal
from tests.rooms.postmortems.conftest import LEAD, RESPONDER, House

DRAFT_AFTER = timedelta(minutes=10).total_seconds()


@pytest.fixture
async def drafted(house: House) -> House:
    await house.resolve_incident()
    await house.settle()
    house.clock.forward(DRAFT_AFTER)
    await house.settle()
    return house


@pytest.fixture
def said(house: House) -> FakeChat:
    assert house.chat is not None
    return house.chat


async def kinds(house: House) -> list[str]:
    async with house.store.read() as conn:
        return [entry.kind for entry in await journal.of_subjects(conn, ["postmortem:1"])]


async def test_a_resolved_high_incident_is_scheduled_and_drafted_only_when_due(house: House) -> None:
    await house.resolve_incident()
    await house.settle()
    assert await kinds(house) == ["PostmortemScheduled"]
    house.clock.forward(DRAFT_AFTER)
    await house.settle()
    assert (await house.postmortem()).status is PostmortemStatus.IN_REVIEW


async def test_an_incident_of_low_severity_gets_no_postmortem_by_itself(house: House) -> None:
    await house.resolve_incident()
    low = next(e for e in await _events(house) if e.kind == "IncidentResolved")
    await service.schedule(house.ports, _resolved(low.payload, Severity.LOW))
    assert await kinds(house) == []


async def _events(house: House):
    async with house.store.read() as conn:
        return await journal.of_subjects(conn, ["incident:1"])


def _resolved(payload, severity):
    return IncidentResolved(**{**payload, "severity": severity.value})


async def test_the_draft_has_every_section_in_order_with_a_kept_version_for_each(drafted: House) -> None:
    postmortem = await drafted.postmortem()
    assert [s.name for s in postmortem.sections] == list(sections.NAMES)
    versions = await service.versions(drafted.ports, 1)
    assert [len(v.sections) for v in versions] == list(range(1, 12))


@pytest.mark.usefixtures("drafted")
async def test_every_section_stands_once_in_the_thread_under_the_draft(said: FakeChat) -> None:
    parent, *replies = said.messages
    assert parent.channel == "C0000INC"
    assert [m.card.title for m in replies] == [part.title for part in sections.PARTS]
    assert {m.thread_ts for m in replies} == {parent.ts}


@pytest.mark.usefixtures("drafted")
async def test_the_fact_sheet_says_that_it_was_made_without_ai(said: FakeChat) -> None:
    assert all("Made without AI from the journal" in m.text for m in said.messages[1:])


async def test_what_the_journal_cannot_know_is_a_question(drafted: House) -> None:
    for section in (await drafted.postmortem()).sections:
        if section.name != "timeline":
            assert section.statements[-1].kind is StatementKind.UNKNOWN, section.name


async def test_no_statement_of_the_fact_sheet_is_unverified(drafted: House) -> None:
    statements = [s for section in (await drafted.postmortem()).sections for s in section.statements]
    assert [s for s in statements if s.unverified] == []


async def test_a_fact_sheet_infers_nothing(drafted: House) -> None:
    kinds_ = {s.kind for section in (await drafted.postmortem()).sections for s in section.statements}
    assert kinds_ == {StatementKind.FACT, StatementKind.UNKNOWN}


async def test_the_timeline_tells_who_did_what_when_by_role(drafted: House) -> None:
    timeline = next(s for s in (await drafted.postmortem()).sections if s.name == "timeline")
    told = "\n".join(s.text for s in timeline.statements)
    assert "incident commander: Update: Rolling back the deploy" in told
    assert "responder-1: “connections ran out because of the deploy at 11:52”" in told
    assert LEAD not in told
    assert RESPONDER not in told


@pytest.mark.usefixtures("drafted")
async def test_a_statement_about_a_pinned_message_links_to_it(said: FakeChat) -> None:
    timeline = next(m for m in said.messages if m.card.title == "Timeline")
    links = {mark.url for step in timeline.card.steps for mark in step if isinstance(mark, Link)}
    assert links == {"https://example.slack.com/archives/C0000INC/p1700000001000100"}


@pytest.mark.usefixtures("drafted")
async def test_the_parent_message_offers_approval_once_all_is_there(said: FakeChat) -> None:
    card = said.messages[0].card
    assert [(b.label, b.argv) for b in card.buttons] == [("Approve all", ("postmortem", "approve", "1"))]
    assert "11 of 11 sections" in said.messages[0].text


async def test_a_reply_that_names_a_section_adds_the_words_to_it_in_place(drafted: House, said: FakeChat) -> None:
    card = await drafted.run("postmortem", "comment", "1", "--text", "impact: 40 users saw errors", by=RESPONDER)
    assert card.level is Level.OK
    await drafted.settle()
    impact = next(s for s in (await drafted.postmortem()).sections if s.name == "impact")
    note = impact.statements[-1]
    assert (note.kind, note.text, note.author) == (StatementKind.NOTE, "40 users saw errors", RESPONDER)
    shown = [m for m in said.messages if m.card.title.startswith("Impact (revision")]
    assert [m.edits for m in shown] == [1]
    assert said.messages[-1].card.title == "Impact changed"
    assert said.messages[-1].thread_ts == said.messages[0].ts


async def test_a_reply_that_names_no_section_is_asked_which_one(drafted: House) -> None:
    card = await drafted.run("postmortem", "comment", "1", "--text", "please be more precise")
    assert card.level is Level.USAGE
    assert ("postmortem", "comment", "1", "--section=impact", "--text=please be more precise") in [
        b.argv for b in card.buttons
    ]


async def test_a_second_approval_says_that_it_is_approved(drafted: House) -> None:
    await drafted.run("postmortem", "approve", "1")
    card = await drafted.run("postmortem", "approve", "1", by=RESPONDER)
    assert card.level is Level.INFO
    assert "approved already" in str(card.body)


async def test_an_unfinished_draft_cannot_be_approved(house: House) -> None:
    await house.resolve_incident()
    await house.settle()
    card = await house.run("postmortem", "approve", "1")
    assert "not all sections are there yet" in str(card.body).lower()
    assert "PostmortemApproved" not in await kinds(house)


async def test_a_file_that_slack_refuses_does_not_stop_the_publication(drafted: House, said: FakeChat) -> None:
    said.refusals["upload"] = [ChatError("missing_scope", "the file was refused: add the scope files:write")]
    await drafted.run("postmortem", "approve", "1")
    await drafted.settle()
    assert "could not be attached" in said.messages[-1].text
    assert (await kinds(drafted))[-1] == "PostmortemPublished"


async def test_a_draft_can_be_asked_for_before_it_is_due(house: House) -> None:
    await house.resolve_incident()
    await house.settle()
    card = await house.run("postmortem", "draft", "1")
    assert card.level is Level.OK
    await house.settle()
    assert (await house.postmortem()).status is PostmortemStatus.IN_REVIEW
    house.clock.forward(DRAFT_AFTER)
    await house.settle()
    assert (await kinds(house)).count("DraftStarted") == 1


async def test_a_finished_draft_is_never_written_over(drafted: House) -> None:
    card = await drafted.run("postmortem", "draft", "1")
    assert "The draft is there, version 11." in card.body


async def test_a_draft_of_an_open_incident_is_refused_with_the_way_to_resolve_it(house: House) -> None:
    await incidents.declare(house.ports, title="x", severity=Severity.HIGH, by="bot")
    card = await house.run("postmortem", "draft", "1")
    assert card.level is Level.USAGE
    assert "is not resolved yet" in str(card.body)


async def test_an_unknown_incident_is_a_clear_error(house: House) -> None:
    for argv in (("show",), ("draft",), ("approve",), ("versions",)):
        card = await house.run("postmortem", *argv, "9")
        assert (card.level, card.body) == (Level.USAGE, ("there is no incident #9",))


async def test_show_tells_all_sections_and_an_old_version_on_request(drafted: House) -> None:
    await drafted.run("postmortem", "comment", "1", "--text", "impact: 40 users saw errors")
    await drafted.settle()
    new = await drafted.run("postmortem", "show", "1")
    old = await drafted.run("postmortem", "show", "1", "--version", "11")
    assert "40 users" in str(new.body)
    assert "40 users" not in str(old.body)
    assert len(old.body) == 11


async def test_versions_tells_who_changed_what_and_why(drafted: House) -> None:
    await drafted.run("postmortem", "comment", "1", "--text", "impact: 40 users saw errors", by=RESPONDER)
    await drafted.settle()
    card = await drafted.run("postmortem", "versions", "1")
    assert card.table
    assert len(card.table.rows) == 12
    assert "40 users saw errors" in str(card.table.rows[0])
    assert RESPONDER in str(card.table.rows[0])


class TestWithoutSlack:
    @pytest.fixture
    def chat(self) -> None:
        return None

    async def test_the_draft_exists_and_is_shown_and_published(self, drafted: House) -> None:
        card = await drafted.run("postmortem", "show", "1", via="shell")
        assert len(card.body) == 11
        await drafted.run("postmortem", "approve", "1", via="shell")
        await drafted.settle()
        assert (await kinds(drafted))[-1] == "PostmortemPublished"


async def test_after_the_channel_is_closed_the_draft_goes_to_the_channel_of_all_incidents(
    house: House, said: FakeChat
) -> None:
    await house.resolve_incident()
    await incidents.change(house.ports, 1, "bot", lambda i: decide.archived(i, house.clock()))
    said.archived.append("C0000INC")
    house.clock.forward(DRAFT_AFTER)
    await house.settle()
    house.clock.forward(DRAFT_AFTER)
    await house.settle()
    assert {m.channel for m in said.messages} == {"#incidents"}


async def test_the_draft_is_found_by_the_message_people_reply_to(drafted: House, said: FakeChat) -> None:
    parent = said.messages[0]
    async with drafted.store.read() as conn:
        post = await posts.by_message(conn, parent.channel, parent.ts)
    assert post is not None
    assert (post.subject, post.kind) == ("postmortem:1", "draft")
    postmortem = await drafted.postmortem()
    assert (postmortem.channel, postmortem.thread_ts) == (parent.channel, parent.ts)


async def test_a_draft_that_stopped_half_way_goes_on_when_asked_for(house: House, said: FakeChat) -> None:
    await house.resolve_incident()
    await house.run("postmortem", "draft", "1")
    await service.write(house.ports, 1, "summary")
    await house.store.transact(lambda unit: unit.cancel("postmortem:1", review.SECTION))
    await house.settle()
    assert len((await house.postmortem()).sections) == 1
    await house.run("postmortem", "draft", "1")
    await house.settle()
    assert (await house.postmortem()).status is PostmortemStatus.IN_REVIEW
    assert len({m.key for m in said.messages}) == len(said.messages) == 12


async def test_a_draft_that_is_being_written_is_left_alone(house: House) -> None:
    await house.resolve_incident()
    await house.run("postmortem", "draft", "1")
    card = await house.run("postmortem", "draft", "1")
    assert card.body == ("It is being drafted just now.",)


async def test_a_change_in_a_channel_that_was_archived_meanwhile_is_kept_all_the_same(
    drafted: House, said: FakeChat
) -> None:
    said.archived.append("C0000INC")
    await drafted.run("postmortem", "comment", "1", "--text", "impact: 40 users saw errors", via="shell")
    await drafted.settle()
    assert (await drafted.postmortem()).text_version == 12


class TestOnBothDatabases:
    @pytest.fixture
    def room_url(self, either_url: str) -> str:
        return either_url

    async def test_a_reply_is_answered_once_even_when_the_process_dies_after_writing(self, drafted: House) -> None:
        await drafted.run("postmortem", "comment", "1", "--section=impact", "--text=40 users saw errors")
        crashed: list[int] = []

        def once(job) -> bool:
            crash = job.kind.startswith("reaction:postmortems") and job.id not in crashed
            crashed.append(job.id)
            return crash

        await drafted.settle(crash=once)
        assert crashed
        postmortem = await drafted.postmortem()
        impact = next(s for s in postmortem.sections if s.name == "impact")
        assert [s.kind for s in impact.statements].count(StatementKind.NOTE) == 1
        assert postmortem.text_version == 12

    async def test_a_crash_after_each_job_leaves_no_message_twice(self, house: House, said: FakeChat) -> None:
        await house.resolve_incident()
        house.clock.forward(DRAFT_AFTER)
        crashed: set[int] = set()

        def once(job) -> bool:
            first = job.id not in crashed
            crashed.add(job.id)
            return first

        await house.settle(crash=once)
        house.clock.forward(DRAFT_AFTER)
        await house.settle(crash=once)
        assert [m.card.title for m in said.messages[1:]] == [part.title for part in sections.PARTS]

    async def test_approval_publishes_that_version_as_a_file_and_says_so_to_the_house(
        self, drafted: House, said: FakeChat
    ) -> None:
        await drafted.run("postmortem", "approve", "1")
        await drafted.settle()
        assert (await drafted.postmortem()).approved_version == 11
        assert [f["name"] for f in said.files] == ["postmortem-1-v11.md"]
        assert "## Root cause and contributing factors" in said.files[0]["content"]
        assert said.messages[-1].card.title == "✅ Postmortem of incident #1 is published (version 11)"
        assert (await kinds(drafted))[-1] == "PostmortemPublished"

    async def test_the_file_is_there_once_when_the_process_dies_after_its_upload(
        self, drafted: House, said: FakeChat
    ) -> None:
        fate = Fate(at=1)
        drafted.ports = replace(drafted.ports, chat=Mortal(said, fate, frozenset({"upload"})))
        await drafted.run("postmortem", "approve", "1")
        with pytest.raises(Died):
            await drafted.settle()
        drafted.ports = replace(drafted.ports, chat=said)
        drafted.clock.forward(2)  # the lease of the dead process runs out
        await drafted.settle()
        assert [f["name"] for f in said.files] == ["postmortem-1-v11.md"]
        assert said.messages[-1].card.title == "✅ Postmortem of incident #1 is published (version 11)"

    async def test_a_change_after_the_approval_is_published_by_the_next_one(
        self, drafted: House, said: FakeChat
    ) -> None:
        await drafted.run("postmortem", "approve", "1")
        await drafted.settle()
        await drafted.run("postmortem", "comment", "1", "--text", "summary: it was a Monday")
        await drafted.settle()
        assert (await drafted.postmortem()).status is PostmortemStatus.IN_REVIEW
        await drafted.run("postmortem", "approve", "1")
        await drafted.settle()
        assert [f["name"] for f in said.files] == ["postmortem-1-v11.md", "postmortem-1-v12.md"]
        assert (await kinds(drafted)).count("PostmortemPublished") == 2
