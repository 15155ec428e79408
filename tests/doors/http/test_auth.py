"""The token at the HTTP door, and what protects it where there is none."""

import httpx
import pytest
from aiohttp import web

from handlers.measured import Measured
from tests.doors.http.conftest import Open, with_token

TOKEN = "s3cr3t-token-of-the-tests"
PATHS = [("POST", "/api/commands"), ("GET", "/metrics"), ("GET", "/nowhere"), ("POST", "/webhooks/generic")]


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_without_the_token_nothing_is_answered(bot: Measured, opened: Open, method: str, path: str) -> None:
    async with opened(with_token(bot, TOKEN)) as client:
        answer = await client.request(method, path)
    assert answer.status_code == 401
    assert answer.json()["error"] == "a bearer token is needed"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("given", ["wrong", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "ü"])
async def test_a_wrong_token_is_refused_and_not_repeated(bot: Measured, opened: Open, given: str) -> None:
    async with opened(with_token(bot, TOKEN)) as client:
        answer = await client.get("/metrics", headers=[(b"Authorization", f"Bearer {given}".encode())])
    assert (answer.status_code, answer.json()["error"]) == (401, "the bearer token is wrong")
    assert "MANAGE_TOKEN" in answer.json()["hint"]


async def test_another_scheme_is_refused(bot: Measured, opened: Open) -> None:
    async with opened(with_token(bot, TOKEN)) as client:
        assert (await client.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"})).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_token_opens(bot: Measured, opened: Open, scheme: str) -> None:
    async with opened(with_token(bot, TOKEN)) as client:
        assert (await client.get("/metrics", headers={"Authorization": f"{scheme} {TOKEN}"})).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_need_no_token(bot: Measured, opened: Open, path: str) -> None:
    async with opened(with_token(bot, TOKEN)) as client:
        assert (await client.get(path)).status_code == 200


async def test_slack_needs_no_token(bot: Measured, opened: Open) -> None:
    async def hear(_request: web.Request) -> web.Response:
        return web.Response(text="heard")

    async with opened(with_token(bot, TOKEN), [web.post("/slack/events", hear)]) as client:
        assert (await client.post("/slack/events")).text == "heard"


async def test_the_token_holds_for_other_names_of_this_machine(bot: Measured, opened: Open) -> None:
    async with opened(with_token(bot, TOKEN)) as client:
        answer = await client.get("/metrics", headers={**bearing(TOKEN), "Host": "bot.example.com"})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["bot.example.com", "10.0.0.7:8080", "", "127.0.0.1.example.com"])
async def test_without_a_token_no_other_name_of_this_machine_is_answered(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.post("/api/commands", json={"command": "fail"}, headers={"Host": host})
    assert (answer.status_code, "MANAGE_TOKEN" in answer.json()["hint"]) == (403, True)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
async def test_without_a_token_this_machine_is_answered(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/metrics", headers={"Host": host})).status_code == 200


async def test_without_a_token_no_other_web_page_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/commands", json={"command": "fail"}, headers={"Origin": "https://evil.example.com"}
    )
    assert answer.status_code == 403
