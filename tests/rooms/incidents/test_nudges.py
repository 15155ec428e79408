"""Who is reminded of what, when, and when nobody is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.events import LeadAsked, OverAsked, UpdateAsked
from bot.incidents import nudges
from bot.ports import Profile
from tests.fakes.ports import FrozenClock
from tests.rooms.alerts.world import LEAD, ONCALL, SECOND, World

CHANNEL = "C0000001"
NOON, NIGHT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC), datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
ALONE: dict[str, Any] = {"incidents": {"archive": "never"}}
"""Nobody is on call."""


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


async def declare(world: World, *words: str) -> None:
    for user in (LEAD, SECOND, ONCALL):
        world.slack.profiles[user] = Profile(user=user, timezone="Etc/UTC", name=user)
    await world.run("incident", "declare", "Checkout", *words)


def asked(world: World, words: str) -> list[str]:
    return [said for said in world.told(CHANNEL) if words in said]


async def reminders(world: World) -> int:
    """How many timers that could remind anybody are pending."""
    return sum([len(await world.waiting(kind)) for kind in nudges.KINDS])


class TestLead:
    async def test_is_asked_for_once_nobody_leads_for_ten_minutes(self, world: World) -> None:
        await declare(world)
        await world.forward(minutes=9)
        assert asked(world, "Nobody leads") == []

        await world.forward(minutes=2)

        (said,) = asked(world, "Nobody leads")
        assert LEAD in said
        assert len(await world.facts("incident:1", LeadAsked)) == 1

    async def test_is_not_asked_for_when_somebody_leads(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "role", "1")
        await world.forward(minutes=20)

        assert asked(world, "Nobody leads") == []

    async def test_is_asked_for_again_after_the_lead_was_given_back(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "role", "1")
        await world.forward(minutes=20)
        await world.run("incident", "role", "1", "--release")
        await world.forward(minutes=11)

        assert len(asked(world, "Nobody leads")) == 1


class TestUpdate:
    async def test_is_asked_for_when_it_is_due_of_whoever_leads(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "role", "1", f"--user={SECOND}")
        await world.forward(minutes=61)

        (said,) = asked(world, "An update is due")
        assert SECOND in said
        (message,) = [m for m in world.slack.messages if "An update is due" in m.text and m.channel == CHANNEL]
        argv = [button.argv for button in message.card.buttons]
        assert argv[0] == ("incident", "update", "1")
        assert ("incident", "snooze", "1", "--in=30m") in argv
        assert ("incident", "remind", "1", "--stop") in argv

    async def test_comes_due_later_when_somebody_told_meanwhile(self, world: World) -> None:
        await declare(world)
        await world.forward(minutes=50)
        await world.run("incident", "update", "1", "--text=better")
        await world.forward(minutes=50)

        assert asked(world, "An update is due") == []

    async def test_comes_due_when_whoever_told_said_so(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "update", "1", "--text=better", "--next=15m")
        await world.forward(minutes=16)

        assert len(asked(world, "An update is due")) == 1

    async def test_waits_as_long_as_it_was_snoozed(self, world: World) -> None:
        await declare(world)
        await world.forward(minutes=61)
        await world.run("incident", "snooze", "1", "--in=30m")
        await world.forward(minutes=29)
        assert len(asked(world, "An update is due")) == 1

        await world.forward(minutes=2)

        assert len(asked(world, "An update is due")) == 2

    async def test_is_asked_for_by_nobody_once_somebody_stopped_it(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "remind", "1", "--stop")
        await world.forward(minutes=600)

        assert asked(world, "An update is due") == []

    async def test_is_asked_for_less_and_less_often_while_nobody_answers(self, world: World) -> None:
        await declare(world)
        await world.forward(minutes=9 * 60)

        times = [fact.due_at for fact in await world.facts("incident:1", UpdateAsked)]
        assert times == [NOON + timedelta(hours=hours) for hours in (1, 3, 7)]

    async def test_has_one_timer_at_a_time(self, world: World) -> None:
        await declare(world)
        for minutes in (5, 10, 15):
            await world.run("incident", "update", "1", f"--text={minutes}", f"--next={minutes}m")

        assert len(await world.waiting(nudges.ASK_UPDATE)) == 1


class TestAnswered:
    async def buttons(self, world: World) -> list[int]:
        """How many buttons each reminder has, oldest first."""
        signs = ("Nobody leads", "An update is due", "Is this incident over?")
        said = [m for m in world.slack.messages if m.channel == CHANNEL and any(sign in m.text for sign in signs)]
        return [len(message.card.buttons) for message in said]

    async def test_reminders_have_no_buttons_any_more(self, world: World) -> None:
        await declare(world)
        await world.forward(minutes=61)
        assert await self.buttons(world) == [1, 4]

        await world.run("incident", "role", "1")
        assert await self.buttons(world) == [0, 4]

        await world.run("incident", "update", "1", "--text=better")
        assert await self.buttons(world) == [0, 0]

    async def test_only_the_newest_of_a_kind_has_buttons(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "role", "1")
        await world.forward(minutes=4 * 60)

        assert await self.buttons(world) == [0, 4]

    async def test_a_resolution_answers_all(self, world: World) -> None:
        await declare(world)
        await world.forward(minutes=61)
        await world.run("incident", "resolve", "1")

        assert sum(await self.buttons(world)) == 0


class TestNight:
    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock(NIGHT)

    async def test_asks_who_is_on_call_instead_of_whoever_sleeps(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "role", "1")
        await world.forward(minutes=61)

        (said,) = asked(world, "An update is due")
        assert ONCALL in said
        assert LEAD not in said

    async def test_asks_whose_day_it_is(self, world: World) -> None:
        await declare(world)
        world.slack.profiles[LEAD] = Profile(user=LEAD, timezone="Australia/Sydney", name="Lead")
        await world.run("incident", "role", "1")
        await world.forward(minutes=61)

        (said,) = asked(world, "An update is due")
        assert LEAD in said

    class TestWithNobodyOnCall:
        @pytest.fixture
        def config(self) -> dict[str, Any]:
            return ALONE

        async def test_waits_for_the_morning(self, world: World) -> None:
            await declare(world)
            await world.forward(minutes=5 * 60)
            assert asked(world, "An update is due") == []
            assert asked(world, "Nobody leads") == []

            await world.forward(minutes=62)

            assert len(asked(world, "An update is due")) == 1
            assert len(asked(world, "Nobody leads")) == 1

    async def test_of_a_test_wakes_nobody(self, world: World) -> None:
        await declare(world, "--test")
        await world.forward(minutes=5 * 60)

        assert asked(world, "An update is due") == []


class TestQuiet:
    async def test_is_asked_after_a_day_whether_it_is_over(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "remind", "1", "--stop")
        await world.forward(minutes=24 * 60 + 1)

        (said,) = asked(world, "Is this incident over?")
        assert "Nothing has happened here for 1 d." in said
        assert len(await world.facts("incident:1", OverAsked)) == 1
        (question,) = [m for m in world.slack.messages if "Is this incident over?" in m.text]
        assert [(b.label, b.form) for b in question.card.buttons] == [("Resolve", True), ("It goes on", True)]

    async def test_is_none_while_something_happens(self, world: World) -> None:
        await declare(world)
        await world.forward(minutes=20 * 60)
        await world.run("incident", "update", "1", "--text=still at it")
        await world.forward(minutes=20 * 60)

        assert asked(world, "Is this incident over?") == []

    async def test_asks_once_a_day(self, world: World) -> None:
        await declare(world)
        await world.run("incident", "remind", "1", "--stop")
        await world.forward(minutes=50 * 60)

        assert len(asked(world, "Is this incident over?")) == 2


async def test_a_resolution_calls_every_reminder_off(world: World) -> None:
    await declare(world)
    assert await reminders(world) == 3

    await world.run("incident", "resolve", "1")

    assert await reminders(world) == 0


async def test_a_merge_calls_the_duplicates_reminders_off(world: World) -> None:
    await declare(world)
    await declare(world)
    await world.run("incident", "merge", "2", "--into=1")

    assert await reminders(world) == 3


async def test_a_reopened_incident_is_reminded_of_again(world: World) -> None:
    await declare(world)
    await world.run("incident", "resolve", "1")
    await world.run("incident", "reopen", "1")
    await world.forward(minutes=61)

    assert len(asked(world, "An update is due")) == 1


async def test_each_reminder_is_said_once_though_its_job_runs_twice(world: World) -> None:
    world.twice = True
    await declare(world)
    await world.forward(minutes=61)

    assert len(asked(world, "An update is due")) == 1
    assert len(asked(world, "Nobody leads")) == 1
