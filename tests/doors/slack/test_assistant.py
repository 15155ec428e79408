"""Questions by mention, in the pane and in direct messages: streamed, with buttons, and safe when Slack or we fall over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.llm.client import Model
from bot.llm.talking import Talk
from bot.ports import Ports
from bot.sandbox import Workspace
from bot.sandbox.state import Message
from handlers.slack import questions
from handlers.slack.events import tasks
from tests.doors.slack.conftest import BACKUP, ONCALL, YOU, Bot, Start, bot_at, shown
from tests.doors.slack.test_events import job
from tests.servers.openai import OpenAI, asks, openai_server, refuses, says

LONG = "The database answers [1].\n\nNothing fires [1].\n\nYou may sleep."


@pytest.fixture
async def server() -> AsyncIterator[OpenAI]:
    async with openai_server() as running:
        yield running


def talking(server: OpenAI) -> Any:
    """Edges with the model that the test scripts."""

    def edges(ports: Ports) -> Ports:
        edge = Model(server.model, server.base_url, SecretStr(server.api_key), timedelta(seconds=20))
        return replace(ports, talker=Talk(edge))

    return edges


@asynccontextmanager
async def assisted(workspace: Workspace, where: Path, server: OpenAI, **base: Any) -> AsyncIterator[Bot]:
    async with bot_at(workspace, where, base, ports=talking(server)) as bot:
        yield bot


@pytest.fixture
async def bot(workspace: Workspace, tmp_path: Path, server: OpenAI) -> AsyncIterator[Bot]:
    async with assisted(workspace, tmp_path, server) as running:
        yield running


def answers(workspace: Workspace, channel: str = "#alerts") -> list[Message]:
    return [m for m in workspace.messages(channel) if m.by_bot and not m.subtype]


async def answered(workspace: Workspace, channel: str = "#alerts", count: int = 1) -> Message:
    """The answer, once it is whole."""
    await workspace.until(
        lambda: len([m for m in answers(workspace, channel) if "check it before you act" in shown(m)]) >= count,
        within=15,
    )
    return answers(workspace, channel)[-1]


@pytest.mark.usefixtures("bot")
async def test_a_mention_that_is_no_command_line_is_a_question(workspace: Workspace, server: OpenAI) -> None:
    server.script += [asks("health"), says(LONG)]
    said = await workspace.person(YOU).say("#alerts", "<@U0BOT> is the database fine?")
    answer = await answered(workspace)
    assert (answer.thread_ts, answer.streaming, answer.only_for) == (said.ts, False, None)
    assert "You may sleep." in shown(answer)
    assert "manage health" in shown(answer)


@pytest.mark.usefixtures("bot")
async def test_the_answer_grows_in_one_message(workspace: Workspace, server: OpenAI) -> None:
    stages: list[tuple[str, bool, str]] = []

    def watch(change: dict[str, Any]) -> None:
        if change["type"] == "message" and (now := answers(workspace)):
            stages.append((now[-1].ts, now[-1].streaming, shown(now[-1])))

    workspace.state.watchers.append(watch)
    server.script += [asks("health"), says(LONG, pace=0.02)]
    await workspace.person(YOU).say("#alerts", "<@U0BOT> is the database fine?")
    await answered(workspace)
    growing = [text for _, streaming, text in stages if streaming]
    assert len({ts for ts, _, _ in stages}) == 1
    assert "answers" in growing[0]
    assert "sleep" not in growing[0]
    assert any("Nothing fires" in text for text in growing)


@pytest.mark.usefixtures("bot")
async def test_what_is_looked_at_is_the_status_of_the_thread(workspace: Workspace, server: OpenAI) -> None:
    seen: list[str] = []
    workspace.state.watchers.append(
        lambda change: seen.append(change["status"]) if change["type"] == "status" else None
    )
    server.script += [asks("health"), says("Fine [1].")]
    await workspace.person(YOU).say("#alerts", "<@U0BOT> is the database fine?")
    await answered(workspace)
    assert seen == ["is thinking", "is looking at /do manage health"]


@pytest.mark.usefixtures("bot")
async def test_where_slack_streams_nothing_the_message_is_edited(
    workspace: Workspace, server: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "EVERY", 0.0)
    workspace.faults.fail("chat.startStream", "restricted_action", times=None)
    server.script += [asks("health"), says(LONG)]
    await workspace.person(YOU).say("#alerts", "<@U0BOT> is the database fine?")
    answer = await answered(workspace)
    assert "You may sleep." in shown(answer)
    assert answer.edited
    assert len(answers(workspace)) == 1


@pytest.mark.usefixtures("bot")
async def test_an_answer_that_slack_lets_nobody_edit_is_said_again(workspace: Workspace, server: OpenAI) -> None:
    workspace.faults.fail("chat.update", "cant_update_message", times=None)
    server.script += [asks("health"), says(LONG)]
    await workspace.person(YOU).say("#alerts", "<@U0BOT> is the database fine?")
    assert "You may sleep." in shown(await answered(workspace))


async def test_a_proposal_is_a_button_that_asks_before_it_runs(workspace: Workspace, server: OpenAI, bot: Bot) -> None:
    server.script += [asks("propose", command="announce lunch"), says("Press it if you want.")]
    await workspace.person(YOU).say("#alerts", "<@U0BOT> tell them that lunch is ready please")
    answer = await answered(workspace)
    assert bot.lines() == [["ask", "--", "tell them that lunch is ready please"]]
    button = next(e for block in answer.blocks or [] if block["type"] == "actions" for e in block["elements"])
    assert "announce lunch" in button["confirm"]["text"]["text"]
    await workspace.person(BACKUP).press("#alerts", answer.ts, button["action_id"], button["value"])
    await workspace.until(lambda: ["announce", "lunch"] in bot.lines())
    assert bot.heard[-1][1].id == BACKUP


async def test_a_viewer_gets_no_button(workspace: Workspace, server: OpenAI, tmp_path: Path) -> None:
    roles = {"default": "viewer"}
    async with assisted(workspace, tmp_path, server, roles=roles):
        server.script += [
            asks("propose", command="announce lunch"),
            asks("announce", title=["x"]),
            says("You may not."),
        ]
        await workspace.person(YOU).say("#alerts", "<@U0BOT> tell them that lunch is ready please")
        answer = await answered(workspace)
    assert "actions" not in [block["type"] for block in answer.blocks or []]


@pytest.mark.usefixtures("bot")
async def test_hostile_words_are_never_markup_not_even_while_they_grow(workspace: Workspace, server: OpenAI) -> None:
    hostile = (
        "<!channel> <@U0ONCALL> [bank](https://evil.example) <mailto:a@evil.example|b>\n\n@everyone and *more*\n\nend"
    )
    kinds: set[str] = set()

    def collect(part: Any) -> None:
        if isinstance(part, list):
            for one in part:
                collect(one)
        elif isinstance(part, dict):
            kinds.add(str(part.get("type")))
            for one in part.values():
                collect(one)

    workspace.state.watchers.append(lambda _change: [collect(m.blocks) for m in answers(workspace)] and None)
    server.script += [says(hostile, pace=0.01)]
    await workspace.person(YOU).say("#alerts", "<@U0BOT> say something nasty to them all?")
    answer = await answered(workspace)
    assert kinds.isdisjoint({"link", "user", "usergroup", "broadcast", "channel", "markdown"})
    assert not any(sign in answer.text for sign in ("<!", "<@", "<http", "<mailto"))


@pytest.mark.usefixtures("bot")
async def test_a_follow_up_in_the_thread_knows_what_was_said(workspace: Workspace, server: OpenAI) -> None:
    person = workspace.person(YOU)
    server.script += [says("It is down."), says("Since nine.")]
    root = await person.say("#alerts", "<@U0BOT> how is the database?")
    await answered(workspace)
    await person.say("#alerts", "<@U0BOT> since when?", root.ts)
    await answered(workspace, count=2)
    assert [m["content"] for m in server.requests[1]["messages"][1:]] == [
        "how is the database?",
        "It is down.",
        "since when?",
    ]


@pytest.mark.usefixtures("bot")
async def test_the_pane_suggests_what_fits_the_moment(workspace: Workspace) -> None:
    root = await workspace.person(YOU).open_assistant()
    await workspace.until(lambda: root.prompts is not None)
    assert root.prompts is not None
    assert root.prompts["prompts"][0]["message"] == "Is everything healthy?"


@pytest.mark.usefixtures("bot")
async def test_what_is_said_in_the_pane_is_answered_in_its_thread(workspace: Workspace, server: OpenAI) -> None:
    person = workspace.person(YOU)
    root = await person.open_assistant()
    server.script += [says(LONG)]
    await person.say(root.channel, "how are we doing", root.ts)
    answer = await answered(workspace, root.channel)
    assert answer.thread_ts == root.ts


async def test_a_command_line_in_a_direct_message_is_run(workspace: Workspace, bot: Bot) -> None:
    channel = workspace.state.im(ONCALL).id
    await workspace.person(ONCALL).say(channel, "echo from afar")
    await workspace.until(lambda: bool(answers(workspace, channel)))
    assert "from afar" in shown(answers(workspace, channel)[-1])
    assert bot.lines() == [["echo", "from", "afar"]]


@pytest.mark.usefixtures("bot")
async def test_a_model_that_is_down_is_one_line_in_the_thread(workspace: Workspace, server: OpenAI) -> None:
    server.script += [refuses(401)]
    await workspace.person(YOU).say("#alerts", "<@U0BOT> is the database fine?")
    await workspace.until(lambda: bool(answers(workspace)), within=10)
    assert "check OPENAI_API_KEY" in shown(answers(workspace)[-1])


async def test_without_a_model_a_question_is_answered_with_what_to_set(workspace: Workspace, start: Start) -> None:
    async with start():
        await workspace.person(YOU).say("#alerts", "<@U0BOT> is the database fine?")
        await workspace.until(lambda: bool(answers(workspace)))
    assert answers(workspace)[-1].only_for == YOU
    assert "OPENAI_API_KEY" in shown(answers(workspace)[-1])


async def test_without_a_model_the_pane_says_so_and_suggests_commands(workspace: Workspace, start: Start) -> None:
    async with start():
        root = await workspace.person(YOU).open_assistant()
        await workspace.until(lambda: root.prompts is not None)
    assert "OPENAI_API_KEY" in shown(answers(workspace, root.channel)[-1])
    assert root.prompts is not None
    assert root.prompts["prompts"][0]["message"] == "health"


async def test_an_answer_that_was_interrupted_goes_on_in_the_same_message(
    workspace: Workspace, server: OpenAI, bot: Bot
) -> None:
    said = await workspace.person(YOU).say("#alerts", "which one?")
    payload = {"event_id": "Ev9", "type": "app_mention", "user": YOU, "text": "<@U0BOT> is it fine?"}
    payload |= {"channel": "C0ALERTS", "ts": said.ts, "thread_ts": said.ts}
    chat: Any = bot.ports.chat
    first = questions.Answering(bot.ports, chat, payload, 1)
    await first._streamed(["half of an"])
    server.script += [says(LONG)]
    await tasks(bot)[0].run(bot.ports, job(payload, attempts=2))
    assert len(answers(workspace)) == 1
    assert "You may sleep." in shown(answers(workspace)[0])
    assert not answers(workspace)[0].streaming


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("is the database fine?", True),
        ("what changed before #12", True),
        ("what's wrong?", True),
        ("health of the database?", True),
        ("incident 3 how does it stand?", True),
        ("health", False),
        ("health --fresh", False),
        ("ack", False),
        ("ack --help", False),
        ("incident foo", False),
        ("helth", False),
        ('echo "open', False),
        ("", False),
    ],
)
async def test_what_is_a_question_and_what_is_a_mistyped_command(bot: Bot, text: str, question: bool) -> None:
    assert bool(questions.asked(bot, text, alone=False)) is question


async def test_alone_with_the_bot_all_that_is_no_command_is_a_question(bot: Bot) -> None:
    assert questions.asked(bot, "helth", alone=True) == "helth"
    assert questions.asked(bot, "health", alone=True) == ""
