"""The assistant's pane: Slack's own library understands it, and what it suggests is held to the reference."""

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncAssistant, AsyncSay, AsyncSetStatus, AsyncSetSuggestedPrompts
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Workspace, from_manifest, serve
from bot.sandbox.people import Impossible
from tests.sandbox.conftest import Online

YOU = "U0YOU"
PROMPT = {"title": "Health", "message": "is all healthy?"}


async def test_the_library_hears_of_the_thread_and_of_what_is_said_in_it(
    workspace: Workspace, app: AsyncApp, online: Online
) -> None:
    assistant, heard = AsyncAssistant(), asyncio.Event()

    @assistant.thread_started
    async def started(say: AsyncSay, set_suggested_prompts: AsyncSetSuggestedPrompts) -> None:
        await say("What do you want to know?")
        await set_suggested_prompts(prompts=[PROMPT], title="Ask")

    @assistant.user_message
    async def asked(payload: dict[str, Any], set_status: AsyncSetStatus, say: AsyncSay) -> None:
        await set_status("is thinking")
        await say(f"You said: {payload['text']}")
        heard.set()

    app.use(assistant)
    async with online(app):
        root = await workspace.person(YOU).open_assistant("C0ALERTS")
        await workspace.until(lambda: root.prompts == {"title": "Ask", "prompts": [PROMPT]})
        await workspace.person(YOU).say(root.channel, "hello", root.ts)
        await asyncio.wait_for(heard.wait(), 5)
    answer = workspace.messages(root.channel)[-1]
    assert (answer.text, answer.thread_ts) == ("You said: hello", root.ts)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"prompts": []}, "invalid_arguments"),
        ({"prompts": [PROMPT] * 5}, "invalid_arguments"),
        ({"prompts": [{"title": "no message"}]}, "invalid_arguments"),
        ({"thread_ts": "1.000000"}, "invalid_thread_ts"),
        ({"channel_id": "C0NOWHERE"}, "channel_not_found"),
    ],
)
async def test_wrong_suggestions_are_refused(
    workspace: Workspace, client: AsyncWebClient, changed: dict[str, Any], error: str
) -> None:
    root = await workspace.person(YOU).open_assistant()
    good: dict[str, Any] = {"channel_id": root.channel, "thread_ts": root.ts, "prompts": [PROMPT]}
    with pytest.raises(SlackApiError) as refused:
        await client.assistant_threads_setSuggestedPrompts(**{**good, **changed})
    assert refused.value.response["error"] == error


async def test_without_a_thread_the_newest_message_takes_them(workspace: Workspace, client: AsyncWebClient) -> None:
    root = await workspace.person(YOU).open_assistant()
    await client.api_call(
        "assistant.threads.setSuggestedPrompts", json={"channel_id": root.channel, "prompts": [PROMPT]}
    )
    assert root.prompts


async def test_an_app_without_an_assistant_has_no_pane() -> None:
    async with serve(options=from_manifest({"features": {}}, Options())) as workspace:
        with pytest.raises(Impossible, match="assistant_view"):
            await workspace.person(YOU).open_assistant()
