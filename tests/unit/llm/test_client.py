"""The client against a server that answers well and badly."""

import json
import sys
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config.manage import Manage
from bot.config.settings import Settings
from bot.llm.client import BREAKS_AFTER, BREAKS_FOR, Model, ModelError, connect, parse
from bot.postmortems.prompt import WrittenSection
from tests.servers.openai import OpenAI, breaks_off, garbles, openai_server, refuses, says

GOOD = json.dumps({"statements": [{"kind": "fact", "text": "It was down.", "evidence": [1]}]})


def model(server: OpenAI, *, timeout: float = 20, key: str = "sk-test", clock: Any = lambda: 0.0) -> Model:
    return Model(
        model=server.model,
        base_url=server.base_url,
        key=SecretStr(key),
        timeout=timedelta(seconds=timeout),
        clock=clock,
    )


async def ask(writer: Model, *, prompt: str = "Write.", budget: int = 8000) -> WrittenSection:
    answer = await writer.write(system="Rules.", prompt=prompt, schema=WrittenSection, budget=budget)
    assert isinstance(answer, WrittenSection)
    return answer


async def test_a_good_answer_is_an_instance_of_the_schema() -> None:
    async with openai_server(says(GOOD)) as server:
        answer = await ask(model(server))
    assert [s.text for s in answer.statements] == ["It was down."]


async def test_the_schema_is_asked_for_strictly() -> None:
    async with openai_server(says(GOOD)) as server:
        await ask(model(server))
        asked = server.requests[0]["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["strict"] is True
    assert asked["json_schema"]["schema"]["additionalProperties"] is False


async def test_a_server_without_schemas_is_asked_for_json_and_remembered() -> None:
    async with openai_server(refuses(400), says(GOOD), says(GOOD)) as server:
        writer = model(server)
        await ask(writer)
        await ask(writer)
        kinds = [r.get("response_format", {}).get("type") for r in server.requests]
    assert kinds == ["json_schema", "json_object", "json_object"]


async def test_a_server_that_knows_no_format_at_all_gets_the_schema_in_words() -> None:
    async with openai_server(refuses(400), refuses(400), says(f"Here you are:\n```json\n{GOOD}\n```\nBye")) as server:
        answer = await ask(model(server))
        last = server.requests[-1]
    assert answer.statements
    assert "response_format" not in last
    assert '"additionalProperties": false' in last["messages"][0]["content"]


async def test_an_answer_of_another_shape_is_asked_for_once_more() -> None:
    async with openai_server(says('{"statements": [{"text": "no kind"}]}'), says(GOOD)) as server:
        answer = await ask(model(server))
        told = server.requests[1]["messages"][-1]["content"]
    assert answer.statements
    assert "statements.0.kind" in told


async def test_an_answer_that_was_cut_off_is_asked_for_once_more() -> None:
    async with openai_server(says(GOOD[:40], finish_reason="length"), says(GOOD)) as server:
        assert (await ask(model(server))).statements


async def test_two_unusable_answers_are_one_line_with_the_mend() -> None:
    async with openai_server(says("no"), says("no again")) as server:
        with pytest.raises(ModelError, match=r"answered twice with something else .*OPENAI_MODEL$"):
            await ask(model(server))


async def test_a_busy_server_is_tried_again() -> None:
    async with openai_server(refuses(429, retry_after=0.01), refuses(500), says(GOOD)) as server:
        assert (await ask(model(server))).statements
        assert len(server.requests) == 3


async def test_a_broken_connection_is_tried_again() -> None:
    async with openai_server(breaks_off(GOOD), says(GOOD)) as server:
        assert (await ask(model(server))).statements


async def test_a_server_that_stays_busy_is_given_up() -> None:
    async with openai_server(*[refuses(429, retry_after=0.01)] * 3) as server:
        with pytest.raises(ModelError, match="answers 429"):
            await ask(model(server))


async def test_a_slow_server_is_given_up_in_time() -> None:
    async with openai_server(says(GOOD, delay=5)) as server:
        writer = model(server, timeout=0.3)
        await warm()
        with pytest.raises(ModelError, match=r"did not answer .*`postmortems\.timeout`"):
            await ask(writer)


async def warm() -> None:
    """Import the library outside the time that a test measures."""
    import openai  # noqa: F401


async def test_garbage_instead_of_the_api_names_the_address() -> None:
    async with openai_server(garbles(), garbles(), garbles()) as server:
        with pytest.raises(ModelError, match=r"not as the chat API does; check OPENAI_BASE_URL$"):
            await ask(model(server))


async def test_a_wrong_key_is_named_and_never_shown() -> None:
    async with openai_server() as server:
        with pytest.raises(ModelError, match="check OPENAI_API_KEY") as caught:
            await ask(model(server, key="sk-wrong-key-that-is-secret"))
    assert "sk-wrong" not in str(caught.value)


async def test_a_prompt_beyond_the_budget_is_refused_before_it_is_sent() -> None:
    async with openai_server(says(GOOD)) as server:
        with pytest.raises(ModelError, match=r"tokens are needed .*`postmortems\.budget`"):
            await ask(model(server), prompt="word " * 2000, budget=1000)
        assert server.requests == []


async def test_the_answer_may_use_what_the_prompt_leaves_of_the_budget() -> None:
    async with openai_server(says(GOOD)) as server:
        await ask(model(server), budget=2000)
        assert 1000 < server.requests[0]["max_tokens"] < 2000


async def test_secrets_never_leave() -> None:
    secret = "xoxb-1234567890-abcdefghij"
    async with openai_server(says(GOOD)) as server:
        await ask(model(server), prompt=f"the token is {secret}")
        sent = json.dumps(server.requests)
    assert secret not in sent
    assert "[SECRET_1]" in sent


async def test_secrets_that_come_back_are_taken_out() -> None:
    leaking = GOOD.replace("It was down.", "Use AKIAIOSFODNN7EXAMPLE now.")
    async with openai_server(says(leaking)) as server:
        answer = await ask(model(server))
    assert answer.statements[0].text == "Use [SECRET_1] now."


async def test_what_was_used_is_counted() -> None:
    async with openai_server(says(GOOD)) as server:
        writer = model(server)
        await ask(writer)
    assert writer.used == 10 + len(GOOD.split())


async def test_after_some_failures_in_a_row_nobody_waits_until_the_break_is_over() -> None:
    now = [0.0]
    async with openai_server(*[says("no")] * 2 * BREAKS_AFTER, says(GOOD)) as server:
        writer = model(server, clock=lambda: now[0])
        for _ in range(BREAKS_AFTER):
            with pytest.raises(ModelError):
                await ask(writer)
        with pytest.raises(ModelError, match="left alone for 5 min"):
            await ask(writer)
        now[0] = BREAKS_FOR
        assert (await ask(writer)).statements


def test_without_key_and_address_there_is_no_model() -> None:
    assert connect(Settings(), Manage()) is None


def test_a_local_server_needs_no_key() -> None:
    writer = connect(Settings(openai_base_url="http://127.0.0.1:11434/v1"), Manage())
    assert writer is not None
    assert writer.key is None


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    import subprocess

    code = "import sys, bot.llm.client; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"<think>{{maybe}}</think> {GOOD} and more",
        f"{{not json}} {GOOD}",
        GOOD.replace('"It was down."', '"a } brace { inside"'),
    ],
)
def test_the_object_is_found_wherever_it_stands(text: str) -> None:
    assert parse(text, WrittenSection).statements


@pytest.mark.parametrize("text", ["", "no", "{", "[1, 2]", '{"statements": 1}', GOOD[:-5]])
def test_what_holds_no_whole_answer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text, WrittenSection)
