"""Every error of the HTTP door has one form, helps on, and tells nothing that is for the log."""

from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from aiohttp import web

from handlers.measured import Measured
from storage.unit_of_work import StoreError
from tests.doors.http.conftest import Open


async def test_an_unknown_path_is_404_with_those_that_exist(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/comands")
    assert answer.status_code == 404
    told = answer.json()
    assert told["error"] == "there is nothing at /api/comands"
    paths = told["hint"].removeprefix("There is: ").removesuffix(".").split(", ")
    assert paths == sorted(paths)
    assert {"GET /healthz", "GET /metrics", "POST /api/commands", "POST /api/v2/alerts"} <= set(paths)
    assert not [path for path in paths if path.startswith("*")]


async def test_routes_that_were_added_are_among_those_that_exist(bot: Measured, opened: Open) -> None:
    async def hear(_request: web.Request) -> web.Response:
        return web.Response()

    async with opened(bot, [web.post("/slack/events", hear)]) as client:
        assert "POST /slack/events" in (await client.get("/")).json()["hint"]


async def test_a_wrong_method_is_405_with_the_right_one(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/commands")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json() == {"error": "/api/commands does not take GET", "hint": "It takes POST."}


async def test_a_fault_of_ours_is_500_without_its_trace(bot: Measured, opened: Open) -> None:
    async with opened(bot, [web.get("/trip", tripping)]) as client:
        answer = await client.get("/trip")
    assert answer.status_code == 500
    assert answer.json() == {"error": "something failed inside the bot", "hint": "Its log has the details."}


async def test_a_fault_of_ours_is_logged_with_its_trace(
    bot: Measured, opened: Open, logged: list[MutableMapping[str, Any]]
) -> None:
    async with opened(bot, [web.get("/trip", tripping)]) as client:
        await client.get("/trip")
    [entry] = logged
    assert (entry["event"], entry["path"], entry["exc_info"]) == ("request_failed", "/trip", True)


async def test_a_store_that_a_handler_loses_is_503(bot: Measured, opened: Open) -> None:
    async def lose(_request: web.Request) -> web.Response:
        raise StoreError("sqlite:///secret/place.db: no space left")

    async with opened(bot, [web.get("/lose", lose)]) as client:
        answer = await client.get("/lose")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "secret/place" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/metrics"])
async def test_no_answer_tells_which_server_it_comes_from(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers["Server"] == "do-manage"


async def tripping(_request: web.Request) -> web.Response:
    raise RuntimeError("in /srv/bot/secret.py")
