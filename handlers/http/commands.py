"""`POST /api/commands`: a JSON body becomes a command line, its card becomes JSON."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy import select

from bot.app import App
from bot.bodies import argv_of
from bot.cards.card import Card, Level
from bot.cards.json import to_json
from bot.cards.marks import plain
from bot.command import Usage
from bot.permissions import Caller
from bot.ports import Refusal
from handlers.http.inbound.json_body import parsed
from handlers.http.problems import LARGEST_BODY, problem, store_lost
from storage.unit_of_work import StoreError

CALLER = Caller(id="http", via="http")
_EXAMPLE = 'Send a JSON object, for example {"command": "health"}.'


class Refused(Exception):
    """The request cannot be read; `response` says why."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


async def run(request: web.Request, app: App) -> web.Response:
    """Run one command line. 200 also for bad news (`level` tells), 400 for wrong usage, 403 when it is not allowed."""
    try:
        argv = _text(argv_of(await _object(request), app.commands))
    except Refused as refused:
        return refused.response
    except Usage as wrong:
        return problem(400, str(wrong), plain(wrong.hint))
    card = await app.invoke(argv, CALLER)
    match card.level:
        case Level.USAGE:
            return problem(400, _said(card), plain(card.hint))
        case Level.DENIED:
            return problem(403, _said(card), plain(card.hint))
        case Level.BAD if not await _store_answers(app):
            return store_lost()
        case _:
            return web.json_response(to_json(card))


def _said(card: Card) -> str:
    return " ".join(plain(text) for text in card.body) or plain(card.title)


async def _store_answers(app: App) -> bool:
    """Whether bad news is news of the command's, and not the database being away."""
    try:
        async with app.ports.store.read() as conn:
            await conn.execute(select(1))
    except StoreError:
        return False
    return True


async def _object(request: web.Request) -> Mapping[str, Any]:
    """The JSON object in the body; raises `Refused`."""
    if request.content_type != "application/json":
        found = request.headers.get("Content-Type", "no Content-Type")[:100]
        raise Refused(
            problem(415, f"the body must be JSON, not {found}", "Send the header: Content-Type: application/json")
        )
    if (request.content_length or 0) >= LARGEST_BODY:  # said before it is sent
        raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
    body = await request.read()
    try:
        value = parsed(body)
    except Refusal as refused:
        raise Refused(problem(400, str(refused), _EXAMPLE)) from None
    if not isinstance(value, dict):
        raise Refused(problem(400, f"the body must be a JSON object, not {_kind(value)}", _EXAMPLE))
    return value


def _text(argv: list[str]) -> list[str]:
    """The words, unless one of them is valid JSON and yet nothing that a database keeps; raises `Refused`."""
    for word in argv:
        if "\0" in word or any("\ud800" <= sign <= "\udfff" for sign in word):
            what = "a NUL character" if "\0" in word else "half a surrogate pair"
            raise Refused(problem(400, f"a value holds {what}", "Send text."))
    return argv


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
