"""A server that speaks the OpenAI chat API and answers by script, well or badly; it records what it was asked."""

import asyncio
import json
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


def says(text: str, *, delay: float = 0, finish_reason: str = "stop") -> Answer:
    """Answer well."""
    return Answer(text, delay=delay, finish_reason=finish_reason)


def refuses(status: int, *, retry_after: float | None = None) -> Answer:
    """Answer with an error such as 429 or 500."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status=status, headers=headers)


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
            return _error(answer.status, "scripted", answer.headers)
        if asked.get("stream"):
            return await _send(request, answer, "text/event-stream", _stream(answer))
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


async def _send(request: web.Request, answer: Answer, content_type: str, body: bytes) -> web.StreamResponse:
    body = body if answer.body is None else answer.body
    response = web.StreamResponse(headers={"Content-Type": content_type, **answer.headers})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2] if answer.cut else body)
    if answer.cut and request.transport:
        request.transport.close()
        return response
    await response.write_eof()
    return response


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason, "logprobs": None}
    return {**_envelope("chat.completion"), "choices": [choice], "usage": _usage(answer)}


def _stream(answer: Answer) -> bytes:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in answer.text.splitlines(keepends=True)]
    chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({"index": 0, "delta": {}, "finish_reason": answer.finish_reason})
    head = _envelope("chat.completion.chunk")
    lines = [json.dumps({**head, "choices": [chunk]}) for chunk in chunks]
    lines.append(json.dumps({**head, "choices": [], "usage": _usage(answer)}))
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


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
