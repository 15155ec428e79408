"""Live messages: posted once, edited when they change, posted anew when they are gone."""

import pytest

from bot.cards.card import Card
from bot.engine.retry import Later
from bot.ports import ChatError
from bot.posting import CLOSED, GONE, distrust, find, show
from storage.records.posts import Post
from tests.fakes.chat import FakeChat
from tests.rooms.alerts.world import World, refusal


async def say(world: World, title: str, *, at_once: bool = True, channel: str = "#alerts") -> Post | None:
    return await show(
        world.ports, Card(title=title), key="k", subject="alert:1", kind="card", channel=channel, at_once=at_once
    )


async def test_what_shows_already_is_not_sent_again(world: World) -> None:
    await say(world, "a")
    world.slack.refusals["update"] = [refusal("unreachable")]

    await say(world, "a")

    assert [(m.card.title, m.edits) for m in world.slack.messages] == [("a", 0)]


async def test_a_machines_edit_right_after_another_is_put_off(world: World) -> None:
    await say(world, "a")

    with pytest.raises(Later) as later:
        await say(world, "b", at_once=False)

    assert (later.value.at - world.clock()).total_seconds() == 3


async def test_a_persons_edit_is_not(world: World) -> None:
    await say(world, "a")
    await say(world, "b")

    assert [(m.card.title, m.edits) for m in world.slack.messages] == [("b", 1)]


async def test_without_a_channel_only_what_stands_is_edited(world: World) -> None:
    assert await say(world, "a", channel="") is None
    await say(world, "a")

    assert await say(world, "b", channel="") is not None


@pytest.mark.parametrize("code", sorted(GONE))
async def test_a_message_that_can_be_edited_no_more_is_replaced(world: World, code: str) -> None:
    first = await say(world, "a")
    world.slack.refusals["update"] = [refusal(code)]

    second = await say(world, "b")

    assert first is not None
    assert second is not None
    assert (second.key, second.ts == first.ts) == ("k", False)
    assert [m.key for m in world.slack.messages] == ["k", f"k:after:{first.ts}"]


@pytest.mark.parametrize("code", sorted(CLOSED))
async def test_a_message_in_a_closed_channel_stays_as_it_is(world: World, code: str) -> None:
    await say(world, "a")
    world.slack.refusals["update"] = [refusal(code)]

    assert await say(world, "b") is None
    assert [m.card.title for m in world.slack.messages] == ["a"]


async def test_other_refusals_are_the_callers_to_judge(world: World) -> None:
    await say(world, "a")
    world.slack.refusals["update"] = [refusal("invalid_blocks")]

    with pytest.raises(ChatError, match="invalid_blocks"):
        await say(world, "b")


async def test_a_message_that_is_distrusted_is_asked_for_though_it_should_show_the_same(world: World) -> None:
    await say(world, "a")
    await distrust(world.ports, "k")
    world.slack.messages.clear()

    await say(world, "a")

    assert [m.card.title for m in world.slack.messages] == ["a"]


class TestWithoutSlack:
    @pytest.fixture
    def chat(self) -> FakeChat | None:
        return None

    async def test_nothing_is_shown_and_nothing_kept(self, world: World) -> None:
        assert await say(world, "a") is None
        assert await find(world.ports, "k") is None
