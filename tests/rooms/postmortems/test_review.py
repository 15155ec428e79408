"""The review of a draft: what people write, approve and take back, and what a model may not take away."""

from dataclasses import replace

import pytest

from bot.cards.card import Level
from bot.cards.marks import plain
from bot.incidents import service as incidents
from bot.llm.client import ModelError
from bot.ports import Writer
from bot.postmortems import changes, sections, service
from bot.postmortems.prompt import WrittenSection, WrittenStatement
from storage.records.postmortems import PostmortemStatus, Section, StatementKind
from storage.tables import journal, posts
from tests.fakes.chat import FakeChat, Message
from tests.rooms.postmortems.conftest import LEAD, RESPONDER, House

DRAFT_AFTER = 600.0


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


async def section(house: House, name: str) -> Section:
    return next(part for part in (await house.postmortem()).sections if part.name == name)


async def kinds(house: House) -> list[str]:
    async with house.store.read() as conn:
        return [entry.kind for entry in await journal.of_subjects(conn, ["postmortem:1"])]


def last(said: FakeChat, title: str) -> Message:
    return next(m for m in reversed(said.messages) if m.card.title.startswith(title))


async def edit(house: House, text: str, *more: str, by: str = RESPONDER, name: str = "impact"):
    return await house.run("postmortem", "edit", "1", f"--section={name}", f"--text={text}", *more, by=by)


async def test_an_edit_is_kept_as_the_persons_own_checked_and_shown_as_a_difference(
    drafted: House, said: FakeChat
) -> None:
    card = await edit(drafted, "About 40 users saw errors.\nIt began at 11:59 UTC [t999]")
    assert card.level is Level.OK
    await drafted.settle()
    first, second = (await section(drafted, "impact")).statements
    assert (first.text, first.author) == ("About 40 users saw errors.", RESPONDER)
    assert "cites nothing" in first.unverified
    assert "#999" in second.unverified or "t999" in second.unverified
    note = last(said, "Impact changed").card
    assert [plain(step)[0] for step in note.steps][-2:] == [changes.ADDED] * 2
    assert changes.REMOVED in plain(note.steps[0])


async def test_a_link_and_odd_signs_that_a_person_wrote_stay_as_they_are(drafted: House) -> None:
    await edit(drafted, "See https://wiki.example.com/x and <b>this</b> @here [sic]")
    assert (await section(drafted, "impact")).statements[0].text == (
        "See https://wiki.example.com/x and <b>this</b> @here [sic]"
    )


async def test_an_edit_made_from_an_older_text_loses_nothing_that_others_wrote_since(drafted: House) -> None:
    await edit(drafted, "Written first.", by=LEAD)
    await edit(drafted, "Written second.", "--revision=1")
    texts = {s.text: s.author for s in (await section(drafted, "impact")).statements}
    assert texts == {"Written first.": LEAD, "Written second.": RESPONDER}


async def test_a_part_of_a_long_section_is_edited_alone(drafted: House) -> None:
    before = (await section(drafted, "timeline")).statements
    await edit(drafted, "Nobody looked at the dashboard.", "--lines=2-3", name="timeline")
    after = (await section(drafted, "timeline")).statements
    assert after == (before[0], after[1], *before[3:])
    assert after[1].text == "Nobody looked at the dashboard."


async def test_an_empty_or_endless_statement_is_refused_with_the_way_out(drafted: House) -> None:
    assert (await edit(drafted, "  ")).level is Level.USAGE
    card = await edit(drafted, "x" * 1001)
    assert card.level is Level.USAGE
    assert "lines of its own" in plain(card.hint) or "line of its own" in plain(card.hint)


async def test_words_that_change_nothing_make_no_version(drafted: House) -> None:
    from bot.postmortems import editing

    text = editing.written((await section(drafted, "impact")).statements)
    card = await edit(drafted, text)
    assert "The text stays as it is." in card.body
    assert (await drafted.postmortem()).text_version == len(sections.NAMES)


async def test_an_edit_takes_the_approval_back_and_says_whose_it_was(drafted: House, said: FakeChat) -> None:
    await drafted.run("postmortem", "approve", "1", "--section=impact")
    await drafted.settle()
    assert "✅ Approved by U0000LEAD." in last(said, "Impact").text
    await edit(drafted, "About 40 users.")
    await drafted.settle()
    assert (await section(drafted, "impact")).approved_by == ""
    assert "The approval of U0000LEAD was for the text before." in last(said, "Impact changed").text
    assert "Approved by" not in last(said, "Impact (revision 2)").text


async def test_the_last_section_approves_the_whole(drafted: House, said: FakeChat) -> None:
    for name in sections.NAMES:
        await drafted.run("postmortem", "approve", "1", f"--section={name}")
    await drafted.settle()
    assert (await drafted.postmortem()).status is PostmortemStatus.APPROVED
    assert (await kinds(drafted)).count("PostmortemApproved") == 1
    assert "approved by" in said.messages[0].text


async def test_approving_all_asks_while_something_could_not_be_verified(drafted: House) -> None:
    await edit(drafted, "About 40 users saw errors.")
    card = await drafted.run("postmortem", "approve", "1")
    assert card.level is Level.WARNING
    assert "1 statement of this postmortem could not be verified" in card.title
    assert (await drafted.postmortem()).status is PostmortemStatus.IN_REVIEW
    await drafted.run("postmortem", "approve", "1", "--unverified")
    assert (await drafted.postmortem()).status is PostmortemStatus.APPROVED


async def test_reopening_takes_all_approvals_back_and_keeps_what_is_public(drafted: House, said: FakeChat) -> None:
    await drafted.run("postmortem", "approve", "1")
    await drafted.settle()
    await drafted.run("postmortem", "reopen", "1", by=RESPONDER)
    await drafted.settle()
    known = await drafted.postmortem()
    assert (known.status, known.approved_version) == (PostmortemStatus.IN_REVIEW, len(sections.NAMES))
    assert not [part for part in known.sections if part.approved_by]
    assert "in review; version" in said.messages[0].text


async def test_the_message_of_a_section_knows_which_text_it_shows(drafted: House) -> None:
    await edit(drafted, "About 40 users.")
    await drafted.settle()
    async with drafted.store.read() as conn:
        post = await posts.get(conn, "postmortem:1:section:impact")
    assert post is not None
    assert post.kind == "section:impact:2"


async def test_a_difference_names_what_was_removed_and_added_between_versions(drafted: House) -> None:
    await edit(drafted, "About 40 users.")
    card = await drafted.run("postmortem", "diff", "1")
    assert card.title.endswith("from version 11 to 12")
    assert f"{changes.ADDED} About 40 users." in plain(card.body[0])
    whole = await drafted.run("postmortem", "diff", "1", "--from=1", "--to=12")
    assert len(whole.body) == len(sections.NAMES) - 1
    assert (await drafted.run("postmortem", "diff", "1", "--from=1", "--to=99")).level is Level.USAGE


async def test_a_difference_begins_at_the_published_version(drafted: House) -> None:
    await drafted.run("postmortem", "approve", "1")
    await edit(drafted, "About 40 users.")
    await edit(drafted, "About 41 users.")
    assert (await drafted.run("postmortem", "diff", "1")).title.endswith("from version 11 to 13")


async def test_writing_a_section_anew_takes_in_what_came_late(drafted: House) -> None:
    card = await drafted.run("postmortem", "regenerate", "1", "--section=follow-ups")
    assert card.level is Level.OK
    await drafted.settle()
    assert "Follow-ups stays as it is" in [m.card.title for m in drafted.chat.messages]  # type: ignore[union-attr]


class FakeModel:
    """Answers every question with the same sentence, or fails; `meanwhile` runs while it thinks."""

    model = "gpt-x"

    def __init__(self) -> None:
        self.answer = "The deploy exhausted the connections."
        self.failing = False
        self.meanwhile: list[object] = []

    async def write(self, *, system: str, prompt: str, schema: object, budget: int) -> WrittenSection:  # noqa: ARG002
        while self.meanwhile:
            await self.meanwhile.pop()()  # type: ignore[operator]
        if self.failing:
            raise ModelError("gpt-x cannot be reached")
        return WrittenSection(statements=[WrittenStatement(kind="unknown", text=self.answer, evidence=[])])


class TestWithAModel:
    @pytest.fixture
    def model(self) -> FakeModel:
        return FakeModel()

    @pytest.fixture
    def writer(self, model: FakeModel) -> Writer:
        return model

    async def test_a_redraft_keeps_every_word_that_a_person_wrote(self, drafted: House, model: FakeModel) -> None:
        await edit(drafted, "Nobody lost an order.")
        model.answer = "How many users saw it?"
        await drafted.run("postmortem", "regenerate", "1", "--section=impact")
        await drafted.run("postmortem", "comment", "1", "--text=impact: shorter please")
        await drafted.settle()
        statements = (await section(drafted, "impact")).statements
        assert [s.text for s in statements if s.author] == ["Nobody lost an order."]
        assert "How many users saw it?" in [s.text for s in statements]

    async def test_an_edit_while_the_model_writes_is_not_lost(self, drafted: House, model: FakeModel) -> None:
        async def interrupt() -> None:
            await edit(drafted, "Nobody lost an order.", by=LEAD)

        model.answer, model.meanwhile = "How many users saw it?", [interrupt]
        await drafted.run("postmortem", "comment", "1", "--text=impact: shorter please")
        await drafted.settle()
        assert "Nobody lost an order." in [s.text for s in (await section(drafted, "impact")).statements]
        assert (await kinds(drafted)).count("SectionDrafted") == len(sections.NAMES) + 2

    async def test_an_approval_while_the_model_writes_is_not_of_what_it_wrote(
        self, drafted: House, model: FakeModel
    ) -> None:
        async def interrupt() -> None:
            await drafted.run("postmortem", "approve", "1", "--section=impact", "--revision=1")

        model.answer, model.meanwhile = "How many users saw it?", [interrupt]
        await drafted.run("postmortem", "comment", "1", "--text=impact: shorter please")
        await drafted.settle()
        part = await section(drafted, "impact")
        assert (part.revision, part.approved_by) == (2, "")

    async def test_a_model_that_fails_leaves_the_text_and_says_so(
        self, drafted: House, model: FakeModel, said: FakeChat
    ) -> None:
        before = await section(drafted, "impact")
        model.failing = True
        await drafted.run("postmortem", "regenerate", "1", "--section=impact")
        await drafted.settle()
        assert await section(drafted, "impact") == before
        assert "cannot be reached" in last(said, "Impact stays as it is").text


class TestOnBothDatabases:
    @pytest.fixture
    def room_url(self, either_url: str) -> str:
        return either_url

    async def test_a_crash_after_each_job_loses_no_word_and_repeats_none(self, drafted: House, said: FakeChat) -> None:
        crashed: set[int] = set()

        def once(job) -> bool:
            first = job.id not in crashed
            crashed.add(job.id)
            return first

        await edit(drafted, "About 40 users.")
        await drafted.run("postmortem", "comment", "1", "--text=impact: say since when")
        await drafted.run("postmortem", "approve", "1", "--section=summary")
        await drafted.settle(crash=once)
        statements = (await section(drafted, "impact")).statements
        assert [(s.text, s.kind) for s in statements] == [
            ("About 40 users.", StatementKind.FACT),
            ("say since when", StatementKind.NOTE),
        ]
        assert [m.card.title for m in said.messages].count("Impact changed") == 2
        versions = await service.versions(drafted.ports, 1)
        assert [v.number for v in versions] == list(range(1, (await drafted.postmortem()).text_version + 1))


@pytest.mark.parametrize(
    "argv",
    [
        ("show", "1"),
        ("versions", "1"),
        ("diff", "1"),
        ("draft", "1"),
        ("comment", "1", "--text=impact: x"),
        ("edit", "1", "--section=impact", "--text=x"),
        ("regenerate", "1", "--section=impact"),
        ("approve", "1"),
        ("reopen", "1"),
        ("publish", "1"),
    ],
    ids=lambda argv: argv[0],
)
async def test_the_postmortem_of_a_private_incident_is_not_there_for_who_does_not_belong_to_it(
    drafted: House, argv: tuple[str, ...]
) -> None:
    incident = replace((await incidents.view(drafted.ports, 1)).incident, private=True)
    await drafted.store.transact(lambda unit: unit.save(incident))
    before = await drafted.postmortem()
    card = await drafted.run("postmortem", *argv, by="U0000ELSE")
    assert (card.level, card.body) == (Level.USAGE, ("there is no incident #1",))
    assert await drafted.postmortem() == before
