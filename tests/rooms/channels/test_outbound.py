"""POSTs over kept connections, against a real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.outbound import Answered, Courier, Unreachable, once
from tests.servers.process import free_port


@dataclass
class Receiver:
    """Answers as told; remembers from which port each request came, and its cookies."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    cookies: list[dict[str, str]] = field(default_factory=list)
    authorized: list[str | None] = field(default_factory=list)
    silent: bool = False

    async def take(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        self.ports.append(request.transport.get_extra_info("peername")[1])
        self.cookies.append(dict(request.cookies))
        self.authorized.append(request.headers.get("Authorization"))
        if self.silent:
            await asyncio.Event().wait()
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    application = web.Application()
    application.router.add_post("/", made.take)
    async with TestServer(application) as server:
        made.url = str(server.make_url("/"))
        yield made


@pytest.fixture
async def courier() -> AsyncIterator[Courier]:
    made = Courier()
    yield made
    await made.close()


async def test_a_connection_is_kept(receiver: Receiver, courier: Courier) -> None:
    for _ in range(3):
        await courier(receiver.url, b"{}", {}, patience=5)
    assert len(set(receiver.ports)) == 1


async def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver, courier: Courier) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url}
    assert await courier(receiver.url, b"{}", {}, patience=5) == Answered(307)
    assert len(receiver.ports) == 1


async def test_cookies_are_not_kept(receiver: Receiver, courier: Courier) -> None:
    receiver.headers = {"Set-Cookie": "who=me"}
    for _ in range(2):
        await courier(receiver.url, b"{}", {}, patience=5)
    assert receiver.cookies == [{}, {}]


async def test_who_does_not_answer_in_time_cannot_be_reached(receiver: Receiver, courier: Courier) -> None:
    receiver.silent = True
    with pytest.raises(Unreachable, match="Timeout"):
        await courier(receiver.url, b"{}", {}, patience=0.05)


@pytest.mark.parametrize("url", ["http://ops.invalid/", "https://127.0.0.1:{port}/", "http://127.0.0.1:{port}/"])
async def test_nobody_there_is_told_without_the_address(courier: Courier, url: str) -> None:
    with pytest.raises(Unreachable) as refused:
        await courier(url.format(port=free_port()), b"secret", {"X-Signature": "secret"}, patience=5)
    assert str(refused.value).isalnum()


async def test_a_closed_one_opens_again(receiver: Receiver, courier: Courier) -> None:
    await courier(receiver.url, b"{}", {}, patience=5)
    await courier.close()
    assert await courier(receiver.url, b"{}", {}, patience=5) == Answered(200)


async def test_the_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", receiver.url)
    monkeypatch.setenv("no_proxy", "")
    assert await once("http://ops.invalid/", b"{}", {}, patience=5) == Answered(200)


async def test_no_proxy_is_asked_for_what_the_environment_excepts(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert await once(receiver.url, b"{}", {}, patience=5) == Answered(200)


async def test_passwords_of_a_netrc_are_not_sent(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    await once(receiver.url, b"{}", {}, patience=5)
    assert receiver.authorized == [None]


async def test_once_leaves_nothing_open(receiver: Receiver) -> None:
    receiver.headers = {"Retry-After": "7"}
    assert await once(receiver.url, b"{}", {}, patience=5) == Answered(200, "7")
