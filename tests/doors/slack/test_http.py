"""The same doors over HTTP: signed requests alone are let in."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.sandbox import Workspace, serve
from bot.sandbox.link import HttpLink, signature
from handlers.http.problems import told
from handlers.http.slack import LARGEST, PATH, routes
from handlers.slack.app import connect
from tests.doors.slack.conftest import YOU, Bot, bot_at, sandbox_options, shown

SECRET = "a-signing-secret"
BODY = b'{"type": "url_verification", "challenge": "c", "token": "t"}'


@dataclass(frozen=True)
class Door:
    url: str
    workspace: Workspace
    bot: Bot


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    from tests.servers.process import free_port

    url = f"http://127.0.0.1:{(port := free_port())}{PATH}"
    options = replace(sandbox_options(), request_url=url, signing_secret=SECRET)
    changes = {"slack_app_token": None, "slack_signing_secret": SecretStr(SECRET)}
    async with serve(options=options) as workspace, bot_at(workspace, tmp_path, {}, **changes) as bot:
        application = web.Application(client_max_size=2 * LARGEST, middlewares=[told([PATH])])
        application.add_routes(routes(bot.ports.settings, connect(bot)))
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield Door(url, workspace, bot)
        await runner.cleanup()
        assert workspace.violations == []


async def sent(door: Door, body: bytes, *, secret: str = SECRET, age: int = 0, **headers: str) -> tuple[int, str]:
    at = str(int(time.time()) - age)
    given = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": signature(secret, at, body),
        **headers,
    }
    async with aiohttp.ClientSession() as session, session.post(door.url, data=body, headers=given) as answer:
        return answer.status, await answer.text()


async def test_slacks_check_of_the_address_is_answered(door: Door) -> None:
    link = door.workspace.courier.link
    assert isinstance(link, HttpLink)
    assert await link.verify_url()


async def test_a_command_over_http_is_answered(door: Door) -> None:
    outcome = await door.workspace.person(YOU).command("/do", "manage echo over http", channel="#general")
    assert outcome.acked
    message = await door.workspace.until(lambda: next(iter(door.workspace.messages("#general")), None))
    assert "over http" in shown(message)


async def test_an_event_over_http_is_acted_on(door: Door) -> None:
    await door.workspace.person(YOU).say("#alerts", "<@U0BOT> echo by mention")
    await door.workspace.until(lambda: ["echo", "by", "mention"] in door.bot.lines())


async def test_the_bot_is_connected_once_slack_takes_its_token(door: Door) -> None:
    assert door.bot.ports.chat is not None
    assert door.bot.ports.chat.connected


async def test_a_bad_signature_is_refused_with_its_mend(door: Door) -> None:
    status, text = await sent(door, BODY, secret="another-secret")
    assert status == 401
    assert "SLACK_SIGNING_SECRET" in text


async def test_an_old_signature_is_refused(door: Door) -> None:
    assert (await sent(door, BODY, age=301))[0] == 401


async def test_a_request_without_a_signature_is_refused(door: Door) -> None:
    for missing in ("X-Slack-Signature", "X-Slack-Request-Timestamp"):
        assert (await sent(door, BODY, **{missing: ""}))[0] == 401


async def test_a_timestamp_that_is_no_number_is_refused(door: Door) -> None:
    assert (await sent(door, BODY, **{"X-Slack-Request-Timestamp": "now"}))[0] == 401


async def test_a_body_that_was_changed_is_refused(door: Door) -> None:
    at = str(int(time.time()))
    given = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature(SECRET, at, BODY)}
    status, _ = await sent(door, BODY.replace(b'"c"', b'"d"'), **given)
    assert status == 401


async def test_a_body_over_one_megabyte_is_refused(door: Door) -> None:
    status, _ = await sent(door, b"x" * (LARGEST + 1))
    assert status == 413


async def test_a_signed_body_that_is_no_json_is_refused(door: Door) -> None:
    assert (await sent(door, b"{not json"))[0] == 400


async def test_an_unsigned_body_that_is_no_json_is_refused_before_it_is_read(door: Door) -> None:
    assert (await sent(door, b"{not json", secret="another"))[0] == 401


async def test_without_a_signing_secret_there_is_no_route(door: Door) -> None:
    settings = door.bot.ports.settings.model_copy(update={"slack_signing_secret": None})
    assert routes(settings, connect(door.bot)) == []
