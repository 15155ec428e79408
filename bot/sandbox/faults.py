"""Faults on request: what a network, a busy Slack or a broken one does to the app."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["rate_limit", "fail", "http_error", "slow", "lose_answer"]
ANY = "*"


@dataclass
class Fault:
    """One fault for a Web API method (or ``*``), still to happen ``times`` times; ``None`` is until cleared."""

    kind: Kind
    method: str
    times: int | None
    error: str = ""
    status: int = 0
    seconds: float = 0.0


@dataclass
class Faults:
    """The switches. A fault is used up by the calls that it meets, oldest switch first."""

    drop: Callable[[], None]
    refresh: Callable[[], Awaitable[None]]
    repeat: Callable[[int], None]
    pending: list[Fault] = field(default_factory=list)

    def rate_limit(self, method: str = ANY, times: int = 1, retry_after: int = 1) -> None:
        """Answer 429 with ``Retry-After`` in seconds."""
        self.pending.append(Fault("rate_limit", method, times, seconds=retry_after))

    def fail(self, method: str, error: str, times: int | None = 1) -> None:
        """Answer ``{"ok": false, "error": error}`` without any effect."""
        self.pending.append(Fault("fail", method, times, error=error))

    def http_error(self, method: str = ANY, status: int = 503, times: int | None = 1) -> None:
        """Answer an HTTP status with a body that is no JSON, without any effect."""
        self.pending.append(Fault("http_error", method, times, status=status))

    def slow(self, method: str = ANY, seconds: float = 1.0, times: int | None = None) -> None:
        """Let the answer wait; the call has its effect first."""
        self.pending.append(Fault("slow", method, times, seconds=seconds))

    def lose_answer(self, method: str, times: int = 1) -> None:
        """Let the call have its effect and cut the connection before the answer: an unknown outcome."""
        self.pending.append(Fault("lose_answer", method, times))

    def duplicate_events(self, times: int = 1) -> None:
        """Deliver each of the next events twice under one ``event_id``."""
        self.repeat(times)

    def drop_connections(self) -> None:
        """Cut every Socket Mode connection without a close frame."""
        self.drop()

    async def refresh_connections(self) -> None:
        """Send ``disconnect`` to every Socket Mode connection and close it."""
        await self.refresh()

    def clear(self) -> None:
        """Forget every fault that has not happened yet."""
        self.pending.clear()

    def take(self, method: str, *kinds: Kind) -> Fault | None:
        """Give the next fault of these kinds for a method, counted as used; ``None`` where there is none."""
        for fault in self.pending:
            if fault.kind in kinds and fault.method in (method, ANY):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.pending.remove(fault)
                return fault
        return None
