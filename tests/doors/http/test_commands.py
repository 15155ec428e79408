"""POST /api/commands: a body becomes a command line, the card becomes JSON, the level a status."""

import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
import pytest

from handlers.measured import Measured
from storage.tables import journal
from tests.doors.http.conftest import Open
from tests.doors.http.lost import SAID, without_store

JSON = {"Content-Type": "application/json"}
PATH = "/api/commands"


async def ask(client: httpx.AsyncClient, body: Any) -> httpx.Response:
    return await client.post(PATH, json=body)


def problem(answer: httpx.Response) -> tuple[str, str]:
    body = answer.json()
    assert body["error"]
    return body["error"], body["hint"]


async def test_a_command_is_run_with_its_named_parameters(client: httpx.AsyncClient) -> None:
    answer = await ask(client, {"command": "greet", "who": "world", "times": 2})
    assert (answer.status_code, answer.json()) == (200, {"title": "hello worldhello world", "level": "ok"})


async def test_a_command_line_is_run_as_it_is(client: httpx.AsyncClient) -> None:
    assert (await ask(client, {"argv": ["greet", "it's me"]})).json()["title"] == "hello it's me"


async def test_a_value_that_looks_like_an_option_stays_a_value(client: httpx.AsyncClient) -> None:
    assert (await ask(client, {"command": "greet", "who": "--times=9"})).json()["title"] == "hello --times=9"


async def test_bad_news_is_an_answer_and_no_error(client: httpx.AsyncClient) -> None:
    answer = await ask(client, {"command": "fail"})
    assert (answer.status_code, answer.json()["level"]) == (200, "bad")


async def test_a_command_that_fails_says_so_without_a_trace(client: httpx.AsyncClient) -> None:
    answer = await ask(client, {"command": "trip"})
    assert (answer.status_code, answer.json()["level"]) == (200, "bad")
    assert "Traceback" not in answer.text


async def test_who_asked_over_http_is_in_the_journal(client: httpx.AsyncClient, bot: Measured) -> None:
    await ask(client, {"command": "greet", "who": "world"})
    async with bot.ports.store.read() as conn:
        [entry] = await journal.of_kind(conn, "CommandRun")
    assert (entry.actor, entry.payload["via"], entry.payload["command"]) == ("http", "http", "greet")


@pytest.mark.parametrize(
    ("body", "error", "hint"),
    [
        ({"command": "gret", "who": "x"}, "no command `gret`", "`greet`"),
        ({"command": "greet"}, "Missing argument", "Usage: greet"),
        ({"command": "greet", "who": "x", "times": "often"}, "'often' is not a valid integer", "Usage: greet"),
        ({"command": "greet", "name": "x"}, "no parameter name", "times, who"),
        ({"argv": ["greet", "x", "--tmies", "2"]}, "no option --tmies", "--times"),
        ({"argv": "greet x"}, '"argv" must be a list', '{"argv":'),
        ({"argv": ["greet"], "command": "greet"}, "stand alone", '{"argv":'),
        ({}, '"command" or "argv"', '{"command": "health"}'),
        ([], "not a list", '{"command": "health"}'),
        ("greet", "not a string", '{"command": "health"}'),
        (None, "not null", '{"command": "health"}'),
        (7, "not a number", '{"command": "health"}'),
        ({"command": "greet", "who": "a\0b"}, "NUL character", "text"),
        ({"command": "greet", "who": "\ud800"}, "surrogate", "text"),
    ],
)
async def test_wrong_usage_is_400_with_what_is_wrong_and_the_next_step(
    client: httpx.AsyncClient, body: Any, error: str, hint: str
) -> None:
    answer = await client.post(PATH, content=json.dumps(body), headers=JSON)
    assert answer.status_code == 400
    said = problem(answer)
    assert error in said[0]
    assert hint in said[1]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"command": "health"', "malformed JSON at line 1, column 21"),
        (b'{\n  "command": health}', "malformed JSON at line 2, column 14"),
        (b"", "the body is empty"),
        (b"  \n", "the body is empty"),
        (b'{"command": "greet", "who": "\xff"}', "not text in UTF-8"),
        (b'{"command": "greet", "times": NaN}', "NaN is no JSON number"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"n": ' + b"9" * 10_000 + b"}", "malformed JSON"),
    ],
    ids=["unclosed", "unquoted", "empty", "blank", "latin-1", "nan", "deep", "digits"],
)
async def test_a_body_that_is_no_json_is_400_with_the_place(
    client: httpx.AsyncClient, content: bytes, error: str
) -> None:
    answer = await client.post(PATH, content=content, headers=JSON)
    assert answer.status_code == 400
    assert error in problem(answer)[0]


async def test_what_is_not_allowed_is_403_with_the_reason(client: httpx.AsyncClient) -> None:
    answer = await ask(client, {"command": "forbid"})
    assert (answer.status_code, problem(answer)) == (403, ("a second person must agree", "Ask one."))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_another_kind_of_body_is_415(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post(PATH, content=b'{"command": "fail"}', headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert kind in problem(answer)[0]


async def test_a_body_of_no_kind_is_415(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, content=b'{"command": "fail"}')
    assert (answer.status_code, "no Content-Type" in problem(answer)[0]) == (415, True)


async def test_json_with_a_charset_is_json(client: httpx.AsyncClient) -> None:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert (await client.post(PATH, content=b'{"command": "fail"}', headers=kind)).status_code == 200


@pytest.mark.parametrize("size", [1_000_000, 1_048_576, 5_000_000])
async def test_a_body_of_a_megabyte_is_413_with_the_limit(client: httpx.AsyncClient, size: int) -> None:
    answer = await client.post(PATH, content=b"x" * size, headers=JSON)
    assert answer.status_code == 413
    assert "1,000,000 bytes" in problem(answer)[1]


async def test_a_body_of_a_megabyte_that_does_not_tell_its_size_is_413(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65_536

    assert (await client.post(PATH, content=chunks(), headers=JSON)).status_code == 413


async def test_a_body_just_below_a_megabyte_is_read(client: httpx.AsyncClient) -> None:
    body = json.dumps({"command": "greet", "nonsense": "x" * 999_900})
    answer = await client.post(PATH, content=body, headers=JSON)
    assert (answer.status_code, "no parameter nonsense" in problem(answer)[0]) == (400, True)


async def test_the_door_goes_on_after_a_body_that_was_too_large(client: httpx.AsyncClient) -> None:
    await client.post(PATH, content=b"x" * 5_000_000, headers=JSON)
    assert (await ask(client, {"command": "fail"})).status_code == 200


async def test_a_lost_database_is_503_with_when_to_try_again(bot: Measured, opened: Open) -> None:
    async with opened(without_store(bot)) as client:
        answer = await ask(client, {"command": "fail"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert SAID not in answer.text


async def test_why_the_database_is_lost_is_in_the_log(
    bot: Measured, opened: Open, logged: list[MutableMapping[str, Any]]
) -> None:
    async with opened(without_store(bot)) as client:
        await ask(client, {"command": "fail"})
    assert any(SAID in str(entry) for entry in logged)
