"""Trigger ids, response URLs and rate limits run out; time is a frozen clock here."""

from dataclasses import dataclass

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox import Options, Workspace, serve
from bot.sandbox.rates import Rates
from tests.sandbox.conftest import modal


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


async def opened(workspace: Workspace, trigger_id: str) -> str:
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
    try:
        await client.views_open(trigger_id=trigger_id, view=modal())
    except SlackApiError as refused:
        return str(refused.response["error"])
    return "ok"


async def test_a_trigger_opens_one_modal_within_three_seconds() -> None:
    clock = Clock()
    async with serve(options=Options(clock=clock)) as workspace:
        trigger_id = workspace.tickets.trigger("U0YOU")
        late = workspace.tickets.trigger("U0YOU")
        clock.now += 3
        assert await opened(workspace, trigger_id) == "ok"
        assert await opened(workspace, trigger_id) == "exchanged_trigger_id"
        clock.now += 0.1
        assert await opened(workspace, late) == "expired_trigger_id"


async def test_a_response_url_answers_five_times() -> None:
    async with serve(options=Options(clock=Clock())) as workspace:
        secret = workspace.tickets.response_url("C0ALERTS", "U0YOU")
        hook = AsyncWebhookClient(f"{workspace.url}response/{secret}")
        answers = [await hook.send(text=str(number)) for number in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [404]
        assert "used_url" in answers[-1].body
        assert len(workspace.messages("#alerts")) == 5


async def test_a_response_url_answers_for_half_an_hour() -> None:
    clock = Clock()
    async with serve(options=Options(clock=clock)) as workspace:
        secret = workspace.tickets.response_url("C0ALERTS", "U0YOU")
        clock.now += 1801
        answer = await AsyncWebhookClient(f"{workspace.url}response/{secret}").send(text="late")
        assert (answer.status_code, "expired_url" in answer.body) == (404, True)


async def test_a_modal_stack_is_three_deep() -> None:
    async with serve(options=Options(clock=Clock())) as workspace:
        results = [await opened(workspace, workspace.tickets.trigger("U0YOU"))]
        for _ in range(3):
            top = workspace.person("U0YOU").modal
            assert top is not None
            results.append(await opened(workspace, workspace.tickets.trigger("U0YOU", top.id)))
        assert results == ["ok", "ok", "ok", "push_limit_reached"]


async def test_the_twenty_first_channel_in_a_minute_has_to_wait() -> None:
    clock = Clock()
    async with serve(options=Options(clock=clock, enforce_rates=True)) as workspace:
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
        for number in range(20):
            await client.conversations_create(name=f"incident-{number}")
        with pytest.raises(SlackApiError) as refused:
            await client.conversations_create(name="incident-20")
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "3"
        clock.now += 3
        await client.conversations_create(name="incident-20")


def test_a_channel_takes_a_short_burst_and_then_one_message_a_second() -> None:
    clock = Clock()
    rates = Rates(clock)
    waits = [rates.retry_after("chat.postMessage", 5, "C0ALERTS") for _ in range(5)]
    assert waits == [0, 0, 0, 0, 1]
    assert rates.retry_after("chat.postMessage", 5, "C0INCIDENTS") == 0
    clock.now += 1
    assert rates.retry_after("chat.postMessage", 5, "C0ALERTS") == 0
