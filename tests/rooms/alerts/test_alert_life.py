"""An alert's life as people see it: its card, its thread, who is told and when, who has it, and its end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts import service
from bot.events import (
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertOpened,
    AlertResolved,
    EscalationExhausted,
    EscalationStepFired,
    InstancesOpened,
    PageDelivered,
    payload_of,
)
from storage.records.alerts import AlertState
from storage.records.journal import Entry
from storage.tables import journal
from tests.fakes.ports import T0
from tests.rooms.alerts.world import LEAD, ONCALL, World, refusal

CARD = "alert:1:card"
DM = f"D{ONCALL[1:]}"


@pytest.fixture
def database_url(either_url: str) -> str:
    return either_url


async def test_a_check_that_is_down_is_told_on_a_card_with_all_that_is_needed_to_act(world: World) -> None:
    await world.check("down", detail="connection refused", value=840, threshold=500, unit="ms")

    card = await world.message(CARD)
    assert card.channel == "#alerts"
    for said in ("#1 shop is down", "Severity: high", "connection refused: 840 ms (threshold 500 ms)"):
        assert said in card.text
    assert [b.label for b in card.card.buttons] == ["Acknowledge", "Silence", "Resolve", "Declare incident"]


async def test_an_alert_that_opened_an_incident_leads_to_it_and_offers_no_second_one(world: World) -> None:
    await world.check("down")
    await world.forward(seconds=3)

    card = await world.message(CARD)
    assert "Incident: #1 #incident-1" in card.text
    assert [b.label for b in card.card.buttons] == ["Acknowledge", "Silence", "Resolve"]


async def test_who_is_on_call_gets_a_direct_message_with_a_way_to_the_card(world: World) -> None:
    await world.check("down")

    (page,) = world.told(DM)
    assert "shop is down" in page
    assert "escalation step 1 of 3" in page
    assert "Card: open in Slack" in page


async def test_the_card_says_who_was_told_and_who_is_next_and_when(world: World) -> None:
    await world.check("down")
    await world.forward(seconds=3)

    card = await world.message(CARD)
    assert f"Told: {ONCALL} (slack)" in card.text
    assert f"Next: {ONCALL} through slack at" in card.text
    assert (await world.alert()).next_step_at == T0 + timedelta(minutes=5)


async def test_an_unacknowledged_alert_goes_on_to_the_next_step_at_its_time(world: World) -> None:
    await world.check("down")
    await world.forward(minutes=4, seconds=59)
    assert len(world.told(DM)) == 1

    await world.forward(seconds=1)

    assert len(world.told(DM)) == 2


async def test_after_the_last_step_it_is_said_that_nobody_else_will_be_told(world: World) -> None:
    await world.check("down")
    await world.forward(minutes=16)

    assert [f.step for f in await world.facts("alert:1", EscalationStepFired)] == [0, 1, 2]
    assert "That was the last of 3 escalation steps: nobody else will be told by itself." in "".join(
        await world.thread(CARD)
    )
    assert "Next: nobody: all 3 steps were taken" in (await world.message(CARD)).text


async def test_an_acknowledgement_cancels_the_next_step_and_undelivered_pages_in_its_own_transaction(
    world: World,
) -> None:
    world.slack.refusals["direct"] = [refusal("unreachable", retry=True)]
    await world.check("down")
    assert len(await world.waiting("alerts.page")) == 1
    assert len(await world.waiting("alerts.step")) == 1

    await world.ask("ack", "1")

    assert await world.waiting("alerts.step") == []
    assert await world.waiting("alerts.page") == []


async def test_an_acknowledged_alert_is_never_escalated(world: World) -> None:
    await world.check("down")
    await world.run("ack", "1")
    await world.forward(minutes=60)

    assert [f.step for f in await world.facts("alert:1", EscalationStepFired)] == [0]


async def test_an_acknowledgement_is_shown_on_the_same_card_and_said_in_its_thread(world: World) -> None:
    await world.check("down")
    before = await world.message(CARD)

    await world.run("ack", "1", "--comment", "on it")

    after = await world.message(CARD)
    assert (after.channel, after.ts) == (before.channel, before.ts)
    assert f"Status: acknowledged by {LEAD} at" in after.text
    assert [b.label for b in after.card.buttons] == ["Give back", "Resolve"]
    (said,) = [note for note in await world.thread(CARD) if "acknowledged this" in note]
    assert said.startswith(f"\n👀 {LEAD} acknowledged this at")
    assert "on it" in said


async def test_an_acknowledgement_shows_at_once_though_the_card_was_just_edited(world: World) -> None:
    await world.check("down")
    waiting = await world.waiting("alerts.refresh")
    assert waiting, "the pages' edits of the card are merged and wait"

    await world.run("ack", "1")

    assert "acknowledged by" in (await world.message(CARD)).text


async def test_many_changes_in_a_moment_are_one_edit(world: World) -> None:
    await world.check("down")
    await world.forward(seconds=10)

    assert (await world.message(CARD)).edits == 1


async def test_a_second_acknowledgement_says_who_was_first_and_changes_nothing(world: World) -> None:
    await world.check("down")
    await world.run("ack", "1", by=ONCALL)
    world.clock.forward(120)

    card = await world.run("ack", "1")

    assert card.title == "Alert #1 stays as it is"
    assert "2 min ago" in str(card.body)
    assert len(await world.facts("alert:1", AlertAcknowledged)) == 1


async def test_giving_back_brings_the_next_step_back_at_its_time(world: World) -> None:
    await world.check("down")
    await world.run("ack", "1")
    await world.forward(minutes=2)

    await world.run("unack", "1")

    (step,) = await world.waiting("alerts.step")
    assert step.due_at == T0 + timedelta(minutes=5)
    assert len(await world.facts("alert:1", AcknowledgementWithdrawn)) == 1
    await world.forward(minutes=3)
    assert len(world.told(DM)) == 2


async def test_giving_back_late_takes_the_steps_that_are_overdue_in_order_each_once(world: World) -> None:
    await world.check("down")
    await world.run("ack", "1")
    await world.forward(minutes=60)

    await world.run("unack", "1")

    assert [f.step for f in await world.facts("alert:1", EscalationStepFired)] == [0, 1, 2]


async def test_a_page_that_an_acknowledgement_stopped_goes_out_once_it_is_given_back(world: World) -> None:
    world.slack.refusals["direct"] = [refusal("unreachable", retry=True)]
    await world.check("down")
    await world.run("ack", "1")
    await world.forward(minutes=2)
    assert world.told(DM) == []

    await world.run("unack", "1")

    assert [page.step for page in await world.facts("alert:1", PageDelivered)] == [0]
    assert len(world.told(DM)) == 1


async def test_recovery_resolves_the_alert_in_the_same_thread(world: World) -> None:
    await world.check("down", detail="connection refused")
    await world.forward(minutes=1)

    await world.check("healthy", previous="down", detail="HTTP 200")
    await world.forward(seconds=3)

    assert (await world.alert()).state is AlertState.RESOLVED
    assert await world.waiting("alerts.step") == []
    assert any("✅ Resolved at" in note and "shop is healthy: HTTP 200" in note for note in await world.thread(CARD))
    card = await world.message(CARD)
    assert card.text.startswith("✅ #1 shop is down")
    assert card.card.buttons == ()


async def test_a_check_that_goes_from_slow_to_down_ends_one_alert_and_opens_the_other(world: World) -> None:
    await world.check("degraded", detail="took 900 ms")
    await world.check("down", previous="degraded", detail="connection refused")

    first, second = await world.alert(1), await world.alert(2)
    assert (first.rule, first.state) == ("health-check-degraded", AlertState.RESOLVED)
    assert (second.rule, second.state) == ("health-check-failed", AlertState.FIRING)
    (over,) = await world.facts("alert:1", AlertResolved)
    assert over.reading == "shop is down: connection refused"


async def test_an_alert_resolved_by_hand_opens_again_as_another_one_when_the_check_fails_again(world: World) -> None:
    await world.check("down")
    await world.run("resolve", "1", "--comment", "known trouble")
    await world.check("healthy", previous="down")
    await world.check("down")

    assert (await world.alert(1)).resolved_by == LEAD
    assert (await world.alert(2)).open


async def test_an_alert_that_is_over_cannot_be_acknowledged(world: World) -> None:
    await world.check("down")
    await world.run("resolve", "1")

    card = await world.run("ack", "1")

    assert "Resolved already by" in str(card.body)
    assert await world.facts("alert:1", AlertAcknowledged) == []


@pytest.mark.parametrize("command", ["ack", "unack", "resolve", "alert show"])
async def test_a_number_that_no_alert_has_is_named(world: World, command: str) -> None:
    card = await world.run(*command.split(), "7")

    assert (card.level.value, card.body) == ("usage", ("there is no alert #7",))


async def test_alert_show_is_the_card_as_it_stands(world: World) -> None:
    await world.check("down")
    await world.run("ack", "1")

    card = await world.run("alert", "show", "1")

    assert card == (await world.message(CARD)).card


async def test_every_job_run_twice_leaves_one_message_one_fact_and_one_page(world: World) -> None:
    world.twice = True
    await world.check("down")
    await world.run("ack", "1")
    await world.run("unack", "1")
    await world.forward(minutes=20)
    await world.check("healthy", previous="down")
    await world.forward(seconds=5)

    keys = [m.key for m in world.slack.messages]
    assert len(keys) == len(set(keys))
    assert len(await world.facts("alert:1", AlertOpened)) == 1
    assert [f.step for f in await world.facts("alert:1", EscalationStepFired)] == [0, 1, 2]
    assert len(await world.facts("alert:1", PageDelivered)) == 3
    assert len(await world.facts("alert:1", EscalationExhausted)) == 1
    assert len(world.told(DM)) == 2
    assert world.died == []


async def test_several_alerts_are_acknowledged_at_once(world: World) -> None:
    for name in ("shop", "cart", "mail"):
        await world.check("down", name=name)
    await world.run("ack", "2")

    card = await world.run("ack", "1", "2", "--comment", "on it")

    assert card.title == "1 alert acknowledged"
    assert [(await world.alert(n)).state.value for n in (1, 2, 3)] == ["acknowledged", "acknowledged", "firing"]
    assert "stays as it is" in str(card.steps)


async def test_all_that_fires_is_acknowledged_at_once(world: World) -> None:
    for name in ("shop", "cart"):
        await world.check("down", name=name)

    assert (await world.run("ack", "all")).title == "2 alerts acknowledged"
    assert (await world.run("ack", "all")).title == "No alert fires"


async def test_a_number_that_is_unknown_leaves_all_as_they_are(world: World) -> None:
    await world.check("down")

    card = await world.run("ack", "1", "99")

    assert card.body == ("there is no alert #99",)
    assert (await world.alert()).state.value == "firing"


async def test_an_alert_with_a_long_journal_is_shown_from_a_few_entries_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.check("down")
    came = InstancesOpened(alert=1, fingerprints=("f",))
    told = [PageDelivered(alert=1, target=f"@{n}", via="sms", step=0) for n in range(500)]
    facts = [
        {"at": world.clock(), "kind": type(e).__name__, "subject": e.subject, "actor": "bot", "payload": payload_of(e)}
        for e in (*[came] * 3000, *told, *[came] * 1000)
    ]
    await world.store.transact(lambda unit: unit.append_all(facts))
    read: list[str] = []

    def counted(row: Mapping[str, Any]) -> Entry:
        read.append(row["kind"])
        return Entry(**row)

    monkeypatch.setattr(journal, "from_row", counted)
    view = await service.view(world.ports, 1)
    assert view.told == tuple(told[-service.MOST_TOLD :])
    assert read == ["PageDelivered"] * service.MOST_TOLD
    assert (await world.run("alert", "show", "1")).data["number"] == 1
    read.clear()
    assert (await world.run("unack", "1")).data["changed"] is False
    assert "InstancesOpened" not in read
