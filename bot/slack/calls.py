"""`Calls`: one Web API call after another, within Slack's limits, with what went wrong told apart.

Three outcomes other than an answer: Slack refused (`ChatError`), the call never left (repeated here), and nobody knows
(`Unsure`), which is repeated here only where repeating does no harm.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import ChatError
from bot.slack.lanes import Lanes
from bot.slack.limits import Limits
from bot.slack.refusals import UNAVAILABLE, refusal, unreachable

Answer = Mapping[str, Any]

PAUSES = (0.3, 1.0, 3.0)
"""Seconds between repetitions of a call that got no answer; after the last the job's own back-off takes over."""
RETRY_AFTER = 30.0  # seconds; Slack always says, this is for proxies that do not
TOO_MANY = 429
SERVER_ERROR = 500

_log = structlog.get_logger(__name__)


class Unsure(ChatError):
    """The call may have had its effect: the connection was lost, or the server failed, after it was sent."""


class Calls:
    """Calls of one token. `clock` gives seconds and `sleep` waits for them."""

    def __init__(
        self,
        web: AsyncWebClient,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.web = web
        self._clock = clock
        self._sleep = sleep
        self._limits = Limits()
        self.lanes = Lanes()

    async def turn(self, method: str, channel: str = "") -> None:
        """Wait until the limits let this call out, and count it."""
        while (wait := self._limits.wait(method, channel, self._clock())) > 0:
            await self._sleep(wait)
        self._limits = self._limits.taken(method, channel, self._clock())

    async def call(self, method: str, *, repeatable: bool = True, turn: bool = True, **args: Any) -> Answer:
        """Call `method` and give its answer; arguments that are None are left out.

        Raises `ChatError`; `Unsure` when the outcome is unknown (only if not `repeatable`, which is then not repeated).
        `turn` False says that the caller has waited for its turn already.
        """
        channel = str(args.get("channel") or "")
        pauses = iter(PAUSES)
        waited = not turn
        while True:
            if not waited:
                await self.turn(method, channel)
            waited = False
            try:
                return await self._once(method, channel, args)
            except _Limited as limited:
                _log.info("slack_rate_limited", method=method, channel=channel, seconds=limited.after)
                self._limits = self._limits.refused(method, channel, self._clock(), limited.after)
            except ChatError as error:
                pause = next(pauses, None) if error.retry and (repeatable or not isinstance(error, Unsure)) else None
                if pause is None:
                    raise
                _log.info("slack_call_repeated", method=method, channel=channel, error=str(error))
                await self._sleep(pause)

    async def pages(self, method: str, most: int, **args: Any) -> AsyncIterator[Answer]:
        """Give up to `most` pages of a listing."""
        cursor: str | None = None
        for _ in range(most):
            answer = await self.call(method, cursor=cursor, **args)
            yield answer
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def _once(self, method: str, channel: str, args: Mapping[str, Any]) -> Answer:
        try:
            # as a form, because every method reads one; a JSON body is read by some only
            answer = await self.web.api_call(method, data=_form(args))
        except SlackApiError as error:
            raise _refused(method, channel, error.response) from error
        except aiohttp.ClientConnectorError as error:  # it never left
            raise unreachable(method, error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            lost = unreachable(method, error)
            raise Unsure(lost.code, str(lost), retry=True) from error
        body = answer.data
        return body if isinstance(body, dict) else {}


class _Limited(Exception):
    def __init__(self, after: float) -> None:
        super().__init__(f"rate limited for {after:g} s")
        self.after = after


def _refused(method: str, channel: str, response: Any) -> Exception:
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    body = data if isinstance(data, dict) else {}
    if status == TOO_MANY or body.get("error") in {"ratelimited", "rate_limited"}:
        return _Limited(_seconds(response.headers.get("Retry-After")))
    if status >= SERVER_ERROR or "error" not in body:
        return Unsure("unreachable", f"Slack answers {method} with HTTP {status}; it is tried again", retry=True)
    error = refusal(method, channel, body)
    return Unsure(error.code, str(error), retry=True) if error.code in UNAVAILABLE else error


def _seconds(said: str | None) -> float:
    try:
        return max(0.1, float(said or ""))
    except ValueError:
        return RETRY_AFTER


def _form(args: Mapping[str, Any]) -> dict[str, str]:
    return {name: _spelled(value) for name, value in args.items() if value is not None}


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
