"""What becomes of an alert when Slack refuses, is not there, or when the bot's own work fails."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts import service
from bot.events import AlertOpened, AlertResolved, CheckChanged, EscalationExhausted, JobDied, PageDelivered, PageFailed
from bot.ports import Undeliverable
from storage.records.alerts import AlertState
from storage.tables import instances
from tests.fakes.chat import FakeChat
from tests.fakes.ports import T0
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, World, refusal

CARD = "alert:1:card"


class TestCardThatSomebodyDeleted:
    async def test_is_posted_anew_by_the_next_change_and_edited_from_then_on(self, world: World) -> None:
        await world.check("down")
        deleted = await world.message(CARD)
        world.slack.messages.remove(deleted)

        await world.run("ack", "1")
        await world.run("unack", "1")

        (again,) = [m for m in world.slack.messages if m.channel == "#alerts" and not m.thread_ts]
        assert again == await world.message(CARD)
        assert again.edits == 1
        assert world.died == []

    async def test_gets_its_further_notes_in_the_new_thread(self, world: World) -> None:
        await world.check("down")
        world.slack.messages.remove(await world.message(CARD))

        await world.run("ack", "1")

        assert any("acknowledged this" in note for note in await world.thread(CARD))

    async def test_stands_once_though_the_bot_died_right_after_posting_it(self, world: World) -> None:
        await world.check("down")
        world.slack.messages.remove(await world.message(CARD))
        world.twice = True

        await world.run("ack", "1")

        assert len([m for m in world.slack.messages if m.channel == "#alerts" and not m.thread_ts]) == 1

    async def test_is_noticed_when_only_a_note_in_its_thread_is_due(self, world: World) -> None:
        await world.check("down")
        world.slack.messages.remove(await world.message(CARD))
        world.slack.refusals["post"] = [refusal("cannot_reply_to_message")]

        await world.check("healthy", previous="down")

        assert any("Resolved at" in note for note in await world.thread(CARD))
        assert world.died == []


async def test_an_archived_alert_channel_fails_no_job_and_stops_no_page(world: World) -> None:
    await world.check("down")
    world.slack.archived.append("#alerts")

    await world.forward(minutes=6)

    assert world.died == []
    assert len(await world.facts("alert:1", PageDelivered)) == 2


async def test_an_alert_channel_that_does_not_exist_stops_neither_page_nor_incident(world: World) -> None:
    world.slack.refusals["post"] = [refusal("channel_not_found")]

    await world.check("down")

    assert [dead.split(":")[1] for dead in world.died] == ["alerts.post_card"]
    assert len(await world.facts("alert:1", PageDelivered)) == 1
    assert (await world.incident()).channel


async def test_a_target_that_cannot_be_told_is_said_on_the_card(world: World) -> None:
    world.slack.refusals["direct"] = [refusal("user_not_found")]

    await world.check("down")
    await world.forward(seconds=3)

    assert "user_not_found" in (await world.message(CARD)).text
    assert any("Could not tell" in note for note in await world.thread(CARD))
    assert len(await world.facts("alert:1", PageFailed)) == 1


async def test_a_page_is_tried_again_while_slack_does_not_answer(world: World) -> None:
    world.slack.refusals["direct"] = [refusal("unreachable", retry=True) for _ in range(3)]

    await world.check("down")
    await world.forward(minutes=1)

    assert len(await world.facts("alert:1", PageDelivered)) == 1
    assert await world.facts("alert:1", PageFailed) == []


async def test_a_page_that_never_gets_through_is_given_up_and_said_once(world: World) -> None:
    async def never(*_args: Any, **_words: Any) -> Any:
        raise Undeliverable("no answer", retry=True)

    world.ports = replace(world.ports, channels={"slack": never})
    await world.check("down")
    await world.forward(minutes=120)

    failed = await world.facts("alert:1", PageFailed)
    assert {page.error for page in failed} == {"no answer"}
    assert [(page.step, page.target) for page in failed if page.next_target] == [
        (0, f"@{ONCALL}"),
        (1, f"@{ONCALL}"),
        (2, "#incidents"),
    ]
    assert [(p.step, p.target) for p in failed if not p.next_target] == [(n, "#alerts") for n in range(3)]
    assert world.died == []


class TestWithoutSlack:
    @pytest.fixture
    def chat(self) -> FakeChat | None:
        return None

    async def test_everything_is_still_decided_and_journaled(self, world: World) -> None:
        await world.check("down")
        await world.run("ack", "1", by="shell:root", via="shell")
        await world.run("unack", "1", by="shell:root", via="shell")
        await world.forward(minutes=16)
        await world.check("healthy", previous="down")

        kinds = [type(fact).__name__ for fact in await world.facts("alert:1")]
        for kind in ("AlertOpened", "AlertLinked", "AlertAcknowledged", "EscalationExhausted", "AlertResolved"):
            assert kind in kinds
        assert world.died == []

    async def test_a_page_says_that_slack_is_not_connected(self, world: World) -> None:
        await world.check("down")

        (failed,) = await world.facts("alert:1", PageFailed)
        assert failed.error == "Slack is not connected to this bot"


class TestNobodyOnCall:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        return {}

    async def test_pages_go_to_the_alert_channel(self, world: World) -> None:
        await world.check("down")

        assert [page.target for page in await world.facts("alert:1", PageDelivered)] == ["#alerts"]
        assert len(world.told("#alerts")) == 2


class TestPolicyWithOneStep:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        return MANAGE | {"escalation": {"default": [{"after": "0s", "notify": ["oncall"]}]}}

    async def test_is_exhausted_without_a_word_beside_what_the_card_says(self, world: World) -> None:
        await world.check("down")
        await world.forward(seconds=3)

        assert len(await world.facts("alert:1", EscalationExhausted)) == 1
        assert "Next: nobody: its only step was taken" in (await world.message(CARD)).text
        assert not any("last of" in note for note in await world.thread(CARD))


class TestRuleSwitchedOff:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        rules = {"health-check-failed": {"enabled": False}, "job-dead": {"enabled": False}}
        return MANAGE | {"alerts": {"rules": rules}}

    async def test_raises_nothing(self, world: World) -> None:
        await world.check("down")
        await die(world, "reaction:incidents.close")

        assert await world.facts("alert:1") == []

    async def test_ends_what_it_had_raised_and_says_why(self, world: World) -> None:
        off, on = world.ports, MANAGE
        world.ports = replace(off, manage=off.manage.model_validate(on))
        await world.check("down")
        world.ports = off

        await world.check("down", previous="unknown")

        (over,) = await world.facts("alert:1", AlertResolved)
        assert over.reading == "the rule health-check-failed is switched off"


class TestDeadJob:
    async def test_raises_an_alert_that_names_the_work_and_what_went_wrong(self, world: World) -> None:
        await die(world, "reaction:incidents.close", error="KeyError: 'x'", attempts=20)

        alert = await world.alert()
        assert (alert.rule, alert.severity.value) == ("job-dead", "medium")
        assert alert.summary == "work of kind reaction:incidents.close was given up"
        assert alert.reading == "job 9 was tried 20 times: KeyError: 'x'"

    async def test_that_dies_again_is_shown_on_the_same_card(self, world: World) -> None:
        await die(world, "reaction:incidents.close", error="KeyError: 'x'")
        await world.forward(minutes=1)
        await die(world, "reaction:incidents.close", error="ValueError: y")
        await world.forward(seconds=3)

        assert "ValueError: y" in (await world.message(CARD)).text
        assert len(await world.facts("alert:1", AlertOpened)) == 1

    async def test_that_tells_of_alerts_is_an_alert_too_for_whoever_is_paged_otherwise(self, world: World) -> None:
        await die(world, "reaction:alerts.post_card")

        async with world.store.read() as conn:
            (died,) = await instances.open_instances(conn, alert_id=1)
        assert died.labels == {"kind": "reaction:alerts.post_card"}


async def test_a_clock_that_was_set_back_holds_no_card_up(world: World) -> None:
    await world.check("down")
    await world.forward(minutes=1)
    await world.run("ack", "1")
    world.clock.time = T0 - timedelta(days=1)

    await world.check("healthy", previous="down")

    assert (await world.alert()).state is AlertState.RESOLVED
    assert (await world.message(CARD)).text.startswith("✅")


class TestListing:
    async def test_says_so_when_there_is_nothing(self, world: World) -> None:
        assert (await world.run("alerts")).title == "No open alerts"

    async def test_goes_on_from_page_to_page(self, world: World) -> None:
        for number in range(16):
            slow = CheckChanged(check=f"shop-{number}", status="degraded", previous="healthy", since=T0)
            await service.check_changed(world.ports, slow)

        first = await world.run("alerts")
        assert first.title == "16 open alerts"
        assert first.table is not None
        assert len(first.table.rows) == 15
        (more,) = first.buttons
        second = await world.run(*more.argv)
        assert second.table is not None
        assert [row[0] for row in second.table.rows] == ["#1"]

    async def test_names_the_last_page_when_asked_for_one_behind_it(self, world: World) -> None:
        await world.check("down")

        card = await world.run("alerts", "--page", "3")

        assert (card.body, card.hint) == (("there is no page 3",), "The last one is 1.")

    async def test_shows_who_has_an_alert_by_its_state(self, world: World) -> None:
        await world.check("down")
        await world.run("ack", "1", by=ONCALL)
        await world.run("resolve", "1", by=LEAD)

        assert (await world.run("alerts", "--state", "resolved")).title == "1 alert"
        assert (await world.run("alerts", "--state", "acknowledged")).title == "No alerts"


async def die(world: World, kind: str, *, error: str = "KeyError: 'x'", attempts: int = 20) -> None:
    """A job of that kind was given up, as the worker writes it down."""
    await world.happen(JobDied(job=9, kind=kind, error=error, attempts=attempts))
