"""The page's door: only this machine's own page may drive the workspace, and it gets a clear answer."""

from typing import Any

import aiohttp
import pytest

from bot.sandbox import Workspace, rooms

SAY = {"user": "U0YOU", "channel": "C0ALERTS", "text": "hello"}


async def post(workspace: Workspace, deed: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, str]:
    url = f"{workspace.url}ui/{deed}"
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as got:
        return got.status, await got.text()


async def test_the_page_itself_may_speak(workspace: Workspace) -> None:
    status, _ = await post(workspace, "say", SAY, {"Origin": workspace.url.rstrip("/")})
    assert (status, workspace.messages("#alerts")[0].text) == (200, "hello")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
    ],
    ids=lambda headers: next(iter(headers.items()))[1],
)
async def test_another_page_may_not(workspace: Workspace, headers: dict[str, str]) -> None:
    status, _ = await post(workspace, "say", SAY, headers)
    assert status in (403, 415)
    assert workspace.messages("#alerts") == []


async def test_another_page_may_not_listen(workspace: Workspace) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(f"{workspace.url}ui/ws?user=U0YOU", headers={"Origin": "https://evil.example"})


@pytest.mark.parametrize(
    ("deed", "body", "status", "problem"),
    [
        ("dance", {}, 404, "no such deed"),
        ("say", {**SAY, "user": "U0BOT"}, 400, "no such person"),
        ("say", {**SAY, "channel": "C0NONE"}, 400, "sees no channel"),
        ("say", {**SAY, "text": "  "}, 400, "nothing to send"),
        ("say", {"user": "U0YOU"}, 400, "malformed"),
        ("say", [], 400, "malformed"),
        ("command", {**SAY, "text": "/dance"}, 400, "/dance is not a command of this workspace; there is /do"),
        ("react", {**SAY, "ts": "1.0", "name": "eyes", "on": True}, 400, "no message"),
        ("demo", {"mode": "down"}, 400, "without the demo service"),
    ],
)
async def test_a_wrong_deed_is_told_what_is_wrong(
    workspace: Workspace, deed: str, body: Any, status: int, problem: str
) -> None:
    got, text = await post(workspace, deed, body)
    assert got == status
    assert problem in text


async def test_the_page_forbids_foreign_scripts(workspace: Workspace) -> None:
    async with aiohttp.ClientSession() as session, session.get(workspace.url) as got:
        policy = got.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


async def test_a_file_is_given_to_the_bots_token_alone(workspace: Workspace) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{workspace.url}files/F0NONE") as got:
        assert got.status == 403


async def test_a_private_channel_comes_with_its_messages_and_goes(workspace: Workspace) -> None:
    secret = rooms.create(workspace, "secret", "U0LEAD", private=True)
    await workspace.person("U0LEAD").say(secret.id, "earlier")
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{workspace.url}ui/ws?user=U0YOU") as socket:
        hello = await socket.receive_json()
        rooms.join(workspace, secret, "U0YOU", "U0LEAD")
        came = await socket.receive_json()
        joined = await socket.receive_json()
        rooms.leave(workspace, secret, "U0YOU")
        gone = await socket.receive_json()
    assert secret.id not in {channel["id"] for channel in hello["channels"]}
    assert came["messages"][0]["text"] == "earlier"
    assert joined["message"]["subtype"] == "group_join"
    assert gone == {"type": "gone", "channel": secret.id}


async def test_a_viewer_is_not_told_what_is_for_others(workspace: Workspace) -> None:
    await workspace.person("U0LEAD").say(workspace.state.im("U0LEAD").id, "private")
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{workspace.url}ui/ws?user=U0YOU") as socket:
        hello = await socket.receive_json()
        await workspace.person("U0LEAD").say(workspace.state.im("U0LEAD").id, "more")
        await workspace.person("U0LEAD").say("#alerts", "public")
        change = await socket.receive_json()
    assert hello["messages"] == []
    assert change["message"]["text"] == "public"
