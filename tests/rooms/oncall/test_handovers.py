"""Handovers by themselves: the user group, the word before a shift, the notice, the look ahead."""

from datetime import timedelta

from bot.cards.marks import plain
from bot.oncall import reactions
from bot.ports import ChatError, Profile
from tests.rooms.oncall.conftest import ALERTS, DAILY, MONDAY, ONE, SIX, TWO, Opened

GROUP = "S0ONCALL"


async def test_the_user_group_is_whoever_is_on_call_through_handovers(opened: Opened) -> None:
    world = await opened({**DAILY, "usergroup": GROUP})
    world.chat.groups = {GROUP: (SIX,)}
    await world.fire(reactions.keep_in_step)
    assert world.chat.groups[GROUP] == (ONE,)

    await world.forward(hours=22)
    assert world.chat.groups[GROUP] == (TWO,)
    await world.forward(hours=24)
    assert world.chat.groups[GROUP] == (ONE,)


async def test_an_override_changes_the_user_group_when_it_begins_and_when_it_ends(opened: Opened) -> None:
    world = await opened({**DAILY, "usergroup": GROUP})
    world.chat.groups = {GROUP: (ONE,)}
    await world.run("oncall", "override", SIX, "--from", "+1h", "--to", "+2h")
    await world.forward(minutes=61)
    assert world.chat.groups[GROUP] == (SIX,)

    await world.forward(hours=2)
    assert world.chat.groups[GROUP] == (ONE,)


async def test_a_user_group_is_never_emptied(opened: Opened) -> None:
    world = await opened(
        {"schedules": {"days": {"people": [ONE], "during": {"days": "mon-fri", "to": "18:00"}, "usergroup": GROUP}}}
    )
    world.chat.groups = {GROUP: (ONE,)}
    await world.fire(reactions.keep_in_step)
    await world.forward(hours=7)

    assert world.chat.groups[GROUP] == (ONE,)


async def test_two_schedules_may_share_a_user_group(opened: Opened) -> None:
    both = {"a": {"people": [ONE], "usergroup": GROUP}, "b": {"turns": [[TWO, SIX]], "usergroup": GROUP}}
    world = await opened({"schedules": both})
    world.chat.groups = {GROUP: (ONE,)}
    await world.fire(reactions.keep_in_step)

    assert world.chat.groups[GROUP] == (ONE, TWO, SIX)


async def test_a_user_group_that_slack_refuses_holds_up_no_handover(opened: Opened) -> None:
    world = await opened({**DAILY, "usergroup": "nowhere", "announce": True})
    await world.fire(reactions.keep_in_step)
    await world.forward(hours=22)

    assert world.died == []
    assert world.told(ALERTS) == ["Handover in default"]


async def test_a_handover_is_written_down_once(opened: Opened) -> None:
    world = await opened(DAILY)
    world.twice = True
    await world.fire(reactions.keep_in_step)
    await world.forward(hours=22)

    [fact] = await world.facts("HandedOver")
    assert (fact.previous, fact.people, fact.at) == ((ONE,), (TWO,), MONDAY + timedelta(hours=21))


async def test_handovers_go_on_by_themselves(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.fire(reactions.keep_in_step)
    await world.forward(days=4)

    assert [fact.people for fact in await world.facts("HandedOver")] == [(TWO,), (ONE,), (TWO,), (ONE,)]


async def test_a_handover_is_told_in_no_channel_unless_asked_for(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.fire(reactions.keep_in_step)
    await world.forward(hours=22)

    assert world.told(ALERTS) == []


async def test_an_hour_before_a_shift_its_person_is_told_once(opened: Opened) -> None:
    world = await opened(DAILY)
    world.twice = True
    await world.fire(reactions.keep_in_step)
    await world.forward(hours=20, minutes=1)
    await world.fire(reactions.keep_in_step)

    assert world.told(f"D{TWO[1:]}") == ["You are on call in 1 h"]


async def test_whoever_gave_the_shift_away_is_not_told_of_it(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.fire(reactions.keep_in_step)
    await world.run("oncall", "override", SIX, "--from", "tomorrow 08:30", "--to", "+2h")
    await world.forward(hours=21, minutes=5)

    assert world.told(f"D{TWO[1:]}") == []
    assert world.told(f"D{SIX[1:]}") == ["Override added", "You are on call in 1 h"]


async def test_a_gap_is_told_ahead_and_again_after_a_week(opened: Opened) -> None:
    world = await opened({"schedules": {"days": {"people": [ONE], "during": {"days": "mon-fri"}}}})
    await world.fire(reactions.look_ahead)
    await world.forward(days=1)
    await world.fire(reactions.look_ahead)
    assert world.told(ALERTS) == ["Schedule days: 2 things to mend"]

    await world.forward(days=6)
    await world.fire(reactions.look_ahead)
    assert len(world.told(ALERTS)) == 2


async def test_a_new_gap_that_is_near_is_told_at_once_beside_others(opened: Opened) -> None:
    world = await opened({"schedules": {"days": {"people": [ONE], "during": {"days": "mon-fri"}}}})
    await world.run("oncall", "override", SIX, "--from", "sat 00:00", "--to", "mon 00:00")
    await world.fire(reactions.look_ahead)
    await world.run("oncall", "override", "remove", "1")
    await world.forward(days=1)
    await world.fire(reactions.look_ahead)

    assert world.told(ALERTS) == ["Schedule days: 1 thing to mend", "Schedule days: 2 things to mend"]


async def test_an_end_of_a_schedule_is_told_once_a_week_though_its_gap_grows(opened: Opened) -> None:
    world = await opened({"schedules": {"s": {"people": [ONE], "until": "2026-11-25"}}})
    for _ in range(6):
        await world.fire(reactions.look_ahead)
        await world.forward(days=1)

    assert [m.card.steps for m in world.chat.messages] == [
        ("nobody is on call from Wed 2026-11-25 00:00 on (UTC)",),
        ("nobody is on call in the next 14 days",),
    ]


async def test_a_schedule_without_gaps_is_not_spoken_of(opened: Opened) -> None:
    world = await opened(DAILY)
    await world.fire(reactions.look_ahead)

    assert world.chat.messages == []
    assert await world.facts("ScheduleTroubled") == []


async def test_a_schedule_that_nobody_has_filled_yet_is_no_trouble(opened: Opened) -> None:
    world = await opened({})
    await world.fire(reactions.look_ahead)

    assert world.chat.messages == []


async def test_a_gap_that_comes_back_is_told_anew(opened: Opened) -> None:
    world = await opened({"schedules": {"s": {"people": [ONE], "until": "2026-12-01"}}})
    await world.fire(reactions.look_ahead)
    await world.run("oncall", "override", SIX, "--from", "2026-12-01", "--to", "+60d")
    await world.fire(reactions.look_ahead)
    await world.run("oncall", "override", "remove", "1")
    await world.fire(reactions.look_ahead)

    assert world.told(ALERTS) == ["Schedule s: 1 thing to mend"] * 2


async def test_people_whom_slack_does_not_know_any_more_are_found(opened: Opened) -> None:
    world = await opened({"people": [ONE, TWO, "U0NOBODY"]})
    world.chat.profiles[TWO] = Profile(user=TWO, gone=True)
    card = await world.run("oncall", "check")

    assert list(map(plain, card.steps)) == [
        f"default: the account of {TWO} is closed",
        "default: Slack knows no user U0NOBODY",
    ]


async def test_slack_being_away_makes_nobody_unknown(opened: Opened) -> None:
    world = await opened(DAILY)
    world.chat.refusals["profile"] = [ChatError("unreachable", "Slack is away", retry=True) for _ in range(2)]

    assert (await world.run("oncall", "check")).title == "The schedules are in order"


async def test_layers_without_effect_are_found(opened: Opened) -> None:
    layers = [{"people": [ONE]}, {"people": [TWO], "until": "2026-01-01"}, {"people": [SIX]}]
    world = await opened({"schedules": {"s": {"layers": layers}}})
    card = await world.run("oncall", "check")

    assert list(map(plain, card.steps)) == [
        "s: layer 1 has no effect: later layers cover it whole for the next 14 days",
        "s: layer 2 puts nobody on call in the next 14 days",
    ]


async def test_oncall_says_who_is_on_call_and_the_gaps_ahead(opened: Opened) -> None:
    world = await opened({**DAILY, "schedules": {"days": {"people": [SIX], "during": {"days": "mon-fri"}}}})
    card = await world.run("oncall")

    assert card.table is not None
    assert [plain(row[1]) for row in card.table.rows] == [ONE, SIX]
    assert "nobody is on call from Sat 2026-11-28 00:00" in plain(card.body[0])


async def test_oncall_tells_another_moment(opened: Opened) -> None:
    card = await (await opened(DAILY)).run("oncall", "--at", "tomorrow 12:00")

    assert plain(card.fields[0].value) == TWO


async def test_the_days_of_a_schedule_are_shown(opened: Opened) -> None:
    card = await (await opened(DAILY)).run("oncall", "show", "--days", "2", "--from", "mon 09:00")

    assert card.table is not None
    assert [plain(row[2]) for row in card.table.rows] == [TWO, ONE]
