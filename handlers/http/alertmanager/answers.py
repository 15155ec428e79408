"""Answers and bodies in Alertmanager's own form: an error is a JSON string, which is what amtool reads."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from aiohttp import web

from bot.matchers import BadMatcher, parse
from handlers.http.problems import problem
from storage.records.silences import Matcher

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class Refused(Exception):
    """The request cannot be served as it is; `status` and text are the answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def said(value: Any) -> web.Response:
    """200 with a JSON value."""
    return web.Response(body=orjson.dumps(value, option=OPTIONS), content_type="application/json")


def refused(error: Refused) -> web.Response:
    """Alertmanager's form of a refusal."""
    return web.Response(status=error.status, body=orjson.dumps(str(error)), content_type="application/json")


async def json_body(request: web.Request, largest: int) -> Any:
    """The JSON value in the body, of less than `largest` bytes; raises `Refused`, or the 413 of the door."""
    if request.content_type != "application/json":
        found = request.headers.get("Content-Type", "no Content-Type")[:100]
        raise Refused(f"the body must be JSON, not {found}: send Content-Type: application/json", 415)
    body = await _read(request, largest)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = "the body is empty" if not body.strip() else f"malformed JSON: {error}"
        raise Refused(f"{where}; send what https://github.com/prometheus/alertmanager takes") from None


async def _read(request: web.Request, largest: int) -> bytes:
    """The body. Read here, because this path takes more than the door does elsewhere."""
    length = request.content_length or 0
    if length >= largest:
        raise web.HTTPRequestEntityTooLarge(largest, length)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) >= largest:
            raise web.HTTPRequestEntityTooLarge(largest, len(body))
    return bytes(body)


def too_large(largest: int) -> web.Response:
    """413, with the limit of this path."""
    return problem(413, "the body is too large", f"Send less than {largest:,} bytes, or fewer alerts at once.")


def matchers_of(request: web.Request) -> tuple[Matcher, ...]:
    """All `filter=` of the query as one list of matchers; raises `Refused`."""
    try:
        return tuple(matcher for text in request.query.getall("filter", []) for matcher in parse(text))
    except BadMatcher as wrong:
        raise Refused(f"bad matcher format: {wrong}") from None


def flags_of(request: web.Request, names: Iterable[str]) -> Mapping[str, bool]:
    """The query's flags, true where not given; raises `Refused`."""
    found = {}
    for name in names:
        text = request.query.get(name, "true").lower()
        if text not in {"true", "false", "1", "0"}:
            raise Refused(f"{name} in query must be true or false, not {text[:40]}")
        found[name] = text in {"true", "1"}
    return found
