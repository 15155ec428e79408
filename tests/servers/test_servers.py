"""Each server fixture, proven with the client that the program uses."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
import redis.asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.postgresql import PostgreSQL
from tests.servers.slack_emulator import SIGNING_SECRET, SlackEmulator, Workspace


@pytest.mark.server
async def test_postgresql_answers_sql(postgresql_url: str) -> None:
    connection = await asyncpg.connect(postgresql_url)
    try:
        await connection.execute("CREATE TABLE alert (id int)")
        assert await connection.fetchval("SELECT count(*) FROM alert") == 0
    finally:
        await connection.close()


@pytest.mark.server
def test_postgresql_database_is_fresh_for_each_test(postgresql: PostgreSQL, postgresql_url: str) -> None:
    name = postgresql_url.rpartition("/")[2]
    assert postgresql.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == "0"


@pytest.mark.server
async def test_redis_keeps_what_is_set(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.set("k", "v")
        assert await client.get("k") == b"v"


@pytest.mark.server
async def test_redis_is_empty_for_each_test(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0


def test_a_database_url_names_the_database_kind(database_url: str) -> None:
    assert database_url.startswith(("sqlite:///", "postgresql://"))


@pytest.mark.server
async def test_slack_emulator_keeps_what_the_bot_posts(slack_workspace: Workspace) -> None:
    client = AsyncWebClient(slack_workspace.bot_token, base_url=slack_workspace.api_url)
    channel = (await client.conversations_create(name="incident-1"))["channel"]["id"]
    posted = await client.chat_postMessage(channel=channel, text="Declared", blocks=[{"type": "divider"}])
    history = await client.conversations_history(channel=channel)
    assert [message["ts"] for message in history["messages"]] == [posted["ts"]]


@pytest.mark.server
async def test_slack_emulator_names_a_missing_scope(slack_workspace: Workspace) -> None:
    client = AsyncWebClient(slack_workspace.readonly_token, base_url=slack_workspace.api_url)
    with pytest.raises(SlackApiError) as error:
        await client.chat_postMessage(channel="#alerts", text="Down")
    assert (error.value.response["error"], error.value.response["needed"]) == ("missing_scope", "chat:write")


@pytest.mark.server
@pytest.mark.parametrize(("method", "error"), [("auth.test", "invalid_auth"), ("no.such", "unknown_method")])
async def test_slack_emulator_refuses_as_slack_does(slack_workspace: Workspace, method: str, error: str) -> None:
    token = "xoxb-wrong" if error == "invalid_auth" else slack_workspace.bot_token
    client = AsyncWebClient(token, base_url=slack_workspace.api_url)
    with pytest.raises(SlackApiError, match=error):
        await client.api_call(method)


@pytest.mark.server
async def test_slack_emulator_delivers_signed_events(slack_emulator: SlackEmulator) -> None:
    received: asyncio.Queue[tuple[dict[str, Any], bool]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        body = await request.text()
        signed = SignatureVerifier(SIGNING_SECRET).is_valid_request(body, dict(request.headers))
        received.put_nowait((json.loads(body), signed))
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", take)
    async with TestServer(app) as server:
        workspace = slack_emulator.workspace(events_url=str(server.make_url("/slack/events")))
        client = AsyncWebClient(workspace.on_call_token, base_url=workspace.api_url)
        alerts = next(c for c in (await client.conversations_list())["channels"] if c["name"] == "alerts")
        await client.chat_postMessage(channel=alerts["id"], text="Is the database down?")
        envelope, signed = await asyncio.wait_for(received.get(), 5)
    assert signed
    assert envelope["event"]["text"] == "Is the database down?"
