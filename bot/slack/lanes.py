"""Lanes: whoever asks for one waits in the order of asking, those with precedence before all others."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class _Lane:
    """Who waits for a lane that somebody holds."""

    ahead: deque[asyncio.Future[None]] = field(default_factory=deque)
    behind: deque[asyncio.Future[None]] = field(default_factory=deque)

    def next(self) -> asyncio.Future[None] | None:
        """The one whose turn it is; those that gave up waiting are passed over."""
        for queue in (self.ahead, self.behind):
            while queue:
                waiting = queue.popleft()
                if not waiting.done():
                    return waiting
        return None


class Lanes:
    """Lanes by name; one that nobody holds is forgotten."""

    def __init__(self) -> None:
        self._held: dict[str, _Lane] = {}

    @asynccontextmanager
    async def hold(self, name: str, *, first: bool = False) -> AsyncIterator[None]:
        """Hold the lane; `first` is let in before all who wait without it."""
        lane = self._held.get(name)
        if lane is None:
            self._held[name] = _Lane()
        else:
            await self._wait(name, lane.ahead if first else lane.behind)
        try:
            yield
        finally:
            self._pass_on(name)

    async def _wait(self, name: str, queue: deque[asyncio.Future[None]]) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was ours already, and nobody else would pass it on
                self._pass_on(name)
            raise

    def _pass_on(self, name: str) -> None:
        following = self._held[name].next()
        if following is None:
            del self._held[name]
        else:
            following.set_result(None)
