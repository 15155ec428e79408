"""Calls one by one: what is repeated, what is not, and in what order what waits goes out."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import ChatError
from bot.slack.calls import Calls, Unsure


@dataclass
class Web:
    """Answers with what was planned, one for each call; what is left out is a plain "ok"."""

    planned: list[Any] = field(default_factory=list)
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def api_call(self, method: str, *, data: dict[str, str]) -> Any:
        self.sent.append((method, data))
        outcome = self.planned.pop(0) if self.planned else {"ok": True}
        if isinstance(outcome, Exception):
            raise outcome
        return Answer(outcome)


@dataclass(frozen=True)
class Answer:
    data: Any
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def refused(error: str, status: int = 200, **headers: str) -> SlackApiError:
    return SlackApiError("refused", Answer({"ok": False, "error": error}, status, headers))  # type: ignore[no-untyped-call] # the SDK leaves it out


def calls(*planned: Any) -> tuple[Calls, Web, Time]:
    web, time = Web(list(planned)), Time()
    return Calls(cast("AsyncWebClient", web), clock=time, sleep=time.sleep), web, time


LOST: list[Callable[[], Exception]] = [
    aiohttp.ServerDisconnectedError,
    TimeoutError,
    ConnectionResetError,
    lambda: SlackApiError("html", Answer("<html>", 502)),  # type: ignore[no-untyped-call] # the SDK leaves it out
    lambda: refused("internal_error"),
]


async def test_arguments_are_spelled_as_a_form() -> None:
    api, web, _ = calls()
    await api.call("chat.update", channel="C1", blocks=[{"type": "divider"}], flag=True, off=False, left_out=None)
    assert web.sent == [
        ("chat.update", {"channel": "C1", "blocks": '[{"type": "divider"}]', "flag": "true", "off": "false"})
    ]


@pytest.mark.parametrize("lost", LOST)
async def test_an_unknown_outcome_of_what_may_be_repeated_is_repeated(lost: Callable[[], Exception]) -> None:
    api, web, time = calls(lost(), lost())
    await api.call("chat.update", channel="C1", ts="1.1")
    assert len(web.sent) == 3
    assert len(time.slept) == 2


@pytest.mark.parametrize("lost", LOST)
async def test_an_unknown_outcome_of_what_must_not_be_repeated_is_told(lost: Callable[[], Exception]) -> None:
    api, web, _ = calls(lost())
    with pytest.raises(Unsure) as caught:
        await api.call("chat.postMessage", repeatable=False, channel="C1")
    assert caught.value.retry
    assert len(web.sent) == 1


async def test_a_call_that_never_left_is_repeated_whatever_it_is() -> None:
    key = aiohttp.client_reqrep.ConnectionKey("slack.invalid", 443, True, True, None, None, None)
    api, web, _ = calls(aiohttp.ClientConnectorError(key, OSError("refused")))
    await api.call("chat.postMessage", repeatable=False, channel="C1")
    assert len(web.sent) == 2


async def test_giving_up_leaves_the_rest_to_the_jobs_own_back_off() -> None:
    api, web, _ = calls(*(TimeoutError() for _ in range(9)))
    with pytest.raises(ChatError) as caught:
        await api.call("pins.add", channel="C1", timestamp="1.1")
    assert (caught.value.retry, len(web.sent)) == (True, 4)


async def test_a_refusal_is_not_repeated() -> None:
    api, web, _ = calls(refused("channel_not_found"))
    with pytest.raises(ChatError) as caught:
        await api.call("chat.update", channel="C1", ts="1.1")
    assert (caught.value.code, caught.value.retry, len(web.sent)) == ("channel_not_found", False, 1)


async def test_a_429_is_waited_for_as_often_as_it_comes() -> None:
    limited = [refused("ratelimited", 429, **{"Retry-After": "7"}) for _ in range(10)]
    api, web, time = calls(*limited)
    await api.call("conversations.create", name="x")
    assert len(web.sent) == 11
    assert time.now >= 70


async def test_a_429_without_a_time_is_waited_for_too() -> None:
    api, _, time = calls(refused("ratelimited", 429))
    await api.call("conversations.create", name="x")
    assert time.now >= 1


async def test_a_429_of_zero_seconds_is_no_busy_loop() -> None:
    api, _, time = calls(refused("ratelimited", 429, **{"Retry-After": "0"}))
    await api.call("conversations.create", name="x")
    assert time.now > 0


async def test_pages_follow_the_cursor_to_the_end_or_to_the_limit() -> None:
    def page(cursor: str) -> dict[str, Any]:
        return {"ok": True, "response_metadata": {"next_cursor": cursor}}

    api, web, _ = calls(page("a"), page("b"), page(""), page("never"))
    assert len([p async for p in api.pages("conversations.list", 10)]) == 3
    assert [data.get("cursor") for _, data in web.sent] == [None, "a", "b"]
    api, web, _ = calls(*(page("more") for _ in range(5)))
    assert len([p async for p in api.pages("conversations.list", 2)]) == 2
