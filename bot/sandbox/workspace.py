"""The workspace as one value: its state, its road to the app, and the record of what the app did."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.sandbox.courier import Ack, Courier
from bot.sandbox.events import Events
from bot.sandbox.faults import Faults
from bot.sandbox.options import Options
from bot.sandbox.rates import Rates
from bot.sandbox.state import BOT_USER_ID, Json, Message, State
from bot.sandbox.tickets import Tickets

if TYPE_CHECKING:
    from bot.sandbox.demo import Demo

T = TypeVar("T")


MOST_RECORDED = 20_000
"""Calls and violations that are kept: a sandbox that runs for weeks must not fill the memory."""


@dataclass(frozen=True)
class Call:
    """One Web API call of the app: ``at`` in Unix seconds, ``seconds`` it took, ``error`` where it was refused."""

    method: str
    args: Json
    at: float
    ok: bool
    error: str = ""
    seconds: float = 0.0
    status: int = 200


@dataclass(frozen=True)
class Violation:
    """Something that Slack lets pass or mends in silence, but that a careful app does not send."""

    method: str
    rule: str
    detail: str


@dataclass(kw_only=True)
class Workspace:
    """A running workspace; ``serve`` makes it. ``url`` is the page, ``api_url`` ends in ``/api/``."""

    options: Options
    state: State
    courier: Courier
    events: Events
    tickets: Tickets
    faults: Faults
    rates: Rates
    bot_token: str
    app_token: str
    signing_secret: str
    demo: "Demo | None" = None
    calls: list[Call] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    bot_user_id: str = BOT_USER_ID

    @property
    def url(self) -> str:
        """The address of the page."""
        return self.state.url

    @property
    def api_url(self) -> str:
        """The value for ``SLACK_API_URL``."""
        return f"{self.url}api/"

    @property
    def acks(self) -> list[Ack]:
        """How long the app took to acknowledge each delivery."""
        return self.courier.acks

    @property
    def online(self) -> bool:
        """Whether the app is connected."""
        return self.courier.link.online

    def messages(self, channel: str) -> list[Message]:
        """All messages of a channel (``#name`` or id), oldest first."""
        return self.state.messages(channel)

    def violate(self, method: str, rule: str, detail: str) -> None:
        """Record a violation."""
        self.violations.append(Violation(method, rule, detail))
        del self.violations[:-MOST_RECORDED]

    def record(self, call: Call) -> None:
        """Record a Web API call."""
        self.calls.append(call)
        del self.calls[:-MOST_RECORDED]
        self.state.announce("call", method=call.method)

    async def idle(self) -> None:
        """Wait until no delivery to the app is under way."""
        await self.courier.quiet.wait()

    async def until(self, condition: Callable[[], T], within: float = 5.0) -> T:
        """Wait until a condition holds, looking after every change; give back its value.

        Raises ``TimeoutError`` after ``within`` seconds.
        """
        deadline = time.monotonic() + within
        woken = asyncio.Event()

        def wake(_change: Json) -> None:
            woken.set()

        self.state.watchers.append(wake)
        try:
            while not (value := condition()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"the condition did not hold within {within} s")
                woken.clear()
                try:
                    await asyncio.wait_for(woken.wait(), min(left, 0.05))
                except TimeoutError:
                    continue
        finally:
            self.state.watchers.remove(wake)
        return value
