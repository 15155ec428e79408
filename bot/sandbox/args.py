"""The arguments of a Web API call, from wherever the client put them, and what a method says about its own."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import Json
from bot.sandbox.workspace import Workspace

COMMON_ARGS = frozenset({"token", "team_id"})
"""Arguments that every method takes: the SDK adds ``token``, Bolt adds ``team_id``."""


@dataclass(frozen=True)
class Args:
    """The arguments of one call: strings from a form or query, any JSON from a JSON body."""

    values: Json

    def text(self, name: str) -> str:
        """Give a string; empty when it is missing."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Give a boolean in any of the forms that Slack reads."""
        value = self.values.get(name)
        return default if value is None else str(value).lower() in ("true", "1", "t", "yes")

    def number(self, name: str, default: int) -> int:
        """Give a whole number. Raises ``Refused`` for anything else."""
        try:
            return int(self.values.get(name) or default)
        except (TypeError, ValueError):
            raise invalid_arguments(f"must be a number [json-pointer:/{name}]") from None

    def words(self, name: str) -> list[str]:
        """Give a list, or a string with commas."""
        value = self.values.get(name)
        parts = value if isinstance(value, list) else self.text(name).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    def parsed(self, name: str, error: str) -> Any:
        """Give a JSON value, parsed when it came as a string; ``None`` when missing. Raises ``Refused(error)``."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(error) from None

    def has(self, name: str) -> bool:
        """Whether the argument was given at all."""
        return self.values.get(name) is not None


Run = Callable[[Workspace, Args], Json]


@dataclass(frozen=True)
class Method:
    """One Web API method: its code, its arguments, its scopes and its rate limit tier.

    ``scopes`` maps a kind of conversation (``channel``, ``group``, ``im``), or ``any``, to scopes of which one is
    enough. ``json`` tells whether a JSON body is read. ``tier`` 5 is a limit of its own.
    """

    run: Run
    args: str = ""
    required: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)
    tier: int = 3
    json: bool = True
    app_level: bool = False

    @property
    def known(self) -> frozenset[str]:
        """All arguments that the method has."""
        return frozenset(self.args.split()) | frozenset(self.required.split()) | COMMON_ARGS


async def read(request: web.Request) -> tuple[Json, bool]:
    """All arguments of a request: query, then form, multipart or JSON body; true when the body was JSON."""
    values: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        return values | body, True
    if request.method == "POST":
        values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return values, False


def page(items: list[Json], args: Args, default: int = 100, most: int = 999) -> tuple[list[Json], Json]:
    """One page of a list by ``cursor`` and ``limit``, with the ``response_metadata`` that leads to the next."""
    start = int(decode_cursor(args, "at") or 0)
    end = start + max(1, min(args.number("limit", default), most))
    return items[start:end], {"next_cursor": encode_cursor("at", str(end)) if end < len(items) else ""}


def encode_cursor(kind: str, value: str) -> str:
    """Give an opaque cursor."""
    return base64.b64encode(f"{kind}:{value}".encode()).decode()


def decode_cursor(args: Args, kind: str) -> str:
    """Give the value of the cursor that was given; empty without one. Raises ``Refused``."""
    cursor = args.text("cursor")
    if not cursor:
        return ""
    try:
        found, _, value = base64.b64decode(cursor, validate=True).decode().partition(":")
    except ValueError:
        raise Refused("invalid_cursor") from None
    if found != kind or not value:
        raise Refused("invalid_cursor")
    return value
