"""The door of the Web API: tokens, arguments, scopes, limits and faults around every method."""

import asyncio
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox import args as arguments
from bot.sandbox.args import COMMON_ARGS, Args, Method
from bot.sandbox.faults import Fault
from bot.sandbox.methods import (
    assistant,
    canvases,
    chat,
    conversations,
    files,
    identity,
    marks,
    people,
    reading,
    streams,
    views,
)
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import Json, State
from bot.sandbox.workspace import Call, Workspace

FAMILIES = (assistant, identity, chat, streams, conversations, reading, marks, people, files, canvases, views)
METHODS: Mapping[str, Method] = {name: method for family in FAMILIES for name, method in family.METHODS.items()}
KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
LISTS = frozenset({"conversations.list", "users.conversations"})


@dataclass(frozen=True)
class Outcome:
    """What a call is answered with."""

    body: Json
    status: int = 200
    retry_after: int = 0
    text: str = ""


async def serve_call(request: web.Request, workspace: Workspace) -> web.StreamResponse:
    """``GET`` or ``POST /api/{method}``."""
    name = request.match_info["method"]
    at, started = workspace.options.clock(), time.perf_counter()
    given: Json = {}
    try:
        given, is_json = await arguments.read(request)
        outcome = perform(workspace, name, given, bearer(request), is_json=is_json)
    except Refused as refusal:
        outcome = Outcome({"ok": False, "error": refusal.error, **refusal.extra})
    if slow := workspace.faults.take(name, "slow"):
        await asyncio.sleep(slow.seconds)
    shown = {key: value for key, value in given.items() if key != "token"}
    error = "" if outcome.body.get("ok") else str(outcome.body.get("error") or outcome.text)
    seconds = time.perf_counter() - started
    workspace.record(Call(name, shown, at, not error, error, seconds, outcome.status))
    if workspace.faults.take(name, "lose_answer") and request.transport is not None:
        request.transport.abort()
    return answer(outcome, workspace)


def answer(outcome: Outcome, workspace: Workspace) -> web.Response:
    """Give the HTTP form of an outcome."""
    headers = {"x-oauth-scopes": ",".join(sorted(workspace.options.scopes)), "x-slack-req-id": "sandbox"}
    if outcome.retry_after:
        headers["Retry-After"] = str(outcome.retry_after)
    if outcome.text:
        return web.Response(text=outcome.text, status=outcome.status, headers=headers)
    return web.json_response(outcome.body, status=outcome.status, headers=headers)


def bearer(request: web.Request) -> str:
    """Give the token of the ``Authorization`` header."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def perform(workspace: Workspace, name: str, given: Json, token: str, *, is_json: bool) -> Outcome:
    """Run one call through every check. Raises ``Refused``."""
    method = METHODS.get(name)
    if method is None:
        raise Refused("unknown_method", req_method=name)
    authenticate(workspace, name, method, token or str(given.get("token") or ""))
    if fault := workspace.faults.take(name, "rate_limit", "http_error", "fail"):
        return failed(fault)
    if is_json and not method.json:
        workspace.violate(name, "json_body", "this method does not read a JSON body")
        given = {}
    args = Args(given)
    check_scopes(workspace, name, method, args)
    if workspace.options.enforce_rates:
        channel = workspace.state.channel(args.text("channel"))
        wait = workspace.rates.retry_after(name, method.tier, channel.id if channel else "")
        if wait:
            return Outcome({"ok": False, "error": "ratelimited"}, 429, wait)
    check_args(workspace, name, method, args)
    return Outcome({"ok": True, **method.run(workspace, args)})


def failed(fault: Fault) -> Outcome:
    """Give the outcome that a fault asks for."""
    if fault.kind == "rate_limit":
        return Outcome({"ok": False, "error": "ratelimited"}, 429, int(fault.seconds))
    if fault.kind == "http_error":
        return Outcome({}, fault.status, text=f"HTTP {fault.status}: a fault that the test asked for")
    return Outcome({"ok": False, "error": fault.error})


def authenticate(workspace: Workspace, name: str, method: Method, token: str) -> None:
    """Raise ``Refused`` unless the token is right and of the kind that the method takes."""
    if name == "api.test":
        return
    if not token:
        raise Refused("not_authed")
    is_bot = hmac.compare_digest(token.encode(), workspace.bot_token.encode())
    is_app = hmac.compare_digest(token.encode(), workspace.app_token.encode())
    if not is_bot and not is_app:
        raise Refused("invalid_auth")
    if is_app != method.app_level:
        raise Refused("not_allowed_token_type")


def check_scopes(workspace: Workspace, name: str, method: Method, args: Args) -> None:
    """Raise ``Refused`` with what is needed and what the token has."""
    for kind in kinds(workspace.state, name, method, args):
        enough = method.scopes[kind].split()
        if not workspace.options.scopes.intersection(enough):
            provided = ",".join(sorted(workspace.options.scopes))
            raise Refused("missing_scope", needed=enough[0], provided=provided)


def kinds(state: State, name: str, method: Method, args: Args) -> list[str]:
    """Give the kinds of conversation that a call touches, of those that need a scope of their own."""
    if "any" in method.scopes or not method.scopes:
        return list(method.scopes)
    if name in LISTS:
        return [KINDS[word] for word in args.words("types") or ["public_channel"] if word in KINDS]
    if name == "conversations.create":
        return ["group" if args.flag("is_private") else "channel"]
    if name == "conversations.open":
        return ["im"]
    found = state.channels.get(args.text("channel"))
    return [found.kind if found else "channel"]


def check_args(workspace: Workspace, name: str, method: Method, args: Args) -> None:
    """Raise ``Refused`` for a missing argument; record one that the method does not have."""
    missing = [
        f"missing required field: {field}" for field in method.required.split() if args.values.get(field) is None
    ]
    if missing:
        raise invalid_arguments(*missing)
    if name != "api.test":
        for unknown in sorted(args.values.keys() - method.known - COMMON_ARGS):
            workspace.violate(name, "unknown_argument", unknown)
