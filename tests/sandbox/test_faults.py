"""Faults on request, seen by Slack's own client."""

import time

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Workspace


async def test_a_rate_limit_says_how_long_to_wait_and_ends(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.faults.rate_limit("chat.postMessage", times=1, retry_after=7)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="#alerts", text="x")
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "7")
    await client.chat_postMessage(channel="#alerts", text="x")
    assert len(workspace.messages("#alerts")) == 1


async def test_the_clients_own_retry_gets_through_a_rate_limit(workspace: Workspace) -> None:
    client = AsyncWebClient(
        token=workspace.bot_token, base_url=workspace.api_url, retry_handlers=[AsyncRateLimitErrorRetryHandler()]
    )
    workspace.faults.rate_limit("chat.postMessage", retry_after=0)
    assert (await client.chat_postMessage(channel="#alerts", text="x"))["ok"]


async def test_a_refused_call_has_no_effect(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.faults.fail("chat.postMessage", "fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.chat_postMessage(channel="#alerts", text="x")
    assert workspace.messages("#alerts") == []


async def test_an_http_error_has_no_effect(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.faults.http_error("chat.postMessage", 503)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="#alerts", text="x")
    assert refused.value.response.status_code == 503
    assert workspace.messages("#alerts") == []


async def test_a_lost_answer_leaves_the_effect(workspace: Workspace, client: AsyncWebClient) -> None:
    client.retry_handlers.clear()
    workspace.faults.lose_answer("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="#alerts", text="once")
    assert [message.text for message in workspace.messages("#alerts")] == ["once"]


async def test_a_slow_method_answers_late_and_others_do_not(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.faults.slow("chat.postMessage", 0.2, times=1)
    started = time.monotonic()
    await client.auth_test()
    assert time.monotonic() - started < 0.2
    await client.chat_postMessage(channel="#alerts", text="x")
    assert time.monotonic() - started >= 0.2


async def test_every_call_is_on_record_without_its_token(workspace: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="#alerts", text="x")
    with pytest.raises(SlackApiError):
        await client.api_call("chat.postMessage", data={"channel": "#nowhere", "text": "x", "token": "xoxb-else"})
    good, bad = workspace.calls
    assert (good.method, good.ok, good.args["text"]) == ("chat.postMessage", True, "x")
    assert (bad.ok, bad.error, "token" in bad.args) == (False, "channel_not_found", False)
