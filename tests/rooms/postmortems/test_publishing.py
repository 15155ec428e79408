"""Where an approved postmortem is kept: each place its own job, retried alone, what fails told with its mend."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.bus import runners
from bot.cards.marks import plain
from bot.engine.retry import ATTEMPTS
from bot.incidents import service as incidents
from bot.outside import Document
from bot.ports import ChatError, Profile, Publish, Undeliverable
from bot.postmortems import publishing
from storage.records.incidents import Incident
from storage.records.jobs import Job, JobState
from storage.records.journal import Entry
from storage.tables import jobs, journal
from tests.fakes.chat import FakeChat
from tests.rooms.postmortems.conftest import LEAD, REACTIONS, TASKS, House

DRAFT_AFTER = 600.0


class Wiki:
    """A place that takes documents, or refuses on request."""

    def __init__(self) -> None:
        self.taken: list[Document] = []
        self.refusals: list[Undeliverable] = []

    async def __call__(self, document: Document) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken.append(document)
        return f"https://wiki.example.com/{document.incident}"


@pytest.fixture
def wiki() -> Wiki:
    return Wiki()


@pytest.fixture
def said(house: House) -> FakeChat:
    assert house.chat is not None
    return house.chat


@pytest.fixture
async def drafted(house: House, wiki: Wiki) -> House:
    publishers: dict[str, Publish] = {"wiki": wiki}
    house.ports = replace(house.ports, publishers=publishers)
    await house.resolve_incident()
    await house.settle()
    house.clock.forward(DRAFT_AFTER)
    await house.settle()
    return house


async def approve(house: House) -> None:
    await house.run("postmortem", "approve", "1", "--unverified")


async def facts(house: House, *kinds: str) -> list[Entry]:
    async with house.store.read() as conn:
        return [e for e in await journal.of_subjects(conn, ["postmortem:1"]) if e.kind in kinds]


async def places(house: House) -> list[tuple[str, str]]:
    return [(e.kind, str(e.payload["place"])) for e in await facts(house, "PostmortemStored", "StoringFailed")]


def text_of(said: FakeChat, title: str) -> str:
    return next(m.text for m in reversed(said.messages) if title in m.card.title)


async def a_run(house: House, attempts: int) -> Job:
    """The job that stores the text in the wiki, at that attempt."""
    async with house.store.read() as conn:
        found = await jobs.listing(conn, states=(JobState.PENDING, JobState.DONE), limit=500)
    return replace(next(job for job in found if job.kind == publishing.STORE), attempts=attempts)


async def test_the_approved_text_is_brought_to_every_place_and_the_card_says_where(
    drafted: House, wiki: Wiki, said: FakeChat
) -> None:
    said.profiles[LEAD] = Profile(user=LEAD, name="Ada L.")
    await approve(drafted)
    await drafted.settle()
    (document,) = wiki.taken
    assert (document.name, document.version, document.approved_by) == ("0001-checkout-is-down.md", 11, "Ada L.")
    assert document.markdown.startswith("# Postmortem of incident")
    assert await places(drafted) == [("PostmortemStored", "Slack canvas"), ("PostmortemStored", "wiki")]
    card = next(m.card for m in said.messages if "is published" in m.card.title)
    assert [plain(step) for step in card.steps] == [
        "✅ wiki: open it (https://wiki.example.com/1)",
        "✅ Slack canvas: F0000001",
    ]


async def test_the_canvas_holds_the_text_before_the_channel_may_be_archived(drafted: House, said: FakeChat) -> None:
    await approve(drafted)
    await drafted.settle()
    assert list(said.canvases) == [("C0000INC", "Postmortem of incident #1")]
    order = [e.kind for e in await facts(drafted, "PostmortemStored", "PostmortemPublished")]
    assert order.index("PostmortemStored") < order.index("PostmortemPublished")


async def test_a_canvas_that_slack_refuses_is_said_once_and_not_for_every_postmortem(
    drafted: House, said: FakeChat
) -> None:
    refused = ChatError("free_team_not_allowed", "canvases need a paid plan: upgrade, or do without")
    said.refusals["canvas"] = [refused, refused]
    await approve(drafted)
    await drafted.settle()
    assert "canvases need a paid plan" in text_of(said, "could not be stored: Slack canvas")
    await drafted.run("postmortem", "edit", "1", "--section=impact", "--text=About 40 users.")
    await approve(drafted)
    await drafted.settle()
    assert [e.payload["place"] for e in await facts(drafted, "StoringFailed")] == ["Slack canvas"]


async def test_a_place_that_refuses_for_good_is_told_with_its_mend_and_a_way_to_try_again(
    drafted: House, wiki: Wiki, said: FakeChat
) -> None:
    wiki.refusals = [Undeliverable("HTTP 401", retry=False, mend="Check `token`.")]
    await approve(drafted)
    await drafted.settle()
    card = next(m.card for m in said.messages if "could not be stored: wiki" in m.card.title)
    assert [plain(line) for line in card.body] == ["HTTP 401", "Check `token`."]
    assert card.buttons[0].argv == ("postmortem", "publish", "1", "--place=wiki")
    assert "❌ wiki: HTTP 401 Check `token`." in text_of(said, "is published")

    await drafted.run(*card.buttons[0].argv)
    await drafted.settle()
    assert len(wiki.taken) == 1
    assert "is stored now: wiki" in said.messages[-1].card.title
    assert "✅ wiki" in text_of(said, "is published")


@pytest.mark.parametrize(
    ("attempts", "told"), [(1, False), (publishing.PATIENCE, True), (publishing.PATIENCE + 1, False), (ATTEMPTS, True)]
)
async def test_an_outage_is_told_when_it_lasts_and_at_the_end(
    drafted: House, wiki: Wiki, attempts: int, told: bool
) -> None:
    await approve(drafted)
    await drafted.settle()
    wiki.refusals = [Undeliverable("cannot be reached", retry=True)]
    with pytest.raises(Undeliverable):
        await publishing.store(drafted.ports, await a_run(drafted, attempts))
    failed = await facts(drafted, "StoringFailed")
    assert bool(failed) is told
    if told:
        assert ("tried again by itself" in failed[0].payload["mend"]) is (attempts < ATTEMPTS)


async def test_one_place_in_trouble_does_not_hold_up_another(drafted: House, wiki: Wiki) -> None:
    broken = Wiki()
    broken.refusals = [Undeliverable("no", retry=False)]
    drafted.ports = replace(drafted.ports, publishers={"broken": broken, "wiki": wiki})
    await approve(drafted)
    await drafted.settle()
    assert ("PostmortemStored", "wiki") in await places(drafted)
    assert ("StoringFailed", "broken") in await places(drafted)


async def test_an_earlier_version_is_not_stored_over_a_later_one(drafted: House, wiki: Wiki) -> None:
    await approve(drafted)
    await drafted.run("postmortem", "edit", "1", "--section=impact", "--text=About 40 users.")
    await approve(drafted)
    await drafted.settle()
    assert [document.version for document in wiki.taken] == [12]


async def test_a_later_version_knows_where_the_earlier_one_stands(drafted: House, wiki: Wiki) -> None:
    await approve(drafted)
    await drafted.settle()
    await drafted.run("postmortem", "edit", "1", "--section=impact", "--text=About 40 users.")
    await approve(drafted)
    await drafted.settle()
    assert [document.address for document in wiki.taken] == ["", "https://wiki.example.com/1"]


async def test_a_private_postmortem_leaves_only_when_that_is_allowed(drafted: House, wiki: Wiki) -> None:
    async def make_private(incident: Incident) -> None:
        await drafted.store.transact(lambda unit: unit.save(replace(incident, private=True)))

    await make_private((await incidents.view(drafted.ports, 1)).incident)
    await approve(drafted)
    await drafted.settle()
    assert wiki.taken == []
    open_ = drafted.ports.manage.postmortems.model_copy(update={"publish_private": True})
    drafted.ports = replace(drafted.ports, manage=drafted.ports.manage.model_copy(update={"postmortems": open_}))
    await drafted.run("postmortem", "publish", "1")
    await drafted.settle()
    assert len(wiki.taken) == 1


async def test_asking_for_a_place_that_is_not_there_names_those_that_are(drafted: House) -> None:
    early = await drafted.run("postmortem", "publish", "1")
    assert "is not approved" in plain(early.body[0])
    await approve(drafted)
    card = await drafted.run("postmortem", "publish", "1", "--place=moon")
    assert plain(card.hint) == "One of: wiki."


def test_every_job_of_a_place_has_a_runner() -> None:
    assert publishing.STORE in runners(REACTIONS, TASKS)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Checkout is down", "0042-checkout-is-down.md"),
        ("Café: größte Störung!", "0042-cafe-grote-storung.md"),
        ("../../etc/passwd", "0042-etc-passwd.md"),
        ("停電", "0042.md"),
        ("x" * 200, f"0042-{'x' * 60}.md"),
    ],
)
def test_the_file_of_a_collection_is_named_by_number_and_title(title: str, name: str, an_incident: Any) -> None:
    assert publishing.file_name(an_incident(42, title)) == name


@pytest.fixture
def an_incident() -> Callable[[int, str], Incident]:
    from storage.records.alerts import Severity
    from tests.fakes.ports import T0

    return lambda number, title: Incident(
        id=number, title=title, severity=Severity.HIGH, declared_by="bot", started_at=T0, declared_at=T0
    )


class TestOnBothDatabases:
    @pytest.fixture
    def room_url(self, either_url: str) -> str:
        return either_url

    async def test_a_crash_after_each_job_stores_every_place_and_tells_each_once(
        self, drafted: House, wiki: Wiki, said: FakeChat
    ) -> None:
        crashed: set[int] = set()

        def once(job: Job) -> bool:
            first = job.id not in crashed
            crashed.add(job.id)
            return first

        await approve(drafted)
        await drafted.settle(crash=once)
        assert sorted(await places(drafted)) == [("PostmortemStored", "Slack canvas"), ("PostmortemStored", "wiki")]
        assert {document.version for document in wiki.taken} == {11}
        assert [m.card.title for m in said.messages if "is published" in m.card.title] == [
            "✅ Postmortem of incident #1 is published (version 11)"
        ]
