"""What is put into an incident's channel, for whom, and what becomes of it later."""

from dataclasses import replace
from typing import Any

import pytest

from bot.config.settings import Settings
from bot.events import ChannelReopened, ChannelTroubled, RespondersInvited
from bot.incidents import newcomers
from bot.ports import Profile
from bot.report import Report
from storage.records.alerts import Severity
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, SECOND, World, refusal

CARD, DIGEST, CHANNEL = "incident:1:card", "incident:1:digest", "C0000001"
OWNER, GROUP, MEMBER = "U0000OWN", "S000TEAM", "U00MEMBR"
SHOP = {
    "owners": [OWNER, GROUP],
    "dashboard": "https://graphs.example/d/shop",
    "runbook": "https://wiki.example/r/shop",
}


@pytest.fixture
def config() -> dict[str, Any]:
    return MANAGE | {"services": {"shop": SHOP}}


async def alerted(world: World, service: str = "shop", name: str = "shop-latency") -> None:
    """A grave alert of a service."""
    report = Report(
        name=name, labels={"service": service}, severity=Severity.HIGH, source="test", summary=f"{service} is slow"
    )
    await world.ports.report([report])
    await world.settle()


class TestFurniture:
    async def test_status_page_dashboard_and_runbook_stand_on_top(self, world: World) -> None:
        world.ports = replace(world.ports, settings=Settings(public_url="https://bot.example"))
        await alerted(world)

        assert world.slack.bookmarks == {
            CHANNEL: {
                "Status page": "https://bot.example/status",
                "Dashboard": "https://graphs.example/d/shop",
                "Runbook": "https://wiki.example/r/shop",
            }
        }

    async def test_the_owners_of_the_service_are_invited_besides_who_is_on_call(self, world: World) -> None:
        world.slack.groups[GROUP] = (MEMBER, ONCALL)
        await alerted(world)

        assert world.slack.invited == {CHANNEL: [ONCALL, OWNER, MEMBER]}
        (fact,) = await world.facts("incident:1", RespondersInvited)
        assert fact.users == (ONCALL, OWNER, MEMBER)

    async def test_an_owner_that_is_no_schedule_is_named_with_the_mend(self, world: World) -> None:
        services = MANAGE | {"services": {"shop": {"owners": ["nosuch", OWNER]}}}
        world.ports = replace(world.ports, manage=type(world.ports.manage).model_validate(services))
        await alerted(world)

        assert "The owner nosuch could not be invited" in (await world.message(CARD)).text
        assert world.slack.invited == {CHANNEL: [ONCALL, OWNER]}
        assert world.died == []

    async def test_the_topic_follows_severity_status_and_lead(self, world: World) -> None:
        world.slack.profiles[LEAD] = Profile(user=LEAD, name="Engineering lead")
        await world.run("incident", "declare", "Checkout")
        assert world.slack.topics[CHANNEL] == "high | investigating | no lead yet"

        await world.run("incident", "role", "1")
        await world.run("incident", "update", "1", "--status=identified", "--severity=critical")
        assert world.slack.topics[CHANNEL] == "critical | identified | lead Engineering lead"

        await world.run("incident", "resolve", "1")
        assert world.slack.topics[CHANNEL] == "critical | resolved | lead Engineering lead"

    async def test_updates_are_told_in_the_thread_of_the_announcement_too(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "update", "1", "--text=a fix is on its way", "--status=monitoring")
        await world.run("incident", "role", "1")
        await world.run("incident", "resolve", "1")

        below = "\n".join(await world.thread(DIGEST))
        for said in ("a fix is on its way", "from investigating to monitoring", "Time to resolve"):
            assert said in below
        assert "is commander" not in below


class TestWhatCouldNotBeDone:
    async def test_is_done_on_request_once_it_can_be_and_then_said_no_longer(self, world: World) -> None:
        world.slack.refusals["open_channel"] = [refusal("missing_scope")]
        await world.run("incident", "declare", "Checkout")
        assert "No channel could be opened" in (await world.message(DIGEST)).text

        await world.run("incident", "furnish", "1")

        assert "⚠️" not in (await world.message(CARD)).text
        assert "⚠️" not in (await world.message(DIGEST)).text
        assert len(world.slack.pins) == 1

    async def test_leaves_other_troubles_on_the_card(self, world: World) -> None:
        world.slack.refusals["pin"] = [refusal("missing_scope")]
        world.slack.refusals["bookmark"] = [refusal("missing_scope") for _ in range(9)]
        await alerted(world)

        await world.run("incident", "furnish", "1")

        text = (await world.message(CARD)).text
        assert "could not be pinned" not in text
        assert "The bookmark Dashboard could not be set" in text

    async def test_is_written_down_once_however_often_it_is_tried(self, world: World) -> None:
        world.slack.refusals["topic"] = [refusal("missing_scope") for _ in range(30)]
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "update", "1", "--status=identified")

        assert len(await world.facts("incident:1", ChannelTroubled)) == 1


class TestNamed:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        return MANAGE | {"incidents": {"channel_slug": True}}

    async def test_by_number_and_words_of_the_title(self, world: World) -> None:
        await world.run("incident", "declare", "Käse & Checkout: 50% errors!")

        assert list(world.slack.channels) == ["incident-1-kase-checkout-50-errors"]

    async def test_by_no_words_when_private(self, world: World) -> None:
        await world.run("incident", "declare", "Breach", "--private")

        assert list(world.slack.channels) == ["incident-1"]

    async def test_within_slacks_limit(self, world: World) -> None:
        await world.run("incident", "declare", "word " * 40)

        (name,) = world.slack.channels
        assert len(name) <= 77

    async def test_by_the_number_alone_when_the_title_has_no_letters(self, world: World) -> None:
        await world.run("incident", "declare", "🔥🔥")

        assert list(world.slack.channels) == ["incident-1"]


class TestPrivate:
    async def test_has_a_private_channel_and_is_announced_nowhere(self, world: World) -> None:
        await world.run("incident", "declare", "Breach", "--private")
        await world.run("incident", "update", "1", "--text=the key is revoked", "--status=identified")
        await world.run("incident", "resolve", "1")

        assert world.slack.private == {CHANNEL}
        assert [m for m in world.slack.messages if m.channel not in {CHANNEL, f"D{LEAD[1:]}"}] == []
        assert any("the key is revoked" in said for said in world.told(CHANNEL))

    async def test_only_who_belongs_to_it_is_invited(self, world: World) -> None:
        await world.run("incident", "declare", "Breach", "--private")
        await world.run("incident", "role", "1", "--role=scribe", f"--user={SECOND}")

        assert world.slack.invited == {CHANNEL: [LEAD, SECOND]}

    async def test_tells_who_declared_it_directly_while_there_is_no_channel(self, world: World) -> None:
        world.slack.refusals["open_channel"] = [refusal("missing_scope")]
        await world.run("incident", "declare", "Breach", "--private")
        await world.run("incident", "update", "1", "--text=the key is revoked")

        assert {m.channel for m in world.slack.messages} == {f"D{LEAD[1:]}"}
        assert any("No channel could be opened" in said for said in world.told(f"D{LEAD[1:]}"))
        assert any("the key is revoked" in said for said in world.told(f"D{LEAD[1:]}"))


async def test_nobody_on_call_is_invited_to_a_test(world: World) -> None:
    await world.run("incident", "declare", "Drill", "--test")

    assert world.slack.invited == {CHANNEL: [LEAD]}
    assert world.slack.topics[CHANNEL].startswith("TEST | ")


class TestRoles:
    async def test_stand_in_one_message_with_buttons_to_take_them(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")

        panel = await world.message("incident:1:roles")
        assert panel.channel == CHANNEL
        assert {"Commander: open", "Communications: open", "Scribe: open"} <= set(panel.text.splitlines())
        assert [b.argv for b in panel.card.buttons][:1] == [("incident", "role", "1", "--role=commander")]

    async def test_taken_and_custom_ones_show_in_the_same_message(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "role", "1", "--role=customer care")

        panel = await world.message("incident:1:roles")
        assert f"Customer care: {LEAD}" in panel.text
        assert len([m for m in world.slack.messages if m.key == "incident:1:roles"]) == 1
        release = ("incident", "role", "1", "--role=customer care", "--release")
        assert release in [b.argv for b in panel.card.buttons]

    async def test_come_with_their_duties_told_privately(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "role", "1", f"--user={SECOND}")

        (told,) = world.told(f"D{SECOND[1:]}")
        assert "You are commander of incident #1" in told
        assert "You lead" in told
        assert world.told(f"D{LEAD[1:]}") == []

    async def test_bring_whoever_has_one_into_the_channel(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "role", "1", f"--user={SECOND}")

        assert SECOND in world.slack.invited[CHANNEL]


class TestNewcomer:
    async def join(self, world: World, user: str, *, after: float = 120) -> None:
        world.clock.forward(after)
        at = world.clock()
        await newcomers.welcome(world.ports, channel=CHANNEL, user=user, joined_at=at, attempt=1)

    async def test_is_told_privately_who_leads_what_is_known_and_what_was_tried(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout", "--description=Cards are declined")
        await world.run("incident", "role", "1")
        await world.run("incident", "note", "1", "--text=failed over to the replica")
        await self.join(world, SECOND)

        (told,) = world.told(f"D{SECOND[1:]}")
        for said in ("Incident #1 so far: Checkout", "Cards are declined", f"Lead: {LEAD}", "failed over"):
            assert said in told
        assert "Invited" not in told

    async def test_is_told_once_for_each_incident(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await self.join(world, SECOND)
        await world.run("incident", "update", "1", "--text=better now")
        await self.join(world, SECOND)

        assert len(world.told(f"D{SECOND[1:]}")) == 1

    async def test_is_not_told_when_invited_at_the_start(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await self.join(world, ONCALL, after=5)

        assert world.told(f"D{ONCALL[1:]}") == []

    async def test_is_told_when_coming_soon_but_uninvited(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await self.join(world, SECOND, after=5)

        assert len(world.told(f"D{SECOND[1:]}")) == 1

    async def test_of_another_channel_is_told_nothing(self, world: World) -> None:
        await newcomers.welcome(world.ports, channel="C0OTHER", user=SECOND, joined_at=world.clock(), attempt=1)

        assert world.slack.messages == []

    async def test_can_ask_for_the_same_at_any_time(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")

        card = await world.run("incident", "catchup", channel=CHANNEL)

        assert card.title == "Incident #1 so far: Checkout"


class TestReopened:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        return MANAGE | {"incidents": {"archive": "at_once"}}

    async def test_opens_the_same_channel_again(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "resolve", "1")
        assert world.slack.archived == [CHANNEL]

        await world.run("incident", "reopen", "1", "--reason=it is back")

        assert (world.slack.archived, world.slack.channels) == ([], {"incident-1": CHANNEL})
        assert (await world.incident()).archived_at is None
        assert len(await world.facts("incident:1", ChannelReopened)) == 1
        assert any("it is back" in said for said in world.told(CHANNEL))
        assert "(archived)" not in (await world.message(DIGEST)).text
        assert world.slack.topics[CHANNEL] == "high | investigating | no lead yet"

    async def test_says_below_the_announcement_what_to_do_when_slack_lets_it_not(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "resolve", "1")
        world.slack.refusals["unarchive"] = [refusal("not_in_channel")]

        await world.run("incident", "reopen", "1")

        assert "The channel could not be opened again" in (await world.message(DIGEST)).text
        assert any("opened this again" in said for said in await world.thread(DIGEST))
        assert world.died == []

    async def test_goes_on_in_the_channel_once_somebody_opened_it_by_hand(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "resolve", "1")
        world.slack.refusals["unarchive"] = [refusal("not_in_channel")]
        await world.run("incident", "reopen", "1")
        world.slack.archived.clear()

        await world.run("incident", "furnish", "1")

        assert (await world.incident()).archived_at is None
        assert "could not be opened again" not in (await world.message(CARD)).text
        assert "could not be opened again" not in (await world.message(DIGEST)).text

    async def test_is_not_furnished_while_the_incident_is_over(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "resolve", "1")

        card = await world.run("incident", "furnish", "1")

        assert card.level.value == "usage"
        assert world.slack.archived == [CHANNEL]


class TestMerged:
    async def merged(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "declare", "Payments")
        await world.run("incident", "merge", "2", "--into=1")

    async def test_leads_from_the_duplicates_channel_to_the_one_that_goes_on_and_closes_it(self, world: World) -> None:
        await self.merged(world)

        assert any("Go on in #incident-1" in said for said in world.told("C0000002"))
        assert world.slack.archived == ["C0000002"]
        assert any("merged incident #2 into this one" in said for said in world.told(CHANNEL))

    async def test_leaves_the_channel_open_where_none_is_closed(self, world: World) -> None:
        settings = MANAGE | {"incidents": {"archive": "never"}}
        world.ports = replace(world.ports, manage=type(world.ports.manage).model_validate(settings))
        await self.merged(world)

        assert world.slack.archived == []
