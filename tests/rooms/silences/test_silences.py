"""Silences as people make them, and as time passes."""

from bot.cards.card import Level
from bot.events import SilenceExpired, SilenceStarted
from storage.records.alerts import AlertState
from tests.rooms.alerts.world import LEAD
from tests.rooms.silences.conftest import Room


async def test_a_silence_of_an_alert_mutes_it_alone_and_until_its_end(room: Room) -> None:
    await room.report("HighLoad", service="api", node="one")
    await room.report("HighLoad", service="db", node="two")
    card = await room.run("silence", "1", "--for=1h", "--comment=repair")
    assert (card.level, card.data["alerts"], card.data["matchers"]) == (
        Level.OK,
        [1],
        ['alertname="HighLoad"', 'service="api"', 'check=""'],
    )
    assert [(await room.alert(n)).state for n in (1, 2)] == [AlertState.SILENCED, AlertState.FIRING]
    assert (await room.alert(1)).muted_by == "silence 1"
    await room.forward(minutes=60)
    assert (await room.alert(1)).state is AlertState.FIRING
    assert await room.facts("silence:1", SilenceStarted, SilenceExpired) == [
        SilenceStarted(silence=1),
        SilenceExpired(silence=1),
    ]


async def test_a_silence_of_an_alert_without_labels_mutes_no_other_of_its_name(room: Room) -> None:
    await room.report("HighLoad")
    await room.report("HighLoad", service="db")
    await room.run("silence", "alert", "1")
    assert [(await room.alert(n)).state for n in (1, 2)] == [AlertState.SILENCED, AlertState.FIRING]


async def test_what_opens_later_and_matches_is_muted(room: Room) -> None:
    await room.run("silence", "add", 'service=~"api|web"', "--for=1h")
    await room.report("HighLoad", service="web")
    assert (await room.alert(1)).state is AlertState.SILENCED


async def test_a_silence_that_begins_later_mutes_then(room: Room) -> None:
    await room.report("HighLoad", service="api")
    await room.run("silence", "add", "service=api", "--starts=2026-11-23 12:30", "--for=1h")
    assert (await room.alert(1)).state is AlertState.FIRING
    await room.forward(minutes=30)
    assert (await room.alert(1)).state is AlertState.SILENCED
    await room.forward(minutes=60)
    assert (await room.alert(1)).state is AlertState.FIRING


async def test_a_preview_tells_what_would_be_muted_and_changes_nothing(room: Room) -> None:
    for node in ("one", "two"):
        await room.report("HighLoad", service="api", node=node)
    card = await room.run("silence", "add", "service=api", "--dry-run")
    assert (card.data["instances"], card.data["alerts"], card.data["changed"]) == (2, [1], False)
    assert (await room.alert(1)).state is AlertState.FIRING
    assert (await room.run("silences")).data["total"] == 0


async def test_an_expired_silence_lets_its_alerts_be_told_again(room: Room) -> None:
    await room.report("HighLoad", service="api")
    await room.run("silence", "add", "service=api")
    await room.run("silence", "expire", "1")
    assert (await room.alert(1)).state is AlertState.FIRING
    again = await room.run("silence", "expire", "1")
    assert (again.data["changed"], again.data["reason"]) == (False, "silence 1 is over already")
    assert await room.waiting("silences.tell") == []


async def test_a_silence_that_lasts_longer_ends_once_and_later(room: Room) -> None:
    await room.run("silence", "add", "service=api", "--for=1h")
    await room.run("silence", "extend", "1", "--for=1h")
    await room.forward(minutes=119)
    assert await room.facts("silence:1", SilenceExpired) == []
    await room.forward(minutes=1)
    assert len(await room.facts("silence:1", SilenceExpired)) == 1


async def test_jobs_that_run_twice_tell_once(room: Room) -> None:
    room.twice = True
    await room.run("silence", "add", "service=api", "--starts=2026-11-23 12:30", "--for=1h")
    await room.forward(minutes=120)
    assert len(await room.facts("silence:1", SilenceStarted, SilenceExpired)) == 2
    assert room.died == []


async def test_the_author_is_reminded_while_something_fires_below_it(room: Room) -> None:
    await room.report("HighLoad", service="api")
    await room.run("silence", "add", "service=api", "--for=1h", by=LEAD)
    await room.forward(minutes=44)
    assert not [m for m in room.slack.messages if "ends soon" in m.text]
    await room.forward(minutes=1)
    (told,) = [m for m in room.slack.messages if "ends soon" in m.text]
    assert told.channel == await room.slack.direct(LEAD)
    assert [b.argv for b in told.card.buttons] == [("silence", "extend", "1", "--for=1h"), ("silence", "expire", "1")]


async def test_nobody_is_reminded_of_a_silence_below_which_nothing_fires(room: Room) -> None:
    await room.run("silence", "add", "service=api", "--for=1h")
    await room.forward(minutes=59)
    assert not [m for m in room.slack.messages if "ends soon" in m.text]


async def test_show_names_what_a_silence_mutes_and_until_when(room: Room) -> None:
    await room.report("HighLoad", service="api")
    await room.run("silence", "add", "service=api")
    shown = await room.run("silence", "show", "1")
    assert (shown.data["state"], shown.data["alerts"], shown.steps) == ("active", [1], ("#1 HighLoad",))


async def test_silences_are_listed_by_page_and_those_that_are_over_on_demand(room: Room) -> None:
    for n in range(16):
        await room.run("silence", "add", f"service=s{n}", f"--for={n + 1}h")
    first = await room.run("silences")
    assert (first.data["total"], len(first.data["silences"]), first.buttons[0].argv) == (
        16,
        15,
        ("silences", "--state=open", "--page=2"),
    )
    assert [s["number"] for s in (await room.run("silences", "--page=2")).data["silences"]] == [1]
    assert (await room.run("silences", "--page=3")).level is Level.USAGE
    await room.forward(minutes=120)
    assert (await room.run("silences")).data["total"] == 14
    assert (await room.run("silences", "--state=all")).data["total"] == 16


async def test_mistakes_are_told_with_the_next_step(room: Room) -> None:
    for argv, said in {
        ("silence", "7"): "there is no alert #7",
        ("silence", "show", "7"): "there is no silence 7",
        ("silence", "expire", "7"): "there is no silence 7",
        ("silence", "add", "service"): "is no matcher",
        ("silence", "add", "a=~.*"): "match every alert",
        ("silence", "add", "a=b", "--for=never"): "is no duration",
        ("silence", "add", "a=b", "--starts=tomorrow"): "is no moment",
        ("silence", "add", "a=b", "--starts=2020-01-01"): "in the past",
    }.items():
        card = await room.run(*argv)
        assert card.level is Level.USAGE, argv
        assert said in str(card.body), argv
        assert card.hint, argv


async def test_a_resolved_alert_is_not_silenced(room: Room) -> None:
    await room.report("HighLoad", service="api")
    await room.run("resolve", "1")
    assert "is resolved" in str((await room.run("silence", "1")).body)


async def test_a_worse_alert_inhibits_a_lesser_one_while_it_fires(room: Room) -> None:
    await room.report("latency-raised", service="api", source="x")
    await room.report("latency-high", service="api", source="x")
    await room.forward(seconds=5)
    raised = await room.alert(1)
    assert (raised.state, raised.muted_by) == (AlertState.SILENCED, "inhibited by #2")
    await room.report("latency-high", service="api", source="x", resolved=True)
    await room.forward(seconds=5)
    assert (await room.alert(1)).state is AlertState.FIRING
