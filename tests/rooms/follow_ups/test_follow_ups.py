"""Follow-ups in their room: made once, owned, reminded by day, told to those alone who may know of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.cards.card import Card
from bot.cards.marks import plain
from bot.events import CommandRun, FollowUpAdded, FollowUpClosed, FollowUpReminded
from bot.follow_ups import reactions, service
from bot.permissions import Caller
from bot.ports import Posted, Profile
from storage.records.follow_ups import FollowUp, FollowUpStatus
from storage.tables import follow_ups as table
from tests.rooms.alerts.world import COMMANDS, LEAD, ONCALL, SECOND, World, refusal
from tests.rooms.follow_ups.conftest import CHANNEL, star

OTHER = "U000ELSE"


async def kept(world: World, number: int = 1) -> FollowUp:
    async with world.store.read() as conn:
        found = await table.get(conn, number)
    assert found is not None
    return found


def words(card: Card) -> str:
    return " ".join([card.title, *map(plain, card.body), plain(card.hint)])


def caller(user: str) -> Caller:
    return Caller(id=user, via="slack")


def direct(world: World, user: str) -> list[str]:
    return world.told(f"D{user[1:]}")


class TestMaking:
    async def test_a_command_in_the_channel_makes_one_of_its_incident(self, incident: World) -> None:
        card = await incident.run(
            *("followup", "add", "Raise", "the", "pool", "--owner", f"<@{ONCALL}|on>", "--due", "2026-12-04"),
            *("--kind", "prevent"),
            channel=CHANNEL,
        )
        made = await kept(incident)
        assert card.title == "Follow-up #1 is to be done"
        assert (made.title, made.incident, made.owner, made.due_on) == ("Raise the pool", 1, ONCALL, date(2026, 12, 4))
        assert "📝 Follow-up #1: Raise the pool" in str(incident.told(CHANNEL))

    async def test_elsewhere_it_belongs_to_no_incident(self, world: World) -> None:
        await world.run("followup", "add", "Buy a bell", channel="C9")
        assert (await kept(world)).incident is None
        assert world.slack.messages == []

    @pytest.mark.parametrize(
        "typed", [("#1", "Raise", "the", "pool"), ("1", "Raise the pool"), ("#1", "Raise the pool")]
    )
    @pytest.mark.parametrize("channel", ["C9", CHANNEL], ids=["elsewhere", "in its channel"])
    async def test_a_number_before_the_title_is_its_incident(
        self, incident: World, typed: tuple[str, ...], channel: str
    ) -> None:
        await incident.run("followup", "add", *typed, channel=channel)
        made = await kept(incident)
        assert (made.title, made.incident) == ("Raise the pool", 1)

    @pytest.mark.parametrize(
        ("typed", "channel"),
        [
            (("1", "more", "replica"), CHANNEL),
            (("#2", "more replica"), CHANNEL),
            (("1 more replica",), "C9"),
            (("1", "more", "replica", "--incident=1"), "C9"),
        ],
        ids=["in the channel", "another one in the channel", "in quotes", "beside the option"],
    )
    async def test_a_number_that_begins_the_title_stays_there(
        self, incident: World, typed: tuple[str, ...], channel: str
    ) -> None:
        await incident.run("followup", "add", *typed, channel=channel)
        assert (await kept(incident)).title in {"1 more replica", "#2 more replica"}

    async def test_a_number_that_may_be_either_is_asked_about(self, incident: World) -> None:
        card = await incident.run("followup", "add", "1", "more", "replica", channel="C9")
        assert card.level.value == "usage"
        assert "Say --incident 1 in its place for the incident, or put the whole title in quotes." in words(card)
        await incident.run("followup", "add", "502", "errors", "need a retry", channel="C9")
        assert ((await kept(incident)).title, (await kept(incident)).incident) == ("502 errors need a retry", None)

    async def test_a_number_of_no_incident_before_the_title_is_told(self, incident: World) -> None:
        card = await incident.run("followup", "add", "#9", "Raise", "the", "pool", channel="C9")
        assert "there is no incident #9" in words(card)

    async def test_a_star_makes_one_of_the_message_and_answers_with_a_tick_and_a_note(self, incident: World) -> None:
        await incident.run(*star(incident, "we should alert on the queue"), channel=CHANNEL)
        made = await kept(incident)
        assert (made.title, made.origin, made.owner) == ("we should alert on the queue", f"{CHANNEL}:1700.1", "")
        assert incident.slack.reactions[Posted(CHANNEL, "1700.1")] == ["white_check_mark"]
        note = await incident.message("follow-up:1:card")
        assert note.thread_ts == "1700.1"
        labels = {button.label: button.argv for button in note.card.buttons}
        assert labels["Assign to its author"] == ("followup", "assign", "1", ONCALL)

    async def test_whoever_stars_their_own_words_owns_them(self, incident: World) -> None:
        await incident.run(*star(incident, "I will fix it", author=LEAD), channel=CHANNEL)
        assert (await kept(incident)).owner == LEAD

    async def test_a_second_star_makes_no_second_one(self, incident: World) -> None:
        await incident.run(*star(incident, "fix it"), channel=CHANNEL)
        card = await incident.run(*star(incident, "fix it"), channel=CHANNEL, by=SECOND)
        assert "that is follow-up #1 already, open" in words(card)
        assert await service.listing(incident.ports, service.Asked(), caller(LEAD), limit=9) == (
            [await kept(incident)],
            1,
        )

    async def test_a_star_on_one_that_was_dropped_tells_how_to_reopen_it(self, incident: World) -> None:
        await incident.run(*star(incident, "fix it"), channel=CHANNEL)
        await incident.run("followup", "drop", "1")
        card = await incident.run(*star(incident, "fix it"), channel=CHANNEL)
        assert "followup reopen 1" in words(card)

    async def test_numbers_have_no_gaps_where_a_star_came_twice(self, incident: World) -> None:
        for _ in range(2):
            await incident.run(*star(incident, "fix it"), channel=CHANNEL)
        await incident.run("followup", "add", "another")
        assert (await kept(incident, 2)).title == "another"

    async def test_a_message_that_was_deleted_meanwhile_loses_nothing(self, incident: World) -> None:
        argv = star(incident, "fix it")
        incident.slack.people.clear()
        incident.slack.refusals["react"] = [refusal("message_not_found")]
        await incident.run(*argv, channel=CHANNEL)
        assert (await kept(incident)).title == "fix it"
        assert incident.died == []

    async def test_a_message_of_another_channel_is_refused(self, incident: World) -> None:
        card = await incident.run(*star(incident, "fix it"), channel="C9")
        assert "in its own channel alone" in words(card)
        assert incident.slack.reactions == {}


class TestMistakes:
    @pytest.mark.parametrize(
        ("argv", "said"),
        [
            (("followup", "add", " "), "a follow-up needs a title"),
            (("followup", "add", "x", "--due", "2026-11-22"), "Sun 22 Nov 2026 is over: today is Mon 23 Nov 2026"),
            (("followup", "add", "x", "--due", "soonish"), '"soonish" is no day'),
            (("followup", "add", "x", "--owner", "bob"), "`bob` is no user of Slack"),
            (("followup", "add", "x", "--owner", "U0NOBODY"), "Slack knows no user U0NOBODY"),
            (("followup", "add", "x", "--incident", "7"), "there is no incident #7"),
            (("followup", "done", "7"), "there is no follow-up #7"),
            (("followup", "edit", "1"), "nothing was said to change"),
            (("followup", "file", "1"), "there is no issue tracker"),
            (("followups", "--page", "3"), "there is no page 3"),
        ],
    )
    async def test_each_names_what_is_wrong(self, incident: World, argv: tuple[str, ...], said: str) -> None:
        await incident.run("followup", "add", "something")
        card = await incident.run(*argv)
        assert card.level.value == "usage"
        assert said in words(card)

    async def test_a_closed_account_cannot_be_made_owner(self, incident: World) -> None:
        incident.slack.profiles[SECOND] = Profile(user=SECOND, gone=True)
        card = await incident.run("followup", "add", "x", "--owner", SECOND)
        assert "is closed" in words(card)

    async def test_the_shell_is_nobody_who_could_be_reminded(self, world: World) -> None:
        card = await world.run("followup", "add", "x", "--owner", "me", by="shell:root", via="shell")
        assert "`me` is no user of Slack" in words(card)


class TestChanging:
    async def test_done_can_be_undone(self, incident: World) -> None:
        await incident.run("followup", "add", "x", channel=CHANNEL)
        card = await incident.run("followup", "done", "1", by=ONCALL)
        assert ((await kept(incident)).status, (await kept(incident)).closed_by) == (FollowUpStatus.DONE, ONCALL)
        assert "✅ Follow-up #1: x" in (await incident.message("follow-up:1:card")).text
        await incident.run(*card.buttons[0].argv)
        assert (await kept(incident)).open
        assert "📝 Follow-up #1: x" in (await incident.message("follow-up:1:card")).text

    async def test_dropping_keeps_the_reason(self, incident: World) -> None:
        await incident.run("followup", "add", "x", channel=CHANNEL)
        await incident.run("followup", "drop", "1", "--reason", "the service is gone")
        assert (await incident.facts("follow-up:1", FollowUpClosed))[0].reason == "the service is gone"
        assert "the service is gone" in (await incident.message("follow-up:1:card")).text

    async def test_what_is_done_already_stays_as_it_is(self, incident: World) -> None:
        await incident.run("followup", "add", "x")
        await incident.run("followup", "done", "1")
        card = await incident.run("followup", "drop", "1")
        assert words(card).startswith("Follow-up #1 stays as it is it is done already: reopen it first.")
        assert len(await incident.facts("follow-up:1", FollowUpClosed)) == 1

    async def test_assigning_without_a_name_takes_it_and_can_be_undone(self, incident: World) -> None:
        await incident.run("followup", "add", "x")
        card = await incident.run("followup", "assign", "1", by=ONCALL)
        assert (await kept(incident)).owner == ONCALL
        await incident.run(*card.buttons[0].argv)
        assert (await kept(incident)).owner == ""

    async def test_a_day_is_read_as_people_type_it(self, incident: World) -> None:
        await incident.run("followup", "add", "x")
        for said, day in (("fri", 27), ("tomorrow", 24), ("7d", 30), ("2026-11-25", 25)):
            await incident.run("followup", "due", "1", said)
            assert (await kept(incident)).due_on == date(2026, 11, day)
        await incident.run("followup", "due", "1", "none")
        assert (await kept(incident)).due_on is None

    async def test_the_form_may_send_back_a_day_that_is_over(self, incident: World) -> None:
        await incident.run("followup", "add", "x", "--due", "today")
        await incident.forward(minutes=60 * 48)
        card = await incident.run("followup", "edit", "1", "--title=y", "--due=2026-11-23", f"--owner={ONCALL}")
        assert card.level.value == "ok"
        assert ((await kept(incident)).title, (await kept(incident)).owner) == ("y", ONCALL)

    async def test_an_edit_can_be_undone(self, incident: World) -> None:
        await incident.run("followup", "add", "x", "--due", "fri")
        card = await incident.run(
            "followup", "edit", "1", "--title=y", "--due=none", "--owner", ONCALL, "--kind=detect"
        )
        assert ((await kept(incident)).title, (await kept(incident)).due_on) == ("y", None)
        await incident.run(*card.buttons[0].argv)
        again = await kept(incident)
        assert (again.title, again.due_on, again.owner, again.kind.value) == ("x", date(2026, 11, 27), "", "other")

    async def test_whoever_is_made_owner_by_somebody_else_is_told_once(self, incident: World) -> None:
        incident.twice = True
        await incident.run("followup", "add", "x", "--owner", ONCALL)
        assert len(direct(incident, ONCALL)) == 1
        assert f"{LEAD} made you the owner" in direct(incident, ONCALL)[0]
        await incident.run("followup", "due", "1", "fri")
        await incident.run("followup", "assign", "1", by=SECOND)
        assert len(direct(incident, ONCALL)) == 1
        assert direct(incident, SECOND) == []

    async def test_all_cards_of_it_follow(self, incident: World) -> None:
        await incident.run("followup", "add", "x", "--owner", ONCALL, channel=CHANNEL)
        await incident.run("followup", "done", "1", by=ONCALL)
        assert "✅" in direct(incident, ONCALL)[0]


class TestListing:
    async def test_ones_own_come_first_then_what_is_due(self, world: World) -> None:
        await world.run("followup", "add", "later", "--due", "9d")
        await world.run("followup", "add", "sooner", "--due", "2d")
        await world.run("followup", "add", "mine", "--owner", "me", "--due", "20d")
        await world.run("followup", "add", "undated")
        card = await world.ask("followups")
        assert [one["what"] for one in card.data["follow_ups"]] == ["mine", "sooner", "later", "undated"]
        assert [button.label for button in card.buttons] == ["Done #3", "Add a follow-up"]

    async def test_the_overdue_are_marked_and_can_be_asked_for(self, world: World) -> None:
        await world.run("followup", "add", "late", "--due", "today")
        await world.run("followup", "add", "fresh", "--due", "9d")
        assert (await world.ask("followups", "--overdue")).data["total"] == 0
        await world.forward(minutes=60 * 24)
        card = await world.ask("followups", "--overdue")
        assert [one["what"] for one in card.data["follow_ups"]] == ["late"]
        assert plain(card.steps[0]) == "📝 #1 late — nobody yet, due Mon 23 Nov 2026, overdue"
        assert card.level.value == "warning"

    async def test_it_comes_in_pages(self, world: World) -> None:
        for n in range(17):
            await world.ask("followup", "add", f"task {n}")
        first = await world.ask("followups")
        assert first.footer == "Page 1 of 2"
        second = await world.ask(*next(b.argv for b in first.buttons if b.label == "More"))
        assert len(second.data["follow_ups"]) == 2

    async def test_by_status_owner_and_incident(self, incident: World) -> None:
        await incident.run("followup", "add", "a", channel=CHANNEL)
        await incident.run("followup", "add", "b", "--owner", ONCALL)
        await incident.run("followup", "done", "1")
        for argv, found in (
            (("--status=done",), ["a"]),
            (("--status=all", "--owner=nobody"), ["a"]),
            (("--owner", ONCALL), ["b"]),
            (("--incident", "1", "--status", "all"), ["a"]),
        ):
            assert [one["what"] for one in (await incident.ask("followups", *argv)).data["follow_ups"]] == found

    async def test_nothing_to_do_says_how_to_begin(self, world: World) -> None:
        card = await world.ask("followups")
        assert (card.title, card.level.value) == ("No follow-ups", "ok")
        assert "⭐" in words(card)


ASKED = [
    ("followup", "show", "N"),
    ("followup", "done", "N"),
    ("followup", "drop", "N", "--reason=x"),
    ("followup", "reopen", "N"),
    ("followup", "assign", "N"),
    ("followup", "due", "N", "fri"),
    ("followup", "edit", "N", "--title=x"),
    ("followup", "file", "N"),
]


class TestPrivacy:
    @pytest.mark.parametrize("argv", ASKED)
    async def test_who_does_not_belong_is_answered_as_if_there_were_none(
        self, secret: World, argv: tuple[str, ...]
    ) -> None:
        await secret.run("followup", "add", "call the police", channel=CHANNEL)
        hidden = await secret.ask(*(w.replace("N", "1") for w in argv), by=OTHER)
        missing = await secret.ask(*(w.replace("N", "9") for w in argv), by=OTHER)
        assert str(hidden).replace("#1", "#9") == str(missing)
        assert (await kept(secret)).title == "call the police"

    def test_every_command_about_one_is_asked_here(self) -> None:
        about_one = {name for name in COMMANDS if name.startswith("followup ") and name != "followup add"}
        assert about_one == {" ".join(argv[:2]) for argv in ASKED}

    async def test_the_list_leaves_it_out_and_counts_without_it(self, secret: World) -> None:
        await secret.run("followup", "add", "call the police", channel=CHANNEL)
        await secret.run("followup", "add", "buy a bell")
        assert (await secret.ask("followups", by=OTHER)).data["total"] == 1
        assert (await secret.ask("followups")).data["total"] == 2
        assert (await secret.ask("followups", "--incident=1", by=OTHER)).level.value == "usage"

    @pytest.mark.parametrize("by", [OTHER, LEAD])
    async def test_a_number_before_the_title_tells_nobody_that_there_is_one(self, secret: World, by: str) -> None:
        for number in ("1", "9"):
            await secret.run("followup", "add", number, "police", "cars", channel="C9", by=by)
        runs = await secret.facts("command:followup add", CommandRun)
        assert "police" not in str([run.argv for run in runs if by == LEAD and run.argv[0] == "1"])
        refused = await secret.ask("followup", "add", "1", "police", "cars", channel="C9", by=by)
        assert refused.level.value == ("usage" if by == LEAD else "ok")

    async def test_nobody_is_made_owner_who_may_not_know_of_it(self, secret: World) -> None:
        card = await secret.run("followup", "add", "call", "--owner", ONCALL, channel=CHANNEL)
        assert "does not belong to the private incident #1" in words(card)
        assert direct(secret, ONCALL) == []

    async def test_its_words_stay_out_of_the_audit_line(self, secret: World) -> None:
        await secret.run("followup", "add", "call the police", channel=CHANNEL)
        await secret.run("followup", "drop", "1", "--reason=the police came")
        runs = await secret.facts("command:followup add", CommandRun)
        runs += await secret.facts("command:followup drop", CommandRun)
        assert "police" not in str([run.argv for run in runs])

    async def test_the_answer_is_for_whoever_asked_alone(self, secret: World) -> None:
        await secret.run("followup", "add", "call the police", channel=CHANNEL)
        assert (await secret.ask("followup", "show", "1")).private
        assert (await secret.ask("followups")).private
        assert not (await secret.ask("followups", by=OTHER)).private


class TestReminding:
    async def test_on_the_morning_of_its_day_in_the_owners_own_zone(self, world: World) -> None:
        await world.run("followup", "add", "x", "--owner", "me", "--due", "2026-11-26", by=SECOND)
        world.clock.time = datetime(2026, 11, 26, 12, 59, tzinfo=UTC)  # 07:59 in New York
        await world.settle()
        assert direct(world, SECOND) == []
        await world.forward(minutes=1)
        assert "This is due today." in direct(world, SECOND)[0]

    async def test_then_every_week_while_it_is_open(self, world: World) -> None:
        await world.run("followup", "add", "x", "--owner", "me", "--due", "2026-11-24", by=ONCALL)
        await world.forward(minutes=60 * 24 * 16)
        said = direct(world, ONCALL)
        assert len(said) == 3
        assert "This was due on Tue 24 Nov 2026." in said[1]
        times = [told.user for told in await world.facts("follow-up:1", FollowUpReminded)]
        assert times == [ONCALL] * 3

    @pytest.mark.parametrize("ending", ["done", "drop"])
    async def test_never_again_once_it_is_over(self, world: World, ending: str) -> None:
        await world.run("followup", "add", "x", "--owner", "me", "--due", "2026-11-24", by=ONCALL)
        await world.run("followup", ending, "1")
        await world.forward(minutes=60 * 24 * 9)
        assert direct(world, ONCALL) == []

    async def test_once_although_the_job_runs_twice(self, world: World) -> None:
        await world.run("followup", "add", "x", "--owner", "me", "--due", "2026-11-24", by=ONCALL)
        world.twice = True
        await world.forward(minutes=60 * 24)
        assert len(direct(world, ONCALL)) == 1

    async def test_what_is_put_off_is_told_on_its_new_day_alone(self, world: World) -> None:
        await world.run("followup", "add", "x", "--owner", "me", "--due", "2026-11-24", by=ONCALL)
        await world.run("followup", "due", "1", "2026-11-27", by=ONCALL)
        await world.forward(minutes=60 * 24 * 3)
        assert direct(world, ONCALL) == []
        await world.forward(minutes=60 * 24)
        assert len(direct(world, ONCALL)) == 1

    async def test_one_without_a_day_is_asked_for_after_a_week(self, world: World) -> None:
        await world.run("followup", "add", "x", "--owner", "me", by=ONCALL)
        await world.forward(minutes=60 * 24 * 6)
        assert direct(world, ONCALL) == []
        await world.forward(minutes=60 * 24 * 2)
        assert "has no day yet" in direct(world, ONCALL)[0]

    async def test_an_owner_who_cannot_be_written_to_is_named_in_the_channel(self, incident: World) -> None:
        await incident.run("followup", "add", "x", "--owner", "me", "--due", "2026-11-24", by=ONCALL, channel=CHANNEL)
        await incident.run("incident", "resolve", "1")
        incident.slack.refusals["direct"] = [refusal("user_disabled")]
        await incident.forward(minutes=60 * 24)
        assert "its owner cannot be told" in str(incident.told(CHANNEL))
        assert incident.died == []

    async def test_what_nobody_has_is_asked_about_in_the_channel_once_a_week(self, incident: World) -> None:
        await incident.run("followup", "add", "late", "--due", "today", channel=CHANNEL)
        await incident.run("followup", "add", "fresh", "--due", "9d", channel=CHANNEL)
        await incident.run("followup", "add", "homeless", "--due", "today")
        incident.clock.time += timedelta(days=1)
        for _ in range(2):
            await reactions.ask_who_takes.run(incident.ports)
        asked = [text for text in incident.told(CHANNEL) if "no owner" in text]
        assert len(asked) == 1
        assert "#1 late" in asked[0]
        assert "fresh" not in asked[0]
        assert ["#3 homeless" in text for text in incident.told("#incidents") if "no owner" in text] == [True]

    async def test_what_is_private_is_asked_about_among_those_who_belong(self, secret: World) -> None:
        await secret.run("followup", "add", "call the police", "--due", "today", channel=CHANNEL)
        secret.clock.time += timedelta(days=1)
        await reactions.ask_who_takes.run(secret.ports)
        assert "call the police" in str(secret.told(CHANNEL))
        assert "call the police" not in str(secret.told("#incidents"))


async def test_without_slack_everything_but_telling_works(world: World) -> None:
    world.ports = replace(world.ports, chat=None)
    await world.run("followup", "add", "x", "--owner", ONCALL, "--due", "today")
    await world.run("followup", "done", "1")
    assert not (await kept(world)).open
    assert len(await world.facts("follow-up:1", FollowUpAdded)) == 1
