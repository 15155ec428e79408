"""Where the token goes when a file is fetched: to Slack's own hosts, nowhere else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import ChatError
from bot.slack.calls import Calls
from bot.slack.conversations import Conversations
from bot.slack.files import Files

TOKEN = "xoxb-secret"


@dataclass
class Slack:
    """A server that answers files.info with `told` and gives files out as `served` says; it notes who came."""

    told: dict[str, Any] = field(default_factory=dict)
    served: web.Response = field(default_factory=lambda: web.Response(body=b"12345", content_type="image/png"))
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    async def info(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "file": self.told})

    async def give(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, request.headers.get("Authorization", "")))
        return self.served


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    there = Slack()
    app = web.Application()
    app.router.add_route("*", "/api/files.info", there.info)
    app.router.add_get("/{path:.*}", there.give)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    there.told = {"name": "graph.png", "mimetype": "image/png", "url_private_download": f"{there.url}/files/F1"}
    yield there
    await runner.cleanup()


@pytest.fixture
async def files(slack: Slack) -> AsyncIterator[Files]:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=TOKEN, base_url=f"{slack.url}/api/", session=session)
        client.proxy = None
        calls = Calls(client, clock=lambda: 0.0)
        yield Files(calls, Conversations(calls, lambda: None))  # type: ignore[arg-type,return-value] # no time is asked for


async def test_a_file_of_slacks_own_host_comes_with_the_token(slack: Slack, files: Files) -> None:
    assert (await files.download("F1", 10)).content == b"12345"
    assert slack.asked == [("/files/F1", f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/files/F1",
        "https://files.slack.com.evil.example/F1",
        "https://evil.example/?files.slack.com",
        "https://files.slack.com@evil.example/F1",
        "https://user:secret@files.slack.com/F1",
        "http://files.slack.com/F1",
        "https://files.slack.com:8443/F1",
        "http://127.0.0.1:1/files/F1",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_file_elsewhere_is_never_asked_for(slack: Slack, files: Files, address: str) -> None:
    slack.told["url_private_download"] = address
    with pytest.raises(ChatError, match="outside Slack") as refused:
        await files.download("F1", 10)
    assert refused.value.code == "not_on_slack"
    assert slack.asked == []


async def test_a_redirection_is_not_followed(slack: Slack, files: Files) -> None:
    slack.served = web.Response(status=302, headers={"Location": f"{slack.url}/elsewhere"})
    with pytest.raises(ChatError, match="files:read") as refused:
        await files.download("F1", 10)
    assert refused.value.code == "file_not_readable"
    assert [path for path, _ in slack.asked] == ["/files/F1"]


async def test_a_page_to_sign_in_is_not_taken_for_the_file(slack: Slack, files: Files) -> None:
    slack.served = web.Response(text="<html>Sign in</html>", content_type="text/html")
    with pytest.raises(ChatError, match="files:read"):
        await files.download("F1", 100)


async def test_a_file_longer_than_it_says_is_cut_off(slack: Slack, files: Files) -> None:
    slack.told["size"] = 3
    with pytest.raises(ChatError) as refused:
        await files.download("F1", 4)
    assert refused.value.code == "too_large"


async def test_a_file_that_says_it_is_too_long_is_not_fetched_at_all(slack: Slack, files: Files) -> None:
    slack.told["size"] = 11
    with pytest.raises(ChatError, match="more than 10 bytes"):
        await files.download("F1", 10)
    assert slack.asked == []
