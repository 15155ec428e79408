"""An unmodified Bolt app behind a request URL: signed requests, retries, the verification of the address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Options, Workspace, serve
from bot.sandbox.link import HttpLink, signature
from tests.sandbox.conftest import button

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Door:
    """An HTTP server in front of a Bolt app that is made later; it can refuse requests."""

    def __init__(self) -> None:
        self.app: AsyncApp | None = None
        self.refusals = 0
        self.retries: list[tuple[str | None, str | None]] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.retries.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=500)
        assert self.app is not None
        return await to_aiohttp_response(await self.app.async_dispatch(await to_bolt_request(request)))


@asynccontextmanager
async def workspace_for(door: Door, secret: str = SECRET) -> AsyncIterator[Workspace]:
    server = web.Application()
    server.router.add_post("/slack/events", door.serve)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        async with serve(options=Options(request_url=url, signing_secret=SECRET, retry_delays=(0.0, 0.0))) as workspace:
            client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
            door.app = AsyncApp(client=client, signing_secret=secret)
            yield workspace
    finally:
        await runner.cleanup()


async def test_commands_buttons_and_events_arrive_signed() -> None:
    door, seen = Door(), []
    async with workspace_for(door) as workspace:
        assert door.app is not None

        @door.app.command("/do")
        async def run(ack: AsyncAck, command: dict[str, Any]) -> None:
            await ack(f"heard {command['text']}")

        @door.app.action("go")
        async def go(ack: AsyncAck, action: dict[str, Any]) -> None:
            await ack()
            seen.append(action["value"])

        @door.app.event("message")
        async def heard(event: dict[str, Any]) -> None:
            seen.append(event["text"])

        person = workspace.person("U0YOU")
        outcome = await person.command("/do", "alerts & more")
        blocks = [{"type": "actions", "elements": [button("go", "42")]}]
        sent = await door.app.client.chat_postMessage(channel="#alerts", text="card", blocks=blocks)
        await person.press("#alerts", sent["ts"], "go")
        await person.say("#alerts", "hello")
        await workspace.until(lambda: "hello" in seen)
        assert outcome.message is not None
        assert outcome.message.text == "heard alerts &amp; more"
        assert "42" in seen


async def test_an_app_with_another_secret_refuses_everything() -> None:
    door = Door()
    async with workspace_for(door, secret="another") as workspace:
        outcome = await workspace.person("U0YOU").command("/do")
        assert not outcome.acked
        assert workspace.acks[-1].reason == "http_error"


async def test_a_refused_event_is_sent_again_with_number_and_reason() -> None:
    door = Door()
    async with workspace_for(door) as workspace:
        assert door.app is not None
        door.app.event("message")(_nothing)
        door.refusals = 2
        await workspace.person("U0YOU").say("#alerts", "hello")
        await workspace.until(lambda: len(door.retries) == 3)
        await workspace.idle()
    assert door.retries == [(None, None), ("1", "http_error"), ("2", "http_error")]


async def _nothing() -> None: ...


async def test_the_request_url_is_verified_by_its_challenge() -> None:
    door = Door()
    async with workspace_for(door) as workspace:
        link = workspace.courier.link
        assert isinstance(link, HttpLink)
        assert await link.verify_url()


def test_the_signature_is_that_of_slacks_own_example() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert signature(SECRET, "1531420618", body) == expected


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
async def test_a_host_beyond_loopback_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="loopback alone"):
        async with serve(host=host):
            pass
