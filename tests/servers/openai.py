"""A server that speaks the OpenAI chat API and answers by script, well or badly; it records what it was asked."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

API_KEY = "sk-test"
MODEL = "test-model"


@dataclass(frozen=True)
class Answer:
    """One scripted answer; `says`, `refuses`, `garbles` and `breaks_off` name the usual ones."""

    text: str = ""
    status: int = 200
    delay: float = 0  # seconds before anything is sent
    finish_reason: str = "stop"  # "length" when the model ran out of tokens
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # sent instead of a well-formed answer
    cut: bool = False  # the connection ends in the middle of the body
    calls: tuple[tuple[str, str], ...] = ()  # tools that are asked for, each with its arguments as JSON
    pace: float = 0  # seconds between two words of a streamed answer


def says(text: str, *, delay: float = 0, pace: float = 0, finish_reason: str = "stop") -> Answer:
    """Answer well."""
    return Answer(text, delay=delay, pace=pace, finish_reason=finish_reason)


def asks(name: str, /, *, saying: str = "", **arguments: Any) -> Answer:
    """Ask for a tool, and perhaps say something before."""
    return Answer(saying, finish_reason="tool_calls", calls=((name, json.dumps(arguments)),))


def refuses(status: int, *, retry_after: float | None = None, message: str = "scripted") -> Answer:
    """Answer with an error such as 429 or 500."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(message, status=status, headers=headers)


def garbles(body: bytes = b'{"choices": [') -> Answer:
    """Answer 200 with what is no JSON, or is not what the API promises."""
    return Answer(body=body)


def breaks_off(text: str) -> Answer:
    """End the connection in the middle of an answer."""
    return Answer(text, cut=True)


@dataclass
class OpenAI:
    """A running server: `script` is used up from its start, `requests` holds the JSON bodies in order."""

    base_url: str
    script: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    api_key: str = API_KEY
    model: str = MODEL

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """Serve POST /v1/chat/completions, streamed when asked to."""
        if error := _unauthorized(request):
            return error
        asked = await request.json()
        self.requests.append(asked)
        if not self.script:
            return _error(500, "the script of this test has no further answer")
        answer = self.script.pop(0)
        await asyncio.sleep(answer.delay)
        if answer.status != 200:
            return _error(answer.status, answer.text, answer.headers)
        if asked.get("stream"):
            counted = bool((asked.get("stream_options") or {}).get("include_usage"))
            return await _send(request, answer, "text/event-stream", *_stream(answer, counted=counted))
        return await _send(request, answer, "application/json", json.dumps(_completion(answer)).encode())

    async def models(self, request: web.Request) -> web.StreamResponse:
        """Serve GET /v1/models."""
        return _unauthorized(request) or web.json_response(
            {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "tests"}]}
        )


@asynccontextmanager
async def openai_server(*script: Answer) -> AsyncIterator[OpenAI]:
    """Run a server that gives these answers, one per request."""
    fake = OpenAI("", list(script))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.complete)
    app.router.add_get("/v1/models", fake.models)
    async with TestServer(app) as server:
        fake.base_url = str(server.make_url("/v1"))
        yield fake


async def _send(request: web.Request, answer: Answer, content_type: str, *pieces: bytes) -> web.StreamResponse:
    pieces = pieces if answer.body is None else (answer.body,)
    body = b"".join(pieces)
    response = web.StreamResponse(headers={"Content-Type": content_type, **answer.headers})
    response.content_length = len(body)
    await response.prepare(request)
    for piece in [body[: len(body) // 2]] if answer.cut else pieces if answer.pace else [body]:
        await response.write(piece)
        await asyncio.sleep(answer.pace)
    if answer.cut and request.transport:
        request.transport.close()
        return response
    await response.write_eof()
    return response


def _completion(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.calls:
        message |= {"content": answer.text or None, "tool_calls": [_call(*one) for one in enumerate(answer.calls)]}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason, "logprobs": None}
    return {**_envelope("chat.completion"), "choices": [choice], "usage": _usage(answer)}


def _call(index: int, call: tuple[str, str]) -> dict[str, Any]:
    name, arguments = call
    return {"id": f"call_test_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}


def _call_deltas(index: int, call: tuple[str, str]) -> list[dict[str, Any]]:
    """A call as it is streamed: first its name, then its arguments bit by bit."""
    name, arguments = call
    whole = _call(index, (name, ""))
    bits = [arguments[at : at + 5] for at in range(0, len(arguments), 5)]
    pieces = [{"index": index, **whole}, *({"index": index, "function": {"arguments": bit}} for bit in bits)]
    return [{"tool_calls": [piece]} for piece in pieces]


def _stream(answer: Answer, *, counted: bool) -> list[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in re.findall(r"\S*\s*", answer.text) if word]
    deltas += [delta for index, call in enumerate(answer.calls) for delta in _call_deltas(index, call)]
    chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({"index": 0, "delta": {}, "finish_reason": answer.finish_reason})
    head = _envelope("chat.completion.chunk")
    lines = [json.dumps({**head, "choices": [chunk]}) for chunk in chunks]
    if counted:
        lines.append(json.dumps({**head, "choices": [], "usage": _usage(answer)}))
    return [f"data: {line}\n\n".encode() for line in [*lines, "[DONE]"]]


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-test", "object": kind, "created": 0, "model": MODEL}


def _usage(answer: Answer) -> dict[str, int]:
    words = len(answer.text.split())
    return {"prompt_tokens": 10, "completion_tokens": words, "total_tokens": 10 + words}


def _unauthorized(request: web.Request) -> web.Response | None:
    good = request.headers.get("Authorization") == f"Bearer {API_KEY}"
    return None if good else _error(401, "Incorrect API key provided")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    error = {"message": message, "type": "scripted", "param": None, "code": None}
    return web.json_response({"error": error}, status=status, headers=headers)
