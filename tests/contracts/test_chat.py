"""What every `Chat` promises: the fake of the rooms' tests, and the real client against a workspace on this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from bot.cards.card import Card
from bot.config.settings import Settings
from bot.ports import Chat, ChatError, Download, Posted, Profile
from bot.sandbox import Workspace, serve
from bot.slack.client import SlackChat, sessioned
from tests.fakes.chat import FakeChat

ALERTS, PERSON, COLLEAGUE, GROUP = "C0ALERTS", "U0ONCALL", "U0BACKUP", "S0ONCALL"
PROGRAM = "U0BOT"
ADDRESS = "oncall-engineer@sandbox.example"


@dataclass(frozen=True)
class World:
    """A chat, and a look at what stands in a channel: titles, oldest first, without what only one person sees."""

    chat: Chat
    titles: Callable[[str], list[str]]
    bookmarks: Callable[[str], dict[str, str]]
    reactions: Callable[[Posted], list[str]]
    share: Callable[[str, bytes], Awaitable[str]]
    canvas: Callable[[str, str], str]


@pytest.fixture(params=["fake", "slack"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "fake":
        fake = FakeChat(
            channels={"alerts": ALERTS},
            taken={"general"},
            uninvitable={"U0NOBODY": "user_not_found"},
            groups={GROUP: (PERSON, COLLEAGUE)},
            profiles={
                PERSON: Profile(user=PERSON, email=ADDRESS, timezone="Etc/UTC", name="On-call engineer"),
                PROGRAM: Profile(user=PROGRAM, bot=True),
            },
        )
        yield of_fake(fake)
        return
    async with serve() as workspace:
        settings = Settings(
            slack_bot_token=SecretStr(workspace.bot_token),
            slack_app_token=SecretStr(workspace.app_token),
            slack_api_url=workspace.api_url,
        )
        async with sessioned(settings, now=lambda: datetime.now(UTC)) as chat:
            yield of_workspace(chat, workspace)
        assert workspace.violations == []


def of_fake(fake: FakeChat) -> World:
    async def share(name: str, content: bytes) -> str:
        fake.shared[name] = Download(name=name, mime="image/png", content=content)
        return name

    return World(
        fake,
        titles=lambda channel: [m.card.title for m in fake.messages if m.channel == channel],
        bookmarks=lambda channel: fake.bookmarks.get(channel, {}),
        reactions=lambda posted: fake.reactions.get(posted, []),
        share=share,
        canvas=lambda channel, title: fake.canvases[channel, title],
    )


def of_workspace(chat: SlackChat, workspace: Workspace) -> World:
    async def share(name: str, content: bytes) -> str:
        return await chat.upload(ALERTS, name=name, title=name, content=content)

    def titles(channel: str) -> list[str]:
        return [m.text for m in workspace.messages(channel) if m.by_bot and not m.only_for and not m.subtype]

    def bookmarks(channel: str) -> dict[str, str]:
        standing = workspace.state.channels[channel].bookmarks
        assert len({one["title"] for one in standing}) == len(standing)
        return {one["title"]: one["link"] for one in standing}

    def canvas(channel: str, title: str) -> str:
        kept = [f for f in workspace.state.files.values() if f.mode == "canvas" and channel in f.channels]
        return next((f.content or b"").decode() for f in kept if f.title == title)

    def reactions(posted: Posted) -> list[str]:
        return list(workspace.state.channels[posted.channel].messages[posted.ts].reactions)

    return World(chat, titles=titles, bookmarks=bookmarks, reactions=reactions, share=share, canvas=canvas)


def card(title: str) -> Card:
    return Card(title=title)


async def test_a_message_stands_where_it_was_posted(world: World) -> None:
    posted = await world.chat.post("#alerts", card("one"), key="k")
    assert posted.channel == ALERTS
    assert world.titles(ALERTS) == ["one"]


async def test_a_name_and_an_id_mean_the_same_channel(world: World) -> None:
    by_name = await world.chat.post("#alerts", card("by name"), key="a")
    by_id = await world.chat.post(ALERTS, card("by id"), key="b")
    assert by_name.channel == by_id.channel


async def test_messages_have_times_that_rise(world: World) -> None:
    first = await world.chat.post("#alerts", card("one"), key="a")
    second = await world.chat.post("#alerts", card("two"), key="b")
    assert float(first.ts) < float(second.ts)


async def test_a_later_attempt_finds_what_an_earlier_one_posted(world: World) -> None:
    first = await world.chat.post("#alerts", card("one"), key="k")
    assert await world.chat.post("#alerts", card("one"), key="k", attempt=2) == first
    assert world.titles(ALERTS) == ["one"]


async def test_a_later_attempt_finds_an_answer_in_a_thread(world: World) -> None:
    root = await world.chat.post("#alerts", card("root"), key="root")
    first = await world.chat.post("#alerts", card("answer"), key="k", thread_ts=root.ts)
    assert await world.chat.post("#alerts", card("answer"), key="k", thread_ts=root.ts, attempt=3) == first


async def test_a_later_attempt_posts_what_does_not_stand(world: World) -> None:
    await world.chat.post("#alerts", card("other"), key="other")
    await world.chat.post("#alerts", card("mine"), key="k", attempt=2)
    assert world.titles(ALERTS) == ["other", "mine"]


async def test_an_edit_replaces_what_is_said(world: World) -> None:
    posted = await world.chat.post("#alerts", card("old"), key="k")
    await world.chat.update(posted, card("new"))
    assert world.titles(ALERTS) == ["new"]


async def test_an_edit_of_nothing_is_refused_for_good(world: World) -> None:
    with pytest.raises(ChatError) as caught:
        await world.chat.update(Posted(ALERTS, "1000000000.000001"), card("new"))
    assert (caught.value.code, caught.value.retry) == ("message_not_found", False)


async def test_a_whisper_does_not_stand_in_the_channel(world: World) -> None:
    await world.chat.whisper("#alerts", PERSON, card("psst"))
    assert world.titles(ALERTS) == []


async def test_a_direct_channel_can_be_posted_to_and_stays_the_same(world: World) -> None:
    channel = await world.chat.direct(PERSON)
    await world.chat.post(channel, card("page"), key="k")
    assert await world.chat.direct(PERSON) == channel
    assert world.titles(channel) == ["page"]


async def test_a_channel_that_was_opened_already_is_found_again(world: World) -> None:
    first = await world.chat.open_channel("incident-1")
    assert await world.chat.open_channel("incident-1") == first
    assert first[1] == "incident-1"


async def test_a_name_that_is_taken_gets_a_number(world: World) -> None:
    assert (await world.chat.open_channel("general"))[1] == "general-2"


async def test_the_name_of_an_archived_channel_gets_a_number(world: World) -> None:
    channel, _ = await world.chat.open_channel("incident-1")
    await world.chat.archive(channel)
    assert (await world.chat.open_channel("incident-1"))[1] == "incident-1-2"


async def test_a_private_channel_is_found_again_and_no_public_one_takes_its_place(world: World) -> None:
    first = await world.chat.open_channel("incident-1", private=True)
    assert await world.chat.open_channel("incident-1", private=True) == first
    assert (await world.chat.open_channel("incident-1"))[1] == "incident-1-2"


async def test_a_public_channel_is_never_taken_for_a_private_one(world: World) -> None:
    await world.chat.open_channel("incident-1")
    assert (await world.chat.open_channel("incident-1", private=True))[1] == "incident-1-2"


async def test_only_those_who_could_not_be_invited_are_told(world: World) -> None:
    channel, _ = await world.chat.open_channel("incident-1")
    assert await world.chat.invite(channel, [PERSON, "U0NOBODY", COLLEAGUE]) == {"U0NOBODY": "user_not_found"}
    assert await world.chat.invite(channel, [PERSON]) == {}


async def test_what_is_done_already_is_fine(world: World) -> None:
    channel, _ = await world.chat.open_channel("incident-1")
    posted = await world.chat.post(channel, card("summary"), key="k")
    for _ in range(2):
        await world.chat.join(channel)
        await world.chat.topic(channel, "high · checkout")
        await world.chat.pin(posted)
    for _ in range(2):
        await world.chat.archive(channel)


async def test_an_archived_channel_takes_no_more_for_good(world: World) -> None:
    channel, _ = await world.chat.open_channel("incident-1")
    await world.chat.archive(channel)
    with pytest.raises(ChatError, match="archived") as caught:
        await world.chat.post(channel, card("late"), key="k")
    assert (caught.value.code, caught.value.retry) == ("is_archived", False)


async def test_files_have_ids_of_their_own(world: World) -> None:
    ids = [await world.chat.upload("#alerts", name="a.md", title="A", content="text") for _ in range(2)]
    assert all(ids)
    assert len(set(ids)) == 2


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_repeated_attempt_finds_the_file_that_the_first_one_left(world: World, in_thread: bool) -> None:
    above = (await world.chat.post("#alerts", card("above"), key="k")).ts if in_thread else ""

    async def upload(name: str, attempt: int) -> str:
        return await world.chat.upload(
            "#alerts", name=name, title="A", content="text", thread_ts=above, attempt=attempt
        )

    first = await upload("a.md", 1)
    assert await upload("a.md", 2) == first
    assert await upload("b.md", 2) != first


async def test_a_repeated_attempt_uploads_what_the_first_one_did_not(world: World) -> None:
    assert await world.chat.upload("#alerts", name="a.md", title="A", content="text", attempt=2)


async def test_a_message_can_be_read_and_a_missing_one_is_none(world: World) -> None:
    posted = await world.chat.post("#alerts", card("one"), key="k")
    found = await world.chat.message(ALERTS, posted.ts)
    assert found is not None
    assert found["ts"] == posted.ts
    assert "one" in found["text"]
    assert await world.chat.message(ALERTS, "1000000000.000001") is None


async def test_groups_and_members_agree(world: World) -> None:
    assert await world.chat.members_of(GROUP) == (PERSON, COLLEAGUE)
    assert await world.chat.groups_of(PERSON, [GROUP]) == {GROUP}
    assert await world.chat.groups_of("U0YOU", [GROUP]) == frozenset()


async def test_a_link_leads_to_the_message(world: World) -> None:
    posted = await world.chat.post("#alerts", card("one"), key="k")
    assert await world.chat.probe() > 0
    link = world.chat.link(posted)
    assert link.startswith("http")
    assert link.endswith(f"/archives/{ALERTS}/p{posted.ts.replace('.', '')}")


async def test_a_profile_tells_address_time_zone_and_name(world: World) -> None:
    known = await world.chat.profile(PERSON)
    assert known == Profile(user=PERSON, email=ADDRESS, timezone="Etc/UTC", name="On-call engineer")


async def test_the_profile_of_a_program_says_so(world: World) -> None:
    assert (await world.chat.profile(PROGRAM)).bot


async def test_the_profile_of_nobody_is_refused(world: World) -> None:
    with pytest.raises(ChatError) as refused:
        await world.chat.profile("U0NOBODY")
    assert refused.value.code == "user_not_found"


async def test_people_are_found_by_their_address(world: World) -> None:
    assert await world.chat.by_email(ADDRESS) == PERSON


async def test_an_address_of_nobody_finds_nobody(world: World) -> None:
    assert await world.chat.by_email("nobody@sandbox.example") == ""


async def test_a_user_group_has_the_members_that_were_set(world: World) -> None:
    await world.chat.members_of(GROUP)
    await world.chat.set_members(GROUP, [COLLEAGUE])
    assert await world.chat.members_of(GROUP) == (COLLEAGUE,)


async def test_a_user_group_that_is_not_there_cannot_be_set(world: World) -> None:
    with pytest.raises(ChatError) as refused:
        await world.chat.set_members("S0NONE", [PERSON])
    assert refused.value.code == "no_such_subteam"


async def test_an_archived_channel_is_open_again_and_what_is_open_stays_so(world: World) -> None:
    channel, _ = await world.chat.open_channel("incident-1")
    await world.chat.archive(channel)
    for _ in range(2):
        await world.chat.unarchive(channel)
    await world.chat.post(channel, card("again"), key="k")
    assert world.titles(channel) == ["again"]


async def test_a_bookmark_stands_once_however_often_it_is_put(world: World) -> None:
    for _ in range(2):
        await world.chat.bookmark(ALERTS, title="Dashboard", link="https://example.com/d")
    assert world.bookmarks(ALERTS) == {"Dashboard": "https://example.com/d"}


async def test_a_bookmark_of_that_title_gets_the_new_link(world: World) -> None:
    await world.chat.bookmark(ALERTS, title="Dashboard", link="https://example.com/old")
    await world.chat.bookmark(ALERTS, title="Runbook", link="https://example.com/r")
    await world.chat.bookmark(ALERTS, title="Dashboard", link="https://example.com/new")
    assert world.bookmarks(ALERTS) == {"Dashboard": "https://example.com/new", "Runbook": "https://example.com/r"}


async def test_a_reaction_stands_once_and_is_taken_back_once(world: World) -> None:
    posted = await world.chat.post("#alerts", card("one"), key="k")
    for _ in range(2):
        await world.chat.react(posted, "white_check_mark")
    assert world.reactions(posted) == ["white_check_mark"]
    for _ in range(2):
        await world.chat.unreact(posted, "white_check_mark")
    assert world.reactions(posted) == []


async def test_what_people_shared_comes_back_byte_for_byte(world: World) -> None:
    content = bytes(range(256)) * 300
    file = await world.share("graph.png", content)
    assert await world.chat.download(file, most=len(content)) == Download(
        name="graph.png", mime="image/png", content=content
    )


async def test_a_file_beyond_the_bound_is_refused(world: World) -> None:
    file = await world.share("graph.png", b"12345")
    with pytest.raises(ChatError, match=r"graph\.png") as refused:
        await world.chat.download(file, most=4)
    assert refused.value.code == "too_large"


async def test_a_file_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(ChatError) as refused:
        await world.chat.download("F0NONE", most=10)
    assert refused.value.code == "file_not_found"


async def test_bytes_are_uploaded_as_they_are(world: World) -> None:
    assert await world.chat.upload("#alerts", name="a.png", title="A", content=b"\x89PNG")


async def test_a_canvas_is_made_once_and_then_written_anew(world: World) -> None:
    first = await world.chat.canvas(ALERTS, title="Postmortem #1", markdown="# one")
    await world.chat.canvas(ALERTS, title="Postmortem #1", markdown="# two")
    assert first
    assert world.canvas(ALERTS, "Postmortem #1") == "# two"


async def test_a_canvas_of_another_title_is_left_alone(world: World) -> None:
    await world.chat.canvas(ALERTS, title="Postmortem #1", markdown="# one")
    await world.chat.canvas(ALERTS, title="Postmortem #2", markdown="# two")
    assert world.canvas(ALERTS, "Postmortem #1") == "# one"
    assert world.canvas(ALERTS, "Postmortem #2") == "# two"
