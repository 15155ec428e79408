"""Events: kept before they are acted on, acted on once, in their order."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from bot.bus import Task
from bot.cards.card import Card
from bot.ports import Posted
from bot.sandbox import Workspace
from storage.records.alerts import Alert, AlertState, Severity
from storage.records.incidents import Incident
from storage.records.jobs import Job
from storage.records.journal import Entry
from storage.records.postmortems import Postmortem, PostmortemStatus
from storage.tables import alerts, journal, posts
from storage.tables.jobs import JOBS
from storage.unit_of_work import UnitOfWork
from tests.doors.slack.conftest import BACKUP, ONCALL, YOU, Bot, posted, shown

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def raised(bot: Bot) -> Alert:
    """An open alert, with its card in #alerts."""

    async def write(unit: UnitOfWork) -> Alert:
        alert = Alert(
            id=await unit.next_id("alert"),
            fingerprint="f",
            rule="health-check-failed",
            severity=Severity.MEDIUM,
            summary="redis is down",
            started_at=T0,
            opened_at=T0,
            last_seen_at=T0,
        )
        await unit.save(alert)
        return alert

    alert = await bot.ports.store.transact(write)
    await posted(bot, alert.subject, Card(title="redis is down"))
    return alert


async def state(bot: Bot) -> AlertState:
    async with bot.ports.store.read() as conn:
        alert = await alerts.get(conn, 1)
    assert alert is not None
    return alert.state


async def notes(bot: Bot, kind: str = "NoteAdded") -> list[Entry]:
    async with bot.ports.store.read() as conn:
        return await journal.of_kind(conn, kind, datetime(2020, 1, 1, tzinfo=UTC), 100)


async def kept(bot: Bot) -> list[str]:
    async with bot.ports.store.read() as conn:
        return [str(key) for key in await conn.scalars(select(JOBS.c.key).where(JOBS.c.kind == "slack.event"))]


async def until_kept(bot: Bot, count: int) -> None:
    async with asyncio.timeout(5):
        while len(await kept(bot)) < count:  # noqa: ASYNC110 - a table raises no event
            await asyncio.sleep(0.005)


async def until_put_off(bot: Bot) -> None:
    later = select(JOBS.c.id).where(JOBS.c.kind == "slack.event", JOBS.c.postponed > 0)
    async with asyncio.timeout(5):
        while True:
            async with bot.ports.store.read() as conn:
                if (await conn.execute(later)).first():
                    return
            await asyncio.sleep(0.01)


async def eventually(bot: Bot, wanted: AlertState) -> None:
    async with asyncio.timeout(5):
        while await state(bot) is not wanted:  # noqa: ASYNC110 - a table raises no event
            await asyncio.sleep(0.01)


def card_ts(workspace: Workspace) -> str:
    return workspace.messages("#alerts")[0].ts


async def test_eyes_acknowledge_and_their_removal_gives_back(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    person = workspace.person(ONCALL)
    await person.react("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.ACKNOWLEDGED)
    await person.unreact("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.FIRING)
    assert bot.lines() == [["ack", "1"], ["unack", "1"]]


async def test_reactions_to_one_message_are_acted_on_in_their_order(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    person = workspace.person(ONCALL)
    for turn in range(3):
        await person.react("#alerts", card_ts(workspace), "eyes")
        await until_kept(bot, 2 * turn + 1)
        await person.unreact("#alerts", card_ts(workspace), "eyes")
        await until_kept(bot, 2 * turn + 2)
    await workspace.until(lambda: len(bot.heard) == 6)
    assert bot.lines() == [["ack", "1"], ["unack", "1"]] * 3


async def test_a_second_persons_eyes_are_told_who_has_it(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.ACKNOWLEDGED)
    await workspace.person(BACKUP).react("#alerts", card_ts(workspace), "eyes")
    await workspace.until(lambda: any(m.only_for == BACKUP for m in workspace.messages("#alerts")))
    assert "stays as it is" in shown(workspace.messages("#alerts")[-1])


async def test_taking_off_ones_own_eyes_leaves_anothers_acknowledgement_alone(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.ACKNOWLEDGED)
    await workspace.person(BACKUP).react("#alerts", card_ts(workspace), "eyes")
    await workspace.person(BACKUP).unreact("#alerts", card_ts(workspace), "eyes")
    await workspace.until(lambda: len(bot.heard) == 2)
    assert await state(bot) is AlertState.ACKNOWLEDGED


async def test_a_reaction_to_a_card_that_is_not_written_down_yet_waits_for_that(workspace: Workspace, bot: Bot) -> None:
    alert = await raised(bot)
    async with bot.ports.store.read() as conn:
        (card,) = await posts.of_subject(conn, alert.subject)
    # as a bot leaves it that was killed behind its post
    await bot.ports.store.transact(lambda unit: unit.conn.execute(delete(posts.POSTS)))
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await until_put_off(bot)
    assert bot.lines() == []

    await bot.ports.store.transact(lambda unit: posts.put(unit.conn, card))
    await eventually(bot, AlertState.ACKNOWLEDGED)


async def test_the_bots_own_reaction_asks_for_nothing(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    assert bot.ports.chat is not None
    await bot.ports.chat.react(Posted("C0ALERTS", card_ts(workspace)), "eyes")
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.ACKNOWLEDGED)
    assert [caller.id for _, caller in bot.heard] == [ONCALL]


async def test_other_emoji_and_other_messages_mean_nothing(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    said = await workspace.person(ONCALL).say("#alerts", "hm")
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "tada")
    await workspace.person(ONCALL).react("#alerts", said.ts, "eyes")
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.ACKNOWLEDGED)
    assert bot.lines() == [["ack", "1"]]


async def test_an_event_that_comes_twice_is_acted_on_once(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    workspace.faults.duplicate_events()
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.ACKNOWLEDGED)
    await workspace.idle()
    assert [ack.kind for ack in workspace.acks].count("events_api") == 2 + _own(workspace)
    assert len(await kept(bot)) == 1
    assert bot.lines() == [["ack", "1"]]


def _own(workspace: Workspace) -> int:
    """Events about the bot's own messages, which are acknowledged and dropped."""
    return sum(1 for m in workspace.messages("#alerts") if m.by_bot and not m.only_for) + len(
        [c for c in workspace.calls if c.method == "chat.update"]
    )


async def test_an_event_is_kept_before_it_is_acknowledged(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    before = len(workspace.acks)
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await workspace.until(lambda: len(workspace.acks) > before)
    assert len(await kept(bot)) == 1


async def test_a_pushpin_puts_a_message_on_the_timeline_and_takes_it_off(workspace: Workspace, bot: Bot) -> None:
    await with_incident(bot)
    person = workspace.person(ONCALL)
    said = await person.say("#alerts", "checkout &amp; cart fail")
    await workspace.person(YOU).react("#alerts", said.ts, "pushpin")
    await workspace.until(lambda: len(bot.heard) == 1)
    await workspace.person(YOU).unreact("#alerts", said.ts, "pushpin")
    await workspace.until(lambda: len(bot.heard) == 2)
    async with asyncio.timeout(5):
        while not await notes(bot, "NoteRemoved"):  # noqa: ASYNC110 - a table raises no event
            await asyncio.sleep(0.01)
    note = (await notes(bot))[0].payload
    assert (note["text"], note["author"], note["channel"], note["ts"]) == (
        "checkout & cart fail",
        ONCALL,
        "C0ALERTS",
        said.ts,
    )
    assert datetime.fromisoformat(note["said_at"]).timestamp() == pytest.approx(float(said.ts))


async def test_a_pushpin_on_an_answer_in_a_thread_finds_the_answer(workspace: Workspace, bot: Bot) -> None:
    await with_incident(bot)
    person = workspace.person(ONCALL)
    root = await person.say("#alerts", "root")
    answer = await person.say("#alerts", "found it", root.ts)
    await person.react("#alerts", answer.ts, "pushpin")
    await workspace.until(lambda: len(bot.heard) == 1)
    assert "--text=found it" in bot.lines()[0]


async def test_a_pushpin_elsewhere_or_on_the_bots_own_words_means_nothing(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    said = await workspace.person(ONCALL).say("#incidents", "no incident's own channel")
    await workspace.person(ONCALL).react("#incidents", said.ts, "pushpin")
    await with_incident(bot)
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "pushpin")
    await workspace.person(ONCALL).react("#alerts", card_ts(workspace), "eyes")
    await eventually(bot, AlertState.ACKNOWLEDGED)
    assert bot.lines() == [["ack", "1"]]


async def with_incident(bot: Bot, *, number: int = 1, channel: str = "C0ALERTS") -> None:
    async def write(unit: UnitOfWork) -> None:
        await unit.save(
            Incident(
                id=number,
                title="Checkout",
                severity=Severity.HIGH,
                declared_by=YOU,
                started_at=T0,
                declared_at=T0,
                channel=channel,
                channel_name="alerts",
            )
        )

    await bot.ports.store.transact(write)


@pytest.mark.usefixtures("bot")
async def test_a_mention_is_a_command_line_answered_in_its_thread(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    root = await person.say("#alerts", "what now?")
    await person.say("#alerts", "<@U0BOT> echo from the thread", root.ts)
    await workspace.until(lambda: any(m.by_bot for m in workspace.messages("#alerts")))
    answer = workspace.messages("#alerts")[-1]
    assert (answer.thread_ts, answer.only_for, "from the thread" in shown(answer)) == (root.ts, None, True)


@pytest.mark.usefixtures("bot")
async def test_a_slow_mention_is_answered_in_place(workspace: Workspace) -> None:
    await workspace.person(YOU).say("#alerts", "<@U0BOT|do-manage> slow")
    await workspace.until(lambda: any("Done at last" in shown(m) for m in workspace.messages("#alerts")))
    assert len([m for m in workspace.messages("#alerts") if m.by_bot]) == 1


@pytest.mark.usefixtures("bot")
async def test_small_talk_with_the_bot_is_answered_to_its_writer_alone(workspace: Workspace) -> None:
    await workspace.person(YOU).say("#alerts", "<@U0BOT> thank you")
    await workspace.until(lambda: any(m.by_bot for m in workspace.messages("#alerts")))
    assert workspace.messages("#alerts")[-1].only_for == YOU


@pytest.mark.usefixtures("bot")
async def test_an_unbalanced_quote_in_a_mention_is_told_to_its_writer(workspace: Workspace) -> None:
    await workspace.person(YOU).say("#alerts", '<@U0BOT> echo "open')
    await workspace.until(lambda: any(m.by_bot for m in workspace.messages("#alerts")))
    assert "unbalanced quote" in shown(workspace.messages("#alerts")[-1])


async def test_a_change_by_mention_that_was_interrupted_is_not_made_again(workspace: Workspace, bot: Bot) -> None:
    from handlers.slack.events import tasks

    said = await workspace.person(YOU).say("#alerts", "which?")
    payload = {
        "event_id": "Ev1",
        "type": "app_mention",
        "user": YOU,
        "text": "<@U0BOT> announce lunch",
        "channel": "C0ALERTS",
        "ts": said.ts,
        "thread_ts": said.ts,
    }
    act: Task = tasks(bot)[0]
    await act.run(bot.ports, job(payload, attempts=2))
    assert bot.lines() == []
    assert "I was interrupted" in shown(workspace.messages("#alerts")[-1])


def job(payload: dict[str, str], attempts: int) -> Job:
    from storage.records.jobs import JobState

    return Job(
        id=1,
        kind="slack.event",
        key="slack:Ev1",
        subject="",
        lane="",
        payload=payload,
        due_at=T0,
        attempts=attempts,
        owner="",
        state=JobState.PENDING,
        created_at=T0,
    )


async def reviewed(bot: Bot) -> str:
    """A postmortem draft under review in a thread of #incidents; gives the thread's ts."""
    post = await posted(bot, "postmortem:1", Card(title="Draft"), "#incidents", kind="draft")

    async def write(unit: UnitOfWork) -> None:
        await unit.save(
            Postmortem(
                id=1,
                status=PostmortemStatus.IN_REVIEW,
                scheduled_at=T0,
                channel=post.channel,
                thread_ts=post.ts,
            )
        )

    await with_incident(bot, channel="C0OTHER")
    await bot.ports.store.transact(write)
    return post.ts


async def test_a_reply_to_a_draft_is_a_reviewers_comment(workspace: Workspace, bot: Bot) -> None:
    thread = await reviewed(bot)
    await workspace.person(YOU).say("#incidents", "impact: it was &gt; 5 minutes", thread)
    await workspace.until(bot.lines)
    caller = bot.heard[0][1]
    assert bot.lines() == [["postmortem", "comment", "1", "--text=impact: it was > 5 minutes"]]
    assert (caller.id, caller.thread_ts) == (YOU, thread)


async def test_only_peoples_replies_to_drafts_are_comments(workspace: Workspace, bot: Bot) -> None:
    thread = await reviewed(bot)
    other = await workspace.person(YOU).say("#incidents", "something else")
    await workspace.person(YOU).say("#incidents", "a reply elsewhere", other.ts)
    assert bot.ports.chat is not None
    await bot.ports.chat.post("#incidents", Card(title="the bot's own"), key="own", thread_ts=thread)
    await workspace.person(YOU).say("#incidents", "a comment", thread)
    await workspace.until(bot.lines)
    await workspace.idle()
    assert bot.lines() == [["postmortem", "comment", "1", "--text=a comment"]]


async def test_the_home_shows_what_is_open_with_buttons(workspace: Workspace, bot: Bot) -> None:
    await raised(bot)
    await workspace.person(YOU).open_home()
    view = await workspace.until(lambda: workspace.state.homes.get(YOU))
    assert "redis is down" in str(view.body["blocks"])
    assert bot.lines() == [["alerts"], ["incidents", "--status=open"], ["followups"], ["oncall"], ["oncall", "me"]]


@pytest.mark.usefixtures("bot")
async def test_an_empty_home_says_so(workspace: Workspace) -> None:
    await workspace.person(YOU).open_home()
    view = await workspace.until(lambda: workspace.state.homes.get(YOU))
    assert "No " in str(view.body["blocks"]) or "Nothing" in str(view.body["blocks"])


@pytest.mark.usefixtures("bot")
async def test_a_button_of_the_home_answers_in_a_modal(workspace: Workspace) -> None:
    person = workspace.person(YOU)
    await person.open_home()
    view = await workspace.until(lambda: workspace.state.homes.get(YOU))
    health = next(
        e["action_id"]
        for b in view.body["blocks"]
        if b["type"] == "actions"
        for e in b["elements"]
        if e["value"] == "health"
    )
    await person.press_in_view(view.id, health)
    await workspace.until(lambda: person.modal)


async def test_the_messages_tab_needs_nothing(workspace: Workspace, bot: Bot) -> None:
    await workspace.person(YOU).open_home("messages")
    await workspace.idle()
    assert await kept(bot) == []


async def test_a_comment_may_begin_with_a_colleagues_name(workspace: Workspace, bot: Bot) -> None:
    thread = await reviewed(bot)
    await workspace.person(YOU).say("#incidents", "<@U0LEAD> knows more about the impact", thread)
    await workspace.until(bot.lines)
    assert bot.lines() == [["postmortem", "comment", "1", "--text=@U0LEAD knows more about the impact"]]


async def test_a_command_line_in_a_drafts_thread_is_no_comment(workspace: Workspace, bot: Bot) -> None:
    thread = await reviewed(bot)
    await workspace.person(YOU).say("#incidents", "<@U0BOT> echo in between", thread)
    await workspace.until(bot.lines)
    await workspace.until(lambda: any("in between" in shown(m) and m.by_bot for m in workspace.messages("#incidents")))
    assert bot.lines() == [["echo", "in", "between"]]


@pytest.mark.usefixtures("bot")
async def test_an_answer_that_needs_no_edit_gets_none(workspace: Workspace) -> None:
    await workspace.person(YOU).say("#alerts", "<@U0BOT> echo once")
    await workspace.until(lambda: any(m.by_bot for m in workspace.messages("#alerts")))
    await workspace.person(YOU).say("#alerts", "<@U0BOT> echo twice")
    await workspace.until(lambda: len([m for m in workspace.messages("#alerts") if m.by_bot]) == 2)
    assert not any(c.method in {"chat.update", "conversations.replies"} for c in workspace.calls)


async def test_an_answer_of_a_run_that_was_interrupted_is_not_said_twice(workspace: Workspace, bot: Bot) -> None:
    from handlers.slack.events import tasks

    said = await workspace.person(YOU).say("#alerts", "which?")
    payload = {
        "event_id": "Ev2",
        "type": "app_mention",
        "user": YOU,
        "text": "<@U0BOT> echo again",
        "channel": "C0ALERTS",
        "ts": said.ts,
        "thread_ts": said.ts,
    }
    for attempts in (1, 2):
        await tasks(bot)[0].run(bot.ports, job(payload, attempts=attempts))
    assert len([m for m in workspace.messages("#alerts") if m.by_bot]) == 1
