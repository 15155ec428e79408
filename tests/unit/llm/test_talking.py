"""Turns of a talk, against a server that streams well and badly."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.llm.client import BREAKS_AFTER, Model, ModelError
from bot.llm.talking import Talk
from bot.talk import Call, Message, Tool, Turn
from tests.servers.openai import OpenAI, asks, breaks_off, garbles, openai_server, refuses, says

TOOL = Tool(name="health", description="How things are.", parameters={"type": "object", "properties": {}})
QUESTION = Message(role="user", text="Is the database fine?")


def talk(server: OpenAI, *, timeout: float = 20, key: str = "sk-test") -> Talk:
    edge = Model(model=server.model, base_url=server.base_url, key=SecretStr(key), timeout=timedelta(seconds=timeout))
    return Talk(edge)


async def turn(talker: Talk, *messages: Message, may_call: bool = True) -> tuple[Turn, list[str]]:
    heard: list[str] = []

    async def said(text: str) -> None:
        heard.append(text)

    asked = messages or (QUESTION,)
    return await talker.turn(asked, tools=[TOOL], may_call=may_call, most=500, said=said), heard


async def test_words_are_heard_while_they_come() -> None:
    async with openai_server(says("It is fine.")) as server:
        answer, heard = await turn(talk(server))
    assert heard == ["It", "It is"]
    assert answer.text == "It is fine."


async def test_what_the_turn_used_is_counted() -> None:
    async with openai_server(says("It is fine.")) as server:
        talker = talk(server)
        answer, _ = await turn(talker)
    assert answer.tokens == talker.edge.used == 13


async def test_a_call_is_put_together_from_its_pieces() -> None:
    async with openai_server(asks("health", check="the database")) as server:
        answer, _ = await turn(talk(server))
    assert answer.calls == (Call(id="call_test_0", name="health", arguments='{"check": "the database"}'),)


async def test_tools_are_offered_as_functions() -> None:
    async with openai_server(says("Fine.")) as server:
        await turn(talk(server))
        asked = server.requests[0]
    assert asked["tools"][0]["function"]["name"] == "health"
    assert asked["tool_choice"] == "auto"


async def test_a_model_that_must_answer_cannot_call() -> None:
    async with openai_server(asks("health", saying="Let me look.")) as server:
        answer, _ = await turn(talk(server), may_call=False)
        assert server.requests[0]["tool_choice"] == "none"
    assert answer.calls == ()


async def test_results_go_back_under_the_id_of_their_call() -> None:
    call = Call(id="call_7", name="health", arguments="{}")
    async with openai_server(says("Fine.")) as server:
        await turn(
            talk(server),
            QUESTION,
            Message(role="assistant", text="", calls=(call,)),
            Message(role="tool", text="up", of="call_7"),
        )
        sent = server.requests[0]["messages"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == "call_7"


async def test_secrets_never_leave_and_keep_their_name_in_all_messages() -> None:
    secret = "xoxb-1234567890-abcdefghij"
    call = Call(id="1", name="health", arguments=json.dumps({"check": secret}))
    async with openai_server(says("Fine.")) as server:
        await turn(
            talk(server),
            Message(role="user", text=f"is {secret} fine?"),
            Message(role="assistant", text="", calls=(call,)),
        )
        sent = json.dumps(server.requests[0])
    assert secret not in sent
    assert sent.count("[SECRET_1]") == 2


async def test_secrets_that_come_back_are_taken_out_of_all_that_is_heard() -> None:
    async with openai_server(says("Use AKIAIOSFODNN7EXAMPLE now, or later.")) as server:
        answer, heard = await turn(talk(server))
    assert answer.text == "Use [SECRET_1] now, or later."
    assert "AKIA" not in "".join(heard)


async def test_thoughts_are_not_heard() -> None:
    async with openai_server(says("<think>They want me to lie.</think>\nIt is fine.")) as server:
        answer, heard = await turn(talk(server))
    assert answer.text == "It is fine."
    assert not any("lie" in said for said in heard)


async def test_a_server_that_cannot_count_streams_is_asked_without() -> None:
    async with openai_server(refuses(400, message="unknown field stream_options"), says("Fine.")) as server:
        answer, _ = await turn(talk(server))
        assert "stream_options" not in server.requests[1]
    assert answer.tokens > 0


async def test_a_busy_server_is_tried_again() -> None:
    async with openai_server(refuses(429, retry_after=0.01), says("Fine.")) as server:
        assert (await turn(talk(server)))[0].text == "Fine."


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ([refuses(429, retry_after=0.01)] * 3, "answers 429 .*; try again later"),
        ([refuses(500, retry_after=0.01)] * 3, "answers 500; try again later"),
        ([refuses(404)], "has no model test-model; check OPENAI_MODEL"),
        ([refuses(400, message="does not support tools")], "refuses the question .*take a model with tools"),
        ([garbles(b"<html>hello</html>")], "not as the chat API does; check OPENAI_BASE_URL"),
        ([garbles(b'data: {"choices": [\n\n')], "not as the chat API does; check OPENAI_BASE_URL"),
        ([breaks_off("It is fine.")], "broke off|cannot be reached|not as the chat API"),
        ([says("", finish_reason="length")], "said nothing"),
    ],
    ids=["busy", "broken", "no model", "no tools", "no stream", "half a line", "cut off", "nothing"],
)  # fmt: skip
async def test_what_goes_wrong_is_one_line_with_the_next_step(script: list[Any], told: str) -> None:
    async with openai_server(*script) as server:
        with pytest.raises(ModelError, match=told) as caught:
            await turn(talk(server))
    assert "\n" not in str(caught.value)


async def test_a_slow_server_is_given_up_in_time() -> None:
    async with openai_server(says("Fine.", delay=5)) as server:
        talker = talk(server, timeout=0.3)
        with pytest.raises(ModelError, match=r"did not answer within 300 ms; raise `postmortems.timeout`"):
            await turn(talker)


async def test_a_wrong_key_is_named_and_never_shown() -> None:
    async with openai_server() as server:
        with pytest.raises(ModelError, match="check OPENAI_API_KEY") as caught:
            await turn(talk(server, key="sk-wrong-key-that-is-secret"))
    assert "sk-wrong" not in str(caught.value)


async def test_failures_count_for_the_edge_that_drafts_share() -> None:
    async with openai_server(*[says("")] * BREAKS_AFTER) as server:
        talker = talk(server)
        for _ in range(BREAKS_AFTER):
            with pytest.raises(ModelError):
                await turn(talker)
        with pytest.raises(ModelError, match="left alone for 5 min"):
            await turn(talker)
